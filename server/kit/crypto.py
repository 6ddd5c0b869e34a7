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


@dataclass(frozen=True)
class Vault:
    """Keys by id, the id that seals, and the secret behind blind indexes and signatures."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str
    secret: bytes = field(repr=False)

    def seal(self, text: str, purpose: str) -> bytes:
        """Encrypt under the current key."""
        nonce = secrets.token_bytes(NONCE)
        body = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode(), purpose.encode())
        return self.current.encode() + b"|" + nonce + body

    def open(self, sealed: bytes, purpose: str) -> str:
        """Decrypt. Raises cryptography.exceptions.InvalidTag where key, purpose or text do not fit."""
        key_id, _, rest = bytes(sealed).partition(b"|")
        plain = AESGCM(self.keys[key_id.decode()]).decrypt(rest[:NONCE], rest[NONCE:], purpose.encode())
        return plain.decode()

    def index(self, text: str, purpose: str) -> str:
        """Blind index: 64 hex characters."""
        return hmac.new(self.secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def sign(self, text: str, purpose: str) -> str:
        """Signature of a text that leaves the house (CSRF tokens, links): 64 hex characters."""
        return self.index(text, f"sign:{purpose}")

    def verify(self, text: str, purpose: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign(text, purpose), signature)


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
