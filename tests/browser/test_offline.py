"""The app on the phone: what can be read without a network, how old it is, whose it is, how it is renewed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from server.bookings import desk
from server.bookings.schemas import BookingMade
from server.bookings.service import book_slot
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import OpenPage, check_page
from tests.fixtures.offline import gone, kept
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

LIST = "/stations?lat=22.81700&lng=108.36700&datum=wgs84"
ALL_KEPT = """async () => {
    const urls = [];
    for (const name of await caches.keys()) {
        for (const { url } of await (await caches.open(name)).keys()) urls.push(new URL(url).pathname);
    }
    return urls.filter((url) => !url.startsWith("/static/")).sort();
}"""


@pytest.fixture
async def offering(live):
    assert live
    return await make_offering(await make_station(), capacity=4)


@pytest.fixture
async def ticket(offering):
    """Somebody's booking of tomorrow, and his session."""
    person = await make_person()
    slot = await make_slot(offering, clock.at(clock.today() + timedelta(days=1), 600))
    booking = await book_slot(actor=person, slot_id=slot.id, request_key=new_id().hex)
    return booking, await people.open_session(person_id=person.id, device="test")


async def cut(page: Page) -> None:
    await page.context.set_offline(True)


async def tickets_without_a_network(booking: BookingMade, session: str, open_page: OpenPage) -> Page:
    """The list of bookings as the phone has it, and it has the ticket too."""
    page = await open_page("/tickets", session=session)
    await kept(page, "/tickets")
    await page.goto(f"/tickets/{booking.id}?new=1")
    await kept(page, f"/tickets/{booking.id}")
    await kept(page, f"/tickets/{booking.id}/qr.svg")
    await cut(page)
    await page.goto("/tickets")
    return page


async def test_the_last_list_and_the_stations_seen_can_be_read_without_a_network(offering, open_page):
    page = await open_page(LIST)
    await kept(page, "/stations")
    await page.goto(f"/stations/{offering.station_id}")
    await kept(page, f"/stations/{offering.station_id}")
    await cut(page)
    await page.goto("/")
    await expect(page.locator("[data-kept-line]")).to_contain_text("上次联网")
    await page.get_by_role("link", name="青秀凤岭工会驿站").click()
    await expect(page.get_by_role("heading", name="青秀凤岭工会驿站")).to_be_visible()
    await expect(page.locator("[data-kept-line]")).to_be_visible()
    await expect(page.get_by_role("link", name="12351")).to_be_visible()
    await check_page(page)


async def test_a_ticket_with_its_code_can_be_read_without_a_network(ticket, open_page):
    booking, session = ticket
    page = await tickets_without_a_network(booking, session, open_page)
    await page.locator(f"a[href='/tickets/{booking.id}']").click()
    assert (await page.locator(".code").inner_text()).replace(" ", "") == booking.code
    assert await page.locator(".qr img").evaluate("img => img.decode().then(() => img.naturalWidth > 0)")


async def test_a_network_that_comes_back_calls_no_tap_off(ticket, open_page):
    booking, session = ticket
    page = await tickets_without_a_network(booking, session, open_page)
    tapped = """(link) => {
        link.click();
        dispatchEvent(new Event("online"));
    }"""
    await page.locator(f"a[href='/tickets/{booking.id}']").evaluate(tapped)
    await expect(page.locator(".code")).to_be_visible()


async def test_the_kept_ticket_follows_what_the_open_page_heard(ticket, offering, open_page):
    booking, session = ticket
    page = await open_page(f"/tickets/{booking.id}", session=session)
    await kept(page, f"/tickets/{booking.id}")
    staff = await make_staff(station_id=offering.station_id)
    await desk.decline_booking(actor=staff, booking_id=booking.id, reason="师傅病了")
    await expect(page.locator("#ticket")).to_contain_text("师傅病了")
    changed = """async (path) => {
        const has = async () => (await (await caches.match(path, { ignoreVary: true }))?.text())?.includes("师傅病了");
        while (!(await has())) await new Promise(requestAnimationFrame);
    }"""
    await page.evaluate(changed, f"/tickets/{booking.id}")
    await cut(page)
    await page.reload()
    await expect(page.locator("#ticket")).to_contain_text("师傅病了")


async def test_what_was_never_seen_says_so_with_a_way_out(open_page):
    page = await open_page("/")
    await kept(page, "/")
    await cut(page)
    await page.goto("/membership")
    await expect(page.get_by_role("heading", name="现在没有网络")).to_be_visible()
    await expect(page.get_by_role("link", name="打工会热线 12351")).to_be_visible()
    await check_page(page)
    await page.context.set_offline(False)
    await page.get_by_role("link", name="再试一次").click()
    await expect(page.get_by_role("heading", name="现在没有网络")).to_have_count(0)


async def test_the_page_without_a_network_speaks_the_readers_language(open_page):
    page = await open_page("/settings")
    await kept(page, "/offline")
    await page.locator("[value=vi]").check()
    await page.get_by_role("button", name="就用这个").click()
    await page.wait_for_function("() => document.documentElement.lang === 'vi'")
    spoken = """async () => {
        const is = async () => (await (await caches.match("/offline")).text()).includes('lang="vi"');
        while (!(await is())) await new Promise(requestAnimationFrame);
    }"""
    await page.evaluate(spoken)


