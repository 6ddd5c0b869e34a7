"""A station's week and month in Chromium, on a phone and a screen: read at a glance, a day is one tap."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.bookings.models import ServiceKind, Slot
from server.kit import clock
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station


@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_from_the_day_to_the_month_and_to_another_day(open_page, size):
    station = await make_station(name="南宁职工之家")
    staff = await make_staff(station_id=station.id)
    token = await people.open_session(staff_id=staff.id, device="test")
    haircut = await make_offering(station, capacity=40)
    advice = await make_offering(station, service=ServiceKind.LEGAL_ADVICE, capacity=10)
    busy = (clock.today().replace(day=1) + timedelta(days=40)).replace(day=15)
    for offering, taken in ((haircut, 40), (advice, 7)):
        slot = await make_slot(offering, clock.at(busy, 600))
        await Slot.filter(id=slot.id).update(taken=taken)

    page = await open_page(f"/desk/{station.id}?day={busy.isoformat()}", session=token, size=size, javascript=False)
    await expect(page.get_by_text("已约满 94%")).to_be_visible()
    await page.get_by_role("link", name="一周").click()
    await expect(page.get_by_text("理发 40/40")).to_be_visible()
    await expect(page.get_by_text("快满了")).to_be_visible()
    await page.get_by_role("link", name="一个月").click()
    await expect(page.get_by_text("已约 47")).to_be_visible()
    await page.get_by_role("link", name="往前").click()
    await expect(page.get_by_text("没有可约的时段")).to_be_visible()
    await page.get_by_role("link", name="往后").click()
    await page.locator(".month .day").filter(has_text="94%").click()
    await expect(page.get_by_role("heading", name="15")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, SCREEN])
@pytest.mark.parametrize("reach", ["week", "month"])
async def test_anybody_can_read_it(open_page, size, reach):
    station = await make_station()
    staff = await make_staff(station_id=station.id)
    token = await people.open_session(staff_id=staff.id, device="test")
    slot = await make_slot(await make_offering(station, capacity=200), clock.at(clock.today(), 600))
    await Slot.filter(id=slot.id).update(taken=186)
    page = await open_page(f"/desk/{station.id}/{reach}", session=token, size=size)
    await check_page(page)
    await page.goto(f"/desk/{station.id}/{reach}?service=film")
    await check_page(page)
