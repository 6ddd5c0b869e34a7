"""Every page there is, looked at in every mode: no violation of axe's rules, nothing wider than its screen."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe

from server.edge.access import handlers_of
from tests.fixtures.browser import PHONE, SCREEN
from tests.shots.book import Mode, by_reader, context_for, visit
from tests.shots.pages import PAGES, is_page
from tests.shots.world import made_places, make_world

WORKER, STAFF = ("worker",), ("staff",)
LOOKS = (
    Mode("light", PHONE, faces=WORKER),
    Mode("large", PHONE, large=True, faces=WORKER),
    Mode("light", SCREEN, faces=STAFF),
    Mode("large", SCREEN, large=True, faces=STAFF),
)
RULES = {"resultTypes": ["violations"]}
OPEN = "for (const box of document.querySelectorAll('main details')) box.open = true"
WIDER = "document.documentElement.scrollWidth - innerWidth"


async def test_no_page_is_missing_from_the_book(app):
    routes = {path for path, method, _ in handlers_of(app.routes) if method == "GET" and is_page(path)}
    assert routes == {shown.route for shown in PAGES if shown.route}


def test_every_picture_has_a_name_of_its_own():
    names = [shown.name for shown in PAGES]
    assert len(set(names)) == len(names)


async def wrong_with(page):
    """What is wrong with a page as it is shown."""
    results = await Axe().run(page, options=RULES)
    found = [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in results.response["violations"]]
    wider = await page.evaluate(WIDER)
    return found + [f"{wider} pixels wider than the screen"] * (wider > 0)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.faces[0]}-{look.name}")
async def test_every_page_is_right_in_every_mode(live, chromium, look):
    world = await make_world(await made_places())
    wrong = []

    def hear(error):
        wrong.append(str(error))

    for who, pages in by_reader(look).items():
        context = await context_for(chromium, live.url, look, world.sessions.get(who, ""))
        page = await context.new_page()
        page.on("pageerror", hear)
        for shown in pages:
            await page.emulate_media(color_scheme="light")
            await visit(page, shown, world.ids)
            await page.evaluate(OPEN)
            wrong += [f"{shown.name}: {what}" for what in await wrong_with(page)]
            if not look.large:
                await page.emulate_media(color_scheme="dark")
                wrong += [f"{shown.name} in the dark: {what}" for what in await wrong_with(page)]
        await context.close()
    assert not wrong, "\n".join(wrong)
