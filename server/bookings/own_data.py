"""What this room holds about a worker: the bookings and what happened with each.

Erasing gives back the places ahead in the ordinary way, so that the desk sees it. The rows stay and count, under an
id that names nobody any more; what people wrote in them is blanked.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from server.bookings import history, waitlist
from server.bookings.models import ActorKind, QueueStatus, ServiceKind, Status, WaitState, WishKind
from server.bookings.schemas import as_struct
from server.bookings.walk_ins import forget_own
from server.db import sql
from server.kit import clock
from server.people.actors import Actor


class BookingStep(msgspec.Struct, frozen=True):
    """One step of a booking; `by` says who took it: the worker, staff or the clock."""

    at: datetime
    status: Status
    by: ActorKind
    reason: str


class BookingHeld(msgspec.Struct, frozen=True):
    id: UUID
    code: str
    service: ServiceKind
    station: str
    starts_at: datetime
    ends_at: datetime
    status: Status
    reason: str
    created_at: datetime
    request_key: str
    history: list[BookingStep]


class NumberHeld(msgspec.Struct, frozen=True):
    """A number that the worker took in a station's queue."""

    id: UUID
    number: str
    service: ServiceKind
    station: str
    status: QueueStatus
    taken_at: datetime
    called_at: datetime | None
    finished_at: datetime | None


async def copy_numbers(person_id: UUID) -> list[NumberHeld]:
    """All numbers, the latest first."""
    found = await sql.rows(
        """SELECT w.id, w.letter || w.number AS number, w.service, st.name AS station, w.status, w.taken_at,
            w.called_at, w.finished_at
        FROM walk_in w JOIN station st ON st.id = w.station_id WHERE w.person_id = $1 ORDER BY w.taken_at DESC""",
        person_id,
    )
    return [as_struct(NumberHeld, row) for row in found]


class WishHeld(msgspec.Struct, frozen=True):
    """What the worker waited for; one for nearby has its centre, rounded to about a kilometre."""

    id: UUID
    kind: WishKind
    service: ServiceKind
    station: str | None
    day: date | None
    lat: float | None
    lng: float | None
    state: WaitState
    until: datetime
    held_until: datetime | None
    joined_at: datetime
    changed_at: datetime


async def copy_wishes(person_id: UUID) -> list[WishHeld]:
    """All entries on the waiting list, the latest first."""
    found = await sql.rows(
        """SELECT w.*, st.name AS station FROM wait_entry w LEFT JOIN station st ON st.id = w.station_id
        WHERE w.person_id = $1 ORDER BY w.joined_at DESC, w.id DESC""",
        person_id,
    )
    return [as_struct(WishHeld, row) for row in found]


class PardonHeld(msgspec.Struct, frozen=True):
    """What the worker missed at a station until `at` does not count there."""

    station: str
    at: datetime


async def copy_pardons(person_id: UUID) -> list[PardonHeld]:
    """Where the worker began anew, the latest first."""
    found = await sql.rows(
        """SELECT st.name AS station, n.at FROM no_show_pardon n JOIN station st ON st.id = n.station_id
        WHERE n.person_id = $1 ORDER BY n.at DESC""",
        person_id,
    )
    return [as_struct(PardonHeld, row) for row in found]


async def copy(person_id: UUID) -> list[BookingHeld]:
    """All bookings, the latest first."""
    found = await sql.rows(
        """SELECT b.id, b.code, b.service, st.name AS station, b.starts_at, b.ends_at, b.status, b.reason,
            b.created_at, b.request_key,
            (SELECT json_agg(json_build_object('at', e.at, 'status', e.to_status, 'by', e.actor_kind,
                'reason', e.reason) ORDER BY e.at, e.id) FROM booking_event e WHERE e.booking_id = b.id) AS history
        FROM booking b JOIN station st ON st.id = b.station_id
        WHERE b.person_id = $1 ORDER BY b.starts_at DESC, b.id DESC""",
        person_id,
    )
    return [
        msgspec.convert(dict(row) | {"history": msgspec.json.decode(row["history"] or "[]")}, BookingHeld)
        for row in found
    ]


async def subjects(person_id: UUID) -> dict[str, list[UUID]]:
    """What the audit may speak of."""
    found = await sql.rows("SELECT id FROM booking WHERE person_id = $1", person_id)
    return {"booking": [row["id"] for row in found]}


async def erase(actor: Actor) -> None:
    """Cancel what is ahead and blank the rest, in the caller's transaction, after `sql.blank_histories`."""
    if actor.id is not None:
        await waitlist.leave_all(actor.id)
    ahead = await sql.rows(
        """SELECT id FROM booking WHERE person_id = $1 AND status IN ('requested', 'confirmed') AND starts_at > $2
        ORDER BY slot_id""",
        actor.id,
        clock.now(),
    )
    for row in ahead:
        booking = await history.locked(row["id"])
        if booking["status"] in (Status.REQUESTED, Status.CONFIRMED):
            await history.release(booking, Status.CANCELLED, actor)
    await forget_own(actor.id)
    await sql.run("DELETE FROM no_show_pardon WHERE person_id = $1", actor.id)
    await sql.run("UPDATE booking SET reason = '', request_key = id::text WHERE person_id = $1", actor.id)
    await sql.run(
        """UPDATE booking_event SET reason = '' WHERE reason <> ''
        AND booking_id IN (SELECT id FROM booking WHERE person_id = $1)""",
        actor.id,
    )
