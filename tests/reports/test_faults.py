"""Something is broken: said once or by many, seen to, closed with a word, opened again."""

import asyncio
from datetime import timedelta

import pytest

from server.config import WEB
from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.kit.pictures import shrink
from server.notices.models import Notice, NoticeKind
from server.people.actors import VISITOR
from server.people.models import Role, Staff
from server.reports import fault_queries, faults
from server.reports.errors import AgainTooLate, BrokenAgain, FaultMoved, ReasonMissing, SaidTooOften
from server.reports.fault_queries import Asked
from server.reports.models import Fault, FaultEvent, FaultPhoto, FaultState, FaultVoice, Thing
from server.reports.queries import broken_at
from server.reports.rules import REOPEN_WITHIN, TOLD_FOR
from server.reports.words import THING_ICONS, THING_NAMES
from server.stations.errors import StationNotFound
from server.stations.models import Facility
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.pictures import PHOTO
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def station():
    return await make_station()


@pytest.fixture
async def staff(station):
    return await make_staff(station_id=station.id)


async def say(station, thing=Thing.HOT_WATER, actor=VISITOR, **more):
    given = {"request_key": new_id().hex} | more
    return await faults.say_broken(actor=actor, station_id=station.id, thing=thing, **given)


async def the_only():
    return await Fault.get()


async def told(person):
    return await Notice.filter(person_id=person.id)


def test_whatever_a_station_has_may_be_broken_and_has_a_name_and_a_picture():
    sprite = (WEB / "static" / "icons" / "sprite.svg").read_text("utf-8")
    assert {facility.value for facility in Facility} < {thing.value for thing in Thing}
    assert THING_NAMES.keys() == THING_ICONS.keys() == set(Thing)
    assert [icon for icon in THING_ICONS.values() if f'id="{icon}"' not in sprite] == []


class TestStaffHear:
    async def heard(self):
        return {n.staff_id for n in await Notice.filter(kind=NoticeKind.FAULT_SAID)}

    async def test_of_what_is_new_whoever_works_there(self, station, staff):
        manager = await make_staff(Role.MANAGER, station_id=station.id)
        await make_staff(Role.OFFICER)
        await make_staff(station_id=(await make_station()).id)
        await say(station)
        assert await self.heard() == {staff.id, manager.id}
        told = await Notice.get(staff_id=staff.id)
        assert told.station_id == station.id
        assert told.params == {"station": station.name, "thing": THING_NAMES[Thing.HOT_WATER]}
        assert not told.push

    async def test_once_however_many_say_it(self, station, staff):
        for _ in range(3):
            await say(station)
        assert await Notice.filter(staff_id=staff.id).count() == 1
        await say(station, thing=Thing.TOILET)
        assert await Notice.filter(staff_id=staff.id).count() == 2

    async def test_where_nobody_works_the_nearest_officers(self, station):
        city = [await make_staff(Role.OFFICER, region_code=450100) for _ in range(2)]
        await make_staff(Role.OFFICER)
        await make_staff(Role.OFFICER, region_code=450104)
        await make_staff(Role.AUDITOR, region_code=station.region_code)
        await say(station)
        assert await self.heard() == {officer.id for officer in city}

    async def test_who_was_disabled_hears_nothing(self, station, staff):
        officer = await make_staff(Role.OFFICER)
        await Staff.filter(id=staff.id).update(disabled_at=clock.now())
        await say(station)
        assert await self.heard() == {officer.id}

    async def test_when_it_is_still_broken(self, station, staff):
        said = await say(station)
        await faults.fix(actor=staff, fault_id=(await the_only()).id)
        await faults.still_broken(secret=said.secret)
        assert await Notice.filter(staff_id=staff.id, kind=NoticeKind.FAULT_SAID).count() == 2


async def test_the_same_thing_is_one_fault_and_many_voices(station):
    assert (await say(station, words="没热水")).others == 0
    assert (await say(station)).others == 1
    assert (await say(station, actor=await make_person())).others == 2
    fault = await the_only()
    assert (fault.state, fault.voices, await FaultVoice.all().count()) == (FaultState.OPEN, 3, 3)


async def test_whatever_else_is_broken_is_each_time_another_thing(station):
    await say(station, Thing.OTHER, words="窗户关不上")
    await say(station, Thing.OTHER, words="地上有水")
    await say(station, Thing.TOILET)
    await say(await make_station(), Thing.TOILET)
    assert sorted(await Fault.all().values_list("voices", flat=True)) == [1, 1, 1, 1]


async def test_a_retry_with_the_same_key_is_one_voice(station):
    first = await say(station, request_key="k1")
    assert await say(station, request_key="k1") == first
    assert (await the_only()).voices == 1


