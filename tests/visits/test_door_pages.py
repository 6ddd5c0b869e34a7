"""The door over HTTP, without JavaScript: one tap, welcome, and the poster at the desk."""

import re
from datetime import timedelta

import pytest

from server.kit import clock
from server.people import service as people
from server.people.actors import VISITOR
from server.people.models import Role
from server.reports import faults
from server.reports.models import Fault, Thing
from server.stations.models import Facility
from server.visits import service
from server.visits.models import Occupation, VisitDay
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NINE_TO_FIVE, make_station

RIDER = {"occupation": "rider"}


@pytest.fixture
async def station(app):
    assert app
    return await make_station(unattended=True, facilities=[Facility.HOT_WATER, Facility.TOILET])


@pytest.fixture
async def door(station):
    return f"/door/{await service.give_code(actor=await make_staff(Role.OFFICER), station_id=station.id)}"


async def visits():
    return [(row.occupation, row.visits) for row in await VisitDay.all()]


async def test_one_tap_counts_and_opens_the_page_that_says_welcome(site, door, station):
    asked = (await site.open(door)).text
    assert "您做什么工作" in asked
    assert re.findall(r'name="occupation" value="(\w+)"', asked) == [kind.value for kind in Occupation]
    answer = await site.submit(door, RIDER)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{door}/in")
    inside = (await site.open(f"{door}/in")).text
    for said in ("欢迎，请进", "热水", "厕所", "24 小时开放", "tel:12351", f"/stations/{station.id}/broken"):
        assert said in inside
    assert await visits() == [(Occupation.RIDER, 1)]


async def test_the_same_phone_is_welcome_again_and_not_counted_again(site, browser_of, door):
    for _ in range(3):
        await site.submit(door, RIDER)
    assert await visits() == [(Occupation.RIDER, 1)]
    assert "欢迎，请进" in (await site.open(door)).text
    await browser_of().submit(door, RIDER)
    assert await visits() == [(Occupation.RIDER, 2)]
    with clock.travel(service.ONCE_IN + timedelta(seconds=2)):
        assert "您做什么工作" in (await site.open(door)).text


async def test_what_the_phone_keeps_names_neither_person_nor_work(browser_of, door):
    site = browser_of().use_session(await people.open_session(person_id=(await make_person()).id))
    cookie = (await site.submit(door, RIDER)).headers["set-cookie"]
    assert re.match(r"nj_came=\d{10}\.[0-9a-f]{64};", cookie)
    assert f"Path={door};" in cookie
    assert "HttpOnly" in cookie


async def test_whoever_does_not_want_to_be_counted_goes_in(site, door):
    assert f'href="{door}/in"' in (await site.open(door)).text
    assert (await site.open(f"{door}/in")).status_code == 200
    assert await visits() == []


async def test_a_tap_on_nothing_asks_again(site, door):
    for data in ({}, {"occupation": "king"}):
        answer = await site.submit(door, data)
        assert answer.status_code == 422
        assert "您做什么工作" in answer.text
    assert await visits() == []


async def test_a_code_is_read_as_it_is_typed_and_an_old_one_is_none(site, door, station):
    typed = f"/door/{door[6:10].lower()}-{door[10:]}"
    assert "您做什么工作" in (await site.open(typed)).text
    await service.give_code(actor=await make_staff(Role.OFFICER), station_id=station.id)
    for method in (site.open, site.submit):
        gone = await method(door)
        assert gone.status_code == 404
        assert "请扫门上的新码" in gone.text


async def test_a_closed_door_counts_nobody_and_says_when_it_opens(site, station, door):
    await type(station).filter(id=station.id).update(hours=NINE_TO_FIVE)
    night = clock.at(clock.today() + timedelta(days=1), 3 * 60) - clock.now()
    with clock.travel(night):
        shown = (await site.open(door)).text
        assert "现在没开门" in shown
        assert "欢迎" not in shown
        await site.submit(door, RIDER)
    assert await visits() == []


async def test_inside_one_reads_what_is_broken_and_where_somebody_is(site, station, door):
    lat, lng = station.lat, station.lng
    near = await make_station(name="江南职工之家", at=(lat + 0.01, lng))
    await faults.say_broken(station_id=station.id, thing=Thing.HOT_WATER, actor=VISITOR, request_key="k")
    assert "热水坏了" not in (await site.open(f"{door}/in")).text
    await faults.start(actor=await make_staff(Role.OFFICER), fault_id=(await Fault.get()).id)
    inside = (await site.open(f"{door}/in")).text
    assert "热水坏了，正在修。" in inside
    assert "江南职工之家" in inside
    assert "1.1 公里" in inside
    assert f"/stations/{near.id}" in inside
    assert "热水坏了，正在修。" in (await site.open(f"/stations/{station.id}")).text


async def test_the_desk_makes_prints_and_changes_the_poster(browser_of, station):
    desk = browser_of().use_session(
        await people.open_session(staff_id=(await make_staff(Role.MANAGER, station_id=station.id)).id)
    )
    url = f"/desk/{station.id}/door"
    assert "做一张海报" in (await desk.open(url)).text
    assert (await desk.submit(url)).headers["location"] == url
    first = (await desk.open(url)).text
    assert "扫一扫，点一下，请进" in first
    assert "data:image/svg+xml" in first
    await desk.submit(url)
    second = (await desk.open(url)).text
    code = re.compile(r"/door/<strong>(\w{8})")
    assert code.search(first)[1] != code.search(second)[1]
    assert f'href="{url}"' in (await desk.open(f"/desk/{station.id}")).text


async def test_staff_without_a_code_are_told_who_makes_it(browser_of, station):
    desk = browser_of().use_session(await people.open_session(staff_id=(await make_staff(station_id=station.id)).id))
    shown = (await desk.open(f"/desk/{station.id}/door")).text
    assert "请站长来做" in shown
    assert "做一张海报" not in shown
