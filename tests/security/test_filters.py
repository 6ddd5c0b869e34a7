"""SQL through filters, orders and places in a list: whatever an address asks is a value, and a page answers."""

from __future__ import annotations

import random
import time

import pytest
from litestar.handlers import HTTPRouteHandler

from server.edge.access import handlers_of
from server.edge.sessions import COOKIE
from tests.fixtures.world import World, make_world
from tests.security.test_forms import MARKUP, NASTY, fields_of, made_for, seat_of
from tests.test_scopes import filled

SLEEP_SECONDS = 20
LONGEST = 300  # of a value in an address
INJECTED = [
    f"' OR pg_sleep({SLEEP_SECONDS}) IS NULL --",
    f"1; SELECT pg_sleep({SLEEP_SECONDS})",
    f"') UNION SELECT pg_sleep({SLEEP_SECONDS})::text --",
    f"id; SELECT pg_sleep({SLEEP_SECONDS}) --",
    "' OR '1'='1",
    "%' OR 1=1 --",
    "name DESC, (SELECT 1/0)",
    "$1",
    "1~01890000-0000-7000-8000-000000000000'--",
]


@pytest.fixture
async def world(app, browser_of) -> World:
    assert app
    return await make_world(browser_of)


@pytest.mark.parametrize("turn", range(4))
async def test_no_filter_reaches_the_database_as_sql(app, world, turn):
    dice, wrong = random.Random(turn), []
    for path, method, handler in handlers_of(app.routes):
        names = asked_by(handler)
        if method != "GET" or path.endswith("/live") or not names:
            continue
        route = f"GET {path}"
        made = await made_for(world, route)
        values = {name: dice.choice(INJECTED if turn % 2 else NASTY)[:LONGEST] for name in names}
        site, began = world.callers[seat_of(route, handler, 0)], time.monotonic()
        answer = await site.open(filled(path, made), params=values)
        faults = {
            f"broke with {answer.status_code}": answer.status_code >= 500,
            "slept": time.monotonic() - began > SLEEP_SECONDS,
            "markup": MARKUP.search(answer.text) and "html" in answer.headers.get("content-type", ""),
        }
        wrong += [f"{route} {fault}: {values!r}" for fault, found in faults.items() if found]
    assert not wrong, "\n".join(wrong)


def asked_by(handler: HTTPRouteHandler) -> list[str]:
    """The parameters of a program's address, or all that a page's file reads by name."""
    named = set(handler.parsed_fn_signature.parameters) - {"request", "data"}
    return sorted(named | set(fields_of(handler.fn.__module__)))


async def test_a_nul_is_refused_in_words(world):
    """No database keeps it: programs are told that it is wrong, and pages leave it out."""
    owner = world.callers["owner"].client
    token = owner.cookies[COOKIE]
    drafts = {"poster": "7K\0"}, {"work": {"region_code": 450103, "employer": "\0"}}
    for draft in drafts:
        answer = await world.callers["visitor"].client.put(
            "/api/v1/membership/application", json=draft, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code in (200, 422), answer.text
    for path in ("/api/v1/stations", "/api/v1/unions", "/api/v1/divisions", "/stations", "/"):
        assert (await world.callers["visitor"].open(f"{path}?q=%00")).status_code < 500, path
