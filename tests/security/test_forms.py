"""Whatever is typed into any form or address, a page or the next page comes back, and nothing typed becomes markup.

Every route that takes a form and every page is tried, a new one too: its fields are what its file reads.
"""

from __future__ import annotations

import ast
import inspect
import os
import random
import re
import sys
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from server.edge.access import Audience, handlers_of
from server.kit import clock
from server.membership import applying
from server.membership.identity import Document, read_identity
from tests.fixtures.membership import make_id_card, make_member
from tests.fixtures.people import make_person
from tests.fixtures.scopes import SCOPED, Row
from tests.fixtures.world import World, make_world
from tests.test_scopes import FROM, NAMED, filled, things

TURNS = max(3, int(os.environ.get("CASES", "0")) // 250)  # each turn takes every form once
LONGEST_WORD = 400  # in an address: no browser sends one of megabytes
SCRIPT = "\"'><script>alert(1)</script>"
MARKUP = re.compile(r"<script>alert|<img src=x")
NASTY = [
    "",
    " ",
    "\0",
    "a\0b",
    "\x1b[31m\x07\x08",
    "\u202eגבא\u200f\u2066",
    "\ufffe\uffff\ufeff",
    "e\u0301" * 50,
    "👩‍👩‍👧‍👦" * 40,
    "字" * 12_000,
    "9" * 400,
    "-1",
    "2147483648",
    "9223372036854775808",
    "1e309",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "25:61",
    "00:00-24:00",
    "%s%n%(name)s{0}",
    "../../etc/passwd",
    "'; DROP TABLE person; --",
    "=1+1",
    SCRIPT,
    "<img src=x onerror=alert(1)>",
    "01890000-0000-7000-8000-000000000000",
    "https://evil.example/",
]
ANYTHING = st.one_of(
    st.sampled_from(NASTY),
    st.sampled_from(NASTY),
    st.text(max_size=60),
    st.text(st.characters(categories=["Cc", "Cf", "Co", "Zl", "Zp", "Nd"]), max_size=40),
    st.integers().map(str),
    st.dates().map(str),
)
FILES = st.one_of(
    st.binary(max_size=400), st.sampled_from([b"PK\x03\x04", b"\xff\xfe\0", "工会代码,姓名\n,\n".encode()])
)
SEAT = {
    Audience.WORKER: "owner",
    Audience.STAFF: "staff",
    Audience.MANAGER: "manager",
    Audience.OFFICER: "officer",
    Audience.REVIEWER: "reviewer",
    Audience.AUDITOR: "auditor",
    Audience.COLLEAGUE: "officer",
}
# What an address may name beside things of the world.
PLAIN = {"secret": "x" * 22, "purpose": "sharing", "code": "450103", "name": "css/app.css"}


class Kept(dict[str, str]):
    """For `format_map`: a name that is not known stays as it is."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


@cache
def fields_of(module: str) -> list[str]:
    """Everything that a file reads from forms: the fields of its forms, and names that it takes by hand."""
    found = vars(sys.modules[module])
    shapes = [one for one in found.values() if inspect.isclass(one) and issubclass(one, msgspec.Struct)]
    names = {field.encode_name for shape in shapes for field in msgspec.structs.fields(shape)}
    for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module]))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "getall"):
            names |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return sorted(names - {""})


async def made_for(world: World, route: str) -> dict[str, str]:
    """What a route names: fresh things, and words for what is no thing."""
    row = SCOPED.get(route, Row(frozenset()))
    named = {name: row.makes.get(name, FROM.get(name, name)) for name in NAMED.findall(route)}
    words = PLAIN | {name: "x" for name, what in named.items() if name not in PLAIN and not hasattr(world, f"_{what}")}
    return words | await things(world, route.format_map(Kept(words)), row)


def seat_of(route: str, handler: Any, turn: int) -> str:
    """Somebody who is let in: of workers now an applicant, now a member."""
    if route in SCOPED and "owner" not in SCOPED[route].who:
        return min(SCOPED[route].who)
    seats = sorted(SEAT[one] for one in handler.opt["audiences"] if one in SEAT)
    seat = seats[turn % len(seats)] if seats else "visitor"
    return ("owner", "member")[turn % 2] if seat == "owner" and route not in SCOPED else seat


class Town(NamedTuple):
    """The app, who sits where, and how to make one more browser."""

    app: Litestar
    world: World
    browser_of: Any


@pytest.fixture
async def town(app: Any, browser_of: Any) -> Town:
    world = await make_world(browser_of)
    await sit_down(world, browser_of)
    return Town(app, world, browser_of)


async def sit_down(world: World, browser_of: Any) -> None:
    """Workers anew: one with all but the last step of an application, one who is a member."""
    owner, member = await make_person(), await make_person(is_member=True)
    await applying.start(actor=owner)
    given = {"document": Document.ID_CARD, "number": make_id_card(), "birth": None, "sex": None}
    await applying.save_identity(actor=owner, identity=read_identity(name="韦秀英", today=clock.today(), **given))
    await applying.save_work(actor=owner, region_code=450103, employer="南宁地铁")
    await make_member(union=world.beside, person=member)
    await world.seat("owner", owner, browser_of)
    await world.seat("member", member, browser_of)


TURN_BY_TURN = settings(
    max_examples=TURNS,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@TURN_BY_TURN
@given(words=st.lists(ANYTHING, min_size=40, max_size=40), content=FILES, turn=st.integers(0, 2**32))
async def test_no_form_breaks(words: list[str], content: bytes, turn: int, town: Town) -> None:
    app, world, browser_of = town
    dice = random.Random(turn)
    wrong, tried = [], 0
    for path, method, handler in handlers_of(app.routes):
        if method != "POST" or path.startswith("/api/"):
            continue
        tried += 1
        route = f"POST {path}"
        made = await made_for(world, route)
        right = filled(SCOPED[route].data, made) if route in SCOPED else {}
        sent = typed(dice, words, fields_of(handler.fn.__module__), right)
        seat = seat_of(route, handler, turn)
        answer = await world.callers[seat].submit(filled(path, made), sent, **attached(dice, content))
        wrong += [f"{route}: {fault}\n{sent!r}" for fault in faults_of(answer)]
        if seat in ("owner", "member") and answer.status_code < 400:
            await sit_down(world, browser_of)
        elif seat != "visitor":
            await world.seat(seat, world.actors[seat], browser_of)
    assert tried > 60
    assert not wrong, "\n\n".join(wrong)


@TURN_BY_TURN
@given(words=st.lists(ANYTHING, min_size=40, max_size=40), turn=st.integers(0, 2**32))
async def test_no_address_breaks(words: list[str], turn: int, town: Town) -> None:
    """Forms that only ask, and whatever else an address may carry."""
    app, world, _browser_of = town
    dice = random.Random(turn)
    wrong, tried = [], 0
    for path, method, handler in handlers_of(app.routes):
        if method != "GET" or path.startswith(("/api/", "/health/", "/metrics")) or path.endswith("/live"):
            continue  # not pages, or an open line, which has no end to wait for
        tried += 1
        route = f"GET {path}"
        asked = typed(dice, [word[:LONGEST_WORD] for word in words], fields_of(handler.fn.__module__), {})
        address = f"{filled(path, await made_for(world, route))}?{urlencode(asked, doseq=True)}"
        answer = await world.callers[seat_of(route, handler, turn)].open(address)
        wrong += [f"{route}: {fault}\n{asked!r}" for fault in faults_of(answer)]
    assert tried > 100
    assert not wrong, "\n\n".join(wrong)


def typed(dice: random.Random, words: list[str], names: list[str], right: dict[str, Any]) -> dict[str, Any]:
    """Anything in any field; what is right stays in some, so that the rest is looked at too."""
    chosen = [name for name in names if dice.random() < 0.8]
    junk = {name: dice.sample(words, 3) if dice.random() < 0.1 else dice.choice(words) for name in chosen}
    return junk | {name: value for name, value in right.items() if name not in junk or dice.random() < 0.5}


def attached(dice: random.Random, content: bytes) -> dict[str, Any]:
    """Now and then a file: the form goes as multipart then."""
    if dice.random() < 0.5:
        return {}
    name = dice.choice(["m.csv", "m.xlsx", "../../../etc/passwd", "名单.csv\0.png", "a" * 300])
    return {"files": {"file": (name, content), "photo": (name, content)}}


def faults_of(answer: httpx.Response) -> list[str]:
    """What is wrong with an answer to a form."""
    kind, status = answer.headers.get("content-type", ""), answer.status_code
    checks = {
        f"broke with {status}": status < 500,
        f"{status} is no page but {kind}": status < 400 or kind.startswith("text/html"),
        f"{status} leads nowhere": status // 100 != 3 or answer.headers["location"].startswith("/"),
        "what was typed became markup": not kind.startswith("text/html") or not MARKUP.search(answer.text),
    }
    return [fault for fault, fine in checks.items() if not fine]
