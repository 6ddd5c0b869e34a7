"""The waiting list: who is offered what, in which order, for how long; nobody is promised what another has."""

import asyncio
from datetime import timedelta

import pytest

from server.bookings import desk, service, slots, waitlist, waitlist_queries, waitlist_rules
from server.bookings.errors import (
    MembersOnly,
    OfferOver,
    OverlappingBooking,
    SlotFull,
    TooManyWishes,
    WishOver,
)
from server.bookings.models import Booking, Eligibility, Offering, ServiceKind, Slot, Status, WaitEntry, WaitState
from server.bookings.waitlist_offers import expire_holds
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


def tomorrow(hour=10):
    return clock.at(clock.today() + timedelta(days=1), hour * 60)


async def book(actor, slot):
    return await service.book_slot(actor=actor, slot_id=slot.id, request_key=new_id().hex)


async def wait_for_slot(actor, slot):
    return await waitlist.join(actor=actor, wish=await waitlist.for_slot(slot.id, actor))


async def wait_for_day(actor, offering, day):
    return await waitlist.join(actor=actor, wish=await waitlist.for_day(offering.id, day, actor))


async def wait_nearby(actor, **where):
    return await waitlist.join(actor=actor, wish=await waitlist.for_nearby(ServiceKind.HAIRCUT, **where))


async def state_of(entry_id):
    return (await WaitEntry.get(id=entry_id)).state


async def full_slot(**given):
    """A slot of one place tomorrow, and the booking that fills it."""
    slot = await make_slot(await make_offering(**given), starts_at=tomorrow())
    holder = await make_person()
    return slot, holder, await book(holder, slot)


@pytest.fixture(autouse=True)
def by_day():
    """Ten in the morning: nobody sleeps."""
    with clock.travel(clock.at(clock.today(), 600) - clock.now()):
        yield