async def test_a_page_that_is_back_online_renews_itself(offering, open_page):
    page = await open_page(f"/stations/{offering.station_id}")
    await kept(page, f"/stations/{offering.station_id}")
    await cut(page)
    await page.reload()
    await expect(page.locator("[data-kept-line]")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator("[data-kept-line]")).to_be_hidden()


async def test_only_what_was_meant_is_kept(ticket, open_page):
    booking, session = ticket
    page = await open_page("/", session=session)
    for path in ("/me", "/settings", "/inbox", "/membership", f"/tickets/{booking.id}/move", LIST, "/tickets"):
        await page.goto(path)
    await kept(page, "/tickets")
    assert set(await page.evaluate(ALL_KEPT)) <= {"/", "/offline", "/stations", "/tickets"}


async def test_pages_of_the_desk_are_not_kept(offering, open_page):
    staff = await make_staff(station_id=offering.station_id)
    session = await people.open_session(staff_id=staff.id, device="test")
    page = await open_page("/desk/scan", session=session)
    await kept(page, "/desk/scan")
    for path in (f"/desk/{offering.station_id}", "/desk/inbox", "/desk/scan"):
        await page.goto(path)
    assert await page.evaluate(ALL_KEPT) == ["/desk/scan", "/desk/scan/revoked", "/offline"]


async def test_two_people_on_one_phone_never_see_each_others_pages(ticket, open_page):
    booking, session = ticket
    page = await open_page(f"/tickets/{booking.id}", session=session)
    await kept(page, f"/tickets/{booking.id}")
    other = await people.open_session(person_id=(await make_person()).id, device="test")
    await page.goto("/settings")
    await page.context.add_cookies([{"name": "nj_session", "value": other, "url": page.url}])
    await page.goto("/tickets")
    await gone(page, f"/tickets/{booking.id}")
    await cut(page)
    await page.goto(f"/tickets/{booking.id}")
    await expect(page.get_by_role("heading", name="现在没有网络")).to_be_visible()
    assert "青秀凤岭工会驿站" not in await page.content()


async def test_a_fragment_is_never_kept(offering, open_page):
    page = await open_page(LIST)
    await kept(page, "/stations")
    await page.evaluate("url => fetch(url, { headers: { 'HX-Request': 'true' } })", LIST)
    await page.evaluate("url => fetch(url, { headers: { 'HX-Request': 'true' } })", f"/stations/{offering.station_id}")
    shown = await page.evaluate("() => caches.match('/stations', { ignoreVary: true }).then((found) => found.text())")
    assert shown.startswith("<!doctype html>")
    assert f"/stations/{offering.station_id}" not in await page.evaluate(ALL_KEPT)


async def test_a_new_version_waits_and_takes_no_form_away(live, open_page):
    assert live
    # The policy would not let a test name another script; the app itself never does.
    page = await open_page("/sign-in", bypass_csp=True)
    await kept(page, "/offline")
    await page.reload()
    await page.locator("#phone").fill("138 0013 8000")
    await page.evaluate("() => navigator.serviceWorker.register('/sw.js?new').then(() => {})")
    update = page.locator("[data-update]")
    await expect(update).to_have_text("有新版本，点这里更新")
    await update.click()
    await expect(update).to_contain_text("您填的还没交")
    await expect(page.locator("#phone")).to_have_value("138 0013 8000")
    await page.reload()
    await expect(update).to_be_visible()
    async with page.expect_navigation():
        await update.click()
    version = await page.evaluate("() => navigator.serviceWorker.controller.scriptURL")
    assert version.endswith(("/sw.js", "/sw.js?new"))
    await check_page(page)


@pytest.mark.parametrize("installed", [True, False])
async def test_an_iphone_is_told_how_until_it_is_done(ticket, open_page, installed):
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
    page = await open_page("/settings", session=ticket[1], user_agent=safari)
    await page.context.add_init_script(f"navigator.standalone = {str(installed).lower()}")
    await page.goto("/me")
    await expect(page.get_by_text("再点“添加到主屏幕”")).to_be_visible(visible=not installed)
    await check_page(page)


async def test_how_to_put_it_on_the_phone_is_a_quiet_line(ticket, open_page):
    wechat = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile MicroMessenger/8.0.50"
    page = await open_page("/me", session=ticket[1], user_agent=wechat)
    await expect(page.locator("[data-install-wechat]")).to_contain_text("在浏览器打开")
    page = await open_page("/me", session=ticket[1])
    await expect(page.locator("[data-install]")).to_be_hidden()
    await page.evaluate("() => dispatchEvent(new Event('beforeinstallprompt', { cancelable: true }))")
    await expect(page.get_by_role("button", name="放到手机桌面")).to_be_visible()
    await check_page(page)


async def test_the_journey_works_without_a_service_worker(offering, open_page):
    page = await open_page(LIST, service_workers="block")
    await page.get_by_role("link", name="青秀凤岭工会驿站").click()
    await expect(page.get_by_role("heading", name="青秀凤岭工会驿站")).to_be_visible()
    assert offering
