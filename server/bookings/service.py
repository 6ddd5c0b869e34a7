"""The worker's verbs: book, cancel, restore, move. Every rule is checked in the write itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from server.bookings import history, no_show_limits, no_show_queries, queries, rules
from server.bookings.errors import (
    KeyReused,
    KeyUnusable,
    OtherService,
    OverlappingBooking,
    TooLate,
    TooLateToChange,
    UndoTooLate,
)
from server.bookings.models import ActorKind, Status
from server.bookings.reasons import refuse_names
from server.bookings.schemas import BookingMade
from server.bookings.waitlist_offers import give_back, seek
from server.db import sql
from server.errors import Forbidden, NotFound, SignInNeeded, Unavailable
from server.kit import clock
from server.kit.ids import new_code, new_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people.actors import Actor
from server.people.models import Role

TAKE = f"""
UPDATE slot n SET taken = n.taken + 1
FROM offering o JOIN station st ON st.id = o.station_id
WHERE n.id = $1 AND o.id = n.offering_id AND {queries.BOOKABLE}
RETURNING n.id AS slot_id, n.offering_id, n.station_id, n.region_code, n.starts_at, n.ends_at, o.service,
  o.auto_confirm, o.confirm_minutes, st.name AS station
"""
INSERT_BOOKING = """
INSERT INTO booking (slot_id, offering_id, station_id, region_code, service, starts_at, ends_at, status, reason,
  confirm_by, changed_at, created_at, id, code, person_id, request_key)"""
# Of a place that was taken, all but the last four columns. $2 is now, $7 the time that staff have at least.
OF_PLACE = """slot_id, offering_id, station_id, region_code, service, starts_at, ends_at,
  CASE WHEN auto_confirm THEN 'confirmed' ELSE 'requested' END, '',
  CASE WHEN NOT auto_confirm THEN least(starts_at, greatest(
    starts_at - make_interval(mins => confirm_minutes), $2::timestamptz + $7::interval)) END, $2, $2"""
MAKE = f"""
made AS (
  {INSERT_BOOKING} SELECT {OF_PLACE}, $4, $5, $6, $8 FROM place
  RETURNING *
), step AS (
  INSERT INTO booking_event (id, booking_id, at, from_status, to_status, slot_id, actor_kind, actor_id, reason)
  SELECT $9, id, $2, NULL, status, slot_id, 'worker', person_id, '' FROM made
)
SELECT b.*, place.station, {no_show_queries.LIMITS} AS limits FROM made b JOIN place USING (slot_id)
"""
BOOK = f"WITH place AS ({TAKE}),{MAKE}"
TRIES = 5
LONGEST_KEY = 64


async def book_slot(*, actor: Actor, slot_id: UUID, request_key: str) -> BookingMade:
    """Take a place. The same key gives the same booking, whatever the concurrency.

    Raises the refusal that holds (SlotFull, SlotClosed, TooLate, TooFarAhead, MembersOnly, OneAtATime),
    OverlappingBooking, KeyReused, or NotFound.
    """
    require_worker(actor)
    if not 1 <= len(request_key) <= LONGEST_KEY or not request_key.isprintable():
        raise KeyUnusable(field="request_key")
    for _ in range(TRIES):
        overlaps = False
        try:
            async with sql.transaction():
                made = await _take_and_book(actor, slot_id, request_key)
            if made:
                return made
            clashed = False
        except asyncpg.ForeignKeyViolationError as error:
            raise SignInNeeded from error  # was erased a moment ago
        except asyncpg.ExclusionViolationError:
            clashed = overlaps = True
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            # The key was used a moment ago, a code was drawn twice, or two of this worker's bookings met.
            clashed = True
        again = await _booked_before(actor, slot_id, request_key)
        if again:
            return again
        if overlaps:
            raise OverlappingBooking(await queries.overlapping(actor.id, slot_id))
        if not clashed:
            raise await queries.why_refused(slot_id, actor)
    raise Unavailable


async def _take_and_book(actor: Actor, slot_id: UUID, request_key: str) -> BookingMade | None:
    now, answer_time = clock.now(), rules.LEAST_ANSWER_TIME
    ids = new_id(), new_code(), actor.id, answer_time, request_key, new_id()
    made = await sql.row(BOOK, slot_id, now, actor.is_member, *ids)
    return None if made is None else await keep_made(made)


async def keep_made(made: Any) -> BookingMade:
    """Let a booking that MAKE made hold, and tell the worker. Raises OneAtATime."""
    if made["limits"]:
        await no_show_limits.refuse_second(made)
    kind = NoticeKind.BOOKING_REQUESTED if made["status"] == Status.REQUESTED else NoticeKind.BOOKING_CONFIRMED
    await _tell(made, made["station"], kind)
    return made_of(made)


async def _booked_before(actor: Actor, slot_id: UUID, request_key: str) -> BookingMade | None:
    """The booking that this key made. Raises KeyReused where it was made for another slot."""
    found = await sql.row(
        """SELECT b.*, (SELECT e.slot_id FROM booking_event e WHERE e.booking_id = b.id ORDER BY e.at, e.id LIMIT 1)
            AS first_slot_id
        FROM booking b WHERE b.person_id = $1 AND b.request_key = $2""",
        actor.id,
        request_key,
    )
    if found is None:
        return None
    if found["first_slot_id"] != slot_id:
        raise KeyReused
    return made_of(found)


async def cancel_booking(*, actor: Actor, booking_id: UUID, reason: str = "") -> BookingMade:
    """Give the place back: the worker until the cut-off, staff for him at any time. Twice changes nothing more.

    Raises NotFound, TooLateToChange, AlreadyChanged, ReasonNamesSomebody; Forbidden for another station's staff.
    """
    by_staff = actor.kind == "staff"
    async with sql.transaction():
        booking = await (booking_at_desk(actor, booking_id) if by_staff else _own_booking(actor, booking_id))
        if booking["status"] == Status.CANCELLED:
            return made_of(booking)
        _refuse_unless_waiting(booking)
        if not by_staff:
            _refuse_late(booking)
        await refuse_names(reason, booking["person_id"])
        changed = await history.release(booking, Status.CANCELLED, actor, reason=reason)
        await notices.withdraw_reminders(booking_id)
        await notices.tell_worker(
            booking["person_id"],
            NoticeKind.BOOKING_CANCELLED,
            params_of(booking, booking["station"], changed["reason"]),
            booking_id=booking_id,
            station_id=booking["station_id"],
            hold=rules.UNDO_DESK,
            push=by_staff,
        )
    return made_of(changed)


async def restore_booking(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """Take back one's own cancellation of the last minutes while the place is still free.

    What had to be kept when booking (notice, members first) was kept then.
    Raises UndoTooLate, SlotFull, SlotClosed, TooLate, OverlappingBooking, OneAtATime.
    """
    try:
        async with sql.transaction():
            booking = await _own_booking(actor, booking_id)
            if booking["status"] in (Status.REQUESTED, Status.CONFIRMED):
                return made_of(booking)
            own = booking["status"] == Status.CANCELLED and booking["changed_by"] == ActorKind.WORKER
            if not own or clock.now() > booking["changed_at"] + rules.UNDO_CANCEL:
                raise UndoTooLate
            if booking["starts_at"] <= clock.now():
                raise TooLate
            await history.hold_again(booking)
            changed = await history.change(booking, Status(booking["previous_status"]), actor, undo=True)
            await no_show_limits.refuse_second(changed)
            await notices.withdraw(booking_id, NoticeKind.BOOKING_CANCELLED)
            await remind(changed, booking["station"])
    except asyncpg.ExclusionViolationError as error:
        raise OverlappingBooking(await queries.overlapping(actor.id, booking["slot_id"])) from error
    return made_of(changed)


async def move_booking(*, actor: Actor, booking_id: UUID, slot_id: UUID) -> BookingMade:
    """Another time for the same service; the old place is kept until the new one is held. Staff do it for a worker.

    Moving to where it already is changes nothing. Raises what `book_slot` raises, TooLateToChange, OtherService.
    """
    for _ in range(TRIES):
        try:
            async with sql.transaction():
                return await _move(actor, booking_id, slot_id)
        except asyncpg.ExclusionViolationError as error:
            raise await _expected_elsewhere(booking_id, slot_id) from error
        except asyncpg.DeadlockDetectedError:
            continue  # met another of this worker's bookings
    raise Unavailable


async def _expected_elsewhere(booking_id: UUID, slot_id: UUID) -> OverlappingBooking:
    person_id = await sql.value("SELECT person_id FROM booking WHERE id = $1", booking_id)
    return OverlappingBooking(await queries.overlapping(person_id, slot_id, besides=booking_id))


async def _move(actor: Actor, booking_id: UUID, slot_id: UUID) -> BookingMade:
    by_staff = actor.kind == "staff"
    booking = await (booking_at_desk(actor, booking_id) if by_staff else _own_booking(actor, booking_id))
    if booking["slot_id"] == slot_id:
        return made_of(booking)
    _refuse_unless_waiting(booking)
    if not by_staff:
        _refuse_late(booking)
    worker = actor if booking["person_id"] == actor.id else await _holder(booking)
    # Two people who swap their places lock both slots in the same order.
    await sql.rows(
        "SELECT id FROM slot WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", [booking["slot_id"], slot_id]
    )
    place: Any = await sql.row(TAKE, slot_id, clock.now(), worker.is_member)
    if place is None:
        raise await queries.why_refused(slot_id, worker)
    if place["service"] != booking["service"]:
        raise OtherService
    if by_staff and booking["status"] == Status.CONFIRMED and place["station_id"] == booking["station_id"]:
        place = dict(place) | {"auto_confirm": True}  # who gives the new time has said yes to it
    changed = await history.move(booking, place, actor)
    if not by_staff and place["station_id"] != booking["station_id"]:
        await no_show_limits.refuse_second(changed)
    await give_back(booking["slot_id"])
    await seek(booking["person_id"])
    await notices.withdraw_reminders(booking_id)
    await notices.withdraw(booking_id, NoticeKind.BOOKING_AFFECTED)
    kind = NoticeKind.BOOKING_REBOOKED if by_staff else NoticeKind.BOOKING_MOVED
    await _tell(changed, place["station"], kind, push=by_staff)
    return made_of(changed)


async def _holder(booking: Any) -> Actor:
    """The worker whose booking it is, as far as the rules ask."""
    is_member = await sql.value("SELECT is_member FROM person WHERE id = $1", booking["person_id"])
    return Actor("worker", booking["person_id"], is_member=bool(is_member))


async def _tell(booking: Any, station: str, kind: NoticeKind, *, push: bool = True) -> None:
    """Tell the worker about a booking that now holds; reminders follow once it is confirmed."""
    await notices.tell_worker_of(
        booking["person_id"],
        kind,
        params_of(booking, station),
        booking_id=booking["id"],
        station_id=booking["station_id"],
        remind=booking["status"] == Status.CONFIRMED,
        push=push,
    )


async def remind(booking: Any, station: str) -> None:
    """Plan the reminders of a booking that is confirmed again or at last."""
    if booking["status"] == Status.CONFIRMED:
        await notices.plan_reminders(
            booking["person_id"], booking["id"], booking["starts_at"], params_of(booking, station)
        )


def require_worker(actor: Actor) -> UUID:
    """Who asks, where it is a worker. Raises SignInNeeded, Forbidden."""
    if actor.kind == "visitor" or actor.id is None:
        raise SignInNeeded
    if actor.kind != "worker":
        raise Forbidden
    return actor.id


async def _own_booking(actor: Actor, booking_id: UUID) -> Any:
    """The worker's booking, or of somebody he brought along, locked; anybody else's does not exist for him."""
    require_worker(actor)
    booking = await history.locked(booking_id)
    if booking is None or actor.id not in (booking["person_id"], booking["brought_by"]):
        raise NotFound
    return booking


async def booking_at_desk(actor: Actor, booking_id: UUID) -> Any:
    """A booking at this member of staff's station, locked. Raises NotFound, Forbidden."""
    booking = await history.locked(booking_id)
    if booking is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=booking["station_id"], region_code=booking["region_code"])
    return booking


def _refuse_unless_waiting(booking: Any) -> None:
    if booking["status"] not in (Status.REQUESTED, Status.CONFIRMED):
        raise history.already_changed(booking)


def _refuse_late(booking: Any) -> None:
    deadline = rules.change_deadline(
        booking["starts_at"], booking["cutoff_minutes"], slot_closed=booking["slot_closed"]
    )
    if clock.now() >= deadline:
        raise TooLateToChange


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
