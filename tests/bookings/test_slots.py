"""Slots come from hours, holidays, closures and terms, and follow when these change."""

import itertools
from datetime import date, timedelta

import pytest

from server.bookings import desk, service, slots
from server.bookings.models import Offering, Slot
from server.bookings.queries import affected_bookings
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from server.stations.models import Station, StationDay
from tests.fixtures.bookings import make_offering
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station, make_station_day

pytestmark = pytest.mark.usefixtures("settings", "db")
NINE_TO_TEN = [[[540, 600]]] * 8


def on(day: date):
    """The clock at midnight of a date."""
    return clock.travel(clock.at(day, 0) - clock.now())


async def wall_times(offering: Offering, day: date, **given) -> list[str]:
    found = await Slot.filter(
        offering_id=offering.id, starts_at__gte=clock.at(day, 0), starts_at__lt=clock.at(day, 1440), **given
    ).order_by("starts_at")
    return [f"{clock.local(s.starts_at):%H:%M}-{clock.local(s.ends_at):%H:%M}" for s in found]


async def book(slot: Slot, actor=None):
    return await service.book_slot(actor=actor or await make_person(), slot_id=slot.id, request_key=new_id().hex)


async def first_slot(offering: Offering, ahead: int = 1) -> Slot:
    """The first slot of a day ahead."""
    day = clock.today() + timedelta(days=ahead)
    return await Slot.filter(offering_id=offering.id, starts_at__gte=clock.at(day, 0)).order_by("starts_at").first()


async def kinds_told(booking_id) -> list[NoticeKind]:
    return [n.kind for n in await Notice.filter(booking_id=booking_id, state="due").order_by("id")]


class TestRoll:
    async def test_to_the_horizon_and_no_further(self):
        offering = await make_offering(await make_station(hours=NINE_TO_TEN), horizon_days=3)
        with on(date(2026, 11, 23)):
            assert await slots.roll_slots() == 4 * 2
            assert await wall_times(offering, date(2026, 11, 26)) == ["09:00-09:30", "09:30-10:00"]
            assert await wall_times(offering, date(2026, 11, 27)) == []

    async def test_again_adds_nothing_and_the_next_day_adds_a_day(self):
        offering = await make_offering(await make_station(hours=NINE_TO_TEN), horizon_days=3)
        with on(date(2026, 11, 23)):
            await slots.roll_slots()
            assert await slots.roll_slots() == 0
        with on(date(2026, 11, 24)):
            assert await slots.roll_slots() == 2
        assert len(await wall_times(offering, date(2026, 11, 27))) == 2

    async def test_what_begins_before_now_is_not_made(self):
        offering = await make_offering(await make_station(hours=NINE_TO_TEN), horizon_days=1)
        with clock.travel(clock.at(date(2026, 11, 23), 560) - clock.now()):
            await slots.roll_slots()
            assert await wall_times(offering, date(2026, 11, 23)) == ["09:30-10:00"]

    async def test_neither_retired_stations_nor_offerings_at_rest(self):
        await make_offering(await make_station(retired_at=clock.now()))
        await make_offering(active=False)
        assert await slots.roll_slots() == 0

    async def test_only_in_season(self):
        season = {"season_from": date(2026, 11, 24), "season_until": date(2026, 11, 25)}
        await make_offering(await make_station(hours=NINE_TO_TEN, **season))
        with on(date(2026, 11, 23)):
            await slots.roll_slots()
        days = {clock.local(s.starts_at).date() for s in await Slot.all()}
        assert days == {date(2026, 11, 24), date(2026, 11, 25)}

    async def test_holidays_and_worked_weekends(self):
        """National Day 2026: off from the 1st to the 7th, worked on Saturday the 10th."""
        by_row = [[[60 * row, 60 * row + 30]] for row in range(1, 9)]
        offering = await make_offering(await make_station(hours=by_row), horizon_days=14)
        with on(date(2026, 9, 29)):
            await slots.roll_slots()
        starts = [(await wall_times(offering, date(2026, 10, day)))[0][:5] for day in range(1, 12)]
        assert starts == [*["08:00"] * 7, "04:00", "05:00", "01:00", "07:00"]

    async def test_a_year_without_its_notice_is_plain(self):
        offering = await make_offering(await make_station(hours=NINE_TO_TEN), horizon_days=1)
        with on(date(2031, 9, 30)):
            await slots.roll_slots()
            assert len(await wall_times(offering, date(2031, 10, 1))) == 2

    async def test_an_exceptional_day_goes_before_the_week(self):
        station = await make_station(hours=NINE_TO_TEN)
        offering = await make_offering(station)
        await make_station_day(station, date(2026, 11, 24))
        await make_station_day(station, date(2026, 11, 25), [[840, 870]])
        with on(date(2026, 11, 23)):
            await slots.roll_slots()
        assert await wall_times(offering, date(2026, 11, 24)) == []
        assert await wall_times(offering, date(2026, 11, 25)) == ["14:00-14:30"]

    async def test_own_hours_go_before_the_stations_and_within_a_special_opening(self):
        """A lawyer who comes on Wednesdays comes neither on Tuesday nor after the doors close."""
        station = await make_station(hours=NINE_TO_TEN)
        wednesdays = [[], [], [[600, 720]], [], [], [], [], []]
        offering = await make_offering(station, hours=wednesdays)
        await make_station_day(station, date(2026, 11, 24), [[540, 720]])
        await make_station_day(station, date(2026, 11, 25), [[540, 630]])
        with on(date(2026, 11, 23)):
            await slots.roll_slots()
        assert await wall_times(offering, date(2026, 11, 24)) == []
        assert await wall_times(offering, date(2026, 11, 25)) == ["10:00-10:30"]
        assert len(await wall_times(offering, date(2026, 12, 2))) == 4

    async def test_around_the_clock_slots_meet_at_midnight(self):
        offering = await make_offering(minutes=60, horizon_days=2)
        with on(date(2026, 11, 23)):
            await slots.roll_slots()
        found = await Slot.filter(offering_id=offering.id).order_by("starts_at")
        assert len(found) == 3 * 24 - 1  # the first one begins this very instant
        assert all(a.ends_at == b.starts_at for a, b in itertools.pairwise(found))

    async def test_many_offerings_in_batches(self, monkeypatch):
        monkeypatch.setattr(slots, "BATCH", 3)
        station = await make_station(hours=NINE_TO_TEN)
        for _ in range(7):
            await make_offering(station, horizon_days=1)
        with on(date(2026, 11, 23)):
            assert await slots.roll_slots() == 7 * 2 * 2


