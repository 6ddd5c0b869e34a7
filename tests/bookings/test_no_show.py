"""One open booking at a time for who missed several: through the verbs, on a real database."""

import asyncio
import random
from datetime import timedelta
from itertools import count

import pytest

from server.audit.models import AuditEntry
from server.bookings import desk, no_show, no_show_queries, service, waitlist
from server.bookings.errors import OneAtATime
from server.bookings.models import Booking, Slot, Status
from server.bookings.no_show_models import NoShowPolicy
from server.bookings.no_show_rules import Policy, limited_until
from server.errors import AppError, Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff

pytestmark = pytest.mark.usefixtures("settings", "db")
TWO_IN_A_MONTH = Policy(2, 30)
ROUNDS = 4


class Station:
    """A station with haircuts and a policy, its manager, and somebody who may miss there."""

    async def open(self, policy: Policy | None = TWO_IN_A_MONTH):
        self.offering = await make_offering(capacity=9)
        self.id = self.offering.station_id
        self.manager = await make_staff(Role.MANAGER, station_id=self.id)
        self.worker = await make_person()
        self.hours = count(3)
        if policy:
            await no_show.set_policy(actor=self.manager, station_id=self.id, policy=policy)
        return self

    async def slot(self) -> Slot:
        return await make_slot(self.offering, in_hours(next(self.hours)))

    async def book(self, actor=None, slot=None, key=""):
        slot = slot or await self.slot()
        return await service.book_slot(actor=actor or self.worker, slot_id=slot.id, request_key=key or new_id().hex)

    async def missed(self, *days_ago: float, actor=None):
        """Booked and not come, so many days ago."""
        made = []
        for days in days_ago:
            with clock.travel(-timedelta(days=days, hours=1)):
                slot = await Slot.get_or_none(offering_id=self.offering.id, starts_at=in_hours(1))
                made.append(await self.book(actor, slot or await make_slot(self.offering, in_hours(1))))
            with clock.travel(-timedelta(days=days)):
                await desk.mark_no_show(actor=self.manager, booking_id=made[-1].id)
        return made


@pytest.fixture(autouse=True)
def morning():
    """Ten o'clock, so that an offered place need not wait for the morning."""
    with clock.travel(clock.at(clock.today(), 600) - clock.now()):
        yield


@pytest.fixture
async def station():
    return await Station().open()


async def open_of(actor) -> int:
    return await Booking.filter(person_id=actor.id, status=Status.CONFIRMED).count()


class TestBooking:
    async def test_nothing_follows_where_nothing_is_set(self):
        station = await Station().open(policy=None)
        await station.missed(1, 2, 3, 4)
        await station.book()
        await station.book()
        assert await open_of(station.worker) == 2

    async def test_one_open_booking_at_a_time(self, station):
        await station.missed(1, 2)
        first = await station.book()
        slot = await station.slot()
        with pytest.raises(OneAtATime) as refused:
            await station.book(slot=slot)
        assert refused.value.booking_id == first.id
        until = clock.today() + timedelta(days=28)
        assert refused.value.params == {"missed": 2, "days": 30, "month": until.month, "day": until.day}
        assert (await Slot.get(id=slot.id)).taken == 0

    async def test_who_missed_less_books_as_he_likes(self, station):
        await station.missed(1, 40)
        await station.book()
        await station.book()
        assert await open_of(station.worker) == 2

    async def test_nobody_else_is_limited(self, station):
        await station.missed(1, 2)
        other = await make_person()
        await station.book(other)
        await station.book(other)
        assert await open_of(other) == 2

    async def test_another_station_does_not_know(self, station):
        await station.missed(1, 2)
        await station.book()
        elsewhere = await make_slot(await make_offering(), in_hours(30))
        assert (await station.book(slot=elsewhere)).status is Status.CONFIRMED

    async def test_what_is_done_with_is_not_open(self, station):
        await station.missed(1, 2)
        first = await station.book()
        await service.cancel_booking(actor=station.worker, booking_id=first.id)
        slot = await station.slot()
        second = await station.book(slot=slot)
        with clock.travel(slot.starts_at - clock.now()):
            await desk.mark_served(actor=station.manager, booking_id=second.id)
        assert (await station.book()).status is Status.CONFIRMED

    async def test_what_nobody_marked_is_not_open_for_ever(self, station):
        await station.missed(1, 2)
        await station.book()
        with clock.travel(timedelta(days=1)):
            assert (await station.book(slot=await make_slot(station.offering, in_hours(3)))).status is Status.CONFIRMED

    async def test_a_retry_is_no_second_booking(self, station):
        await station.missed(1, 2)
        slot = await station.slot()
        first = await station.book(slot=slot, key="k")
        assert await station.book(slot=slot, key="k") == first

    async def test_it_ends_by_itself_on_the_date_that_was_said(self, station):
        await station.missed(1, 2)
        await station.book()
        limit = await no_show_queries.limit_of(station.worker.id, station.id)
        assert limit.until == clock.today() + timedelta(days=28)
        for date, number in ((limit.until - timedelta(days=1), 1), (limit.until, 2)):
            with clock.travel(clock.at(date, 1) - clock.now()):
                ahead = await make_slot(station.offering, in_hours(2))
                await make_slot(station.offering, in_hours(4))
                await station.book(slot=ahead)
                later = await Slot.get(offering_id=station.offering.id, starts_at=in_hours(4))
                answers = await asyncio.gather(station.book(slot=later), return_exceptions=True)
                assert len([a for a in answers if not isinstance(a, AppError)]) == number - 1


