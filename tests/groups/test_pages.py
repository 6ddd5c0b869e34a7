"""A group over HTTP, as browsers without JavaScript send it: from the times to the desk."""

import html
import io
import re
from datetime import timedelta

import pytest

from server.bookings.group_models import GroupBooking
from server.bookings.models import Booking, ServiceKind, Slot, Status
from server.bookings.service import book_slot
from server.groups import queries, service
from server.groups.lists import Guest
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from server.people.models import Person, Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station
from tests.groups.test_lists import HEADER, xlsx

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
OFFER = re.compile(r'name="offer"[^>]*value="([^"]*)"')


@pytest.fixture
async def foreman(app):
    assert app
    return await make_person()


@pytest.fixture
async def browser(foreman, browser_of):
    return browser_of().use_session(await people.open_session(person_id=foreman.id))


@pytest.fixture
def day():
    return clock.today() + timedelta(days=2)


@pytest.fixture
async def offering(app, day):
    """Health checks: 28 places on the day, 12 on the next one."""
    assert app
    station = await make_station(name="凤岭职工之家")
    made = await make_offering(station, service=ServiceKind.HEALTH_CHECK, capacity=14, horizon_days=14)
    for minute in (540, 570):
        await make_slot(made, clock.at(day, minute))
    await make_slot(made, clock.at(day + timedelta(days=1), 540), capacity=12)
    return made


@pytest.fixture
async def beside(app, day):
    """A station two kilometres on with room for nine."""
    assert app
    station = await make_station(name="南湖驿站", at=(22.80, 108.35))
    made = await make_offering(station, service=ServiceKind.HEALTH_CHECK, capacity=9, horizon_days=14)
    await make_slot(made, clock.at(day, 600))
    return made


def fields_of(answer):
    """The hidden fields of a page's form, as a browser would send them."""
    sent = {}
    for name, value in FIELD.findall(answer.text):
        sent.setdefault(name, []).append(html.unescape(value))
    sent.pop("_csrf", None)
    return sent


async def look(browser, offering, day, people=40, **more):
    sent = {"people": str(people), "day": day.isoformat()}
    return await browser.submit(f"/groups/new/{offering.id}", sent, **more)


async def confirm(browser, offering, fields, **more):
    return await browser.submit(f"/groups/new/{offering.id}/book", fields | more)


async def test_the_times_of_a_service_lead_there(browser, offering):
    page = await browser.open(f"/book/{offering.id}")
    assert f"/groups/new/{offering.id}" in page.text
    members = await make_offering(eligibility="members_only", service=ServiceKind.FILM)
    await make_slot(members)
    assert "/groups/new/" not in (await browser.open(f"/book/{members.id}")).text
    assert (await browser.open(f"/groups/new/{members.id}")).status_code == 403


