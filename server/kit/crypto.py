"""Sealing personal data and comparing it without reading it.

Sealed values are `key id | 12-byte nonce | AES-256-GCM ciphertext`; the purpose is authenticated, so a
sealed phone number cannot be passed off as a sealed name. A blind index is an HMAC-SHA256 of the value
under its purpose: equal values are found, nothing is read.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
SEPARATOR = b"|"


class UnknownKey(LookupError):
    """A value is sealed under a key that this process was not given; the message is the key's id."""


@dataclass(frozen=True)
class Vault:
    """Keys by id, the id that seals, and the secret behind blind indexes and signatures."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str
    secret: bytes = field(repr=False)

    def seal(self, text: str, purpose: str) -> bytes:
        """Encrypt under the current key."""
        return self._seal(text.encode(), purpose)

    def open(self, sealed: bytes, purpose: str) -> str:
        """Decrypt.

        Raises UnknownKey, or cryptography.exceptions.InvalidTag where key, purpose or text do not fit.
        """
        return self._open(sealed, purpose).decode()

    def reseal(self, sealed: bytes, purpose: str) -> bytes:
        """The same under the current key. Raises what `open` raises."""
        return self._seal(self._open(sealed, purpose), purpose)

    def _seal(self, plain: bytes, purpose: str) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        body = AESGCM(self.keys[self.current]).encrypt(nonce, plain, purpose.encode())
        return mark(self.current) + nonce + body

    def _open(self, sealed: bytes, purpose: str) -> bytes:
        key_id, _, rest = bytes(sealed).partition(SEPARATOR)
        key = self.keys.get(key_id.decode("ascii", "replace"))
        if key is None:
            raise UnknownKey(key_id.decode("ascii", "replace")[:8])
        return AESGCM(key).decrypt(rest[:NONCE], rest[NONCE:], purpose.encode())

    def index(self, text: str, purpose: str) -> str:
        """Blind index: 64 hex characters."""
        return hmac.new(self.secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def sign(self, text: str, purpose: str) -> str:
        """Signature of a text that leaves the house (CSRF tokens, links): 64 hex characters."""
        return self.index(text, f"sign:{purpose}")

    def verify(self, text: str, purpose: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign(text, purpose), signature)


def mark(key_id: str) -> bytes:
    """What every value sealed under a key begins with."""
    return key_id.encode() + SEPARATOR


def digest(token: str) -> str:
    """What is stored of a random token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


_installed: list[Vault] = []


def install(vault: Vault) -> None:
    """Give this process its keys (once, at start)."""
    _installed[:] = [vault]


def vault() -> Vault:
    """The keys of this process."""
    return _installed[0]
