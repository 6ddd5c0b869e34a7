"""A group in the demo: the guest's gang comes to the free clinic at the desk's station, some of them today."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from server.bookings.models import Offering, ServiceKind
from server.db import sql
from server.demo import people
from server.groups import queries
from server.groups.lists import Guest
from server.groups.rules import spread, together
from server.groups.service import book_group
from server.kit import clock
from server.people.actors import Actor

KEY = "demo-group"
SURNAMES, GIVEN = "韦黄覃蒙罗农陆莫卢岑", "建军志强丽华永福春生"
TODAY, TOMORROW = 12, 8


async def add_group(desk_id: UUID) -> None:
    """Once, as long as the station offers it and has room."""
    foreman_id = await people.guest_id()
    if await sql.value("SELECT EXISTS (SELECT FROM group_booking WHERE foreman_id = $1)", foreman_id):
        return
    offering = await Offering.get_or_none(station_id=desk_id, service=ServiceKind.FREE_CLINIC)
    if offering is None:
        return
    with people.early():
        days = [clock.today() + timedelta(days=n) for n in range(2)]
        parts = [await _late_times(offering.id, day, n) for day, n in zip(days, (TODAY, TOMORROW), strict=True)]
        places = together(TODAY + TOMORROW, parts)
        guests = [Guest(f"演示·{SURNAMES[n % 10]}{GIVEN[(3 * n) % 10]}") for n in range(TODAY + TOMORROW)]
        if len(places) > 1:
            await book_group(actor=Actor("worker", foreman_id), guests=guests, places=places, request_key=KEY)


async def _late_times(offering_id: UUID, day: date, people_count: int) -> dict[UUID, int]:
    """The last times of a day that hold so many."""
    strip = await queries.days_for(offering_id, day)
    free = [(slot.id, slot.free) for slot in strip.slots if strip.day == day and not slot.refused]
    return spread(people_count, free[-2:])
