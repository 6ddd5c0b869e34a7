"""The desk's verbs: confirm, decline, check in, serve, no-show, undo; and what the clock does when nobody answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from server.bookings import history, queries, rules
from server.bookings.errors import AlreadyChanged, NotStarted, NotToday, SlotFull, TicketElsewhere, UndoTooLate
from server.bookings.models import ACTIVE, RELEASED, ActorKind, Status
from server.bookings.reasons import refuse_names
from server.bookings.schemas import BookingMade
from server.bookings.service import booking_at_desk, made_of, params_of, remind
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.ids import read_code
from server.kit.sweep import each
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import queries as people
from server.people.actors import SYSTEM, Actor
from server.people.models import Role

BATCH = 200
# Where each status may come from.
CONFIRMABLE = (Status.REQUESTED,)
DECLINABLE = (Status.REQUESTED, Status.CONFIRMED)
ARRIVABLE = (Status.CONFIRMED, Status.REQUESTED)
SERVABLE = (Status.ARRIVED, Status.CONFIRMED)
MISSABLE = (Status.CONFIRMED,)
# Messages that wait out the undo, and are taken back by it.
TOLD = {
    Status.CONFIRMED: NoticeKind.BOOKING_CONFIRMED,
    Status.DECLINED: NoticeKind.BOOKING_DECLINED,
    Status.CANCELLED: NoticeKind.BOOKING_CANCELLED,
}
TOLD_AFFECTED = """
SELECT EXISTS (SELECT FROM notice WHERE booking_id = $1 AND kind = 'booking_affected' AND state <> 'withdrawn')
"""
OVERDUE = "SELECT id FROM booking WHERE status = 'requested' AND confirm_by <= $1 ORDER BY confirm_by LIMIT $2"
URGENT = """
SELECT id FROM booking WHERE status = 'requested' AND escalated_at IS NULL
AND ($1 >= confirm_by - $3::interval OR $1 >= changed_at + (confirm_by - changed_at) / 2)
ORDER BY confirm_by LIMIT $2
"""


async def confirm_booking(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """Say yes to a request. Raises AlreadyChanged where somebody was faster."""
    async with sql.transaction():
        booking = await _take_up(actor, booking_id, CONFIRMABLE)
        changed = await history.change(booking, Status.CONFIRMED, actor)
        await _tell(booking, Status.CONFIRMED)
        await remind(changed, booking["station"])
    return made_of(changed)


async def decline_booking(*, actor: Actor, booking_id: UUID, reason: str) -> BookingMade:
    """Say no with a reason in the worker's words; the place is free again. Raises ReasonNamesSomebody too."""
    async with sql.transaction():
        booking = await _take_up(actor, booking_id, DECLINABLE)
        await refuse_names(reason, booking["person_id"])
        changed = await history.release(booking, Status.DECLINED, actor, reason=reason)
        await notices.withdraw_reminders(booking_id)
        await _tell(booking, Status.DECLINED, changed["reason"])
    return made_of(changed)


async def confirm_all(*, actor: Actor, station_id: UUID, day: date | None = None) -> list[UUID]:
    """Say yes to every request of a station (of one day); the ones that were confirmed."""
    waiting = await sql.rows(
        """SELECT id FROM booking WHERE station_id = $1 AND status = 'requested'
        AND ($2::timestamptz IS NULL OR starts_at >= $2 AND starts_at < $3) ORDER BY starts_at""",
        station_id,
        clock.at(day, 0) if day else None,
        clock.at(day, 1440) if day else None,
    )
    confirmed = []
    for row in waiting:
        try:
            confirmed.append((await confirm_booking(actor=actor, booking_id=row["id"])).id)
        except AlreadyChanged:
            continue
    return confirmed


