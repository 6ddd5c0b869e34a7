"""The desk in a browser, as staff use it with a queue at the door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from server.bookings import desk as verbs
from server.bookings.models import Booking, ServiceKind, Status
from server.bookings.service import move_booking
from server.kit import clock
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.desk import Desk
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station


@pytest.fixture
async def desk(live) -> Desk:
    """A station on the live server, with a manager at its desk."""
    assert live
    station = await make_station()
    advice = await make_offering(station, service=ServiceKind.LEGAL_ADVICE, auto_confirm=False, capacity=9)
    haircut = await make_offering(station, capacity=9)
    staff = await make_staff(Role.MANAGER, station_id=station.id)
    return Desk(station, advice, haircut, None, staff, None)


@pytest.fixture
async def session(desk) -> str:
    return await people.open_session(staff_id=desk.staff.id, device="test")


def row(page: Page, booking):
    return page.locator(f"#row-{booking.id}")


async def connected(page: Page) -> None:
    await expect(page.locator(".live.on")).to_be_visible()


async def test_a_booking_made_elsewhere_appears_without_reload(desk, session, open_page):
    page = await open_page(desk.url, session=session)
    await connected(page)
    await page.evaluate("window.sameDocument = true")
    request = await desk.asked(name="韦姐")
    await expect(row(page, request)).to_contain_text("韦姐")
    await verbs.confirm_booking(actor=desk.staff, booking_id=request.id)
    await expect(page.locator("#awaiting")).to_have_count(0)
    assert await page.evaluate("window.sameDocument")


async def test_a_booking_that_moves_elsewhere_leaves_the_sheet(desk, session, open_page):
    booking = await desk.booked(at=clock.at(clock.today() + timedelta(days=1), 600))
    person = Actor("worker", (await Booking.get(id=booking.id)).person_id)
    elsewhere = await make_slot(await make_offering(), clock.at(clock.today() + timedelta(days=2), 600))
    page = await open_page(f"{desk.url}?day={clock.today() + timedelta(days=1)}", session=session)
    await connected(page)
    await expect(row(page, booking)).to_be_visible()
    await move_booking(actor=person, booking_id=booking.id, slot_id=elsewhere.id)
    await expect(row(page, booking)).to_have_count(0)


async def test_one_tap_confirms_and_one_takes_it_back(desk, session, open_page):
    request = await desk.asked()
    page = await open_page(desk.url, session=session)
    await row(page, request).get_by_role("button", name="确认").click()
    await expect(page.locator(".undo")).to_contain_text("已确认")
    assert await desk.status(request) is Status.CONFIRMED
    await page.locator(".undo").get_by_role("button").click()
    await expect(row(page, request).get_by_role("button", name="确认")).to_be_visible()
    assert await desk.status(request) is Status.REQUESTED


async def test_a_double_tap_is_one_step(desk, session, open_page):
    first, second = await desk.asked(), await desk.asked()
    page = await open_page(desk.url, session=session)
    # The second tap comes the very moment that the next row has moved up.
    await page.evaluate(
        """id => document.addEventListener("htmx:after:swap", (event) => {
            if (event.detail.ctx.request.method !== "POST") return;
            const next = document.querySelector(`#row-${id} button`);
            next.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 2 }));
        })""",
        str(second.id),
    )
    await row(page, first).get_by_role("button", name="确认").click()
    await expect(page.locator(".undo")).to_contain_text("已确认")
    await page.reload()
    await expect(row(page, second).get_by_role("button", name="确认")).to_be_visible()
    assert await desk.status(second) is Status.REQUESTED


async def test_what_is_being_typed_survives_what_others_do(desk, session, open_page):
    first, second = await desk.asked(), await desk.asked()
    page = await open_page(desk.url, session=session)
    await connected(page)
    await row(page, second).locator("summary").click()
    reason = row(page, second).get_by_label("告诉对方为什么")
    await reason.fill("师傅今天")
    await verbs.confirm_booking(actor=desk.staff, booking_id=first.id)
    await expect(row(page, first)).to_have_count(0)
    await page.keyboard.type("病了")
    await expect(reason).to_have_value("师傅今天病了")
    await page.keyboard.press("Enter")
    await expect(page.locator(".undo")).to_contain_text("已婉拒")
    assert await desk.status(second) is Status.DECLINED


async def test_a_refused_reason_stays_at_its_row(desk, session, open_page):
    request = await desk.asked()
    page = await open_page(desk.url, session=session)
    await row(page, request).locator("summary").click()
    await row(page, request).get_by_role("button", name="婉拒并告诉对方").click()
    await expect(row(page, request).locator(".error")).to_contain_text("请写一句理由")
    await row(page, request).get_by_label("告诉对方为什么").fill("师傅病了")
    await row(page, request).get_by_role("button", name="婉拒并告诉对方").click()
    await expect(page.locator(".undo")).to_contain_text("已婉拒")


async def test_who_was_slower_sees_who_was_faster(desk, session, open_page):
    request = await desk.asked()
    page = await open_page(desk.url, session=session, javascript=False)
    colleague = await make_staff(Role.STAFF, station_id=desk.station.id)
    await verbs.confirm_booking(actor=colleague, booking_id=request.id)
    await row(page, request).get_by_role("button", name="确认").click()
    await expect(page.locator("#flash")).to_contain_text("小王已经确认了这个预约")


async def test_one_ticket_after_another(desk, session, open_page):
    first, second = await desk.booked(name="李师傅"), await desk.booked()
    page = await open_page(desk.url, session=session, size=SCREEN)
    code = page.locator("#code")
    await expect(code).to_be_focused()
    for booking in (first, second):
        await page.keyboard.type(booking.code)
        await page.keyboard.press("Enter")
        await expect(row(page, booking)).to_contain_text("已签到")
        await expect(code).to_have_value("")
        await expect(code).to_be_focused()
    await page.keyboard.type("ZZZZZZ")
    await page.keyboard.press("Enter")
    await expect(page.locator("#flash")).to_contain_text("没有这个号")
    await page.keyboard.type(first.code)
    await expect(code).to_have_value(first.code)
    await page.keyboard.press("Enter")
    await expect(page.locator("#flash")).to_contain_text("已经签过到了")


async def test_the_sheet_comes_back_after_the_line_was_down(desk, session, open_page):
    page = await open_page(desk.url, session=session)
    await connected(page)
    await page.context.set_offline(True)
    await page.evaluate("htmx.find('#live')._htmx.sse.reader.cancel()")
    await expect(page.locator(".live.off")).to_be_visible()
    request = await desk.asked()
    await page.context.set_offline(False)
    await expect(row(page, request)).to_be_visible(timeout=15_000)
    await connected(page)


async def test_a_tap_that_is_not_sent_says_so(desk, session, open_page):
    request = await desk.asked()
    page = await open_page(desk.url, session=session)
    await page.context.set_offline(True)
    await row(page, request).get_by_role("button", name="确认").click()
    await expect(page.locator("#unsent")).to_be_visible()
    await page.context.set_offline(False)
    await row(page, request).get_by_role("button", name="确认").click()
    await expect(page.locator(".undo")).to_contain_text("已确认")
    await expect(page.locator("#unsent")).to_be_hidden()


async def test_a_refusal_without_a_sheet_leaves_the_sheet(desk, session, open_page):
    request = await desk.asked()
    page = await open_page(desk.url, session=session)
    form = row(page, request).locator("form").first
    await form.locator("[name=_csrf]").evaluate("field => field.value = 'old'")
    await form.get_by_role("button").click()
    await expect(page.locator("#flash")).to_contain_text("页面放得太久了")
    await expect(row(page, request)).to_be_visible()


async def test_without_javascript_every_step_is_a_form(desk, session, open_page):
    request, booking = await desk.asked(), await desk.booked()
    page = await open_page(desk.url, session=session, javascript=False)
    await row(page, request).get_by_role("button", name="确认").click()
    await expect(page.locator(".undo")).to_contain_text("已确认")
    await page.get_by_role("button", name="撤回").click()
    await expect(row(page, request).get_by_role("button", name="确认")).to_be_visible()
    await page.locator("#code").fill(booking.code)
    await page.get_by_role("button", name="签到", exact=True).first.click()
    await expect(row(page, booking)).to_contain_text("已签到")


async def test_a_manager_closes_a_day_and_sees_whom_it_touches(desk, session, open_page):
    day = clock.today() + timedelta(days=3)
    await desk.booked(at=clock.at(day, 600), name="韦姐")
    page = await open_page(f"{desk.url}/plan", session=session)
    await page.get_by_role("link", name="安排关门或特别开放").click()
    await page.get_by_label("从哪天").fill(day.isoformat())
    await page.get_by_label("原因").fill("停电检修")
    await check_page(page)
    await page.get_by_role("button", name="看看会影响谁").click()
    await expect(page.locator("main")).to_contain_text("韦姐")
    await check_page(page)
    await page.get_by_role("button", name="改，只告诉他们").click()
    await expect(page.locator("main")).to_contain_text("改好了")
    await page.locator("article summary").click()
    await page.get_by_role("button", name="站点临时有事关门").click()
    await expect(page.locator("main")).to_contain_text("取消了，对方会收到消息")


@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "screen"])
async def test_every_page_of_the_desk_is_accessible(desk, session, open_page, size):
    await desk.asked(name="韦姐")
    await desk.asked(at=clock.now().replace(second=0, microsecond=0) + timedelta(hours=1))
    await desk.booked(name="阿布都热合曼·买买提")
    page = await open_page(desk.url, session=session, size=size)
    await connected(page)
    await check_page(page)
    await page.locator("#awaiting summary").first.click()
    await page.locator("details.no-print > summary").click()
    await check_page(page)
    paths = ("?q=0000", "?day=2027-01-02", "/print", "/plan", "/plan/hours", "/plan/days", "/plan/offerings/new")
    for path in (*paths, f"/plan/offerings/{desk.haircut.id}", f"/plan/offerings/{desk.haircut.id}/hours"):
        await page.goto(desk.url + path)
        await check_page(page)


async def test_staff_of_several_stations_choose_one(desk, open_page):
    await make_station(name="柳州驿站", region_code=450202)
    officer = await make_staff(Role.OFFICER)
    page = await open_page("/desk", session=await people.open_session(staff_id=officer.id, device="test"))
    await check_page(page)
    await page.get_by_role("link", name=desk.station.name).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(desk.station.name)
