"""Reads of the waiting list: one's own wishes with the place in the queue, and who waits at a station."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from server.bookings.models import ServiceKind, WaitState, WishKind
from server.bookings.schemas import as_struct
from server.bookings.waitlist_rules import NEAR_M
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.people.actors import Actor
from server.people.models import Role
from server.people.queries import open_name

MOST = 300
# How many stand before wish w for a place that would fit both; $2 is NEAR_M.
AHEAD = """
CASE WHEN w.state <> 'waiting' THEN 0 WHEN w.kind = 'near' THEN (
  SELECT count(*) FROM wait_entry a WHERE a.state = 'waiting' AND a.kind = 'near' AND a.service = w.service
    AND earth_box(ll_to_earth(w.lat, w.lng), $2) @> ll_to_earth(a.lat, a.lng)
    AND (a.joined_at, a.id) < (w.joined_at, w.id))
ELSE (
  SELECT count(*) FROM wait_entry a JOIN person ap ON ap.id = a.person_id
  WHERE a.offering_id = w.offering_id AND a.day = w.day AND a.state = 'waiting'
    AND (w.slot_id IS NULL OR a.slot_id IS NULL OR a.slot_id = w.slot_id)
    AND (o.eligibility = 'members_first' AND NOT ap.is_member, a.joined_at, a.id)
      < (o.eligibility = 'members_first' AND NOT p.is_member, w.joined_at, w.id))
END AS ahead
"""
WISH = """
w.id, w.kind, w.state, w.service, w.station_id, w.offering_id, w.slot_id, w.day, w.until, w.held_slot_id,
w.held_until, st.name AS station_name, s.starts_at, hs.starts_at AS held_starts_at, hst.name AS held_station,
hst.id AS held_station_id
FROM wait_entry w JOIN person p ON p.id = w.person_id LEFT JOIN station st ON st.id = w.station_id
LEFT JOIN offering o ON o.id = w.offering_id LEFT JOIN slot s ON s.id = w.slot_id
LEFT JOIN slot hs ON hs.id = w.held_slot_id LEFT JOIN station hst ON hst.id = hs.station_id
"""


class WishView(msgspec.Struct, frozen=True):
    """One wish as its worker sees it; `ahead` people stand before it."""

    id: UUID
    kind: WishKind
    state: WaitState
    service: ServiceKind
    station_id: UUID | None
    station_name: str | None
    offering_id: UUID | None
    slot_id: UUID | None
    day: date | None
    starts_at: datetime | None
    until: datetime
    ahead: int
    held_until: datetime | None
    held_starts_at: datetime | None
    held_station: str | None
    held_station_id: UUID | None


class WaitingLine(msgspec.Struct, frozen=True):
    """Somebody who waits, as a station's staff see it: a name, the last digits, the wish."""

    id: UUID
    kind: WishKind
    state: WaitState
    service: ServiceKind
    starts_at: datetime | None
    held_until: datetime | None
    held_starts_at: datetime | None
    joined_at: datetime
    name: str
    phone_tail: str


class WaitingCount(msgspec.Struct, frozen=True):
    """How many wait for a time of a day; without `starts_at`, for any time of it."""

    service: ServiceKind
    starts_at: datetime | None
    waiting: int


async def wishes(actor: Actor) -> list[WishView]:
    """The worker's wishes that are alive: what is offered first, then by joining."""
    found = await sql.rows(
        f"""SELECT {AHEAD}, {WISH} WHERE w.person_id = $1 AND w.state IN ('waiting', 'offered')
          AND (w.state = 'offered' OR w.until > $3)
        ORDER BY w.state = 'waiting', w.held_until, w.joined_at""",
        actor.id,
        float(NEAR_M),
        clock.now(),
    )
    return [as_struct(WishView, row) for row in found]


async def counts(station_id: UUID, day: date) -> list[WaitingCount]:
    """How many wait for each time of a station's day."""
    found = await sql.rows(
        """SELECT w.service, s.starts_at, count(*) AS waiting
        FROM offering o JOIN wait_entry w ON w.offering_id = o.id AND w.day = $2 AND w.state = 'waiting'
        LEFT JOIN slot s ON s.id = w.slot_id
        WHERE o.station_id = $1 GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST""",
        station_id,
        day,
    )
    return [as_struct(WaitingCount, row) for row in found]


async def waiting_at(station_id: UUID, day: date, actor: Actor) -> tuple[str, list[WaitingLine]]:
    """A station's name, and who waits for a place of its day in order. Raises NotFound, Forbidden."""
    station = await sql.row("SELECT name, region_code FROM station WHERE id = $1", station_id)
    if station is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=station_id, region_code=station["region_code"])
    found = await sql.rows(
        """SELECT w.id, w.kind, w.state, w.service, s.starts_at, w.held_until, hs.starts_at AS held_starts_at,
          w.joined_at, p.name_sealed, p.phone_tail
        FROM offering o JOIN wait_entry w ON w.offering_id = o.id AND w.day = $2 AND w.state IN ('waiting', 'offered')
        JOIN person p ON p.id = w.person_id
        LEFT JOIN slot s ON s.id = w.slot_id LEFT JOIN slot hs ON hs.id = w.held_slot_id
        WHERE o.station_id = $1 ORDER BY w.service, w.state = 'waiting',
          o.eligibility = 'members_first' AND NOT p.is_member, w.joined_at, w.id LIMIT $3""",
        station_id,
        day,
        MOST,
    )
    return station["name"], [_line(row) for row in found]


def _line(row: Any) -> WaitingLine:
    line: WaitingLine = as_struct(WaitingLine, row, name=open_name(row["name_sealed"]))
    return line
