"""Finding a booking by what somebody is called. Names are sealed: those of the days around now are opened and read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from server.bookings.desk_queries import DAYS_BACK, FOUND_MOST, FURTHEST
from server.bookings.queries import DESK_LINE, desk_line
from server.bookings.schemas import DeskLine
from server.db import sql
from server.kit import clock
from server.kit.text import half_width
from server.people.queries import open_name

# So many bookings on each side of now are looked through: more than a day of the busiest station.
NAMES_READ = 2500
NAMED = """
(SELECT b.id, b.starts_at, p.id AS person_id, p.name_sealed FROM booking b JOIN person p ON p.id = b.person_id
  WHERE b.station_id = $1 AND b.starts_at >= $2 AND b.starts_at < $3 AND p.name_sealed IS NOT NULL
  ORDER BY b.starts_at LIMIT $5)
UNION ALL
(SELECT b.id, b.starts_at, p.id, p.name_sealed FROM booking b JOIN person p ON p.id = b.person_id
  WHERE b.station_id = $1 AND b.starts_at >= $4 AND b.starts_at < $2 AND p.name_sealed IS NOT NULL
  ORDER BY b.starts_at DESC LIMIT $5)
"""
BY_ID = f"SELECT {DESK_LINE} WHERE b.id = ANY($1) ORDER BY array_position($1::uuid[], b.id)"


def is_name(typed: str) -> bool:
    """Whether it can only be what somebody is called: codes have no Han characters, whichever keyboard typed them."""
    return any(ch.isalpha() and not ch.isascii() for ch in half_width(typed))


async def find_by_name(station_id: UUID, typed: str) -> list[DeskLine]:
    """Bookings at a station of people whose name holds what was typed: the next ones first, then the last ones."""
    wanted = _plain(typed)
    if not wanted:
        return []
    now = clock.now()
    found = await sql.rows(NAMED, station_id, now, now + FURTHEST, now - DAYS_BACK, NAMES_READ)
    named = await asyncio.to_thread(_named, found, wanted)
    return [desk_line(row) for row in await sql.rows(BY_ID, named)] if named else []


def _named(rows: Iterable[Any], wanted: str) -> list[UUID]:
    """Bookings whose person has such a name; each person's is opened once."""
    fits: dict[UUID, bool] = {}
    named: list[UUID] = []
    for row in rows:
        person = row["person_id"]
        if person not in fits:
            fits[person] = wanted in _plain(open_name(row["name_sealed"]))
        if fits[person]:
            named.append(row["id"])
    return named[:FOUND_MOST]


def _plain(name: str) -> str:
    """What two spellings of a name have in common."""
    return "".join(ch for ch in name.casefold() if ch.isalnum())