class TestOffering:
    async def test_a_freed_place_is_kept_for_the_first_and_for_nobody_else(self):
        slot, holder, made = await full_slot()
        first, second = await make_person(), await make_person()
        entries = [await wait_for_slot(p, slot) for p in (first, second)]
        await service.cancel_booking(actor=holder, booking_id=made.id)
        assert [await state_of(e) for e in entries] == [WaitState.OFFERED, WaitState.WAITING]
        for other in (second, await make_person(), holder):
            with pytest.raises(SlotFull):
                await book(other, slot)
        with pytest.raises(SlotFull):
            await service.restore_booking(actor=holder, booking_id=made.id)
        assert (await Notice.get(person_id=first.id)).kind == NoticeKind.WAITLIST_OFFERED
        assert await what_is_wrong() == []

    async def test_taking_it_is_an_ordinary_booking_made_once(self):
        slot, holder, made = await full_slot()
        worker = await make_person()
        entry = await wait_for_slot(worker, slot)
        await service.cancel_booking(actor=holder, booking_id=made.id)
        answers = await asyncio.gather(*(waitlist.accept(actor=worker, entry_id=entry) for _ in range(3)))
        assert {a.id for a in answers} == {(await Booking.get(person_id=worker.id)).id}
        assert answers[0].status == Status.CONFIRMED
        assert await Notice.filter(person_id=worker.id, kind=NoticeKind.BOOKING_CONFIRMED).count() == 1
        assert await what_is_wrong() == []

    async def test_where_staff_confirm_it_waits_for_them(self):
        slot, holder, made = await full_slot(auto_confirm=False)
        worker = await make_person()
        entry = await wait_for_slot(worker, slot)
        await service.cancel_booking(actor=holder, booking_id=made.id)
        assert (await waitlist.accept(actor=worker, entry_id=entry)).status == Status.REQUESTED
        assert await what_is_wrong() == []

    async def test_no_thank_you_asks_the_next_at_once_and_the_last_no_frees_it_for_all(self):
        slot, holder, made = await full_slot()
        people = [await make_person() for _ in range(2)]
        entries = [await wait_for_slot(p, slot) for p in people]
        await service.cancel_booking(actor=holder, booking_id=made.id)
        await waitlist.leave(actor=people[0], entry_id=entries[0])
        assert [await state_of(e) for e in entries] == [WaitState.REFUSED, WaitState.OFFERED]
        with pytest.raises(OfferOver):
            await waitlist.accept(actor=people[0], entry_id=entries[0])
        await waitlist.leave(actor=people[1], entry_id=entries[1])
        assert (await book(await make_person(), slot)).status == Status.CONFIRMED

    async def test_nobody_answers_and_the_next_is_asked(self):
        slot, holder, made = await full_slot()
        people = [await make_person() for _ in range(2)]
        entries = [await wait_for_slot(p, slot) for p in people]
        await service.cancel_booking(actor=holder, booking_id=made.id)
        with clock.travel(timedelta(minutes=29)):
            assert await expire_holds() == 0
        with clock.travel(timedelta(minutes=31)):
            with pytest.raises(OfferOver):
                await waitlist.accept(actor=people[0], entry_id=entries[0])
            assert sum(await asyncio.gather(*(expire_holds() for _ in range(3)))) == 1
            assert [await state_of(e) for e in entries] == [WaitState.PASSED, WaitState.OFFERED]
            await waitlist.accept(actor=people[1], entry_id=entries[1])
        kinds = await Notice.filter(person_id=people[0].id).order_by("created_at").values_list("kind", flat=True)
        assert kinds == [NoticeKind.WAITLIST_OFFERED, NoticeKind.WAITLIST_PASSED]
        assert await what_is_wrong() == []

    @pytest.mark.parametrize("way", ["decline", "expire", "move"])
    async def test_every_way_to_give_a_place_back_offers_it(self, way):
        slot, holder, made = await full_slot(auto_confirm=False, confirm_minutes=120)
        entry = await wait_for_slot(await make_person(), slot)
        if way == "decline":
            await desk.decline_booking(actor=await make_staff(), booking_id=made.id, reason="师傅病了")
        elif way == "expire":
            with clock.travel((await Booking.get(id=made.id)).confirm_by - clock.now()):
                assert await desk.expire_overdue() == 1
        else:
            other = await make_slot(await Offering.get(id=slot.offering_id), starts_at=tomorrow(15))
            await service.move_booking(actor=holder, booking_id=made.id, slot_id=other.id)
        assert await state_of(entry) == WaitState.OFFERED

    async def test_more_places_and_new_times_are_offered_too(self):
        station = await make_station(hours=[[[600, 660]]] * 8)
        offering = await make_offering(station, horizon_days=2)
        await slots.roll_slots()
        day = clock.today() + timedelta(days=1)
        both = await Slot.filter(starts_at__gte=clock.at(day, 0), starts_at__lt=clock.at(day, 1440))
        for slot in both:
            await book(await make_person(), slot)
        entries = [await wait_for_day(await make_person(), offering, day) for _ in range(3)]

        async def change():
            await Offering.filter(id=offering.id).update(capacity=2)

        await slots.apply(station.id, change)
        assert [await state_of(e) for e in entries] == [WaitState.OFFERED, WaitState.OFFERED, WaitState.WAITING]
        assert await what_is_wrong() == []

    async def test_a_kept_place_whose_time_the_station_drops_goes_back_to_waiting(self):
        slot, holder, made = await full_slot(hours=[[[600, 660]]] * 8)
        worker = await make_person()
        entry = await wait_for_day(worker, await Offering.get(id=slot.offering_id), clock.local(slot.starts_at).date())
        await service.cancel_booking(actor=holder, booking_id=made.id)
        assert await state_of(entry) == WaitState.OFFERED

        async def close():
            await Offering.filter(id=slot.offering_id).update(hours=[[]] * 8)

        await slots.apply(slot.station_id, close)
        assert await state_of(entry) == WaitState.WAITING
        assert await Notice.filter(person_id=worker.id, kind=NoticeKind.WAITLIST_GONE).count() == 1
        assert await what_is_wrong() == []


