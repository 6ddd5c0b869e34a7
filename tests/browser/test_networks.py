"""Slow and lost lines on a phone: every wait is said, and what was typed stays until it has arrived.

Without a service worker: it is not always there, and the tests of the app on the phone have it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.bookings.models import Booking
from server.kit import clock
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import check_page
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

PHONE = "138 0013 8000"


@pytest.fixture
async def slot(live):
    assert live
    offering = await make_offering(await make_station(), capacity=4, auto_confirm=False)
    return await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 9 * 60))


@pytest.fixture
async def session(live):
    assert live
    return await people.open_session(person_id=(await make_person()).id, device="test")


class Line:
    """The road to the server, which a test holds up, cuts and mends."""

    def __init__(self, page, pattern="**/*"):
        self.page, self.pattern = page, pattern
        self.held = asyncio.Event()
        self.requests = 0

    async def hold(self):
        """Answers do not come until `let_go`."""

        async def wait(route):
            self.requests += 1
            await self.held.wait()
            await route.continue_()

        await self.page.route(self.pattern, wait)

    async def let_go(self):
        self.held.set()

    async def cut(self):
        await self.page.route(self.pattern, lambda route: route.abort("connectionfailed"))

    async def mend(self):
        await self.page.unroute_all(behavior="wait")


async def test_a_lost_form_keeps_what_was_typed_and_goes_out_again(open_page):
    page = await open_page("/sign-in", service_workers="block")
    line = Line(page)
    await page.get_by_label("手机号").fill(PHONE)
    await line.cut()
    await page.get_by_role("button", name="拿验证码").click()
    await expect(page.get_by_role("alert")).to_contain_text("没连上网络")
    await expect(page.get_by_role("button", name="再试一次")).to_be_focused()
    await expect(page.get_by_label("手机号")).to_have_value(PHONE)
    await check_page(page)
    await line.mend()
    await page.get_by_role("button", name="再试一次").click()
    await expect(page.get_by_label("短信里的 6 位数字")).to_be_visible()
    await expect(page.get_by_text("没连上网络")).to_be_hidden()


async def test_a_booking_whose_answer_was_lost_is_made_once(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session, service_workers="block")
    reached = asyncio.Event()

    async def lose_the_answer(route):
        await route.fetch(max_redirects=0)
        reached.set()
        await route.abort("connectionreset")

    await page.route("**/book/**", lose_the_answer)
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_role("button", name="现在就发")).to_be_visible()
    assert reached.is_set()
    await page.unroute_all(behavior="wait")
    await page.get_by_role("button", name="现在就发").click()
    await expect(page.locator("#state")).to_have_text("等站点确认")
    assert await Booking.all().count() == 1


async def test_a_slow_form_says_so_and_a_second_tap_changes_nothing(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session, service_workers="block")
    line = Line(page, "**/book/**")
    await line.hold()
    button = page.get_by_role("button", name="确认预约")
    await button.click()
    await expect(page.get_by_role("status").filter(has_text="网络慢")).to_be_visible()
    await expect(button).to_have_attribute("aria-busy", "true")
    await expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    await button.click()
    await check_page(page)
    await line.let_go()
    await expect(page.locator("#state")).to_have_text("等站点确认")
    assert line.requests == 1
    assert await Booking.all().count() == 1


async def test_a_slow_page_says_that_it_is_coming(open_page):
    page = await open_page("/", service_workers="block")
    line = Line(page, "**/regions*")
    await line.hold()
    told: asyncio.Queue[str] = asyncio.Queue()

    async def tell(words):
        await told.put(words)

    # A page that is about to leave cannot be asked any more: it tells.
    await page.expose_function("tell", tell)
    await page.evaluate(
        """() => {
          const line = document.querySelector("[data-slow]");
          new MutationObserver(() => window.tell(line.textContent)).observe(line, {childList: true});
        }"""
    )
    await page.get_by_role("link", name="选地区").click(no_wait_after=True)
    assert await told.get() == "网络慢，正在打开…"
    await line.let_go()
    await page.wait_for_url("**/regions*")
    await expect(page.get_by_text("网络慢，正在打开…")).to_be_hidden()


async def test_a_lost_filter_is_tried_again_by_one_tap(slot, open_page):
    assert slot
    page = await open_page("/stations?region=450103", service_workers="block")
    line = Line(page, "**/stations*")
    await line.cut()
    chip = page.get_by_role("link", name="现在开门")
    await chip.click()
    await expect(page.get_by_text("没连上网络")).to_be_visible()
    await line.mend()
    await page.get_by_role("button", name="再试一次").click()
    await expect(chip).to_have_attribute("aria-current", "true")


async def test_without_any_network_a_link_says_so_and_leaves_the_page(open_page):
    page = await open_page("/", service_workers="block")
    await page.context.set_offline(True)
    await page.get_by_role("link", name="我的预约").click()
    await expect(page.get_by_role("alert")).to_contain_text("手机现在没有网")
    await page.context.set_offline(False)
    await page.wait_for_function("navigator.onLine")
    await page.get_by_role("button", name="再试一次").click()
    await expect(page.get_by_label("手机号")).to_be_visible()
