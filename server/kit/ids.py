"""Public names of things: time-ordered UUIDs and short codes that can be read aloud."""

from __future__ import annotations

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

# Crockford's alphabet: no I, L, O, U, so nothing is mistaken on a phone call.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    """A UUIDv7: sorts by creation, names nothing about the row."""
    return uuid7()


def new_code(length: int = 6) -> str:
    """A random short code, 5 bits a character."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def read_code(typed: str) -> str:
    """A code as somebody typed or said it: case, spaces, hyphens, O/0 and I/L/1 do not matter."""
    plain = typed.upper().replace(" ", "").replace("-", "")
    return plain.translate(str.maketrans("OIL", "011"))
