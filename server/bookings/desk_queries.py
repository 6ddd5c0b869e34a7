"""Reads of the desk beyond the day's sheet: which stations, what was just done, whom a code belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from server.bookings import rules
from server.bookings.models import ServiceKind, Status
from server.bookings.queries import DESK_LINE, desk_line
from server.bookings.schemas import DeskLine
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.ids import read_code
from server.people.actors import INCLUDES, Actor, region_span
from server.people.models import Role
from server.people.queries import open_name
from server.stations.divisions import find_place

STATIONS_SHOWN = 50
FOUND_MOST = 30
# A worker with a ticket in hand stands there on the wrong day sometimes.
DAYS_BACK = timedelta(days=7)
FURTHEST = timedelta(days=100)


class DeskStation(msgspec.Struct, frozen=True):
    """A station whose desk somebody may open; `waiting` requests need an answer."""

    id: UUID
    name: str
    region: str
    waiting: int


class Act(msgspec.Struct, frozen=True):
    """A step that somebody took just now and may take back until `until`."""

    booking_id: UUID
    status: Status
    service: ServiceKind
    starts_at: datetime
    name: str
    phone_tail: str
    until: datetime


class Ticket(msgspec.Struct, frozen=True):
    """What a code stands for, as far as any desk may know it."""

    station_id: UUID
    station_name: str
    starts_at: datetime
    status: Status
    changed_at: datetime


class Unreached(msgspec.Struct, frozen=True):
    """A worker whose message could not be delivered."""

    booking_id: UUID
    service: ServiceKind
    starts_at: datetime
    name: str
    phone_tail: str


# Few stations, or those of whole regions ($2, $3) that fit what was typed, are gathered; where any will do, the names
# are walked until there are enough.
GATHERED = """(SELECT id, name, region_code, search_text, retired_at FROM station WHERE id = ANY($1)
  UNION SELECT s.id, s.name, s.region_code, s.search_text, s.retired_at
  FROM unnest($2::int[], $3::int[]) AS span (first, last) JOIN station s ON s.region_code BETWEEN first AND last)"""
WALKED = """(SELECT * FROM station s WHERE s.id = ANY($1) OR EXISTS (
  SELECT FROM unnest($2::int[], $3::int[]) AS span (first, last) WHERE s.region_code BETWEEN first AND last))"""
DESKS = {
    walked: f"""SELECT st.id, st.name, st.region_code,
  (SELECT count(*) FROM booking b
   WHERE b.station_id = st.id AND b.status = 'requested' AND b.starts_at > $5) AS waiting
