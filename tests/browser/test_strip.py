"""A road's strip stays true while a rider looks at it, and asks for nothing out of sight."""

from __future__ import annotations

from playwright.async_api import Page, expect

from server.people.models import Role
from server.stations import routes
from server.stations.models import Station
from tests.browser.test_station_life import make_road
from tests.fixtures.browser import check_page
from tests.fixtures.people import make_staff

SHOW = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def say_full(*, full: bool) -> None:
    """Staff of the second stop press the button."""
    stop = await Station.get(name="德庆暖流服务点")
    staff = await make_staff(Role.STAFF, station_id=stop.id)
    await routes.say_full(actor=staff, station_id=stop.id, full=full)


async def watched(open_page) -> tuple[Page, list[str]]:
    """The strip in a browser whose clock the test moves, and what it asks for by itself."""
    road = await make_road()
    page = await open_page("/")
    await page.clock.install()
    await page.goto(f"{road}?at=1")
    asked: list[str] = []
    page.on("request", lambda request: "hx-request" in request.headers and asked.append(request.url))
    return page, asked


async def test_a_stop_that_fills_up_says_so_within_a_minute(live, open_page):
    assert live
    page, asked = await watched(open_page)
    stop = page.locator(".strip-stop").nth(1)
    await expect(stop).to_contain_text("能去")
    here = page.get_by_role("link", name="我在这里").nth(2)
    await here.focus()
    await say_full(full=True)
    await page.clock.run_for(59_000)
    assert asked == []
    await page.clock.run_for(1_000)
    await expect(stop).to_contain_text("满了")
    await expect(page.locator(".ahead")).to_contain_text("再下一个能去的：万秀")
    await expect(page.locator("[data-looked]")).to_contain_text("每分钟自己更新")
    await expect(here).to_be_focused()
    await say_full(full=False)
    await page.clock.run_for(60_000)
    await expect(stop).to_contain_text("能去")
    await check_page(page)


async def test_out_of_sight_nothing_is_asked_for(live, open_page):
    assert live
    page, asked = await watched(open_page)
    stop = page.locator(".strip-stop").nth(1)
    await page.evaluate(SHOW, arg=True)
    await say_full(full=True)
    await page.clock.run_for(10 * 60_000)
    assert asked == []
    await page.evaluate(SHOW, arg=False)
    await expect(stop).to_contain_text("满了")
    assert len(asked) == 1


async def test_coming_back_at_once_asks_for_nothing_more(live, open_page):
    assert live
    page, asked = await watched(open_page)
    for hidden in (True, False, True, False):
        await page.evaluate(SHOW, arg=hidden)
    await page.clock.run_for(30_000)
    assert asked == []
