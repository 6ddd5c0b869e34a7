"""A foreman books for many: all that was chosen or nothing, never too many, once however often he taps."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from server.bookings import desk, no_show, plan
from server.bookings.group_models import GroupBooking, GroupPlace
from server.bookings.models import Booking, BookingEvent, Slot, Status
from server.bookings.no_show_rules import Policy
from server.bookings.service import book_slot, cancel_booking, move_booking
from server.db import sql
from server.errors import Forbidden, Invalid, NotFound, SignInNeeded
from server.groups import queries, service
from server.groups.errors import OneByOne, PlacesGone, TooManyGroups
from server.groups.forgetting import forget_guests
from server.groups.lists import Guest
from server.groups.messages import remind_groups
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from server.notices.outbox import deliver_due
from server.people.actors import VISITOR
from server.people.models import Person, Role
from server.people.queries import contacts, open_name
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.people import make_person, make_staff

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def offering():
    return await make_offering(minutes=30, capacity=8, horizon_days=14)


@pytest.fixture
async def slots(offering):
    """Three times of eight places, the day after tomorrow."""
    day = clock.today() + timedelta(days=2)
    return [await make_slot(offering, clock.at(day, 60 * hour)) for hour in (9, 10, 11)]


@pytest.fixture
async def foreman():
    return await make_person()


def guests(count, **given):
    return [Guest(**given)] * count


async def book(foreman, slots, places, *, key="", people=0, **given):
    wanted = {slot.id: n for slot, n in zip(slots, places, strict=False) if n}
    chosen = given.pop("guests", guests(people or sum(places)))
    return await service.book_group(
        actor=foreman, guests=chosen, places=wanted, request_key=key or new_id().hex, **given
    )


async def kinds_of(person_id):
    return [n.kind for n in await Notice.filter(person_id=person_id).exclude(state="withdrawn").order_by("created_at")]


async def test_each_place_is_an_ordinary_booking_of_somebody_brought_along(foreman, slots):
    group_id = await book(foreman, slots, [8, 4], guests=[Guest("韦大山"), *guests(11)])
    group = await queries.group_of(group_id, foreman)
    assert [seat.seat for seat in group.seats] == list(range(1, 13))
    assert [seat.starts_at for seat in group.seats] == [slots[0].starts_at] * 8 + [slots[1].starts_at] * 4
    assert group.seats[0].name == "韦大山"
    assert {seat.status for seat in group.seats} == {Status.CONFIRMED}
    assert [slot.taken for slot in await Slot.all().order_by("starts_at")] == [8, 4, 0]
    assert len({seat.code for seat in group.seats}) == 12
    people = await Person.filter(brought_by=foreman.id)
    assert len(people) == 12
    assert not any(person.is_member or person.phone_tail for person in people)
    steps = await BookingEvent.filter(actor_id=foreman.id)
    assert len(steps) == 12
    assert {step.actor_kind for step in steps} == {"worker"}


async def test_all_or_nothing_where_a_place_went_meanwhile(foreman, slots):
    await book_slot(actor=await make_person(), slot_id=slots[1].id, request_key="k")
    with pytest.raises(PlacesGone):
        await book(foreman, slots, [8, 8])
    assert not await GroupBooking.exists()
    assert not await Person.filter(brought_by=foreman.id).exists()
    assert [slot.taken for slot in await Slot.all().order_by("starts_at")] == [0, 1, 0]


async def test_two_taps_book_once(foreman, slots):
    made = await asyncio.gather(*(book(foreman, slots, [5, 5], key="once") for _ in range(4)))
    assert len(set(made)) == 1
    assert await Booking.all().count() == 10


async def test_foremen_who_meet_never_get_more_than_there_is(slots):
    foremen = [await make_person() for _ in range(5)]
    made = await asyncio.gather(*(book(one, slots, [6, 6, 6]) for one in foremen), return_exceptions=True)
    assert [type(one) for one in made].count(PlacesGone) == 4
    assert [slot.taken for slot in await Slot.all()] == [6, 6, 6]


async def test_what_makes_no_sense_is_refused(foreman, slots):
    with pytest.raises(Invalid):
        await book(foreman, slots, [1])
    with pytest.raises(Invalid):
        await book(foreman, slots, [3], people=2)
    other = await make_slot(await make_offering(service="legal_advice", capacity=9), in_hours(31))
    with pytest.raises(Invalid):
        await service.book_group(actor=foreman, guests=guests(4), places={slots[0].id: 2, other.id: 2}, request_key="k")
    with pytest.raises(SignInNeeded):
        await book(VISITOR, slots, [2])
    with pytest.raises(Forbidden):
        await book(await make_staff(), slots, [2])
    with pytest.raises(PlacesGone):
        await service.book_group(actor=foreman, guests=guests(2), places={uuid4(): 2}, request_key="k")
    assert await Booking.all().count() == 0


async def test_the_rules_of_the_service_hold_for_guests(foreman):
    members = await make_offering(eligibility="members_only", capacity=9)
    soon = await make_offering(notice_minutes=600, capacity=9)
    for offering in (members, soon):
        with pytest.raises(PlacesGone):
            await book(foreman, [await make_slot(offering, in_hours(3))], [3])


async def test_a_foreman_has_three_open_groups_at_most(foreman, offering):
    times = [await make_slot(offering, in_hours(30 + n)) for n in range(4)]
    made = [await book(foreman, [times[n]], [2]) for n in range(3)]
    with pytest.raises(TooManyGroups):
        await book(foreman, [times[3]], [2])
    await service.cancel_places(actor=foreman, group_id=made[0])
    await book(foreman, [times[3]], [2])


async def test_ten_groups_a_day_are_enough_whatever_becomes_of_them(foreman, slots):
    for _ in range(10):
        await service.cancel_places(actor=foreman, group_id=await book(foreman, slots, [2]))
    with pytest.raises(TooManyGroups):
        await book(foreman, slots, [2])
    with clock.travel(timedelta(days=1, minutes=1)):
        await book(foreman, slots, [2])


async def test_who_has_one_booking_at_a_time_here_books_no_group(foreman, offering, slots):
    manager = await make_staff(Role.MANAGER, station_id=offering.station_id)
    for hours in (48, 72):
        with clock.travel(-timedelta(hours=hours)):
            slot = await make_slot(offering, in_hours(1))
            made = await book_slot(actor=foreman, slot_id=slot.id, request_key=new_id().hex)
        with clock.travel(-timedelta(hours=hours - 2)):
            await desk.mark_no_show(actor=manager, booking_id=made.id)
    await no_show.set_policy(actor=manager, station_id=offering.station_id, policy=Policy(2, 30))
    with pytest.raises(OneByOne):
        await book(foreman, slots, [4])
    assert (await Slot.get(id=slots[0].id)).taken == 0


async def test_one_message_for_the_foreman_and_one_reminder_a_day(foreman, slots):
    await book(foreman, slots, [8, 8])
    kinds = await kinds_of(foreman.id)
    assert kinds.count(NoticeKind.GROUP_BOOKED) == 1
    assert kinds.count(NoticeKind.REMINDER_EVENING) == 1
    assert kinds.count(NoticeKind.REMINDER_HOUR) == 1
    assert await Notice.exclude(person_id=foreman.id).count() == 0


async def test_who_left_a_phone_hears_of_his_place_where_he_was_told(foreman, slots):
    people = [Guest("李一", "+8613800138001"), Guest("李二"), Guest("李三", "+8613800138003")]
    group_id = await book(foreman, slots, [3], guests=people, told=True)
    seats = (await queries.group_of(group_id, foreman)).seats
    told = await Notice.filter(kind=NoticeKind.GROUP_PLACE)
    assert {notice.booking_id for notice in told} == {seats[0].booking_id, seats[2].booking_id}
    assert {notice.params["code"] for notice in told} == {seats[0].code, seats[2].code}
    reached = await contacts([notice.person_id for notice in told])
    assert {one.phone for one in reached.values()} == {"+8613800138001", "+8613800138003"}


async def test_phones_of_people_who_were_not_told_are_not_kept(foreman, slots):
    await book(foreman, slots, [2], guests=[Guest("李一", "+8613800138001"), Guest("李二")])
    assert not await Notice.filter(kind=NoticeKind.GROUP_PLACE).exists()
    assert {bytes(person.phone_sealed) for person in await Person.filter(brought_by=foreman.id)} == {b""}


async def test_what_the_station_does_to_guests_the_foreman_hears_once(foreman, offering, slots):
    group_id = await book(foreman, slots, [8, 8])
    manager = await make_staff(Role.MANAGER, station_id=offering.station_id)
    days = sorted({clock.local(slot.starts_at).date() for slot in slots})
    await plan.change_days(actor=manager, station_id=offering.station_id, days=days, ranges=[], reason="", apply=True)
    assert (await kinds_of(foreman.id)).count(NoticeKind.GROUP_AFFECTED) == 1
    for seat in (await queries.group_of(group_id, foreman)).seats[:3]:
        await desk.decline_booking(actor=manager, booking_id=seat.booking_id, reason="医生请假")
    assert (await kinds_of(foreman.id)).count(NoticeKind.GROUP_CHANGED) == 1
    assert await Notice.exclude(person_id=foreman.id).filter(staff_id=None).count() == 0


async def test_guests_without_a_phone_are_reached_by_the_foreman(foreman, slots):
    await book(foreman, slots, [2])
    guest = await Person.filter(brought_by=foreman.id).first()
    mine = (await contacts([foreman.id]))[foreman.id].phone
    assert (await contacts([guest.id]))[guest.id].phone == mine


async def test_messages_to_a_foreman_and_to_guests_go_out(foreman, slots):
    await book(foreman, slots, [2], guests=guests(2, name="李一", phone="+8613800138001"), told=True)
    with clock.travel(timedelta(hours=12)):
        await deliver_due(contacts, {})
    told = [NoticeKind.GROUP_BOOKED, NoticeKind.GROUP_PLACE, NoticeKind.GROUP_PLACE]
    assert sorted(await Notice.filter(kind__in=told, state="sent").values_list("kind", flat=True)) == told


async def test_some_or_all_places_are_given_back_with_one_message(foreman, slots):
    group_id = await book(foreman, slots, [8, 2])
    seats = (await queries.group_of(group_id, foreman)).seats
    gone = [seat.booking_id for seat in seats[:3]]
    assert await service.cancel_places(actor=foreman, group_id=group_id, booking_ids=gone) == (3, 0)
    assert await service.cancel_places(actor=foreman, group_id=group_id, booking_ids=gone) == (0, 0)
    assert [slot.taken for slot in await Slot.all().order_by("starts_at")] == [5, 2, 0]
    assert (await kinds_of(foreman.id)).count(NoticeKind.GROUP_CANCELLED) == 1
    assert NoticeKind.GROUP_CHANGED not in await kinds_of(foreman.id)
    assert (await kinds_of(foreman.id)).count(NoticeKind.REMINDER_HOUR) == 1  # for who comes all the same
    assert await service.cancel_places(actor=foreman, group_id=group_id) == (7, 0)
    assert [slot.taken for slot in await Slot.all()] == [0, 0, 0]
    assert NoticeKind.REMINDER_HOUR not in await kinds_of(foreman.id)


async def test_a_guest_who_heard_of_his_place_hears_that_it_is_gone(foreman, slots):
    group_id = await book(foreman, slots, [2, 1], guests=guests(3, name="李一", phone="+8613800138001"), told=True)
    seats = (await queries.group_of(group_id, foreman)).seats
    await Notice.filter(kind=NoticeKind.GROUP_PLACE, booking_id=seats[0].booking_id).update(state="sent")
    await service.cancel_places(actor=foreman, group_id=group_id, booking_ids=[seat.booking_id for seat in seats[:2]])
    told = await Notice.filter(kind=NoticeKind.GROUP_PLACE_GONE)
    assert [(notice.booking_id, notice.params["code"]) for notice in told] == [(seats[0].booking_id, seats[0].code)]


async def test_whoever_stands_for_the_day_another_does_when_he_is_cancelled_alone(foreman, slots):
    group_id = await book(foreman, slots, [2])
    first = (await queries.group_of(group_id, foreman)).seats[0]
    await cancel_booking(actor=foreman, booking_id=first.booking_id)
    assert NoticeKind.REMINDER_HOUR not in await kinds_of(foreman.id)
    assert await remind_groups() == 1
    assert await remind_groups() == 0
    assert (await kinds_of(foreman.id)).count(NoticeKind.REMINDER_HOUR) == 1


async def test_too_late_for_one_is_said_and_keeps_no_other(foreman, offering):
    near, far = await make_slot(offering, in_hours(2)), await make_slot(offering, in_hours(30))
    group_id = await book(foreman, [near, far], [2, 2])
    with clock.travel(timedelta(hours=1, minutes=30)):
        assert await service.cancel_places(actor=foreman, group_id=group_id) == (2, 2)


async def test_a_stranger_reaches_no_place(foreman, slots):
    group_id = await book(foreman, slots, [2])
    stranger = await make_person()
    for verb in (
        queries.group_of(group_id, stranger),
        service.cancel_places(actor=stranger, group_id=group_id),
        service.put_names_right(actor=stranger, group_id=group_id, names={1: "李一"}),
    ):
        with pytest.raises(NotFound):
            await verb
    own, other = [await book(foreman, [slot], [2]) for slot in slots[1:]]
    foreign = (await queries.group_of(other, foreman)).seats[0].booking_id
    with pytest.raises(NotFound):
        await service.cancel_places(actor=foreman, group_id=own, booking_ids=[foreign])


async def test_the_foreman_moves_one_of_his_people(foreman, slots):
    group_id = await book(foreman, slots, [2])
    seat = (await queries.group_of(group_id, foreman)).seats[1]
    await move_booking(actor=foreman, booking_id=seat.booking_id, slot_id=slots[2].id)
    assert (await queries.group_of(group_id, foreman)).seats[1].starts_at == slots[2].starts_at
    with pytest.raises(NotFound):
        await move_booking(actor=await make_person(), booking_id=seat.booking_id, slot_id=slots[1].id)


async def test_names_are_put_right(foreman, slots):
    group_id = await book(foreman, slots, [3], guests=[Guest("李一"), Guest("李二"), Guest()])
    await service.put_names_right(actor=foreman, group_id=group_id, names={1: "黎一", 2: "", 3: "韦三"})
    assert [seat.name for seat in (await queries.group_of(group_id, foreman)).seats] == ["黎一", "", "韦三"]


async def test_guests_are_forgotten_a_month_after_the_last_place(foreman, slots):
    group_id = await book(foreman, slots, [2], guests=[Guest("李一", "+8613800138001"), Guest("李二")], told=True)
    later = slots[0].ends_at - clock.now() + timedelta(days=30, minutes=-5)
    with clock.travel(later):
        assert await forget_guests() == 0
    with clock.travel(later + timedelta(minutes=10)):
        assert await forget_guests() == 1
        assert await forget_guests() == 0
    people = await Person.filter(brought_by=foreman.id)
    assert [(open_name(p.name_sealed), bytes(p.phone_sealed), p.phone_tail) for p in people] == [("", b"", "")] * 2
    assert not await Notice.filter(kind=NoticeKind.GROUP_PLACE).exists()
    assert len((await queries.group_of(group_id, foreman)).seats) == 2


async def test_a_place_that_was_moved_later_is_waited_for(foreman, offering, slots):
    group_id = await book(foreman, slots, [2], guests=[Guest("李一"), Guest("李二")])
    far = await make_slot(offering, in_hours(24 * 9))
    seat = (await queries.group_of(group_id, foreman)).seats[0]
    await move_booking(actor=foreman, booking_id=seat.booking_id, slot_id=far.id)
    with clock.travel(slots[0].ends_at - clock.now() + timedelta(days=31)):
        await forget_guests()
        assert (await queries.group_of(group_id, foreman)).seats[0].name == "李一"
    with clock.travel(far.ends_at - clock.now() + timedelta(days=31)):
        await forget_guests()
        assert (await queries.group_of(group_id, foreman)).seats[0].name == ""
    assert await GroupPlace.all().count() == 2
    assert await sql.value("SELECT count(*) FROM group_booking WHERE forgotten_at IS NULL") == 0
