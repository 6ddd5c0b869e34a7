"""The worker's verbs: book, cancel, restore, move. Every rule is checked in the write itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from server.bookings import history, queries, rules
from server.bookings.errors import (
    AlreadyChanged,
    KeyReused,
    OtherService,
    OverlappingBooking,
    TooLateToChange,
    UndoTooLate,
)
from server.bookings.models import ActorKind, Status
from server.bookings.schemas import BookingMade
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.ids import new_code, new_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people.actors import Actor

# A slot as it may be taken at $2: the rules of `rules.refusal`, kept once more in the write.
TAKE = """
UPDATE slot s SET taken = s.taken + 1
FROM offering o JOIN station st ON st.id = o.station_id
WHERE s.id = $1 AND o.id = s.offering_id AND st.retired_at IS NULL AND o.active
  AND NOT s.closed AND s.taken < s.capacity
  AND s.starts_at >= $2::timestamptz + make_interval(mins => o.notice_minutes)
  AND ($3::boolean OR o.eligibility = 'everybody' OR (o.eligibility = 'members_first'
    AND s.starts_at < (($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date + o.general_days + 1)::timestamp
      AT TIME ZONE 'Asia/Shanghai'))
RETURNING s.id AS slot_id, s.offering_id, s.station_id, s.region_code, s.starts_at, s.ends_at, o.service,
  o.auto_confirm, o.confirm_minutes, st.name AS station
"""
BOOK = f"""
WITH place AS ({TAKE}),
made AS (
  INSERT INTO booking (id, code, slot_id, offering_id, station_id, region_code, person_id, service, starts_at,
    ends_at, status, reason, confirm_by, changed_at, created_at, request_key)
  SELECT $4, $5, slot_id, offering_id, station_id, region_code, $6, service, starts_at, ends_at,
    CASE WHEN auto_confirm THEN 'confirmed' ELSE 'requested' END, '',
    CASE WHEN NOT auto_confirm THEN least(starts_at, greatest(
      starts_at - make_interval(mins => confirm_minutes), $2::timestamptz + $7::interval)) END,
    $2, $2, $8
  FROM place
  RETURNING *
), step AS (
  INSERT INTO booking_event (id, booking_id, at, from_status, to_status, slot_id, actor_kind, actor_id, reason)
  SELECT $9, id, $2, NULL, status, slot_id, 'worker', person_id, '' FROM made
)
SELECT made.*, place.station FROM made JOIN place USING (slot_id)
"""
TRIES = 5


async def book_slot(*, actor: Actor, slot_id: UUID, request_key: str) -> BookingMade:
    """Take a place. The same key gives the same booking, whatever the concurrency.

    Raises the refusal that holds (SlotFull, SlotClosed, TooLate, TooFarAhead, MembersOnly),
    OverlappingBooking, KeyReused, or NotFound.
    """
    for attempt in range(TRIES):
        try:
            async with sql.transaction():
                made = await _take_and_book(actor, slot_id, request_key)
                if made:
                    return made
            break
        except asyncpg.ExclusionViolationError as error:
            again = await _booked_before(actor, slot_id, request_key)
            if again:
                return again
            raise OverlappingBooking(await queries.overlapping(actor.id, slot_id)) from error
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            # The key was used a moment ago, a code was drawn twice, or two of this worker's bookings met.
            again = await _booked_before(actor, slot_id, request_key)
            if again:
                return again
            if attempt == TRIES - 1:
                raise
    again = await _booked_before(actor, slot_id, request_key)
    if again:
        return again
    raise await queries.why_refused(slot_id, actor)


async def _take_and_book(actor: Actor, slot_id: UUID, request_key: str) -> BookingMade | None:
    now = clock.now()
    made = await sql.row(
        BOOK,
        slot_id,
        now,
        actor.is_member,
        new_id(),
        new_code(),
        actor.id,
        rules.LEAST_ANSWER_TIME,
        request_key[:64],
        new_id(),
    )
    if made is None:
        return None
    params = params_of(made, made["station"])
    waiting = made["status"] == Status.REQUESTED
    kind = NoticeKind.BOOKING_REQUESTED if waiting else NoticeKind.BOOKING_CONFIRMED
    await notices.tell_worker(made["person_id"], kind, params, booking_id=made["id"], station_id=made["station_id"])
    await notices.plan_reminders(made["person_id"], made["id"], made["starts_at"], params)
    return made_of(made)


async def _booked_before(actor: Actor, slot_id: UUID, request_key: str) -> BookingMade | None:
    """The booking that this key made. Raises KeyReused where it was made for another slot."""
    found = await sql.row(
        """SELECT b.*, (SELECT e.slot_id FROM booking_event e WHERE e.booking_id = b.id ORDER BY e.at, e.id LIMIT 1)
            AS first_slot_id
        FROM booking b WHERE b.person_id = $1 AND b.request_key = $2""",
        actor.id,
        request_key[:64],
    )
    if found is None:
        return None
    if found["first_slot_id"] != slot_id:
        raise KeyReused
    return made_of(found)


async def cancel_booking(*, actor: Actor, booking_id: UUID, reason: str = "") -> BookingMade:
    """Give the place back, until the cut-off. Cancelling twice changes nothing. Raises TooLateToChange."""
    now = clock.now()
    async with sql.transaction():
        booking = await _own_booking(actor, booking_id)
        if booking["status"] == Status.CANCELLED:
            return made_of(booking)
        _refuse_unless_waiting(booking)
        if now >= rules.change_deadline(booking["starts_at"], booking["cutoff_minutes"]):
            raise TooLateToChange
        changed = await history.release(booking, Status.CANCELLED, actor, reason=reason)
        await notices.withdraw_reminders(booking_id)
        await notices.tell_worker(
            booking["person_id"],
            NoticeKind.BOOKING_CANCELLED,
            params_of(booking, booking["station"]),
            booking_id=booking_id,
            station_id=booking["station_id"],
            push=False,
        )
    return made_of(changed)


async def restore_booking(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """Take back one's own cancellation while the place is still free. Raises UndoTooLate, SlotFull …"""
    try:
        async with sql.transaction():
            booking = await _own_booking(actor, booking_id)
            if booking["status"] in (Status.REQUESTED, Status.CONFIRMED):
                return made_of(booking)
            own = booking["status"] == Status.CANCELLED and booking["changed_by"] == ActorKind.WORKER
            if not own or clock.now() > booking["changed_at"] + rules.UNDO_CANCEL:
                raise UndoTooLate
            if await sql.row(TAKE, booking["slot_id"], clock.now(), actor.is_member) is None:
                raise await queries.why_refused(booking["slot_id"], actor)
            changed = await history.change(booking, Status(booking["previous_status"]), actor, undo=True)
            params = params_of(booking, booking["station"])
            await notices.withdraw(booking_id, NoticeKind.BOOKING_CANCELLED)
            await notices.plan_reminders(booking["person_id"], booking_id, booking["starts_at"], params)
    except asyncpg.ExclusionViolationError as error:
        raise OverlappingBooking(await queries.overlapping(actor.id, booking["slot_id"])) from error
    return made_of(changed)


async def move_booking(*, actor: Actor, booking_id: UUID, slot_id: UUID) -> BookingMade:
    """Another time for the same service; the old place is kept until the new one is held.

    Moving to where it already is changes nothing. Raises what `book_slot` raises, TooLateToChange, OtherService.
    """
    try:
        async with sql.transaction():
            booking = await _own_booking(actor, booking_id)
            if booking["slot_id"] == slot_id:
                return made_of(booking)
            _refuse_unless_waiting(booking)
            if clock.now() >= rules.change_deadline(booking["starts_at"], booking["cutoff_minutes"]):
                raise TooLateToChange
            changed = await _swap_places(actor, booking, slot_id)
    except (asyncpg.ExclusionViolationError, asyncpg.DeadlockDetectedError) as error:
        raise OverlappingBooking(await queries.overlapping(actor.id, slot_id, besides=booking_id)) from error
    return made_of(changed)


async def _swap_places(actor: Actor, booking: Any, slot_id: UUID) -> Any:
    # Two people who swap their places lock both slots in the same order.
    await sql.rows(
        "SELECT id FROM slot WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", [booking["slot_id"], slot_id]
    )
    place = await sql.row(TAKE, slot_id, clock.now(), actor.is_member)
    if place is None:
        raise await queries.why_refused(slot_id, actor)
    if place["service"] != booking["service"]:
        raise OtherService
    await sql.run("UPDATE slot SET taken = taken - 1 WHERE id = $1", booking["slot_id"])
    changed = await history.move(booking, place, actor)
    params = params_of(changed, place["station"])
    await notices.withdraw_reminders(booking["id"])
    await notices.tell_worker(
        booking["person_id"],
        NoticeKind.BOOKING_MOVED,
        params,
        booking_id=booking["id"],
        station_id=place["station_id"],
        push=False,
    )
    await notices.plan_reminders(booking["person_id"], booking["id"], place["starts_at"], params)
    return changed


async def _own_booking(actor: Actor, booking_id: UUID) -> Any:
    """The worker's booking, locked; somebody else's does not exist for him."""
    booking = await history.locked(booking_id)
    if booking is None or booking["person_id"] != actor.id:
        raise NotFound
    return booking


def _refuse_unless_waiting(booking: Any) -> None:
    if booking["status"] not in (Status.REQUESTED, Status.CONFIRMED):
        raise AlreadyChanged(
            became=Status(booking["status"]), by=ActorKind(booking["changed_by"]), at=booking["changed_at"]
        )


def params_of(booking: Any, station: str, reason: str = "") -> dict[str, str]:
    """What messages about a booking say; nothing personal."""
    starts_at: datetime = booking["starts_at"]
    params = {
        "station": station,
        "service": booking["service"],
        "starts_at": starts_at.isoformat(),
        "code": booking["code"],
    }
    return params | ({"reason": reason} if reason else {})


def made_of(booking: Any) -> BookingMade:
    """A booking's row as the verbs return it."""
    return BookingMade(
        id=booking["id"],
        code=booking["code"],
        status=Status(booking["status"]),
        slot_id=booking["slot_id"],
        offering_id=booking["offering_id"],
        station_id=booking["station_id"],
        starts_at=booking["starts_at"],
        ends_at=booking["ends_at"],
    )