async def test_a_visitor_signs_in_first(site, offering):
    answer = await site.open(f"/groups/new/{offering.id}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.usefixtures("beside")
async def test_forty_people_go_where_there_is_room(browser, offering, day, foreman):
    page = await look(browser, offering, day)
    assert "28 人约得上；还有 12 人要另外安排" in page.text
    assert page.text.count("14 个人") == 2
    tomorrow, near = OFFER.findall(page.text)
    assert "南湖驿站" in page.text
    done = await confirm(browser, offering, fields_of(page), offer=[tomorrow])
    assert done.status_code == 303
    group = await GroupBooking.get(foreman_id=foreman.id)
    assert done.headers["location"] == f"/groups/{group.id}?new=1"
    assert sorted(await Slot.all().values_list("taken", flat=True)) == [0, 12, 14, 14]
    assert near
    shown = (await browser.open(f"/groups/{group.id}")).text
    assert group.code in shown
    assert shown.count("14 人</strong>") == 2
    assert shown.count("12 人</strong>") == 1
    assert group.code in (await browser.open("/tickets")).text


async def test_two_offers_are_filled_from_above(browser, offering, beside, day):
    await Slot.filter(offering_id=offering.id, capacity=12).update(taken=5)
    page = await look(browser, offering, day)
    await confirm(browser, offering, fields_of(page), offer=OFFER.findall(page.text))
    assert sorted(await Slot.all().values_list("taken", flat=True)) == [5, 12, 14, 14]
    assert beside


async def test_only_those_who_fit_is_a_choice_and_no_choice_is_asked_for(browser, offering, day):
    page = await look(browser, offering, day)
    asked = await confirm(browser, offering, fields_of(page))
    assert asked.status_code == 422
    assert "请勾一个地方" in asked.text
    assert not await Booking.exists()
    assert (await confirm(browser, offering, fields_of(asked), only="true")).status_code == 303
    assert await Booking.all().count() == 28


async def test_where_a_place_went_meanwhile_the_foreman_decides_again(browser, offering, day):
    page = await look(browser, offering, day, 28)
    first = await Slot.filter(offering_id=offering.id).order_by("starts_at").first()
    await book_slot(actor=await make_person(), slot_id=first.id, request_key="k")
    gone = await confirm(browser, offering, fields_of(page))
    assert gone.status_code == 409
    assert "还没给您约上" in gone.text
    assert "27 人约得上；还有 1 人要另外安排" in gone.text
    assert await Booking.all().count() == 1
    [offer] = OFFER.findall(gone.text)
    assert (await confirm(browser, offering, fields_of(gone), offer=[offer])).status_code == 303
    assert await Booking.all().count() == 29


async def test_a_second_tap_leads_to_the_same_group(browser, offering, day):
    page = await look(browser, offering, day, 5)
    answers = [await confirm(browser, offering, fields_of(page)) for _ in range(2)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await Booking.all().count() == 5


@pytest.mark.parametrize("count", ["", "1", "201", "很多", "-5"])
async def test_a_number_that_cannot_be_is_said_at_its_field(browser, offering, day, count):
    page = await browser.submit(f"/groups/new/{offering.id}", {"people": count, "day": day.isoformat()})
    assert page.status_code == 422
    assert 'href="#people"' in page.text


async def test_a_number_typed_with_a_chinese_keyboard_is_read(browser, offering, day):
    assert "5 个人都约得上" in (await look(browser, offering, day, "５")).text


def file_of(*rows):
    return {"file": ("名单.xlsx", io.BytesIO(xlsx(HEADER, *rows)), "application/octet-stream")}


async def test_a_wrong_list_is_told_line_by_line_and_keeps_nothing(browser, offering, day):
    page = await look(browser, offering, day, "", files=file_of(("李一", "123"), ("", "")))
    assert page.status_code == 422
    page = await look(browser, offering, day, "", files=file_of(("李一", "123"), ("李2", "")))
    assert page.status_code == 422
    assert "名单里有 2 处要改" in page.text
    assert "第 2 行 · 手机号" in page.text
    assert "第 3 行 · 姓名" in page.text
    assert not await Person.filter(brought_by__isnull=False).exists()


async def test_people_of_a_list_get_places_in_its_order_and_an_sms_where_they_were_told(
    browser, offering, day, foreman
):
    rows = [("李一", "13800138001"), ("<b>李二</b>", ""), ("李三", "")]
    page = await look(browser, offering, day, "", files=file_of(*rows))
    assert page.status_code == 422  # what stands in brackets is no name
    rows[1] = ("李二", "")
    page = await look(browser, offering, day, "7", files=file_of(*rows))
    assert "3 个人都约得上" in page.text
    assert (await confirm(browser, offering, fields_of(page), told="true")).status_code == 303
    group = await GroupBooking.get(foreman_id=foreman.id)
    seats = (await queries.group_of(group.id, foreman)).seats
    assert [(seat.name, seat.phone_tail) for seat in seats] == [("李一", "8001"), ("李二", ""), ("李三", "")]


async def test_a_list_that_was_changed_on_its_way_is_refused(browser, offering, day):
    page = await look(browser, offering, day, "", files=file_of(("李一", ""), ("李二", "")))
    for wrong in ({"person": ["1|", "李二|"]}, {"places": "x*1"}, {"people": "900"}):
        assert (await confirm(browser, offering, fields_of(page) | wrong)).status_code == 422
    assert not await Booking.exists()


async def test_the_template_is_a_spreadsheet(browser):
    answer = await browser.open("/groups/template.xlsx")
    assert answer.content.startswith(b"PK")


@pytest.fixture
async def group_id(foreman, offering):
    slot = await Slot.filter(offering_id=offering.id).order_by("starts_at").first()
    guests = [Guest("韦大山"), Guest("黄丽华"), Guest()]
    return await service.book_group(actor=foreman, guests=guests, places={slot.id: 3}, request_key=new_id().hex)


async def test_some_then_all_are_cancelled(browser, group_id, foreman):
    seats = (await queries.group_of(group_id, foreman)).seats
    nobody = await browser.submit(f"/groups/{group_id}/cancel", {})
    assert nobody.status_code == 422
    assert "请先勾上不来的人" in nobody.text
    done = await browser.submit(f"/groups/{group_id}/cancel", {"place": [str(seats[1].booking_id)]})
    assert "取消了 1 个人的预约" in (await browser.open(done.headers["location"])).text
    done = await browser.submit(f"/groups/{group_id}/cancel", {"all": "true"})
    page = (await browser.open(done.headers["location"])).text
    assert "取消了 2 个人的预约" in page
    assert "都取消了" in page
    assert "/cancel" not in page


async def test_names_are_written_and_mistakes_told(browser, group_id, foreman):
    wrong = await browser.submit(f"/groups/{group_id}/names", {"name-1": "韦大海", "name-3": "3号"})
    assert wrong.status_code == 422
    assert "韦大海" in wrong.text
    done = await browser.submit(f"/groups/{group_id}/names", {"name-1": "韦大海", "name-3": "覃三"})
    assert done.status_code == 303
    assert [seat.name for seat in (await queries.group_of(group_id, foreman)).seats] == ["韦大海", "黄丽华", "覃三"]


async def test_the_foreman_opens_the_ticket_of_one(browser, group_id, foreman, browser_of):
    seat = (await queries.group_of(group_id, foreman)).seats[0]
    page = await browser.open(f"/tickets/{seat.booking_id}")
    assert "1 号：韦大山" in page.text
    assert f'href="/groups/{group_id}"' in page.text
    assert (await browser.open(f"/tickets/{seat.booking_id}/move")).status_code == 200
    stranger = browser_of().use_session(await people.open_session(person_id=(await make_person()).id))
    assert (await stranger.open(f"/tickets/{seat.booking_id}")).status_code == 404


async def desk_of(station_id, browser_of):
    """A browser of the station's staff, signed in just now."""
    staff = await make_staff(Role.STAFF, station_id=station_id)
    return browser_of().use_session(await people.open_session(staff_id=staff.id))


async def test_the_desk_finds_the_group_by_its_code_and_checks_in_who_came(
    browser_of, offering, group_id, foreman, day
):
    code = (await GroupBooking.get(id=group_id)).code
    url = f"/desk/{offering.station_id}"
    seats = (await queries.group_of(group_id, foreman)).seats
    with clock.travel(clock.at(day, 535) - clock.now()):
        desk = await desk_of(offering.station_id, browser_of)
        sheet = await desk.open(url)
        assert f"{url}/groups/{group_id}" in sheet.text
        assert "韦大山" in sheet.text
        found = await desk.submit(f"{url}/check-in", {"code": f" {code.lower()} "})
        assert found.headers["location"] == f"{url}/groups/{group_id}"
        page = (await desk.open(found.headers["location"])).text
        assert "今天还要来 3 个人" in page
        nobody = await desk.submit(f"{url}/groups/{group_id}/check-in", {})
        assert nobody.status_code == 422
        two = [str(seat.booking_id) for seat in seats[:2]]
        done = await desk.submit(f"{url}/groups/{group_id}/check-in", {"place": two})
        page = (await desk.open(done.headers["location"])).text
        assert "签到了 2 个人" in page
        assert "今天还要来 1 个人" in page
        await desk.submit(f"{url}/groups/{group_id}/check-in", {"all": "true"})
    assert {booking.status for booking in await Booking.all()} == {Status.ARRIVED}


async def test_before_the_day_nobody_is_checked_in(browser_of, offering, group_id, foreman):
    desk = await desk_of(offering.station_id, browser_of)
    seats = (await queries.group_of(group_id, foreman)).seats
    url = f"/desk/{offering.station_id}/groups/{group_id}"
    assert "今天还要来" not in (await desk.open(url)).text
    await desk.submit(f"{url}/check-in", {"place": [str(seats[0].booking_id)]})
    assert {booking.status for booking in await Booking.all()} == {Status.CONFIRMED}


async def test_another_station_knows_nothing_of_the_group(group_id, beside, browser_of):
    desk = await desk_of(beside.station_id, browser_of)
    code = (await GroupBooking.get(id=group_id)).code
    assert (await desk.open(f"/desk/{beside.station_id}/groups/{group_id}")).status_code == 404
    assert "/groups/" not in (await desk.submit(f"/desk/{beside.station_id}/check-in", {"code": code})).text