class TestOrder:
    async def test_wishes_of_all_kinds_stand_in_one_order(self):
        slot, holder, made = await full_slot()
        station, offering = slot.station_id, await Offering.get(id=slot.offering_id)
        people = [await make_person() for _ in range(3)]
        entries = [
            await wait_nearby(people[0], station_id=station),
            await wait_for_day(people[1], offering, clock.local(slot.starts_at).date()),
            await wait_for_slot(people[2], slot),
        ]
        await service.cancel_booking(actor=holder, booking_id=made.id)
        for n, entry in enumerate(entries):
            assert await state_of(entry) == WaitState.OFFERED
            assert {await state_of(e) for e in entries[n + 1 :]} <= {WaitState.WAITING}
            await waitlist.leave(actor=people[n], entry_id=entry)

    async def test_members_first_where_the_offering_says_so(self):
        slot, holder, made = await full_slot(eligibility=Eligibility.MEMBERS_FIRST)
        guest, member = await make_person(), await make_person(is_member=True)
        entries = [await wait_for_slot(p, slot) for p in (guest, member)]
        assert [w.ahead for w in await waitlist_queries.wishes(guest)] == [1]
        await service.cancel_booking(actor=holder, booking_id=made.id)
        assert [await state_of(e) for e in entries] == [WaitState.WAITING, WaitState.OFFERED]

    async def test_a_guest_is_not_offered_a_day_that_is_still_for_members(self):
        offering = await make_offering(eligibility=Eligibility.MEMBERS_FIRST, general_days=1)
        slot = await make_slot(offering, starts_at=tomorrow() + timedelta(days=1))
        member = await make_person(is_member=True)
        made = await book(member, slot)
        entry = await wait_for_slot(await make_person(), slot)
        await service.cancel_booking(actor=member, booking_id=made.id)
        assert await state_of(entry) == WaitState.WAITING
        with clock.travel(timedelta(days=1)):
            await expire_holds()
        assert await state_of(entry) == WaitState.OFFERED

    async def test_who_is_elsewhere_at_that_time_is_passed_over_until_he_is_not(self):
        slot, holder, made = await full_slot()
        busy, free = await make_person(), await make_person()
        elsewhere = await book(busy, await make_slot(starts_at=tomorrow()))
        entries = [await wait_for_slot(p, slot) for p in (busy, free)]
        await service.cancel_booking(actor=holder, booking_id=made.id)
        assert [await state_of(e) for e in entries] == [WaitState.WAITING, WaitState.OFFERED]
        await waitlist.leave(actor=free, entry_id=entries[1])
        await service.cancel_booking(actor=busy, booking_id=elsewhere.id)
        assert await state_of(entries[0]) == WaitState.OFFERED

    async def test_one_person_is_not_offered_two_places_at_one_time(self):
        one, other = await full_slot(), await full_slot()
        worker = await make_person()
        for slot, _, _ in (one, other):
            await wait_for_slot(worker, slot)
        await asyncio.gather(
            *(service.cancel_booking(actor=holder, booking_id=made.id) for _, holder, made in (one, other))
        )
        assert await WaitEntry.filter(person_id=worker.id, state=WaitState.OFFERED).count() == 1

    async def test_three_kilometres_and_no_further(self):
        station = await make_station()
        here = Point(station.lat, station.lng)
        slot = await make_slot(await make_offering(station), starts_at=tomorrow())
        holder = await make_person()
        made = await book(holder, slot)
        far = await wait_nearby(await make_person(), position=Point(here.lat + 0.04, here.lng))
        near = await wait_nearby(await make_person(), position=Point(here.lat + 0.015, here.lng))
        other = await waitlist.join(
            actor=await make_person(),
            wish=await waitlist.for_nearby(ServiceKind.LEGAL_ADVICE, station_id=station.id),
        )
        await service.cancel_booking(actor=holder, booking_id=made.id)
        assert [await state_of(e) for e in (far, near, other)] == [
            WaitState.WAITING,
            WaitState.OFFERED,
            WaitState.WAITING,
        ]


class TestJoining:
    async def test_what_is_free_already_is_offered_at_once(self):
        slot = await make_slot(starts_at=tomorrow())
        assert await state_of(await wait_for_slot(await make_person(), slot)) == WaitState.OFFERED
        assert await what_is_wrong() == []

    async def test_the_same_wish_twice_is_one_entry(self):
        slot, _, _ = await full_slot()
        worker = await make_person()
        assert len(set(await asyncio.gather(*(wait_for_slot(worker, slot) for _ in range(4))))) == 1

    async def test_joining_and_giving_back_at_once_miss_nobody(self):
        for _ in range(6):
            slot, holder, made = await full_slot()
            worker = await make_person()
            entry, _ = await asyncio.gather(
                wait_for_slot(worker, slot), service.cancel_booking(actor=holder, booking_id=made.id)
            )
            assert await state_of(entry) == WaitState.OFFERED

    async def test_only_so_many_wishes(self):
        worker = await make_person()
        for _ in range(waitlist_rules.MOST_WISHES):
            slot, _, _ = await full_slot()
            await wait_for_slot(worker, slot)
        with pytest.raises(TooManyWishes):
            await wait_nearby(worker, station_id=slot.station_id)

    async def test_what_cannot_come_true_is_refused(self):
        worker = await make_person()
        with pytest.raises(WishOver):
            await wait_for_slot(worker, await make_slot(starts_at=in_hours(0.9)))
        with pytest.raises(WishOver):
            await wait_for_slot(worker, await make_slot(closed=True))
        with pytest.raises(WishOver):
            await wait_for_day(worker, await make_offering(), clock.today() + timedelta(days=60))
        with pytest.raises(MembersOnly):
            await wait_for_day(worker, await make_offering(eligibility=Eligibility.MEMBERS_ONLY), clock.today())
        with pytest.raises(NotFound):
            await wait_nearby(worker, station_id=new_id())

    async def test_a_wish_ends_and_says_so(self):
        slot, _, _ = await full_slot()
        worker = await make_person()
        entry = await wait_for_slot(worker, slot)
        with clock.travel(timedelta(days=1)):
            assert await waitlist_queries.wishes(worker) == []
            assert await expire_holds() == 1
        assert await state_of(entry) == WaitState.ENDED
        assert (await Notice.get(person_id=worker.id)).kind == NoticeKind.WAITLIST_ENDED

    async def test_what_is_kept_of_a_position_is_about_where(self):
        entry = await wait_nearby(await make_person(), position=Point(22.81734, 108.36651))
        stored = await WaitEntry.get(id=entry)
        assert (stored.lat, stored.lng) == (22.82, 108.37)


