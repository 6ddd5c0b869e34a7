"""Numbers of a station's queue: given out once, called in one fair order, taken back, forgotten."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bookings import desk, walk_in_queries, walk_in_rules, walk_ins
from server.bookings.errors import (
    MembersOnly,
    NobodyWaiting,
    NoNumbersNow,
    NumberMoved,
    NumberTooOften,
    UndoTooLate,
)
from server.bookings.models import Booking, Eligibility, QueueStatus, ServiceKind, Status, WalkIn, WalkInDay
from server.bookings.service import book_slot
from server.bookings.walk_in_rules import MOST_PASSES, Waiting, estimate, in_order, next_up, said_minutes
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import VISITOR
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NINE_TO_FIVE, make_station, make_station_day

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def minutes(n):
    return timedelta(minutes=n)


def one(came, due=None):
    return Waiting(new_id(), NOON + minutes(came), None if due is None else NOON + minutes(due))


# The order, without a database.


def test_a_booking_goes_first_when_its_time_has_come():
    walk_in, booking = one(-60), one(-5, due=0)
    assert next_up([walk_in, booking], NOON) is booking
    assert next_up([walk_in, booking], NOON - minutes(1)) is walk_in


def test_a_late_booking_joins_by_arrival():
    before, late, after = one(-20), one(-10, due=-30), one(-5)
    assert in_order([after, late, before], NOON) == [before, late, after]


def test_an_early_booking_does_not_leave_a_counter_idle():
    early = one(-5, due=30)
    assert next_up([early], NOON) is early
    assert next_up([early, walk_in := one(-1)], NOON) is walk_in


def test_three_bookings_pass_a_walk_in_and_then_it_is_his_turn():
    walk_in = one(-60)
    bookings = [one(-40, due=-30 + n) for n in range(5)]
    assert in_order([walk_in, *bookings], NOON) == [*bookings[:3], walk_in, *bookings[3:]]


def test_nobody_waits():
    assert next_up([], NOON) is None
    assert in_order([], NOON) == []


people = st.builds(one, st.integers(-120, 0), st.none() | st.sampled_from(range(-120, 60, 5)))
calls_before = st.lists(st.integers(-60, 0).map(lambda m: NOON + minutes(m)), max_size=6).map(sorted)
queues = st.lists(people, max_size=25)


@given(queues, calls_before, st.integers(0, 30))
def test_everybody_is_served_once(waiting, calls, pace):
    order = in_order(waiting, NOON, calls, minutes(pace))
    assert Counter(w.id for w in order) == Counter(w.id for w in waiting)
    assert order[:1] == ([next_up(waiting, NOON, calls)] if waiting else [])


@given(queues, calls_before, st.integers(0, 30))
def test_walk_ins_and_late_bookings_are_served_as_they_came(waiting, calls, pace):
    came = [w.came_at for w in in_order(waiting, NOON, calls, minutes(pace)) if not w.punctual]
    assert came == sorted(came)


@given(queues, calls_before, st.integers(0, 30))
def test_a_punctual_booking_never_waits_behind_one_who_came_after_its_time(waiting, calls, pace):
    order = in_order(waiting, NOON, calls, minutes(pace))
    for at, booking in enumerate(order):
        if booking.punctual and booking.due_at <= NOON:
            assert all(w.came_at <= booking.due_at for w in order[:at] if not w.punctual)


@given(queues, calls_before)
def test_no_more_than_three_bookings_in_a_row_pass_somebody(waiting, calls):
    """Nobody starves: only bookings whose time had come before he came may go before him beyond that."""
    passed = 0
    others = [w for w in waiting if not w.punctual]
    for turn in in_order(waiting, NOON, calls):
        if not turn.punctual:
            passed = 0
            others.remove(turn)
        elif others and min(w.came_at for w in others) <= turn.due_at:
            passed += 1
            assert passed <= MOST_PASSES


def test_the_estimate_is_the_median_shared_by_the_counters():
    assert estimate(4, median=minutes(10), counters=2, in_service=1) == minutes(20)
    assert estimate(4, median=minutes(10), counters=2, in_service=2) == minutes(25)
    assert estimate(0, median=minutes(10), counters=0, in_service=0) == minutes(0)


@pytest.mark.parametrize(("wait", "said"), [(1, 0), (3, 5), (21, 20), (58, 60), (100, 105)])
def test_an_estimate_is_said_in_round_minutes(wait, said):
    assert said_minutes(minutes(wait)) == said


def test_every_service_has_a_letter_of_its_own():
    assert len(set(walk_in_rules.LETTERS.values())) == len(ServiceKind)


# The verbs, on the database.


class Hall:
    """A station with one service, two members of staff, and whoever comes."""

    def __init__(self, station, offering, staff):
        self.station, self.offering, self.staff = station, offering, staff
        self.where = {"station_id": station.id}

    async def take(self, actor=VISITOR, key="", **more):
        where = self.where | {"offering_id": self.offering.id}
        return await walk_ins.take_number(actor=actor, request_key=key or new_id().hex, **where, **more)

    async def call(self, counter="1", staff=None, **more):
        where = self.where | {"offering_id": self.offering.id}
        return await walk_ins.call_next(actor=staff or self.staff, counter=counter, **where, **more)

    async def step(self, verb, walk_in_id, staff=None):
        await verb(actor=staff or self.staff, walk_in_id=walk_in_id, **self.where)

    async def booked(self, at):
        """Somebody who booked for `at` and has checked in."""
        slot = await make_slot(self.offering, at)
        with clock.travel(min(at - timedelta(hours=1) - clock.now(), timedelta())):
            made = await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
        await desk.check_in(actor=self.staff, booking_id=made.id)
        return made


@pytest.fixture
async def hall(db, settings):
    assert settings
    del db  # open for as long as the test
    station = await make_station()
    offering = await make_offering(station, capacity=9)
    return Hall(station, offering, await make_staff(station_id=station.id))


async def status(walk_in_id):
    return (await WalkIn.get(id=walk_in_id)).status


async def test_numbers_count_up_by_service_and_day(hall):
    assert [(await hall.take()).label for _ in range(3)] == ["A1", "A2", "A3"]
    hall.offering = await make_offering(hall.station, service=ServiceKind.LEGAL_ADVICE)
    assert (await hall.take()).label == "D1"
    with clock.travel(timedelta(days=1)):
        assert (await hall.take()).label == "D1"


async def test_many_at_once_never_get_the_same_number(hall):
    taken = await asyncio.gather(*(hall.take() for _ in range(30)))
    assert sorted(int(t.label[1:]) for t in taken) == list(range(1, 31))


async def test_a_retry_is_the_same_number(hall):
    first, again = await asyncio.gather(hall.take(key="same"), hall.take(key="same"))
    assert first == again == await hall.take(key="same")
    assert (await hall.take()).label == "A2"


async def test_who_waits_with_a_number_gets_no_second_one(hall):
    worker = await make_person()
    mine = await hall.take(worker)
    assert await hall.take(worker) == mine
    nobodys = await hall.take()
    assert await hall.take(held=nobodys.secret) == nobodys
    await walk_ins.leave(secret=mine.secret)
    assert (await hall.take(worker)).label == "A3"


async def test_no_numbers_while_the_station_is_closed(hall):
    await make_station_day(hall.station, clock.today())
    with pytest.raises(NoNumbersNow):
        await hall.take()


async def test_no_numbers_after_the_last_hour_of_a_service(hall):
    hall.offering = await make_offering(hall.station, service=ServiceKind.FILM, hours=NINE_TO_FIVE)
    with clock.travel(clock.at(clock.today() + timedelta(days=1), 1019) - clock.now()):
        assert (await hall.take()).label == "F1"
    with clock.travel(clock.at(clock.today() + timedelta(days=1), 1021) - clock.now()), pytest.raises(NoNumbersNow):
        await hall.take()


async def test_members_only_is_for_members_and_for_whom_staff_take(hall):
    hall.offering = await make_offering(
        hall.station, service=ServiceKind.HEALTH_CHECK, eligibility=Eligibility.MEMBERS_ONLY
    )
    with pytest.raises(MembersOnly):
        await hall.take()
    assert (await hall.take(await make_person(is_member=True))).label == "B1"
    assert (await hall.take(hall.staff, name="老周")).label == "B2"


async def test_a_browser_cannot_take_them_all(hall):
    for _ in range(walk_ins.FROM_BROWSER[1]):
        await hall.take(browser="one")
    with pytest.raises(NumberTooOften):
        await hall.take(browser="one")
    assert await hall.take(browser="another")


async def test_another_stations_service_is_not_found(hall):
    hall.offering = await make_offering()
    with pytest.raises(NotFound):
        await hall.take()
    with pytest.raises(NotFound):
        await hall.call()


async def test_staff_of_another_station_call_nobody(hall):
    taken = await hall.take()
    stranger = await make_staff(station_id=(await make_station()).id)
    with pytest.raises(Forbidden):
        await hall.call(staff=stranger)
    for verb in (walk_ins.call_again, walk_ins.mark_served, walk_ins.mark_absent, walk_ins.undo_step):
        with pytest.raises(Forbidden):
            await hall.step(verb, taken.id, stranger)


async def test_two_counters_never_call_the_same(hall):
    taken = [await hall.take() for _ in range(6)]
    called = await asyncio.gather(*(hall.call(str(n)) for n in range(6)))
    assert sorted(called) == sorted(t.id for t in taken)
    with pytest.raises(NobodyWaiting):
        await hall.call()


async def test_a_second_tap_calls_nobody_else(hall):
    first, second = await hall.take(), await hall.take()
    assert await hall.call(expected=first.id) == await hall.call(expected=first.id) == first.id
    assert await hall.call("2", expected=first.id) == second.id


async def test_a_called_booking_is_the_visit_on_the_sheet(hall):
    walk_in = await hall.take()
    booking = await hall.booked(clock.now() - minutes(1))
    late = await hall.call()
    assert late == walk_in.id, "he came late: by arrival"
    called = await hall.call()
    assert (await WalkIn.get(id=called)).booking_id == booking.id
    await hall.step(walk_ins.mark_served, called)
    assert (await Booking.get(id=booking.id)).status is Status.SERVED
    await hall.step(walk_ins.undo_step, called)
    assert (await Booking.get(id=booking.id)).status is Status.ARRIVED
    assert await status(called) is QueueStatus.CALLED


async def test_what_is_served_on_the_sheet_is_served_in_the_queue(hall):
    booking = await hall.booked(clock.now() + minutes(5))
    called = await hall.call()
    await desk.mark_served(actor=hall.staff, booking_id=booking.id)
    day = await walk_in_queries.day_of(hall.station.id)
    assert day.of(called)[0].status is QueueStatus.SERVED
    assert day.queues[0].called == []


async def test_who_is_not_there_goes_to_the_end_once_and_then_out(hall):
    first, second = await hall.take(), await hall.take()
    await hall.step(walk_ins.mark_absent, await hall.call())
    assert await hall.call() == second.id
    assert await hall.call() == first.id
    await hall.step(walk_ins.mark_absent, first.id)
    assert await status(first.id) is QueueStatus.LEFT
    with pytest.raises(NumberMoved):
        await hall.step(walk_ins.mark_served, first.id)


async def test_each_step_is_taken_back(hall):
    first, second = await hall.take(), await hall.take()
    await hall.call()
    await hall.step(walk_ins.undo_step, first.id)
    assert await hall.call() == first.id
    await hall.step(walk_ins.mark_absent, first.id)
    await hall.step(walk_ins.undo_step, first.id)
    assert (await WalkIn.get(id=first.id)).absent == 0
    await hall.step(walk_ins.mark_served, first.id)
    await hall.step(walk_ins.undo_step, first.id)
    assert await status(first.id) is QueueStatus.CALLED
    with pytest.raises(UndoTooLate):
        await hall.step(walk_ins.undo_step, first.id)
    await hall.call()
    with clock.travel(timedelta(seconds=61)), pytest.raises(UndoTooLate):
        await hall.step(walk_ins.undo_step, second.id)


async def test_a_step_of_a_colleague_is_not_taken_back(hall):
    await hall.take()
    called = await hall.call()
    with pytest.raises(UndoTooLate):
        await hall.step(walk_ins.undo_step, called, await make_staff(station_id=hall.station.id))


async def test_the_estimate_follows_what_visits_take(hall):
    assert (await walk_in_queries.offered_at(hall.station.id))[0].median == minutes(30)
    with clock.travel(-timedelta(days=1)):
        for took in (4, 6, 20):
            await hall.take()
            called = await hall.call()
            with clock.travel(minutes(took)):
                await hall.step(walk_ins.mark_served, called)
    assert minutes(6) <= (await walk_in_queries.offered_at(hall.station.id))[0].median < minutes(6.1)


async def test_numbers_of_nobody_are_forgotten_and_counted(hall):
    worker = await make_person()
    mine = await hall.take(worker)
    await hall.take()
    gone = await hall.take()
    for _ in range(2):
        await hall.step(walk_ins.mark_served, await hall.call())
    with clock.travel(timedelta(days=1)):
        assert await walk_ins.forget_numbers() == 0
        assert await status(gone.id) is QueueStatus.LEFT
    with clock.travel(timedelta(days=31)):
        assert await walk_ins.forget_numbers() == 2
        assert await walk_ins.forget_numbers() == 0
    assert [w.id for w in await WalkIn.all()] == [mine.id]
    day = await WalkInDay.get()
    assert (day.taken, day.served, day.gone) == (3, 1, 1)


async def test_a_number_is_left_by_whoever_holds_its_address(hall):
    taken = await hall.take()
    await walk_ins.leave(secret=taken.secret)
    with pytest.raises(NumberMoved):
        await walk_ins.leave(secret=taken.secret)
    with pytest.raises(NotFound):
        await walk_ins.leave(secret="unknown")
