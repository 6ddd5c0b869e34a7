"""What a page costs on the network: bytes as they travel, headers included, and requests. Over budget is a failure."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from server.app import create_app
from server.bookings import service as bookings
from server.bookings.models import ServiceKind
from server.edge.access import Audience, handlers_of
from server.edge.sessions import COOKIE
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

KB = 1000
FIRST_VISIT, FIRST_REQUESTS = 60 * KB, 6
REPEAT_VISIT = 10 * KB
SCRIPTS, STYLES, HTML = 25 * KB, 12 * KB, 14 * KB
NEARBY = "/stations?region=450103"
FOR_WORKERS = {Audience.VISITOR, Audience.WORKER}
# The file that holds everything about a person is as long as their history.
NOT_PAGES = re.compile(r"/(live|static|sw\.js|api|schema|health|data\.json|data/all)\b")


class Scale:
    """Weighs what a page's browser receives, by kind of resource."""

    def __init__(self, page):
        self.page = page

    async def __aenter__(self):
        self.bytes, self.requests, self.kinds = defaultdict(int), [], {}
        self.cdp = await self.page.context.new_cdp_session(self.page)
        self.cdp.on("Network.requestWillBeSent", self._sent)
        self.cdp.on("Network.loadingFinished", self._arrived)
        self.cdp.on("Network.responseReceived", self._answered)
        await self.cdp.send("Network.enable")
        return self

    def _sent(self, event):
        if not event["request"]["url"].startswith("data:"):
            self.kinds[event["requestId"]] = event["type"]
            self.requests.append(event["request"]["url"])

    def _answered(self, event):
        answer = event["response"]
        if (answer.get("fromDiskCache") or answer.get("fromPrefetchCache")) and event["requestId"] in self.kinds:
            del self.kinds[event["requestId"]]
            self.requests.remove(answer["url"])

    def _arrived(self, event):
        if event["requestId"] in self.kinds:
            self.bytes[self.kinds[event["requestId"]]] += event["encodedDataLength"]

    async def __aexit__(self, *_):
        await self.cdp.detach()

    async def open(self, path):
        await self.page.goto(path, wait_until="networkidle")

    @property
    def total(self):
        return sum(self.bytes.values())


@pytest.fixture
async def world(live):
    """A busy district, and a worker who has booked there: ids by the name of their route's parameter."""
    assert live
    for number in range(20):
        station = await make_station(name=f"青秀区第 {number} 职工之家暖心驿站")
        for service in (ServiceKind.HAIRCUT, ServiceKind.LEGAL_ADVICE):
            offering = await make_offering(station, service=service, capacity=4)
            for day in range(1, 15):
                slot = await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=day), 9 * 60))
    worker = await make_person()
    made = await bookings.book_slot(actor=worker, slot_id=slot.id, request_key=new_id().hex)
    session = await people.open_session(person_id=worker.id, device="test")
    ids = {"station_id": station.id, "offering_id": offering.id, "slot_id": slot.id, "booking_id": made.id}
    return {"session": session} | {name: str(value) for name, value in ids.items()}


@pytest.fixture
async def page(world, open_page):
    """A phone that has not been here before. What its service worker fetches, it fetches later, and from its cache."""
    assert world
    return await open_page("about:blank", service_workers="block")


async def test_the_first_visit_to_the_nearby_page(page, live):
    async with Scale(page) as scale:
        await scale.open(NEARBY)
    assert await page.locator(".station").count() >= 10
    assert len(scale.requests) <= FIRST_REQUESTS, scale.requests
    assert scale.total <= FIRST_VISIT, dict(scale.bytes)
    assert scale.bytes["Script"] <= SCRIPTS
    assert scale.bytes["Stylesheet"] <= STYLES
    assert not scale.bytes["Font"]
    assert {urlsplit(url).netloc for url in scale.requests} == {urlsplit(live.url).netloc}


async def test_coming_back_costs_next_to_nothing(page):
    await page.goto(NEARBY, wait_until="networkidle")
    async with Scale(page) as scale:
        await scale.open(NEARBY)
    assert 0 < scale.total <= REPEAT_VISIT, dict(scale.bytes)


async def test_a_filter_costs_a_fragment(page):
    await page.goto(NEARBY, wait_until="networkidle")
    async with Scale(page) as scale:
        await page.locator(".chip", has_text="现在开门").click()
        await page.locator(".chip[aria-current]").wait_for()
    assert 0 < scale.total <= REPEAT_VISIT
    assert len(scale.requests) == 1


async def test_every_page_for_workers_is_light(world, live, settings):
    """HTML as it travels; and the scripts that any of them loads, the service worker's included."""
    app = create_app(settings, live.database_url)
    paths = sorted({path for path, method, handler in handlers_of(app.routes) if _is_page(path, method, handler)})
    heavy, scripts = {}, set()
    async with httpx.AsyncClient(base_url=live.url, cookies={COOKIE: world["session"]}) as client:
        for path in [NEARBY, *(re.sub(r"\{(\w+)[^}]*\}", lambda p: world.get(p[1], "x"), path) for path in paths)]:
            size, text = await _weigh(client, path)
            scripts.update(re.findall(r'src="(/static/[^"]+\.js)"', text))
            if size > HTML:
                heavy[path] = size
        weights = {name: (await _weigh(client, name))[0] for name in {*scripts, "/sw.js"}}
    assert len(paths) > 20
    assert not heavy
    assert sum(weights.values()) <= SCRIPTS, weights


def _is_page(path, method, handler):
    return method == "GET" and handler.opt["audiences"] <= FOR_WORKERS and not NOT_PAGES.search(path)


async def _weigh(client, path):
    async with client.stream("GET", path, headers={"Accept-Encoding": "br"}) as answer:
        raw = [part async for part in answer.aiter_raw()]
        read = httpx.Response(200, headers=answer.headers, content=b"".join(raw))
    return sum(map(len, raw)), read.text if answer.headers["content-type"].startswith("text/") else ""


@pytest.mark.parametrize("path", ["/", "/stations/{station_id}", "/tickets/{booking_id}", "/me", "/card", "/style"])
async def test_nobody_else_is_asked_for_anything(page, world, live, path):
    await page.context.add_cookies([{"name": COOKIE, "value": world["session"], "url": live.url}])
    async with Scale(page) as scale:
        await page.goto(path.format(**world))
        await page.locator("main").wait_for()
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert scale.requests
    assert {urlsplit(url).netloc for url in scale.requests} == {urlsplit(live.url).netloc}