async def check_in(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """The worker is here. A request that nobody answered is confirmed by it."""
    async with sql.transaction():
        booking = await _take_up(actor, booking_id, ARRIVABLE)
        _refuse_before_the_day(booking)
        changed = await history.change(booking, Status.ARRIVED, actor)
        await notices.withdraw_reminders(booking_id)
    return made_of(changed)


async def check_in_code(*, actor: Actor, station_id: UUID, typed: str) -> BookingMade:
    """Check in by the ticket's code. Raises NotFound, TicketElsewhere, AlreadyChanged with what is the matter."""
    code = read_code(typed)
    known = code.isalnum()
    found = await sql.row("SELECT id, station_id, starts_at FROM booking WHERE code = $1", code[:8]) if known else None
    if found is None:
        raise NotFound(queries.NO_SUCH_CODE, field="code")
    today = clock.local(found["starts_at"]).date() == clock.today()
    if found["station_id"] != station_id or not today:
        raise TicketElsewhere(field="code")
    return await check_in(actor=actor, booking_id=found["id"])


async def mark_served(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """The visit is done."""
    async with sql.transaction():
        booking = await _take_up(actor, booking_id, SERVABLE)
        _refuse_before_the_day(booking)
        changed = await history.change(booking, Status.SERVED, actor)
        await notices.withdraw_reminders(booking_id)
    return made_of(changed)


async def mark_no_show(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """The worker did not come. Raises NotStarted before the time."""
    async with sql.transaction():
        booking = await _take_up(actor, booking_id, MISSABLE)
        if clock.now() < booking["starts_at"]:
            raise NotStarted
        changed = await history.change(booking, Status.NO_SHOW, actor)
    return made_of(changed)


async def undo_step(*, actor: Actor, booking_id: UUID) -> BookingMade:
    """Take back the last step of this desk within a minute.

    Raises UndoTooLate, also where the place is gone, and SlotClosed.
    """
    try:
        return await _undo(actor, booking_id)
    except (asyncpg.ExclusionViolationError, SlotFull) as error:
        raise UndoTooLate from error  # the worker has booked elsewhere for that time, or somebody has the place


async def _undo(actor: Actor, booking_id: UUID) -> BookingMade:
    async with sql.transaction():
        booking = await _take_up(actor, booking_id, tuple(Status))
        by_staff = booking["changed_by"] == ActorKind.STAFF and booking["previous_status"]
        if not by_staff or clock.now() > booking["changed_at"] + rules.UNDO_DESK:
            raise UndoTooLate
        if booking["status"] in RELEASED:
            await history.hold_again(booking)
        changed = await history.change(booking, Status(booking["previous_status"]), actor, undo=True)
        await notices.withdraw_reminders(booking_id)
        await remind(changed, booking["station"])
        told = TOLD.get(Status(booking["status"]))
        if told:
            await notices.withdraw(booking_id, told)
        await _tell_if_time_is_lost(booking, changed)
    return made_of(changed)


async def _tell_if_time_is_lost(booking: Any, changed: Any) -> None:
    """Whoever was done with when the time was called off was not told; coming back into play, he must be."""
    if booking["status"] in ACTIVE or not booking["slot_closed"] or changed["starts_at"] <= clock.now():
        return
    if await sql.value(TOLD_AFFECTED, changed["id"]):
        return
    params = {
        "station": booking["station"],
        "service": changed["service"],
        "starts_at": changed["starts_at"].isoformat(),
        "code": changed["code"],
    }
    await notices.tell_worker(
        changed["person_id"],
        NoticeKind.BOOKING_AFFECTED,
        params,
        booking_id=changed["id"],
        station_id=changed["station_id"],
    )


async def expire_overdue() -> int:
    """Requests that nobody answered in time end with an apology; how many. Safe in any number of processes."""
    return await _for_each(OVERDUE, _expire)


async def _for_each(found_by: str, step: Callable[[UUID], Awaitable[bool]], *values: Any) -> int:
    """Take a step for everything found, batch by batch; what others have in hand is left to them.

    One that is broken keeps no other waiting. Raises SweepBroken at the end where there was one.
    """
    total = 0
    while True:
        found = await sql.rows(found_by, clock.now(), BATCH, *values)
        done = await each([row["id"] for row in found], step)
        total += done
        if not done or len(found) < BATCH:
            return total


async def _expire(booking_id: UUID) -> bool:
    async with sql.transaction():
        booking = await history.locked(booking_id, wait=False)
        if booking is None or booking["status"] != Status.REQUESTED or booking["confirm_by"] > clock.now():
            return False
        await history.release(booking, Status.EXPIRED, SYSTEM)
        await notices.withdraw_reminders(booking_id)
        await notices.tell_worker(
            booking["person_id"],
            NoticeKind.BOOKING_EXPIRED,
            params_of(booking, booking["station"]),
            booking_id=booking_id,
            station_id=booking["station_id"],
        )
    return True


async def escalate_overdue() -> int:
    """Requests that wait too long are told to the station's managers, once; how many."""
    return await _for_each(URGENT, _escalate, rules.URGENT_LEFT)


async def _escalate(booking_id: UUID) -> bool:
    async with sql.transaction():
        booking = await sql.row(
            """UPDATE booking SET escalated_at = $2 WHERE id = $1 AND status = 'requested' AND escalated_at IS NULL
            RETURNING *, (SELECT name FROM station st WHERE st.id = booking.station_id) AS station""",
            booking_id,
            clock.now(),
        )
        if booking is None:
            return False
        managers = await people.staff_with_role(Role.MANAGER, booking["station_id"], booking["region_code"])
        for staff_id in managers:
            await notices.tell_staff(
                staff_id,
                NoticeKind.ESCALATION,
                params_of(booking, booking["station"]),
                station_id=booking["station_id"],
                booking_id=booking_id,
            )
    return True


async def _take_up(actor: Actor, booking_id: UUID, allowed: tuple[Status, ...]) -> Any:
    """The booking, locked, if this desk may act on it. Raises NotFound, Forbidden, or AlreadyChanged with the fact."""
    booking = await booking_at_desk(actor, booking_id)
    if booking["status"] not in allowed:
        raise history.already_changed(booking)
    return booking


def _refuse_before_the_day(booking: Any) -> None:
    if clock.local(booking["starts_at"]).date() > clock.today():
        raise NotToday


async def _tell(booking: Any, status: Status, reason: str = "") -> None:
    """Tell the worker once the desk can no longer take the step back."""
    await notices.tell_worker(
        booking["person_id"],
        TOLD[status],
        params_of(booking, booking["station"], reason),
        booking_id=booking["id"],
        station_id=booking["station_id"],
        hold=rules.UNDO_DESK,
    )
