"""A worker on a phone: find, book, see the ticket; with scripts and without."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.bookings import desk, service
from server.bookings.models import ServiceKind
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import check_page
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

HERE = {"latitude": 22.8170, "longitude": 108.3670}
PHONE = "138 0013 8000"


@pytest.fixture
async def offering(live):
    assert live
    station = await make_station()
    made = await make_offering(station, capacity=4, auto_confirm=False)
    for hour in (9, 10, 15, 19):
        await make_slot(made, starts_at=clock.at(clock.today() + timedelta(days=1), hour * 60))
    return made


@pytest.fixture
async def worker(live):
    assert live
    return await make_person()


@pytest.fixture
async def session(worker):
    return await people.open_session(person_id=worker.id, device="test")


class Taps:
    """Counts what a thumb does."""

    def __init__(self, page):
        self.page, self.count = page, 0

    async def on(self, target):
        self.count += 1
        await target.click()


async def first_slot(offering):
    return await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 11 * 60))


async def request_of(worker, offering):
    slot = await first_slot(offering)
    return await service.book_slot(actor=worker, slot_id=slot.id, request_key=new_id().hex)


async def test_first_time_in_five_taps(offering, open_page):
    page = await open_page("/", geolocation=HERE, permissions=["geolocation"])
    await check_page(page)
    await page.locator("[data-locate]").click()
    await page.wait_for_url("**lat=**")
    await check_page(page)
    taps = Taps(page)
    await taps.on(page.locator(f'a[href^="/book/{offering.id}"]').first)
    await check_page(page)
    await taps.on(page.locator(".time").first)
    await check_page(page)
    await page.get_by_label("手机号").fill(PHONE)
    await taps.on(page.get_by_role("button", name="下一步"))
    code = await page.locator(".demo-code strong").inner_text()
    await check_page(page)
    await page.get_by_label("短信里的 6 位数字").fill(code)
    await taps.on(page.get_by_role("button", name="确认预约"))
    await expect(page.locator("#state")).to_have_text("等站点确认")
    await check_page(page)
    assert taps.count <= 5


@pytest.mark.parametrize("javascript", [True, False])
async def test_returning_in_four_taps_and_no_typing(offering, session, open_page, javascript):
    page = await open_page("/stations?region=450103", session=session, javascript=javascript)
    taps = Taps(page)
    await taps.on(page.locator(f'a[href^="/book/{offering.id}"]').first)
    await taps.on(page.locator(".time").nth(1))
    await taps.on(page.get_by_role("button", name="确认预约"))
    await expect(page.locator("#state")).to_have_text("等站点确认")
    assert taps.count <= 4


@pytest.mark.parametrize(
    "without", [{"javascript": False}, {"service_workers": "block"}], ids=["scripts", "service worker"]
)
async def test_the_whole_journey_without(offering, open_page, without):
    page = await open_page("/stations?region=450103", **without)
    await page.locator(f'a[href^="/book/{offering.id}"]').first.click()
    await page.locator(".time").first.click()
    await page.get_by_label("手机号").fill(PHONE)
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_label("短信里的 6 位数字").fill(await page.locator(".demo-code strong").inner_text())
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.locator("#state")).to_have_text("等站点确认")
    await page.get_by_role("link", name="改时间").click()
    await page.locator(".time", has_text="19:00").click()
    await page.get_by_role("button", name="就改到这个时间").click()
    await expect(page.locator(".ticket-when")).to_contain_text("7 点")
    await page.get_by_text("去不了，要取消").click()
    await page.get_by_role("button", name="取消这个预约").click()
    await expect(page.locator("#state")).to_have_text("取消了")
    await page.get_by_role("button", name="撤回").click()
    await expect(page.locator("#state")).to_have_text("等站点确认")


async def test_the_desks_answer_shows_by_itself(offering, worker, session, open_page):
    made = await request_of(worker, offering)
    page = await open_page(f"/tickets/{made.id}", session=session)
    await expect(page.locator("#state")).to_have_text("等站点确认")
    await desk.confirm_booking(actor=await make_staff(), booking_id=made.id)
    await expect(page.locator("#state")).to_have_text("约好了")
    await check_page(page)


async def test_cancel_and_take_it_back(offering, worker, session, open_page):
    made = await request_of(worker, offering)
    page = await open_page(f"/tickets/{made.id}", session=session)
    await page.get_by_text("去不了，要取消").click()
    await page.get_by_role("button", name="取消这个预约").click()
    await expect(page.locator("#state")).to_have_text("取消了")
    await check_page(page)
    await page.get_by_role("button", name="撤回").click()
    await expect(page.locator("#state")).to_have_text("等站点确认")


async def test_another_time_keeps_the_ticket(offering, worker, session, open_page):
    made = await request_of(worker, offering)
    page = await open_page(f"/tickets/{made.id}", session=session)
    code = await page.locator(".code").inner_text()
    await page.get_by_role("link", name="改时间").click()
    await page.locator(".time", has_text="19:00").click()
    await check_page(page)
    await page.get_by_role("button", name="就改到这个时间").click()
    await expect(page.locator(".ticket-when")).to_contain_text("7 点")
    assert await page.locator(".code").inner_text() == code


async def test_a_full_time_leads_to_others(offering, open_page):
    slot = await first_slot(offering)
    for _ in range(4):
        await service.book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
    page = await open_page(f"/book/slots/{slot.id}")
    await expect(page.get_by_text("刚刚约满了")).to_be_visible()
    await check_page(page)
    await page.locator(".offer").first.click()
    await expect(page.get_by_label("手机号")).to_be_visible()


async def test_a_mistake_is_named_and_nothing_typed_is_lost(offering, open_page):
    page = await open_page(f"/book/{offering.id}")
    await page.locator(".time").first.click()
    await page.get_by_label("手机号").fill("1380013")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator(".errors")).to_be_focused()
    await expect(page.get_by_label("手机号")).to_have_value("1380013")
    await check_page(page)


@pytest.mark.parametrize("path", ["/tickets", "/inbox", "/me", "/settings", "/regions", "/no-such-page"])
async def test_other_pages_are_accessible(offering, worker, session, open_page, path):
    await request_of(worker, offering)
    page = await open_page(path, session=session)
    await check_page(page)


@pytest.mark.parametrize("look", ["dark", "large"])
async def test_dark_and_large_are_accessible(offering, worker, session, open_page, look):
    made = await request_of(worker, offering)
    await make_offering(await make_station(), service=ServiceKind.FILM)
    page = await open_page("/settings", session=session, color_scheme="dark" if look == "dark" else "light")
    if look == "large":
        await page.context.add_cookies([{"name": "nj_text", "value": "large", "url": page.url}])
    for path in ("/", "/stations?region=450103", f"/book/{offering.id}", f"/tickets/{made.id}", "/style"):
        await page.goto(path)
        await check_page(page)


@pytest.mark.parametrize("path", ["/sign-in", "/staff/sign-in", "/style"])
async def test_pages_before_signing_in_are_accessible(live, open_page, path):
    assert live
    await check_page(await open_page(path))