class TestOtherWays:
    async def test_moving_the_one_booking_is_free(self, station):
        await station.missed(1, 2)
        first, slot = await station.book(), await station.slot()
        moved = await service.move_booking(actor=station.worker, booking_id=first.id, slot_id=slot.id)
        assert moved.slot_id == slot.id

    async def test_moving_a_second_one_here_is_refused(self, station):
        await station.missed(1, 2)
        await station.book()
        elsewhere = await station.book(slot=await make_slot(await make_offering(), in_hours(30)))
        slot = await station.slot()
        with pytest.raises(OneAtATime):
            await service.move_booking(actor=station.worker, booking_id=elsewhere.id, slot_id=slot.id)
        assert (await Booking.get(id=elsewhere.id)).station_id == elsewhere.station_id
        assert await what_is_wrong() == []

    async def test_staff_may_move_somebody_here(self, station):
        await station.missed(1, 2)
        await station.book()
        offering = await make_offering()
        elsewhere = await station.book(slot=await make_slot(offering, in_hours(30)))
        there = await make_staff(Role.STAFF, station_id=offering.station_id)
        slot = await station.slot()
        moved = await service.move_booking(actor=there, booking_id=elsewhere.id, slot_id=slot.id)
        assert moved.station_id == station.id

    async def test_restoring_a_second_one_is_refused(self, station):
        first = await station.book()
        await station.missed(1, 2)
        await service.cancel_booking(actor=station.worker, booking_id=first.id)
        await station.book()
        with pytest.raises(OneAtATime):
            await service.restore_booking(actor=station.worker, booking_id=first.id)
        assert (await Booking.get(id=first.id)).status is Status.CANCELLED
        assert await what_is_wrong() == []

    async def test_restoring_the_only_one_is_free(self, station):
        await station.missed(1, 2)
        first = await station.book()
        await service.cancel_booking(actor=station.worker, booking_id=first.id)
        restored = await service.restore_booking(actor=station.worker, booking_id=first.id)
        assert restored.status is Status.CONFIRMED

    async def test_a_promised_place_waits_until_the_other_is_given_back(self, station):
        await station.missed(1, 2)
        first = await station.book()
        wish = await waitlist.for_slot((await station.slot()).id, station.worker)
        entry = await waitlist.join(actor=station.worker, wish=wish)
        with pytest.raises(OneAtATime):
            await waitlist.accept(actor=station.worker, entry_id=entry)
        await service.cancel_booking(actor=station.worker, booking_id=first.id)
        made = await waitlist.accept(actor=station.worker, entry_id=entry)
        assert made.status is Status.CONFIRMED
        assert await what_is_wrong() == []


class TestAtOnce:
    async def test_two_bookings_at_once_of_somebody_limited(self, station):
        await station.missed(1, 2)
        for _ in range(ROUNDS):
            slots = [await station.slot() for _ in range(4)]
            answers = await asyncio.gather(*(station.book(slot=s) for s in slots), return_exceptions=True)
            assert [a for a in answers if isinstance(a, BaseException) and not isinstance(a, OneAtATime)] == []
            made = [a for a in answers if not isinstance(a, BaseException)]
            assert len(made) == await open_of(station.worker) == 1
            await service.cancel_booking(actor=station.worker, booking_id=made[0].id)
        assert await what_is_wrong() == []

    async def test_a_booking_and_a_promise_at_once(self, station):
        await station.missed(1, 2)
        for _ in range(ROUNDS):
            wish = await waitlist.for_slot((await station.slot()).id, station.worker)
            entry = await waitlist.join(actor=station.worker, wish=wish)
            slot = await station.slot()
            await asyncio.gather(
                waitlist.accept(actor=station.worker, entry_id=entry),
                station.book(slot=slot),
                return_exceptions=True,
            )
            assert await open_of(station.worker) == 1
            await waitlist.leave(actor=station.worker, entry_id=entry)
            held = await Booking.get(person_id=station.worker.id, status=Status.CONFIRMED)
            await service.cancel_booking(actor=station.worker, booking_id=held.id)
        assert await what_is_wrong() == []