async def test_a_phone_says_it_once(station):
    first = await say(station)
    assert (await say(station, held=first.secret)).secret == first.secret
    assert (await say(station, Thing.TOILET, held=first.secret)).secret != first.secret
    person = await make_person()
    mine = await say(station, actor=person)
    assert (await say(station, actor=person)).secret == mine.secret
    assert (await Fault.get(thing=Thing.HOT_WATER)).voices == 2


async def test_many_at_one_instant_are_one_fault(station):
    said = await asyncio.gather(*(say(station) for _ in range(8)))
    assert len({one.secret for one in said}) == 8
    assert (await the_only()).voices == 8
    assert await FaultEvent.all().count() == 1


async def test_one_tap_sent_twice_at_one_instant_is_one_voice(station):
    said = await asyncio.gather(*(say(station, request_key="k1") for _ in range(4)))
    assert len({one.secret for one in said}) == 1
    assert (await the_only()).voices == 1


async def test_a_browser_and_an_address_cannot_flood(station):
    for _ in range(faults.FROM_BROWSER[1]):
        await say(station, Thing.OTHER, browser="b1", address="192.0.2.7")
    with pytest.raises(SaidTooOften):
        await say(station, Thing.OTHER, browser="b1", address="192.0.2.7")
    for n in range(faults.FROM_ADDRESS[1] - faults.FROM_BROWSER[1]):
        await say(station, Thing.OTHER, browser=f"n{n}", address="192.0.2.7")
    with pytest.raises(SaidTooOften):
        await say(station, Thing.OTHER, browser="another", address="192.0.2.7")
    with clock.travel(timedelta(hours=1, minutes=1)):
        await say(station, Thing.OTHER, browser="b1", address="192.0.2.7")


async def test_a_station_that_is_gone_takes_no_more(station):
    await sql.run("UPDATE station SET retired_at = now() WHERE id = $1", station.id)
    with pytest.raises(StationNotFound):
        await say(station)


async def test_staff_see_to_it_and_whoever_signed_in_is_told(station, staff):
    person = await make_person()
    await say(station, actor=person)
    await say(station)
    fault = await the_only()
    await faults.start(actor=staff, fault_id=fault.id)
    assert await told(person) == []
    await faults.fix(actor=staff, fault_id=fault.id)
    (notice,) = await told(person)
    assert (notice.kind, notice.push) == (NoticeKind.FAULT_FIXED, False)
    assert notice.params["station"] == station.name
    events = await FaultEvent.all().order_by("at", "id")
    assert [event.to_state for event in events] == ["open", "in_progress", "fixed"]
    assert [event.actor_id for event in events] == [None, staff.id, staff.id]


async def test_what_cannot_be_repaired_has_a_reason(station, staff):
    person = await make_person()
    await say(station, actor=person)
    fault = await the_only()
    with pytest.raises(ReasonMissing):
        await faults.give_up(actor=staff, fault_id=fault.id, reason="")
    await faults.give_up(actor=staff, fault_id=fault.id, reason="配件买不到了。")
    (notice,) = await told(person)
    assert (notice.kind, notice.params["reason"]) == (NoticeKind.FAULT_CANNOT_FIX, "配件买不到了。")


