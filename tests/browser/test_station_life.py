"""A day that goes wrong at a desk, and a road home without a network, in Chromium on a phone."""

from datetime import timedelta

import pytest

from server.bookings.models import Booking, Slot
from server.bookings.service import book_slot
from server.bookings.slots import roll_slots
from server.kit import clock
from server.kit.ids import new_id
from server.kit.pictures import shrink
from server.people.models import Role
from server.stations import photos, routes
from server.stations.routes import RouteTerms
from tests.fixtures.bookings import make_offering
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.offline import kept
from tests.fixtures.people import GUANGXI, make_person, make_staff
from tests.fixtures.pictures import make_photo
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("live")


@pytest.fixture
async def station():
    """Open day and night, with a time every five minutes."""
    station = await make_station()
    await make_offering(station, capacity=2, minutes=5, horizon_days=2)
    await roll_slots()
    return station


async def next_time(station) -> Slot:
    """The next time of today; they come every five minutes."""
    soon = clock.now() + timedelta(minutes=1)
    return await Slot.filter(station_id=station.id, starts_at__gt=soon).order_by("starts_at").first()


@pytest.mark.parametrize("size", [PHONE, SCREEN])
@pytest.mark.parametrize("javascript", [True, False])
async def test_the_barber_is_sick_in_three_taps(open_page, station, make_staff_session, size, javascript):
    slot = await next_time(station)
    made = await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
    session = await make_staff_session(Role.MANAGER, station_id=station.id)
    page = await open_page(f"/desk/{station.id}", session=session, size=size, javascript=javascript)
    await page.get_by_role("link", name="今天有变").click()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="从现在起停办").click()
    await page.locator(".rows li").wait_for()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="换到最近的空位").click()
    await page.get_by_text("给 1 个人换了时间").wait_for()
    if javascript:
        await check_page(page)
    assert (await Booking.get(id=made.id)).starts_at > clock.at(clock.today(), 1440) - timedelta(seconds=1)


async def make_road() -> str:
    officer, today = await make_staff(Role.OFFICER), clock.today()
    terms = RouteTerms("肇庆回梧州", GUANGXI, today, today + timedelta(days=30), "321 国道")
    made = await routes.create_route(actor=officer, terms=terms)
    for number, name in enumerate(("端州", "德庆", "万秀")):
        stop = await make_station(name=f"{name}暖流服务点", at=(23.05 + 0.1 * number, 112.46 - 0.5 * number))
        await routes.add_stop(actor=officer, route_id=made, station=stop.external_id, km=90.0 * number)
    return f"/routes/{made}"


async def test_a_rider_sees_what_is_left_and_keeps_the_road(open_page):
    road = await make_road()
    position = {"latitude": 23.10, "longitude": 112.21}
    page = await open_page("/", geolocation=position, permissions=["geolocation"])
    await page.evaluate("navigator.serviceWorker.ready")
    await page.get_by_role("link", name="看暖流路线").click()
    await page.get_by_role("link", name="肇庆回梧州").click()
    await check_page(page)
    await page.get_by_role("button", name="我在哪儿").click()
    await page.locator("#ahead").wait_for()
    assert "德庆" in await page.locator(".ahead").inner_text()
    await check_page(page)
    for link in await page.locator(".strip a.button, .strip h3 a").all():
        assert (await link.bounding_box())["height"] >= 24
    await kept(page, road)
    await page.context.set_offline(True)
    await page.goto(road)
    await page.get_by_role("heading", name="万秀暖流服务点", exact=True).wait_for()
    assert await page.locator("html").get_attribute("data-kept")


async def test_photos_wait_until_one_scrolls_to_them(open_page, station):
    manager = await make_staff(Role.MANAGER)
    for number, colour in enumerate(("#a33", "#3a3", "#33a", "#aa3")):
        picture = shrink(make_photo((1600, 1200), colour))
        await photos.add_photo(actor=manager, station_id=station.id, picture=picture, words=f"照片 {number}")
    page = await open_page(f"/stations/{station.id}")
    await check_page(page)
    shown = page.locator(".photos img")
    assert await shown.count() == 4
    assert {await one.get_attribute("loading") for one in await shown.all()} == {"lazy"}


async def test_a_photo_from_a_phone(open_page, station, make_staff_session):
    session = await make_staff_session(Role.MANAGER, station_id=station.id)
    page = await open_page(f"/desk/{station.id}/plan/photos", session=session)
    photo = {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": make_photo((2400, 1800))}
    await page.get_by_label("照片", exact=True).set_input_files(photo)
    await page.get_by_label("照片里是什么").fill("大门朝东")
    await page.get_by_role("button", name="放上去").click()
    await page.get_by_role("img", name="大门朝东").wait_for()
    await check_page(page)
