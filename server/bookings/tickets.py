"""Reads of one's own bookings: the ticket, what is to come, what was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from server.bookings.models import ACTIVE
from server.bookings.queries import OFFERING
from server.bookings.schemas import (
    Companion,
    GroupLine,
    OfferingView,
    Step,
    TicketLine,
    TicketPage,
    TicketView,
    as_struct,
)
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.people.actors import Actor
from server.people.queries import open_name
from server.stations.errors import CursorUnusable

PAGE = 20
LAST_ID = UUID(int=2**128 - 1)
FURTHEST = timedelta(days=400)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def ticket(booking_id: UUID, actor: Actor) -> TicketView:
    """Everything a ticket shows, for its worker and for who brought him along. Raises NotFound."""
    found = await sql.row(
        f"""SELECT {OFFERING}, b.id AS booking_id, b.code, b.status, b.reason, b.starts_at, b.ends_at, b.confirm_by,
            b.changed_at, b.created_at, b.slot_id, s.closed AS slot_closed,
            (SELECT json_agg(json_build_object('at', e.at, 'from_status', e.from_status, 'to_status', e.to_status,
                'actor_kind', e.actor_kind, 'reason', e.reason) ORDER BY e.at, e.id)
             FROM booking_event e WHERE e.booking_id = b.id) AS history
        FROM booking b JOIN offering o ON o.id = b.offering_id JOIN station st ON st.id = b.station_id
        JOIN slot s ON s.id = b.slot_id
        WHERE b.id = $1 AND (b.person_id = $2
          OR EXISTS (SELECT FROM person p WHERE p.id = b.person_id AND p.brought_by = $2))""",
        booking_id,
        actor.id,
    )
    if found is None:
        raise NotFound
    history = msgspec.json.decode(found["history"] or "[]", type=list[Step])
    view: TicketView = as_struct(
        TicketView, found, id=found["booking_id"], offering=as_struct(OfferingView, found), history=history
    )
    return view


async def companion(booking_id: UUID, actor: Actor) -> Companion | None:
    """Who came along, where this is a place of the actor's group; None for his own booking."""
    found = await sql.row(
        """SELECT gp.group_id, gp.seat, p.name_sealed FROM group_place gp JOIN booking b ON b.id = gp.booking_id
        JOIN person p ON p.id = b.person_id WHERE gp.booking_id = $1 AND p.brought_by = $2""",
        booking_id,
        actor.id,
    )
    return as_struct(Companion, found, name=open_name(found["name_sealed"])) if found else None


TICKET_LINE = """b.id, b.code, b.status, b.service, b.station_id, st.name AS station_name, b.starts_at, b.ends_at
FROM booking b JOIN station st ON st.id = b.station_id"""


async def upcoming(actor: Actor) -> list[TicketLine]:
    """The worker's active bookings that are not over, the next first."""
    found = await sql.rows(
        f"SELECT {TICKET_LINE} WHERE b.person_id = $1 AND b.status = ANY($2) AND b.ends_at > $3 ORDER BY b.starts_at",
        actor.id,
        list(ACTIVE),
        clock.now(),
    )
    return [as_struct(TicketLine, row) for row in found]


GROUPS_SHOWN = timedelta(days=30)  # after the last place
GROUPS = """
SELECT g.id, g.code, g.service, g.people, st.name AS station_name, n.coming, n.starts_at
FROM group_booking g JOIN station st ON st.id = g.station_id CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE b.status = ANY($2))::int AS coming,
    coalesce(min(b.starts_at) FILTER (WHERE b.status = ANY($2)), min(b.starts_at)) AS starts_at
  FROM group_place gp JOIN booking b ON b.id = gp.booking_id WHERE gp.group_id = g.id) n
WHERE g.foreman_id = $1 AND g.ends_at > $3 ORDER BY n.starts_at
"""


async def groups(actor: Actor) -> list[GroupLine]:
    """What the worker booked for many and is not long over, the next first."""
    found = await sql.rows(GROUPS, actor.id, list(ACTIVE), clock.now() - GROUPS_SHOWN)
    return [as_struct(GroupLine, row) for row in found]


async def past(actor: Actor, cursor: str = "") -> TicketPage:
    """The worker's other bookings, the latest first, page by page. Raises CursorUnusable."""
    before, before_id = _read_cursor(cursor)
    found = await sql.rows(
        f"""SELECT {TICKET_LINE} WHERE b.person_id = $1 AND NOT (b.status = ANY($2) AND b.ends_at > $3)
        AND (b.starts_at, b.id) < ($4, $5) ORDER BY b.starts_at DESC, b.id DESC LIMIT $6""",
        actor.id,
        list(ACTIVE),
        clock.now(),
        before,
        before_id,
        PAGE + 1,
    )
    items = [as_struct(TicketLine, row) for row in found[:PAGE]]
    return TicketPage(items, _cursor_after(items[-1]) if len(found) > PAGE else "")


def _cursor_after(line: TicketLine) -> str:
    return f"{(line.starts_at - EPOCH) // timedelta(microseconds=1)}~{line.id}"


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Where the page before ended; no cursor is the top."""
    if not cursor:
        return clock.now() + FURTHEST, LAST_ID
    at, _, last_id = cursor.partition("~")
    try:
        return EPOCH + timedelta(microseconds=int(at)), UUID(last_id)
    except (ValueError, OverflowError) as error:
        raise CursorUnusable(field="after") from error