async def test_a_step_is_taken_once(station, staff):
    await say(station)
    fault = await the_only()
    steps = [faults.fix(actor=staff, fault_id=fault.id) for _ in range(3)]
    done = await asyncio.gather(*steps, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["FaultMoved", "FaultMoved", "NoneType"]
    with pytest.raises(FaultMoved):
        await faults.start(actor=staff, fault_id=fault.id)


async def test_a_voice_after_it_was_closed_begins_anew(station, staff):
    await say(station)
    await faults.fix(actor=staff, fault_id=(await the_only()).id)
    assert (await say(station)).others == 0
    assert await Fault.all().count() == 2


async def test_whoever_said_so_opens_it_again_within_a_week(station, staff):
    said = await say(station)
    fault = await the_only()
    await faults.fix(actor=staff, fault_id=fault.id)
    await faults.still_broken(secret=said.secret)
    again = await the_only()
    assert (again.state, again.closed_at, again.reason) == (FaultState.OPEN, None, "")
    await faults.fix(actor=staff, fault_id=fault.id)
    with clock.travel(REOPEN_WITHIN + timedelta(minutes=1)), pytest.raises(AgainTooLate):
        await faults.still_broken(secret=said.secret)
    with pytest.raises(NotFound):
        await faults.still_broken(secret="unknown")


async def test_what_is_open_cannot_be_opened_again(station, staff):
    said = await say(station)
    with pytest.raises(FaultMoved):
        await faults.still_broken(secret=said.secret)
    fault = await the_only()
    await faults.fix(actor=staff, fault_id=fault.id)
    await say(station)
    with pytest.raises(BrokenAgain):
        await faults.still_broken(secret=said.secret)
    with pytest.raises(BrokenAgain):
        await faults.reopen(actor=staff, fault_id=fault.id)
    assert (await Fault.get(id=fault.id)).state is FaultState.FIXED


async def test_only_staff_of_the_station_and_of_its_region_see_to_it(station):
    await say(station)
    fault = await the_only()
    elsewhere = await make_staff(station_id=(await make_station()).id)
    for actor in (elsewhere, await make_staff(Role.OFFICER, region_code=440000), await make_person(), VISITOR):
        with pytest.raises(Forbidden):
            await faults.start(actor=actor, fault_id=fault.id)
        with pytest.raises(Forbidden):
            await fault_queries.one_fault(actor, fault.id)
    await faults.start(actor=await make_staff(Role.OFFICER, region_code=450100), fault_id=fault.id)


async def test_the_station_tells_what_is_confirmed_and_nothing_else(station, staff):
    await say(station)
    await say(station, Thing.CHARGING)
    await say(station, Thing.OTHER)
    assert await broken_at(station.id) == []
    water, charging, other = await Fault.all().order_by("id")
    for fault in (water, other):
        await faults.start(actor=staff, fault_id=fault.id)
    await faults.give_up(actor=staff, fault_id=charging.id, reason="要等房东来修。")
    shown = {one.thing: (one.state, one.reason) for one in await broken_at(station.id)}
    assert shown == {
        Thing.HOT_WATER: (FaultState.IN_PROGRESS, ""),
        Thing.CHARGING: (FaultState.CANNOT_FIX, "要等房东来修。"),
    }
    await faults.fix(actor=staff, fault_id=water.id)
    with clock.travel(TOLD_FOR + timedelta(minutes=1)):
        assert await broken_at(station.id) == []


async def test_what_works_again_is_told_no_more(station, staff):
    await say(station)
    await faults.give_up(actor=staff, fault_id=(await the_only()).id, reason="没配件。")
    with clock.travel(timedelta(days=1)):
        await say(station)
        newer = await Fault.get(state=FaultState.OPEN)
        await faults.fix(actor=staff, fault_id=newer.id)
        assert await broken_at(station.id) == []


async def test_lists_show_what_one_sees_to_the_longest_waiting_first(station, staff):
    other = await make_station(region_code=450107)
    far = await make_station(region_code=440104)
    for hours, (where, thing) in enumerate(
        [(station, Thing.TOILET), (other, Thing.WIFI), (far, Thing.BOOKS), (station, Thing.SEATS)]
    ):
        with clock.travel(-timedelta(hours=hours)):
            await say(where, thing, words="坏了")
    officer = await make_staff(Role.OFFICER, region_code=450000)

    async def things(actor, asked=Asked.TODO, **more):
        return [line.thing for line in await fault_queries.faults(actor, asked, **more)]

    assert await things(staff) == [Thing.SEATS, Thing.TOILET]
    assert await things(officer) == [Thing.SEATS, Thing.WIFI, Thing.TOILET]
    assert await things(officer, station_id=other.id) == [Thing.WIFI]
    assert await things(officer, thing="toilet") == [Thing.TOILET]
    for fault in await Fault.filter(station_id=station.id).order_by("opened_at"):
        await faults.fix(actor=officer, fault_id=fault.id)
    assert await things(officer) == [Thing.WIFI]
    assert await things(officer, Asked.CLOSED) == [Thing.TOILET, Thing.SEATS]
    assert await things(staff, Asked.CLOSED) == [Thing.TOILET, Thing.SEATS]


@pytest.mark.parametrize("asked", [Asked.TODO, Asked.CLOSED])
async def test_a_long_list_goes_on_where_it_stopped(station, staff, asked):
    for n in range(fault_queries.PAGE + 5):
        with clock.travel(-timedelta(minutes=n)):
            await say(station, Thing.OTHER)
    if asked is Asked.CLOSED:
        for fault in await Fault.all():
            await faults.fix(actor=staff, fault_id=fault.id)
    first = await fault_queries.faults(staff, asked)
    assert len(first) == fault_queries.PAGE + 1
    after = fault_queries.place_after(first[fault_queries.PAGE - 1])
    second = await fault_queries.faults(staff, asked, after=after)
    ids = {line.id for line in first[: fault_queries.PAGE]} | {line.id for line in second}
    assert (len(second), len(ids)) == (5, fault_queries.PAGE + 5)


async def test_words_and_photos_go_long_after_it_was_closed(station, staff):
    photo = shrink(PHOTO)
    await say(station, words="没热水", photo=photo)
    await say(station, Thing.TOILET, photo=photo)
    await faults.fix(actor=staff, fault_id=(await Fault.get(thing=Thing.HOT_WATER)).id)
    with clock.travel(faults.KEEP - timedelta(hours=1)):
        assert await faults.forget_voices() == 0
    with clock.travel(faults.KEEP + timedelta(hours=1)):
        assert await faults.forget_voices() == 1
    assert (await FaultVoice.all().count(), await FaultPhoto.all().count(), await Fault.all().count()) == (1, 1, 2)