class TestWayBack:
    async def test_the_desk_lets_somebody_begin_anew(self, station):
        missed = await station.missed(1, 2)
        await station.book()
        staff = await make_staff(Role.STAFF, station_id=station.id)
        await no_show.begin_anew(actor=staff, booking_id=missed[0].id)
        assert (await station.book()).status is Status.CONFIRMED
        assert await AuditEntry.filter(action="no_show.begun_anew", subject_id=str(missed[0].id)).count() == 1

    async def test_what_is_missed_afterwards_counts_again(self, station):
        missed = await station.missed(5, 6)
        with clock.travel(-timedelta(days=4)):
            await no_show.begin_anew(actor=station.manager, booking_id=missed[0].id)
        await station.missed(1)
        assert await no_show_queries.limit_of(station.worker.id, station.id) is None
        await station.missed(2)
        limit = await no_show_queries.limit_of(station.worker.id, station.id)
        assert len(limit.missed) == 2
        await no_show.begin_anew(actor=station.manager, booking_id=missed[1].id)
        assert await no_show_queries.limit_of(station.worker.id, station.id) is None

    async def test_what_was_noted_by_mistake_does_not_count(self, station):
        await station.missed(1)
        slot = await make_slot(station.offering, in_hours(1))
        made = await station.book(slot=slot)
        with clock.travel(timedelta(hours=2)):
            await desk.mark_no_show(actor=station.manager, booking_id=made.id)
            assert await no_show_queries.limit_of(station.worker.id, station.id)
            await desk.undo_step(actor=station.manager, booking_id=made.id)
            assert await no_show_queries.limit_of(station.worker.id, station.id) is None

    async def test_switched_off_nobody_is_limited(self, station):
        await station.missed(1, 2)
        await station.book()
        await no_show.end_policy(actor=station.manager, station_id=station.id)
        assert (await station.book()).status is Status.CONFIRMED
        await no_show.end_policy(actor=station.manager, station_id=station.id)
        actions = await AuditEntry.filter(subject_id=str(station.id)).order_by("id").values_list("action", flat=True)
        assert actions == ["no_show.policy_set", "no_show.policy_ended"]


class TestWhoDecides:
    async def test_other_staff_do_not(self, station):
        missed = await station.missed(1)
        clerk = await make_staff(Role.STAFF, station_id=station.id)
        stranger = await make_staff(Role.MANAGER, station_id=(await make_offering()).station_id)
        for actor in (clerk, stranger, station.worker):
            with pytest.raises(Forbidden):
                await no_show.set_policy(actor=actor, station_id=station.id, policy=Policy(3, 90))
            with pytest.raises(Forbidden):
                await no_show.end_policy(actor=actor, station_id=station.id)
        for actor in (stranger, station.worker):
            with pytest.raises(Forbidden):
                await no_show.begin_anew(actor=actor, booking_id=missed[0].id)
        with pytest.raises(NotFound):
            await no_show.begin_anew(actor=station.manager, booking_id=new_id())
        assert (await NoShowPolicy.get(station_id=station.id)).misses == 2

    async def test_setting_it_again_changes_it(self, station):
        await no_show.set_policy(actor=station.manager, station_id=station.id, policy=Policy(4, 60))
        kept = await NoShowPolicy.get(station_id=station.id)
        assert (kept.misses, kept.days) == (4, 60)


class TestSameAnswer:
    async def test_the_statement_and_the_rule_agree(self, station):
        """Many people who missed at random: the sheet, the preview and the booking say what the rule says."""
        luck = random.Random(20261124)
        expected = {}
        for _ in range(12):
            person = await make_person()
            ago = [luck.choice((0.1, 1, 5, 28, 29, 29.9, 30, 31, 60)) for _ in range(luck.randrange(5))]
            missed = await station.missed(*sorted({*ago}), actor=person)
            starts = [m.starts_at for m in missed]
            if limited_until(TWO_IN_A_MONTH, starts, clock.now()):
                expected[person.id] = len([s for s in starts if limited_until(Policy(2, 30), [s, s], clock.now())])
            answers = await asyncio.gather(station.book(person), station.book(person), return_exceptions=True)
            assert (OneAtATime in map(type, answers)) == (person.id in expected)
        people = list(await Booking.all().distinct().values_list("person_id", flat=True))
        assert 2 < len(expected) < 11
        assert await no_show_queries.limited_of(station.id, people) == expected
        assert await no_show_queries.would_meet(station.id, TWO_IN_A_MONTH) == len(expected)
        assert await no_show_queries.would_meet(station.id, Policy(20, 180)) == 0
