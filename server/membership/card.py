"""The member card as a QR code that anybody with our public key can verify, also without a network.

`NJK1:` and, in base32, a JSON array `[number, name, union, serial, day of issue]` with its ECDSA P-256
signature (64 bytes, r and s) behind it: letters and digits that a QR code packs tightly and a scanner types.
The name is in it because staff without a network compare it with the person; nothing else about him is.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.kit.crypto import vault
from server.membership.errors import CardExpired, CardForged

CARD_LIFE = timedelta(days=30)
PREFIX = "NJK1:"
HALF, SIGNATURE = 32, 64
SERIAL = 12
LONGEST = 1_000
# More bits than the curve's order has, so that every key is about as likely.
KEY_BYTES = 48
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class CardFacts:
    """What a card says; `serial` changes when the card is replaced."""

    number: str
    name: str
    union: str
    serial: str
    issued: date


def serial_of(number: str, version: int) -> str:
    """What a revoked card is listed by: only who holds the card knows whose it is."""
    return vault().index(f"{number} {version}", "card")[:SERIAL]


def is_card(text: str) -> bool:
    """Whether a scanned text claims to be a member card."""
    return text.strip()[: len(PREFIX)].upper() == PREFIX


def write_card(facts: CardFacts) -> str:
    """The text of the QR code."""
    said = msgspec.json.encode([facts.number, facts.name, facts.union, facts.serial, facts.issued])
    r, s = decode_dss_signature(_key(vault().secret).sign(said, ECDSA(SHA256())))
    return PREFIX + base64.b32encode(said + r.to_bytes(HALF) + s.to_bytes(HALF)).decode().rstrip("=")


def read_card(text: str, today: date) -> CardFacts:
    """What a scanned card says. Raises CardForged, CardExpired."""
    plain = text.strip().upper()
    if not is_card(plain) or len(plain) > LONGEST:
        raise CardForged(field="card")
    body = plain.removeprefix(PREFIX)
    try:
        signed = base64.b32decode(body + "=" * (-len(body) % 8))
        said, signature = signed[:-SIGNATURE], signed[-SIGNATURE:]
        pair = encode_dss_signature(int.from_bytes(signature[:HALF]), int.from_bytes(signature[HALF:]))
        _key(vault().secret).public_key().verify(pair, said, ECDSA(SHA256()))
        facts = CardFacts(*msgspec.json.decode(said, type=tuple[str, str, str, str, date]))
    except (binascii.Error, ValueError, InvalidSignature, msgspec.DecodeError) as error:
        raise CardForged(field="card") from error
    if not facts.issued <= today <= facts.issued + CARD_LIFE:
        raise CardExpired(field="card")
    return facts


def public_key() -> str:
    """What verifies cards: SubjectPublicKeyInfo in base64, as WebCrypto imports it."""
    key = _key(vault().secret).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@cache
def _key(secret: bytes) -> EllipticCurvePrivateKey:
    """The signing key, derived from the house's secret: nothing more to keep."""
    drawn = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"member-card").derive(secret)
    return derive_private_key(int.from_bytes(drawn) % (ORDER - 1) + 1, SECP256R1())