class Planned:
    """A station with an hour of haircuts a day, rolled a few days ahead."""

    def __init__(self, station: Station, offering: Offering) -> None:
        self.station, self.offering = station, offering

    async def apply(self, change) -> slots.Plan:
        plan = await slots.preview(self.station.id, change)
        assert await slots.apply(self.station.id, change) == plan
        assert await what_is_wrong() == []
        return plan

    async def hours(self, ranges) -> slots.Plan:
        return await self.apply(lambda: Station.filter(id=self.station.id).update(hours=[ranges] * 8))

    async def terms(self, **given) -> slots.Plan:
        return await self.apply(lambda: Offering.filter(id=self.offering.id).update(**given))

    async def close(self, day: date) -> slots.Plan:
        return await self.apply(lambda: make_station_day(self.station, day))

    async def reopen(self) -> slots.Plan:
        return await self.apply(lambda: StationDay.filter(station_id=self.station.id).delete())


@pytest.fixture
async def planned():
    """Two places a slot, tomorrow and the three days after."""
    station = await make_station(hours=NINE_TO_TEN)
    offering = await make_offering(station, capacity=2, horizon_days=4)
    await slots.roll_slots()
    return Planned(station, offering)


class TestReplan:
    async def test_longer_hours_add_slots(self, planned):
        tomorrow = clock.today() + timedelta(days=1)
        plan = await planned.hours([[540, 660]])
        assert (plan.removed, plan.closed, plan.affected) == (0, 0, [])
        assert len(await wall_times(planned.offering, tomorrow)) == 4

    async def test_a_slot_nobody_booked_goes_and_a_booked_one_closes(self, planned):
        slot = await first_slot(planned.offering)
        made = await book(slot)
        plan = await planned.hours([[570, 600]])
        assert plan.closed == 1
        assert [a.booking_id for a in plan.affected] == [made.id]
        assert NoticeKind.BOOKING_AFFECTED in await kinds_told(made.id)
        assert (await Slot.get(id=slot.id)).closed
        assert [line.id for line in await affected_bookings(planned.station.id)] == [made.id]

    async def test_a_preview_changes_nothing(self, planned):
        slot = await first_slot(planned.offering)
        made = await book(slot)
        before = await Slot.all().order_by("id").values()
        plan = await slots.preview(
            planned.station.id, lambda: Station.filter(id=planned.station.id).update(hours=[[]] * 8)
        )
        assert len(plan.affected) == 1
        assert await Slot.all().order_by("id").values() == before
        assert NoticeKind.BOOKING_AFFECTED not in await kinds_told(made.id)
        assert (await Station.get(id=planned.station.id)).hours == NINE_TO_TEN

    async def test_people_are_told_once(self, planned):
        made = await book(await first_slot(planned.offering))
        await planned.hours([])
        assert (await planned.hours([])).affected == []
        assert (await kinds_told(made.id)).count(NoticeKind.BOOKING_AFFECTED) == 1

    async def test_who_was_cancelled_already_is_not_told(self, planned):
        worker = await make_person()
        made = await book(await first_slot(planned.offering), worker)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        assert (await planned.hours([])).affected == []

    async def test_hours_that_come_back_open_the_slot_again(self, planned):
        slot = await first_slot(planned.offering)
        made = await book(slot)
        day = clock.local(slot.starts_at).date()
        await planned.close(day)
        assert await wall_times(planned.offering, day, closed=False) == []
        await planned.reopen()
        assert len(await wall_times(planned.offering, day, closed=False)) == 2
        assert NoticeKind.BOOKING_AFFECTED not in await kinds_told(made.id)

    async def test_a_closed_time_can_be_left_until_the_start(self, planned):
        worker = await make_person()
        slot = await first_slot(planned.offering)
        made = await book(slot, worker)
        await planned.close(clock.local(slot.starts_at).date())
        later = await first_slot(planned.offering, ahead=2)
        with clock.travel(slot.starts_at - timedelta(minutes=1) - clock.now()):
            moved = await service.move_booking(actor=worker, booking_id=made.id, slot_id=later.id)
        assert moved.slot_id == later.id

    async def test_fewer_places_wait_until_people_leave(self, planned):
        slot = await first_slot(planned.offering)
        workers = [await make_person() for _ in range(2)]
        made = [await book(slot, worker) for worker in workers]
        await planned.terms(capacity=1)
        assert (await Slot.get(id=slot.id)).capacity == 2
        await service.cancel_booking(actor=workers[0], booking_id=made[0].id)
        assert ((await Slot.get(id=slot.id)).capacity, (await Slot.get(id=slot.id)).taken) == (1, 1)
        await desk.decline_booking(actor=await make_staff(), booking_id=made[1].id, reason="师傅病了")
        assert ((await Slot.get(id=slot.id)).capacity, (await Slot.get(id=slot.id)).taken) == (1, 0)

    async def test_more_places_are_there_at_once(self, planned):
        await planned.terms(capacity=5)
        assert {s.capacity for s in await Slot.all()} == {5}

    async def test_another_length_keeps_the_minutes_of_who_booked(self, planned):
        slot = await first_slot(planned.offering)
        day = clock.local(slot.starts_at).date()
        made = await book(slot)
        plan = await planned.terms(minutes=20)
        assert [a.booking_id for a in plan.affected] == [made.id]
        assert await wall_times(planned.offering, day, closed=False) == ["09:40-10:00"]

    async def test_a_time_whose_bookings_ended_takes_the_new_length(self, planned):
        slot, worker = await first_slot(planned.offering), await make_person()
        made = await book(slot, worker)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        await planned.terms(minutes=60)
        assert await wall_times(planned.offering, clock.local(slot.starts_at).date()) == ["09:00-10:00"]

    async def test_a_nearer_horizon_keeps_who_booked_further_ahead(self, planned):
        made = await book(await first_slot(planned.offering, ahead=4))
        assert (await planned.terms(horizon_days=2, general_days=2)).affected == []
        assert await first_slot(planned.offering, ahead=3) == await Slot.get(id=made.slot_id)
        assert (await planned.terms(capacity=3)).affected == []
        assert not (await Slot.get(id=made.slot_id)).closed

    async def test_an_offering_at_rest_closes_and_wakes(self, planned):
        made = await book(await first_slot(planned.offering))
        assert len((await planned.terms(active=False)).affected) == 1
        assert await Slot.all().count() == 1
        await planned.terms(active=True)
        assert not (await Slot.get(id=made.slot_id)).closed
        assert len(await wall_times(planned.offering, clock.today() + timedelta(days=1))) == 2

    async def test_a_visit_under_way_is_left_alone(self, planned):
        slot = await first_slot(planned.offering)
        made = await book(slot)
        with clock.travel(slot.starts_at + timedelta(minutes=5) - clock.now()):
            plan = await planned.hours([[540, 550]])
            assert plan.affected == []
            assert not (await Slot.get(id=slot.id)).closed
            await planned.terms(minutes=10)
            await planned.hours([[540, 600]])
            assert (await wall_times(planned.offering, clock.today(), taken=0))[0] == "09:30-09:40"
        assert made.slot_id == slot.id
