"""Who reaches what: every route × every caller, with real things that lie in one station, union and region.

A new route needs a line in OPEN, OWN or SCOPED, or the first test fails. OPEN: anybody may, and nothing of somebody
is shown. OWN: it acts for whoever is signed in, and names nothing that could be another's. SCOPED: the callers who are
let in; all others are refused. There `data`, `json` or `query` make a request that would succeed ({application_id}
stands for a fresh one); `shows` is what only those let in see in an answer that is open to more, `done` looks into the
database where the answer does not tell.
"""

import asyncio
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from server.edge.access import handlers_of
from tests.fixtures.scopes import OPEN, OWN, SCOPED, Row
from tests.fixtures.world import World, make_world, was_refused

NAMED = re.compile(r"{(\w+)(?::\w+)?}")
# Made together with something else.
FROM = {"booking_code": "booking_id", "member_number": "member_id", "grant_id": "staff_id"}
ENDLESS_SECONDS = 0.5


@pytest.fixture
async def world(app, browser_of):
    assert app
    return await make_world(browser_of)


def test_every_route_is_in_the_table(app):
    routes = {f"{method} {path}" for path, method, _ in handlers_of(app.routes)}
    tables = [*OPEN, *OWN, *SCOPED]
    assert len(tables) == len(set(tables))
    assert {"new, and in no table": sorted(routes - set(tables)), "gone": sorted(set(tables) - routes)} == {
        "new, and in no table": [],
        "gone": [],
    }


def test_what_is_open_or_own_names_no_row():
    """An id in an address is somebody's, unless everybody may see the thing."""
    shared = {"{station_id}", "{route_id}", "{digest}", "{offering_id}", "{slot_id}", "{code}", "{secret}", "{name}"}
    shared |= {"{path}", "{purpose}", "{suggestion_id}"}  # everybody may look at a suggestion and support it
    named = {route: set(re.findall(r"{\w+}", route)) for route in [*OPEN, *OWN]}
    assert {route: ids - shared for route, ids in named.items() if ids - shared} == {}


async def test_only_who_should_reaches_it(world):
    wrong = [line for route, row in SCOPED.items() for line in await wrong_of(world, route, row)]
    assert not wrong, "\n".join(wrong)


async def test_no_id_of_one_station_works_at_another(world):
    """Staff with a desk of their own put a foreign id behind it."""
    wrong = []
    for route, row in SCOPED.items():
        if "{station_id}" not in route or not (row.data or row.json or route.count("{") > 1):
            continue
        made = await things(world, route, row) | {"station_id": str(world.station_there.id)}
        for caller in ("staff of another station", "manager of another station"):
            # A foreign ticket's code is answered with where it belongs: that is no way in.
            if (how := await reached(world, route, row, caller, made)) and not how.startswith("4"):
                wrong += [f"{caller}: {route} with an id from elsewhere ({how})"]
    assert not wrong, "\n".join(wrong)


async def wrong_of(world: World, route: str, row: Row) -> list[str]:
    """One line for every caller who is wrongly refused or let in. The refused come first: they change nothing."""
    wrong = []
    made = await things(world, route, row)
    for caller in sorted(world.callers.keys() - row.who):
        if how := await reached(world, route, row, caller, made):
            wrong += [f"{caller}: {route} is let in ({how})"]
    for caller in sorted(row.who):
        made = await things(world, route, row)
        if not await reached(world, route, row, caller, made):
            wrong += [f"{caller}: {route} is refused"]
    return wrong


async def things(world: World, route: str, row: Row) -> dict[str, str]:
    """A fresh one of everything that the request names, by its name in the route."""
    wanted = dict.fromkeys(NAMED.findall(f"{route} {row.data} {row.json} {row.query} {row.shows}"))
    made: dict[str, str] = {}
    for name in wanted:
        what = row.makes.get(name, FROM.get(name, name))
        if name not in made:
            made |= await world.make(what)
            made.setdefault(name, made.get(what, ""))
    return made


async def reached(world: World, route: str, row: Row, caller: str, made: dict[str, str]) -> str:
    """How it is seen that a caller got through; "" where not."""
    method, _, path = route.partition(" ")
    site = world.callers[caller]
    body = {"data": filled(row.data, made)} if row.json is None else {"json": filled(row.json, made)}
    url = filled(path, made) + (f"?{filled(row.query, made)}" if row.query else "")
    headers = {"X-CSRF-Token": site.token()}
    try:
        async with asyncio.timeout(ENDLESS_SECONDS if path.endswith("/live") else None):
            answer = await site.client.request(method, url, headers=headers, **(body if method == "POST" else {}))
    except TimeoutError:
        return "the stream began"
    assert answer.status_code < 500, f"{caller}: {route} broke"
    if was_refused(answer):
        return ""
    if row.done is not None:
        return "done" if await row.done(made) else ""
    if row.shows:
        return "shown" if filled(row.shows, made) in text_of(answer) else ""
    return str(answer.status_code)


def filled(given: Any, made: dict[str, str]) -> Any:
    """The same with things in the place of their names."""
    if isinstance(given, Mapping):
        return {name: filled(value, made) for name, value in given.items()}
    if isinstance(given, list):
        return [filled(value, made) for value in given]
    return NAMED.sub(lambda found: made[found[1]], given)


def text_of(answer: httpx.Response) -> str:
    """What an answer says, a spreadsheet's cells included."""
    if not answer.content.startswith(b"PK"):
        return answer.headers.get("location", "") + answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
