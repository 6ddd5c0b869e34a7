"""What the phones of a benchmark ask for: searches from random positions, bookings through forms."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator

from server.edge.csrf import FIELD, PURPOSE
from server.edge.sessions import COOKIE
from server.kit import crypto
from tests.bench.load import Ask, request
from tests.bench.world import HOT_SLOTS, WIDE_SLOTS, id_of, token_of

CLIENTS = 16
EACH = 2_500  # persons of one pgbench client
RANGE = EACH * CLIENTS + CLIENTS  # persons of one run of bookings
dice = random.Random(7)


def near(path: str) -> Iterator[Ask]:
    """A search from a random position."""
    while True:
        lat, lng = dice.randrange(220_000, 240_000) / 10_000, dice.randrange(1_070_000, 1_140_000) / 10_000
        yield Ask("search", request("GET", f"{path}?lat={lat}&lng={lng}&datum=wgs84"))


def form_of(token: str, path: str, values: str = "") -> bytes:
    """A form as the browser of this session would send it."""
    salt = secrets.token_urlsafe(9)
    body = f"{FIELD}={salt}{crypto.vault().sign(salt + token, PURPOSE)}{values}".encode()
    headers = {"Cookie": f"{COOKIE}={token}", "Content-Type": "application/x-www-form-urlencoded"}
    return request("POST", path, headers, body)


def bookings(first: int, *, hot: bool) -> Iterator[Ask]:
    """Every person of a range books once."""
    for number in range(first, first + RANGE):
        slot = 1 if hot else dice.randrange(HOT_SLOTS, HOT_SLOTS + WIDE_SLOTS)
        path = f"/book/slots/{id_of('slot', slot)}"
        yield Ask("book", form_of(token_of(number), path, f"&request_key={secrets.token_hex(8)}"))
