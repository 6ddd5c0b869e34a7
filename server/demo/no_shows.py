"""Missed bookings in the demo: a gentle limit at the desk's station, whom it meets, and whom it nearly does."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from server.bookings import desk, no_show
from server.bookings.models import Offering, ServiceKind, Slot
from server.bookings.no_show_rules import Policy
from server.bookings.service import book_slot
from server.db import sql
from server.demo import people
from server.kit import clock
from server.kit.ids import new_id

# By the number of the demo's worker: so many days ago he did not come.
MISSED = {6: (4, 19, 33), 7: (6, 25)}
THREE_IN_THREE_MONTHS = Policy(3, 90)
TEN = 10 * 60


async def add_no_shows(desk_id: UUID) -> None:
    """Once; where a manager has decided something since, it stays."""
    if await sql.value("SELECT EXISTS (SELECT FROM booking WHERE request_key = 'demo-missed-6-4')"):
        return
    manager = await people.desk_actor(desk_id)
    for number, days_ago in MISSED.items():
        for days in days_ago:
            await _miss(desk_id, number, days)
    await no_show.set_policy(actor=manager, station_id=desk_id, policy=THREE_IN_THREE_MONTHS)


async def _miss(desk_id: UUID, number: int, days_ago: int) -> None:
    slot = await _slot(desk_id, clock.today() - timedelta(days=days_ago), number)
    person = await people.worker(number)
    with clock.travel(slot.starts_at - timedelta(days=1) - clock.now()):
        made = await book_slot(actor=person, slot_id=slot.id, request_key=f"demo-missed-{number}-{days_ago}")
    with clock.travel(slot.ends_at - clock.now()):
        await desk.mark_no_show(actor=await people.desk_actor(desk_id), booking_id=made.id)


async def _slot(desk_id: UUID, day: date, number: int) -> Slot:
    """A haircut of a day before the demo began."""
    offering = await Offering.get(station_id=desk_id, service=ServiceKind.HAIRCUT)
    starts_at = clock.at(day, TEN + number * offering.minutes)
    return await Slot.create(
        id=new_id(),
        offering_id=offering.id,
        station_id=desk_id,
        region_code=offering.region_code,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=offering.minutes),
        capacity=1,
    )
