"""Settings of one station for many."""

import asyncio
from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings.copying import What, copy_settings
from server.bookings.models import Booking, Offering, ServiceKind, Slot
from server.bookings.slots import roll_slots
from server.errors import Forbidden, Invalid, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from server.stations.models import Station, StationDay
from tests.fixtures.bookings import make_offering
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station, make_station_day

pytestmark = pytest.mark.usefixtures("settings", "db")
NINE_TO_TEN = [[[540, 600]]] * 8


@pytest.fixture
async def source():
    station = await make_station(name="样板驿站", hours=NINE_TO_TEN, facilities=["hot_water"])
    await make_offering(station, minutes=20, capacity=3, provider="义剪队")
    await make_offering(station, service=ServiceKind.LEGAL_ADVICE, bring="合同")
    await make_station_day(station, clock.today() + timedelta(days=2), reason="放假")
    return station


@pytest.fixture
async def targets():
    made = [await make_station(name=f"{n} 号驿站", facilities=["wifi"]) for n in range(2)]
    await make_offering(made[0], provider="覃师傅")
    await make_offering(made[0], service=ServiceKind.FILM)
    await roll_slots()
    return made


async def copy(actor, source, targets, what=frozenset(What), *, apply=True):
    return await copy_settings(
        actor=actor, source_id=source.id, target_ids=[t.id for t in targets], what=what, apply=apply
    )


async def test_hours_days_facilities_and_services_go_over(source, targets):
    done = await copy(await make_staff(Role.OFFICER), source, targets)
    assert [one.name for one in sorted(done, key=lambda one: one.name)] == ["0 号驿站", "1 号驿站"]
    for target in targets:
        now = await Station.get(id=target.id)
        assert (now.hours, now.facilities) == (NINE_TO_TEN, ["hot_water"])
        assert (await StationDay.get(station_id=target.id)).reason == "放假"
        haircut = await Offering.get(station_id=target.id, service=ServiceKind.HAIRCUT)
        assert (haircut.minutes, haircut.capacity) == (20, 3)
        assert await Slot.filter(offering_id=haircut.id).exists()
    assert (await Offering.get(station_id=targets[0].id, service=ServiceKind.HAIRCUT)).provider == "覃师傅"
    assert (await Offering.get(station_id=targets[1].id, service=ServiceKind.HAIRCUT)).provider == "义剪队"
    assert await Offering.filter(station_id=targets[0].id, service=ServiceKind.FILM, active=True).exists()
    assert await AuditEntry.filter(action="station.settings_copied").count() == 2


async def test_only_what_was_chosen(source, targets):
    await copy(await make_staff(Role.OFFICER), source, targets, {What.FACILITIES})
    assert (await Station.get(id=targets[0].id)).hours == targets[0].hours
    assert not await StationDay.filter(station_id=targets[0].id).exists()
    assert await Offering.filter(station_id=targets[1].id).count() == 0


async def test_the_preview_says_what_happens_and_changes_nothing(source, targets):
    officer = await make_staff(Role.OFFICER)
    looked = await copy(officer, source, targets, apply=False)
    assert (await Station.get(id=targets[0].id)).facilities == ["wifi"]
    done = await copy(officer, source, targets)
    assert [(one.name, one.plan) for one in done] == [(one.name, one.plan) for one in looked]


async def test_a_station_that_is_not_his_stops_it_all(source, targets):
    far = await make_station(region_code=440104)
    with pytest.raises(Forbidden):
        await copy(await make_staff(Role.OFFICER), source, [*targets, far])
    with pytest.raises(Forbidden):
        await copy(await make_staff(Role.MANAGER, station_id=targets[0].id), source, targets[:1])
    assert (await Station.get(id=targets[0].id)).facilities == ["wifi"]


async def test_what_cannot_be_copied(source, targets):
    officer = await make_staff(Role.OFFICER)
    for what, where in (((), targets), (What, []), (What, [source])):
        with pytest.raises(Invalid):
            await copy(officer, source, where, what)
    with pytest.raises(NotFound):
        await copy_settings(actor=officer, source_id=source.id, target_ids=[new_id()], what=What, apply=True)


async def test_two_officers_copy_over_each_other(source, targets):
    officers = [await make_staff(Role.OFFICER) for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(
            copy(officers[0], source, targets),
            copy(officers[1], targets[0], [source, targets[1]]),
            copy(officers[0], targets[1], [targets[0], source], apply=False),
        )
    assert await what_is_wrong() == []


async def test_over_http(desk):
    officer = await desk.colleague(Role.OFFICER, region_code=450000)
    url = f"{desk.url}/plan/copy"
    target = await make_station(name="南湖驿站")
    haircut = await make_offering(target)
    await roll_slots()
    booking = await desk.booked(haircut, clock.at(clock.today() + timedelta(days=2), 1200))
    await Station.filter(id=desk.station.id).update(hours=NINE_TO_TEN)
    assert "南湖驿站" in (await officer.open(url)).text
    assert "南湖驿站" not in (await officer.open(f"{url}?q=长安")).text
    sent = {"what": ["hours", "offerings"], "station": [str(target.id)]}
    look = await officer.submit(url, sent)
    assert "1 个人约在停办的时段" in look.text
    assert booking.code in look.text
    answer = await officer.submit(url, sent | {"apply": "1"})
    assert "抄好了 1 个站点" in (await officer.open(answer.headers["location"])).text
    assert (await Slot.get(id=(await Booking.get(id=booking.id)).slot_id)).closed
    assert (await officer.submit(url, {"what": ["hours"]})).status_code == 422