FROM {OWN} st
WHERE st.retired_at IS NULL AND (lower(st.name) LIKE '%' || $4 || '%' OR st.search_text LIKE '%' || $4 || '%')
ORDER BY st.name, st.id LIMIT $6"""
    for walked, OWN in ((True, WALKED), (False, GATHERED))
}


async def desk_stations(actor: Actor, typed: str = "", role: Role = Role.STAFF) -> list[DeskStation]:
    """The stations whose desk this actor may open (or manage), by name; those that fit what was typed."""
    held = [g for g in actor.grants if role in INCLUDES[g.role]]
    spans = [region_span(g.region_code) for g in held if g.region_code is not None]
    pattern = "".join(f"\\{ch}" if ch in r"\%_" else ch for ch in typed.lower())
    found = await sql.rows(
        DESKS[bool(spans and not typed)],
        [g.station_id for g in held if g.station_id],
        [first for first, _ in spans],
        [last for _, last in spans],
        pattern,
        clock.now(),
        STATIONS_SHOWN + 1,
    )
    return [DeskStation(r["id"], r["name"], _region(r["region_code"]), r["waiting"]) for r in found]


def _region(code: int) -> str:
    place = find_place(code)
    return place.full_name if place else ""


async def recent_acts(station_id: UUID, actor: Actor, since: datetime) -> list[Act]:
    """What this actor did at the desk from `since` on and may still take back, the latest first."""
    now = clock.now()
    found = await sql.rows(
        """SELECT b.id, b.status, b.service, b.starts_at, b.changed_at, p.name_sealed, p.phone_tail
        FROM booking b JOIN person p ON p.id = b.person_id
        WHERE b.station_id = $1 AND b.starts_at BETWEEN $2 AND $3 AND b.changed_at >= $4
          AND b.previous_status IS NOT NULL
          AND (SELECT e.actor_id FROM booking_event e WHERE e.booking_id = b.id ORDER BY e.at DESC, e.id DESC LIMIT 1)
            = $5
        ORDER BY b.changed_at DESC""",
        station_id,
        now - FURTHEST,
        now + FURTHEST,
        max(since, now - rules.UNDO_DESK),
        actor.id,
    )
    return [
        Act(
            r["id"],
            Status(r["status"]),
            ServiceKind(r["service"]),
            r["starts_at"],
            open_name(r["name_sealed"]),
            r["phone_tail"],
            r["changed_at"] + rules.UNDO_DESK,
        )
        for r in found
    ]


async def find_lines(station_id: UUID, typed: str) -> list[DeskLine]:
    """Bookings at a station by ticket code or the last four digits of the phone, the nearest in time first."""
    now = clock.now()
    found = await sql.rows(
        f"""SELECT {DESK_LINE}
        WHERE b.station_id = $1 AND (b.code = $2 OR p.phone_tail = $3) AND b.starts_at BETWEEN $4 AND $5
        ORDER BY abs(extract(epoch FROM b.starts_at - $6::timestamptz)) LIMIT $7""",
        station_id,
        read_code(typed)[:8],
        typed,
        now - DAYS_BACK,
        now + FURTHEST,
        now,
        FOUND_MOST,
    )
    return [desk_line(row) for row in found]


async def find_ticket(typed: str) -> Ticket | None:
    """What a code stands for, anywhere."""
    found = await sql.row(
        """SELECT b.station_id, st.name AS station_name, b.starts_at, b.status, b.changed_at
        FROM booking b JOIN station st ON st.id = b.station_id WHERE b.code = $1""",
        read_code(typed)[:8],
    )
    return msgspec.convert(dict(found), Ticket) if found else None


async def find_group(station_id: UUID, typed: str) -> UUID | None:
    """The group with this code, if somebody of it comes to a station."""
    found: UUID | None = await sql.value(
        """SELECT g.id FROM group_booking g WHERE g.code = $1 AND EXISTS (
            SELECT FROM group_place gp JOIN booking b ON b.id = gp.booking_id
            WHERE gp.group_id = g.id AND b.station_id = $2)""",
        read_code(typed)[:8],
        station_id,
    )
    return found


async def changed_since(station_id: UUID, seen: datetime) -> bool:
    """Whether a booking that a sheet may show has changed after this instant."""
    now = clock.now()
    found: bool = await sql.value(
        """SELECT EXISTS (SELECT FROM booking
        WHERE station_id = $1 AND starts_at BETWEEN $2 AND $3 AND changed_at > $4)""",
        station_id,
        now - FURTHEST,
        now + FURTHEST,
        seen,
    )
    return found


async def require_desk(station_id: UUID, actor: Actor, role: Role = Role.STAFF) -> None:
    """Raise NotFound for a station that is not there, Forbidden for one where the actor lacks the role."""
    region = await sql.value("SELECT region_code FROM station WHERE id = $1", station_id)
    if region is None:
        raise NotFound
    actor.require(role, station_id=station_id, region_code=region)


async def require_here(station_id: UUID, booking_ids: Sequence[UUID]) -> None:
    """Raise NotFound unless all these bookings are at this station."""
    here = await sql.value(
        "SELECT count(*) FROM booking WHERE id = ANY($1) AND station_id = $2", list(booking_ids), station_id
    )
    if here != len(set(booking_ids)):
        raise NotFound


async def unreached(station_id: UUID) -> list[Unreached]:
    """Workers with a booking ahead who did not get a message about it."""
    found = await sql.rows(
        """SELECT DISTINCT ON (b.starts_at, b.id) b.id, b.service, b.starts_at, p.name_sealed, p.phone_tail
        FROM booking b JOIN notice n ON n.booking_id = b.id AND n.state = 'failed' AND n.person_id IS NOT NULL
        JOIN person p ON p.id = b.person_id
        WHERE b.station_id = $1 AND b.starts_at > $2 ORDER BY b.starts_at, b.id""",
        station_id,
        clock.now(),
    )
    return [
        Unreached(r["id"], ServiceKind(r["service"]), r["starts_at"], open_name(r["name_sealed"]), r["phone_tail"])
        for r in found
    ]
