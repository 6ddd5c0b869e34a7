"""Many hands at the same instant, on real connections: one legal history, whatever the order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from server.bookings import desk, service, slots
from server.bookings.errors import AlreadyChanged, KeyReused, OverlappingBooking, SlotClosed, SlotFull
from server.bookings.models import Booking, Offering, Slot, Status
from server.db import sql
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from server.stations.models import StationDay
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")
ROUNDS = 4


async def book(actor, slot, key=""):
    return await service.book_slot(actor=actor, slot_id=slot.id, request_key=key or new_id().hex)


async def at_once(*verbs: Awaitable[Any]) -> list[Any]:
    """Their answers; a refusal is one, any other error is not."""
    results = await asyncio.gather(*verbs, return_exceptions=True)
    assert [r for r in results if isinstance(r, BaseException) and not isinstance(r, AppError)] == []
    assert await what_is_wrong() == []
    return results


def done(results: list[Any]) -> list[Any]:
    return [r for r in results if not isinstance(r, AppError)]


@asynccontextmanager
async def under_way(verb: Callable[[], Awaitable[Any]]) -> AsyncIterator[Any]:
    """Another transaction that has done something and commits when the block ends."""
    did, may_commit = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def hold() -> None:
        async with sql.transaction():
            did.set_result(await verb())
            await may_commit.wait()

    holding = asyncio.create_task(hold())
    try:
        yield await did
    finally:
        may_commit.set()
        await holding


async def blocked(verb: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A verb that has begun, and that nothing but a lock holds up."""
    task = asyncio.create_task(verb)
    waiting = """SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    async with asyncio.timeout(10):
        while True:
            if await sql.value(waiting):
                return task


class TestRush:
    async def test_sixty_for_five_places(self):
        slot = await make_slot(await make_offering(capacity=5))
        people = [await make_person() for _ in range(60)]
        results = await at_once(*(book(p, slot) for p in people))
        assert len(done(results)) == 5
        assert {type(r) for r in results if isinstance(r, AppError)} == {SlotFull}

    async def test_every_request_twice_under_one_key(self):
        slot = await make_slot(await make_offering(capacity=5))
        people = [await make_person() for _ in range(10)]
        results = await at_once(*(book(p, slot, "k") for p in people for _ in range(2)))
        assert len({r.id for r in done(results)}) == 5
        assert len(done(results)) == 10

    async def test_one_key_sent_many_times_books_once(self):
        worker, slot = await make_person(), await make_slot(await make_offering(capacity=5))
        results = await at_once(*(book(worker, slot, "k") for _ in range(8)))
        assert len({r.id for r in results}) == 1

    async def test_one_key_for_two_slots_books_one_of_them(self):
        worker, offering = await make_person(), await make_offering()
        both = [await make_slot(offering, starts_at=in_hours(n)) for n in (3, 9)]
        results = await at_once(*(book(worker, slot, "k") for slot in both))
        assert len(done(results)) == 1
        assert [type(r) for r in results if isinstance(r, AppError)] == [KeyReused]

    async def test_one_worker_is_in_one_place_at_a_time(self):
        worker = await make_person()
        same_time = [await make_slot() for _ in range(4)]
        results = await at_once(*(book(worker, slot) for slot in same_time))
        (made,) = done(results)
        refused = [r for r in results if isinstance(r, AppError)]
        assert {type(r) for r in refused} == {OverlappingBooking}
        assert {r.booking_id for r in refused} == {made.id}


class TestOneBooking:
    @pytest.mark.parametrize("round_", range(ROUNDS))
    async def test_everything_at_once_ends_in_one_legal_history(self, round_):
        station = await make_station()
        offering = await make_offering(station, auto_confirm=False, capacity=2)
        slot = await make_slot(offering, starts_at=in_hours(3))
        other = await make_slot(await make_offering(station, capacity=2), starts_at=in_hours(4))
        worker, staff = await make_person(), await make_staff(station_id=station.id)
        await make_staff(Role.MANAGER, station_id=station.id)
        made = await book(worker, slot)
        given = {"actor": staff, "booking_id": made.id}
        with clock.travel(timedelta(hours=2.6) if round_ % 2 else timedelta(minutes=90)):
            await at_once(
                desk.confirm_booking(**given),
                desk.confirm_booking(**given),
                desk.decline_booking(**given, reason="师傅病了"),
                service.cancel_booking(actor=worker, booking_id=made.id),
                service.move_booking(actor=worker, booking_id=made.id, slot_id=other.id),
                desk.expire_overdue(),
                desk.expire_overdue(),
                desk.escalate_overdue(),
                desk.escalate_overdue(),
                desk.undo_step(**given),
                service.restore_booking(actor=worker, booking_id=made.id),
            )

    async def test_of_two_staff_one_wins_and_the_other_learns_what_happened(self):
        slot = await make_slot(await make_offering(auto_confirm=False))
        made = await book(await make_person(), slot)
        staff = [await make_staff(station_id=slot.station_id) for _ in range(2)]
        results = await at_once(
            desk.confirm_booking(actor=staff[0], booking_id=made.id),
            desk.decline_booking(actor=staff[1], booking_id=made.id, reason="师傅病了"),
        )
        late = [r for r in results if isinstance(r, AlreadyChanged)]
        if late:  # confirmed first, it may still be declined
            assert (late[0].became, late[0].by, late[0].by_id) == (Status.DECLINED, "staff", staff[1].id)
        assert done(results)

    async def test_two_processes_expire_a_request_once(self):
        slot = await make_slot(await make_offering(auto_confirm=False, capacity=9))
        for _ in range(6):
            await book(await make_person(), slot)
        with clock.travel(timedelta(hours=2.6)):
            results = await at_once(*(desk.expire_overdue() for _ in range(3)))
        assert sum(results) == 6

    async def test_who_waits_for_a_move_sees_the_booking_where_it_went(self):
        """Whoever waits for a lock must not act on what the booking was before the wait."""
        first, second = await make_slot(await make_offering(auto_confirm=False)), await make_slot()
        worker, staff = await make_person(), await make_staff()
        made = await book(worker, first)
        async with under_way(lambda: service.move_booking(actor=worker, booking_id=made.id, slot_id=second.id)):
            late = await blocked(desk.confirm_booking(actor=staff, booking_id=made.id))
        with pytest.raises(AlreadyChanged) as refused:
            await late
        assert (refused.value.became, refused.value.by) == (Status.CONFIRMED, "worker")
        assert await what_is_wrong() == []


class TestCrossing:
    @pytest.mark.parametrize("round_", range(ROUNDS))
    async def test_crossing_moves_all_arrive(self, round_):
        offering = await make_offering(capacity=20)
        one, two = await make_slot(offering), await make_slot(offering, starts_at=in_hours(9))
        people = [await make_person() for _ in range(10)]
        made = [await book(p, (one, two)[i % 2]) for i, p in enumerate(people)]
        results = await at_once(
            *(
                service.move_booking(actor=p, booking_id=b.id, slot_id=(two, one)[i % 2].id)
                for i, (p, b) in enumerate(zip(people, made, strict=True))
            )
        )
        assert len(done(results)) == 10, round_

    async def test_nobody_swaps_full_slots_and_nobody_loses_a_place(self):
        offering = await make_offering()
        both = [await make_slot(offering), await make_slot(offering, starts_at=in_hours(9))]
        people = [await make_person() for _ in both]
        made = [await book(p, s) for p, s in zip(people, both, strict=True)]
        results = await at_once(
            *(
                service.move_booking(actor=p, booking_id=b.id, slot_id=s.id)
                for p, b, s in zip(people, made, reversed(both), strict=True)
            )
        )
        assert {type(r) for r in results} == {SlotFull}

    async def test_one_worker_moves_one_booking_and_books_another_for_the_same_time(self):
        for _ in range(ROUNDS):
            worker, offering = await make_person(), await make_offering()
            here = await make_slot(offering)
            there = await make_slot(offering, starts_at=in_hours(9))
            elsewhere = await make_slot(starts_at=in_hours(9))
            made = await book(worker, here)
            results = await at_once(
                service.move_booking(actor=worker, booking_id=made.id, slot_id=there.id), book(worker, elsewhere)
            )
            assert len(done(results)) == 1


class TestPlanning:
    async def test_a_slot_that_is_being_booked_is_closed_and_not_deleted(self):
        station = await make_station()
        slot = await make_slot(await make_offering(station, hours=[[]] * 8))
        worker = await make_person()
        async with under_way(lambda: book(worker, slot)) as made:
            planning = await blocked(slots.apply(station.id, _nothing))
        plan = await planning
        assert [a.booking_id for a in plan.affected] == [made.id]
        assert (await Slot.get(id=slot.id)).closed
        assert await what_is_wrong() == []

    async def test_booked_and_cancelled_meanwhile_it_is_closed_too(self):
        station = await make_station()
        slot = await make_slot(await make_offering(station, hours=[[]] * 8))
        worker = await make_person()

        async def book_and_cancel() -> None:
            made = await book(worker, slot)
            await service.cancel_booking(actor=worker, booking_id=made.id)

        async with under_way(book_and_cancel):
            planning = await blocked(slots.apply(station.id, _nothing))
        assert (await planning).affected == []
        assert (await Slot.get(id=slot.id)).closed

    async def test_who_books_what_is_being_deleted_is_refused(self):
        station = await make_station()
        slot = await make_slot(await make_offering(station, hours=[[]] * 8))
        async with under_way(lambda: slots.replan(station.id)):
            booking = await blocked(book(await make_person(), slot))
        with pytest.raises(NotFound):
            await booking

    async def test_a_day_closes_and_opens_while_everybody_books(self):
        station = await make_station()
        await make_offering(station, capacity=4, horizon_days=1, hours=[[[540, 660]]] * 8)
        day = clock.today() + timedelta(days=1)
        await slots.roll_slots()
        offered = await Slot.filter(starts_at__gte=clock.at(day, 0))
        people = [await make_person() for _ in range(12)]

        async def close() -> None:
            await StationDay.create(station_id=station.id, day=day, hours=[])

        async def reopen() -> None:
            await StationDay.filter(station_id=station.id).delete()

        results = await at_once(
            *(book(p, offered[i % len(offered)]) for i, p in enumerate(people[:6])),
            slots.apply(station.id, close),
            *(book(p, offered[i % len(offered)]) for i, p in enumerate(people[6:])),
        )
        assert {type(r) for r in results if isinstance(r, AppError)} <= {SlotClosed, NotFound}
        await at_once(slots.apply(station.id, reopen), slots.roll_slots(), slots.roll_slots())
        assert await Slot.filter(closed=False, starts_at__gte=clock.at(day, 0)).count() == len(offered)

    async def test_processes_that_roll_at_once_make_each_slot_once(self):
        station = await make_station()
        for _ in range(5):
            await make_offering(station, horizon_days=2)
        made = await at_once(*(slots.roll_slots() for _ in range(4)))
        assert sum(made) == await Slot.all().count() > 0
        assert await Offering.filter(rolled_until=clock.today() + timedelta(days=2)).count() == 5


async def _nothing() -> None:
    """A change that changes nothing: the slots are planned anew all the same."""


async def test_a_code_drawn_twice_is_drawn_again(monkeypatch):
    codes = iter(["SAME01", "SAME01", "SAME01", "OTHER2"])
    monkeypatch.setattr(service, "new_code", lambda: next(codes))
    offering = await make_offering(capacity=2)
    slot = await make_slot(offering)
    made = [await book(await make_person(), slot) for _ in range(2)]
    assert [m.code for m in made] == ["SAME01", "OTHER2"]
    assert await Booking.all().count() == 2
