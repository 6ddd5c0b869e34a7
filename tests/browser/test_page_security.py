"""In Chromium: no page breaks its own policy, and what somebody slips into one does nothing.

`open_page` fails a test for every complaint of the browser, which each refused script, style or sink is.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.app import create_app
from server.edge.access import Audience, handlers_of
from server.kit import clock
from server.people import service as people
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import SCREEN
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

SEEN_BY = {
    "visitor": {Audience.VISITOR},
    "worker": {Audience.VISITOR, Audience.WORKER},
    "manager": {Audience.STAFF, Audience.MANAGER},
    "reviewer": {Audience.REVIEWER},
    "officer": {Audience.OFFICER},
}
ROLES = {"manager": Role.MANAGER, "reviewer": Role.REVIEWER, "officer": Role.OFFICER}
NOT_PAGES = re.compile(r"^/(api|static|schema|health|metrics|sw\.js|manifest)|/live$|\.\w+$|/(template|export)")


@pytest.fixture
async def offering(live):
    assert live
    made = await make_offering(await make_station())
    await make_slot(made, starts_at=clock.at(clock.today() + timedelta(days=1), 9 * 60))
    return made


async def session_of(role):
    if role == "visitor":
        return ""
    if role == "worker":
        return await people.open_session(person_id=(await make_person()).id, device="test")
    return await people.open_session(staff_id=(await make_staff(ROLES[role])).id, device="test")


@pytest.mark.parametrize("role", SEEN_BY)
async def test_no_page_breaks_its_own_policy(offering, live, settings, open_page, role):
    given = {"station_id": offering.station_id, "offering_id": offering.id}
    paths = set()
    for path, method, handler in handlers_of(create_app(settings, live.database_url).routes):
        if method == "GET" and handler.opt["audiences"] & SEEN_BY[role] and not NOT_PAGES.search(path):
            filled = re.sub(r"\{(\w+)[^}]*\}", lambda name: str(given.get(name[1], name[0])), path)
            paths.add(filled)
    paths = sorted(path for path in paths if "{" not in path)
    assert paths
    page = await open_page("/settings", session=await session_of(role), size=SCREEN)
    for path in ["/stations?region=450103", *paths]:
        answer = await page.goto(path)
        assert answer.status < 500, path
        if answer.headers["content-type"].startswith("text/html"):
            await expect(page.locator("main")).to_be_visible()


async def test_what_is_slipped_into_a_page_does_nothing(offering, open_page):
    assert offering
    page = await open_page("/stations?region=450103")
    refused = await page.evaluate(
        """async () => {
          await new Promise((later) => setTimeout(later));  // what a debugger runs at once may do everything
          const tries = {
            eval: () => eval("1"),
            function: () => new Function("return 1")(),
            markup: () => { document.body.innerHTML = "<b>x</b>"; },
            script: () => { document.createElement("script").src = "/static/js/app.js"; },
            policy: () => trustedTypes.createPolicy("default", { createHTML: (s) => s }),
            again: () => trustedTypes.createPolicy("htmx", { createHTML: (s) => s }),
          };
          return Object.entries(tries).filter(([, go]) => {
            try { go(); return false; } catch { return true; }
          }).map(([name]) => name);
        }"""
    )
    assert refused == ["eval", "function", "markup", "script", "policy", "again"]
    page.complaints.clear()


async def test_htmx_serves_only_what_our_templates_wrote(offering, open_page):
    assert offering
    page = await open_page("/stations?region=450103")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate(
        """() => {
          const slipped = document.createElement("a");
          slipped.textContent = "slipped in";
          slipped.setAttribute("hx-post", "/sign-out");
          slipped.setAttribute("hx-trigger", "load");
          document.querySelector("main").append(slipped);
          window.htmx.process(slipped);
        }"""
    )
    slipped = page.get_by_text("slipped in")
    await expect(slipped).not_to_have_attribute("hx-post", "/sign-out")
    await page.locator(".chip", has_text="现在开门").click()
    await expect(page.locator(".chip[aria-current]")).to_have_count(1)
    assert not [url for url in asked if url.endswith("/sign-out")]
    page.complaints.clear()
