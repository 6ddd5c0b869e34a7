"""Two people who plan at once take turns, and a change never meets a booking in a circle."""

import asyncio
from datetime import timedelta

import pytest

from server.bookings import plan, plan_days, slots
from server.bookings.models import Eligibility, Offering, ServiceKind, Slot
from server.bookings.plan import OfferingTerms
from server.bookings.service import book_slot, move_booking
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from tests.fixtures.bookings import make_offering
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")
ROUNDS = 6
SERVICES = (ServiceKind.HAIRCUT, ServiceKind.LEGAL_ADVICE, ServiceKind.FILM)


def terms(service: ServiceKind, capacity: int) -> OfferingTerms:
    return OfferingTerms(service, 60, capacity, 0, 60, 30, 3, 3, Eligibility.EVERYBODY, auto_confirm=True, active=True)


@pytest.fixture
async def station():
    station = await make_station(hours=[[[540, 1020]]] * 8)
    for service in SERVICES:
        await make_offering(station, service=service, minutes=60, horizon_days=3)
    await slots.roll_slots()
    return station


async def test_two_managers_replan_one_station_at_once(station):
    """Each changes another offering first; the station is the same."""
    managers = [await make_staff(Role.MANAGER, station_id=station.id) for _ in range(2)]
    offerings = await Offering.filter(station_id=station.id)

    async def change(manager, order, number):
        for offering in order:
            await plan.change_offering(
                actor=manager,
                station_id=station.id,
                offering_id=offering.id,
                terms=terms(offering.service, 1 + number),
                apply=bool(number % 2),
            )

    for number in range(ROUNDS):
        await asyncio.gather(
            change(managers[0], offerings, number),
            change(managers[1], offerings[::-1], number),
            plan.change_hours(
                actor=managers[0], station_id=station.id, hours=[[[540, 1020 - 60 * number]]] * 8, apply=True
            ),
        )
    assert {o.capacity for o in await Offering.filter(station_id=station.id)} == {ROUNDS}
    assert await what_is_wrong() == []


async def test_people_move_while_a_station_is_replanned(station):
    """Two times of different offerings are locked by one who moves and by the plan: in one order."""
    await Offering.filter(station_id=station.id).update(service=ServiceKind.HAIRCUT, capacity=9)
    await slots.apply(station.id, lambda: asyncio.sleep(0))
    manager = await make_staff(Role.MANAGER, station_id=station.id)
    day = clock.at(clock.today() + timedelta(days=1), 0)
    times = await Slot.filter(station_id=station.id, starts_at__gte=day).order_by("starts_at", "id").limit(6)
    workers = [await make_person() for _ in range(4)]
    made = [await book_slot(actor=w, slot_id=times[n].id, request_key=new_id().hex) for n, w in enumerate(workers)]

    async def wander(number):
        for step in range(ROUNDS):
            target = times[(number * 5 + step * 3) % len(times)]
            await move_booking(actor=workers[number], booking_id=made[number].id, slot_id=target.id)

    async def narrow():
        for step in range(ROUNDS):
            await plan_days.set_capacity(
                actor=manager,
                station_id=station.id,
                offering_id=times[step % len(times)].offering_id,
                day=clock.local(day).date(),
                first=0,
                last=1439,
                capacity=7 + step % 3,
            )

    await asyncio.gather(*map(wander, range(len(workers))), narrow())
    assert await what_is_wrong() == []