class TestOwn:
    async def test_anothers_entry_does_not_exist(self):
        slot, holder, made = await full_slot()
        entry = await wait_for_slot(await make_person(), slot)
        await service.cancel_booking(actor=holder, booking_id=made.id)
        for verb in (waitlist.accept, waitlist.leave):
            with pytest.raises(NotFound):
                await verb(actor=holder, entry_id=entry)

    async def test_leaving_twice_is_leaving(self):
        slot, _, _ = await full_slot()
        worker = await make_person()
        entry = await wait_for_slot(worker, slot)
        for _ in range(2):
            await waitlist.leave(actor=worker, entry_id=entry)
        assert await state_of(entry) == WaitState.WITHDRAWN

    async def test_who_has_booked_that_time_elsewhere_meanwhile_is_told_where(self):
        slot, holder, made = await full_slot()
        worker = await make_person()
        entry = await wait_for_slot(worker, slot)
        await service.cancel_booking(actor=holder, booking_id=made.id)
        elsewhere = await book(worker, await make_slot(starts_at=tomorrow()))
        with pytest.raises(OverlappingBooking) as refused:
            await waitlist.accept(actor=worker, entry_id=entry)
        assert refused.value.booking_id == elsewhere.id
        assert await state_of(entry) == WaitState.OFFERED

    async def test_accept_refuse_and_expiry_at_once_have_one_outcome(self):
        for minutes in (29.999, 30.001):
            slot, holder, made = await full_slot()
            worker, after = await make_person(), await make_person()
            entry = await wait_for_slot(worker, slot)
            await wait_for_slot(after, slot)
            await service.cancel_booking(actor=holder, booking_id=made.id)
            with clock.travel(timedelta(minutes=minutes)):
                results = await asyncio.gather(
                    waitlist.accept(actor=worker, entry_id=entry),
                    waitlist.leave(actor=worker, entry_id=entry),
                    expire_holds(),
                    expire_holds(),
                    return_exceptions=True,
                )
            assert [r for r in results if isinstance(r, Exception) and not isinstance(r, AppError)] == []
            assert await what_is_wrong() == []


def at(hour, minute=0, days=0):
    return clock.at(clock.today() + timedelta(days=days), hour * 60 + minute)


@pytest.mark.parametrize(
    ("now", "starts", "until"),
    [
        (at(10), at(15), at(10, 30)),
        (at(10), at(11, 20), at(10, 20)),  # a quarter of what is left
        (at(10), at(10, 59), None),  # free for whoever is there
        (at(23), at(10, days=1), at(7, 30, days=1)),  # nobody is woken
        (at(23), at(8, days=1), at(7, 15, days=1)),
        (at(23), at(7, 30, days=1), None),
        (at(3), at(6), None),
    ],
)
def test_how_long_a_place_is_kept(now, starts, until):
    assert waitlist_rules.hold_until(starts, 0, now) == until


def test_a_place_is_not_kept_beyond_the_latest_time_to_book():
    assert waitlist_rules.hold_until(at(12), 100, at(10)) == at(10, 20)
    assert waitlist_rules.hold_until(at(12), 115, at(10)) is None
