"""Inside WeChat: nothing that it cannot do is offered without the way around it, and shared links have a face."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import expect

from server.bookings import service as bookings
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import check_page
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; V2314A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 "
    "Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 NetType/4G"
)
WAY_OUT = "在浏览器打开"


@pytest.fixture
async def ticket(live):
    """A worker's session, their ticket and its station."""
    assert live
    worker = await make_person()
    offering = await make_offering(await make_station())
    slot = await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 9 * 60))
    made = await bookings.book_slot(actor=worker, slot_id=slot.id, request_key=new_id().hex)
    session = await people.open_session(person_id=worker.id, device="test")
    return {"session": session, "path": f"/tickets/{made.id}", "station": f"/stations/{offering.station_id}"}


async def links_to_maps(page):
    hrefs = await page.locator("a[href*=map], a[href*='amap'], a[href^='geo:']").evaluate_all(
        "links => links.map((link) => link.href)"
    )
    return [urlsplit(href).netloc or "geo" for href in hrefs if not href.startswith("http://localhost")]


async def test_maps_begin_with_the_one_that_opens_there(ticket, open_page):
    page = await open_page(ticket["station"], user_agent=WECHAT)
    assert await links_to_maps(page) == ["apis.map.qq.com", "uri.amap.com", "api.map.baidu.com"]
    await expect(page.get_by_text(WAY_OUT)).to_be_visible()
    await check_page(page)


async def test_elsewhere_the_phones_own_map_is_there(ticket, open_page):
    page = await open_page(ticket["station"])
    assert await links_to_maps(page) == ["uri.amap.com", "apis.map.qq.com", "api.map.baidu.com", "geo"]
    await expect(page.get_by_text(WAY_OUT)).to_have_count(0)


@pytest.mark.parametrize("path", ["ticket", "/me/data"])
async def test_a_file_comes_with_the_way_to_the_browser(ticket, open_page, path):
    path = ticket["path"] if path == "ticket" else path
    page = await open_page(path, session=ticket["session"], user_agent=WECHAT)
    await expect(page.locator(".way-out")).to_contain_text(WAY_OUT)
    await check_page(page)
    page = await open_page(path, session=ticket["session"])
    await expect(page.locator(".way-out")).to_have_count(0)


async def test_a_refused_location_has_two_ways_on(live, open_page):
    assert live
    page = await open_page("/", user_agent=WECHAT, permissions=[])
    await page.locator("[data-locate]").click()
    await expect(page.get_by_role("status").filter(has_text="微信没有给定位")).to_contain_text(WAY_OUT)
    await page.get_by_role("link", name="选地区").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("地区")


@pytest.mark.parametrize("path", ["/", "/stations?region=450103", "station", "/regions", "/sign-in", "/join"])
async def test_a_shared_link_has_a_face(ticket, live, path):
    async with httpx.AsyncClient(base_url=live.url, headers={"User-Agent": WECHAT}, follow_redirects=True) as client:
        text = (await client.get(ticket["station"] if path == "station" else path)).text
        said = dict(re.findall(r'<meta (?:property|name)="([\w:-]+)" content="([^"]*)"', text))
        picture = await client.get(said["og:image"])
    assert said["og:title"]
    assert len(said["og:description"]) > 10
    assert said["description"] == said["og:description"]
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cross-origin-resource-policy"] == "cross-origin"
    width, height = (int.from_bytes(picture.content[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (int(said["og:image:width"]), int(said["og:image:height"])) == (1200, 630)
    assert len(picture.content) < 60_000
