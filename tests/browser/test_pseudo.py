"""In a language two fifths longer than English, on the narrowest phone, nothing runs out of its page."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from server.bookings import service as bookings
from server.edge import i18n
from server.edge.sessions import COOKIE
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.http import ORIGIN
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

NARROW = {"width": 320, "height": 640}
DESK = {"width": 1366, "height": 768}


@pytest.fixture
async def open_inside(app, chromium, pseudo_language):
    """A page of Chromium whose every request is answered by this process, which speaks that language."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as client:

        async def answer(route):
            request = route.request
            got = await client.request(request.method, request.url, headers=await request.all_headers())
            headers = {name: value for name, value in got.headers.items() if name != "content-encoding"}
            await route.fulfill(status=got.status_code, headers=headers, body=got.content)

        async def make(session, viewport):
            context = await chromium.new_context(viewport=viewport, base_url=ORIGIN, service_workers="block")
            cookies = {i18n.COOKIE: pseudo_language, COOKIE: session}
            await context.add_cookies(
                [{"name": name, "value": value, "url": ORIGIN} for name, value in cookies.items()]
            )
            await context.route("**/*", answer)
            return await context.new_page()

        yield make


async def wider(page, paths):
    """The pages that are wider than their screen, and what runs out of them."""
    found = {}
    for path in paths:
        await page.goto(path)
        await page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
        assert "[" in await page.locator("main").inner_text(), path
        runs_out = await page.evaluate(RUNS_OUT)
        if runs_out:
            found[path] = runs_out
    return found


RUNS_OUT = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll-x, .days, svg"))
    .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 30)}`);
}"""


async def test_workers_pages_hold_long_words(open_inside):
    station = await make_station()
    offering = await make_offering(station, capacity=4)
    slot = await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 9 * 60))
    other = await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 15 * 60))
    worker = await make_person()
    made = await bookings.book_slot(actor=worker, slot_id=slot.id, request_key=new_id().hex)
    paths = ["/", "/stations?region=450103", f"/stations/{station.id}", "/regions", f"/book/{offering.id}"]
    paths += [f"/book/slots/{other.id}", "/tickets", f"/tickets/{made.id}", "/inbox", "/me", "/settings", "/join"]
    paths += ["/me/data", "/me/phone", "/offline", "/style", "/no-such-page"]
    page = await open_inside(await people.open_session(person_id=worker.id, device="test"), NARROW)
    found = await wider(page, paths)
    assert not found, "\n".join(f"{path}: {one}" for path, all_of_it in found.items() for one in all_of_it)


@pytest.mark.parametrize("viewport", [NARROW, DESK], ids=["phone", "screen"])
async def test_staffs_pages_hold_long_words(open_inside, viewport):
    station = await make_station()
    await make_offering(station)
    staff = await make_staff(Role.MANAGER)
    page = await open_inside(await people.open_session(staff_id=staff.id, device="test"), viewport)
    found = await wider(page, [f"/desk/{station.id}", "/desk/inbox", f"/desk/{station.id}/plan"])
    assert not found, "\n".join(f"{path}: {one}" for path, all_of_it in found.items() for one in all_of_it)
