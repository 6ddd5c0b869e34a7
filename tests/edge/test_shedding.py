"""Too many requests, no connection free, a statement that never ends: people are told soon, and to come back."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from server.app import create_app
from server.edge.shedding import LATEST, SOONEST

MOST, PATIENCE, POOL = 4, 1, 2
NEAR = "/stations?lat=22.8&lng=108.3&datum=wgs84"
API = "/api/v1/stations?lat=22.8&lng=108.3&datum=wgs84"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'station'::regclass"


@pytest.fixture(scope="module")
def built(settings):
    return create_app(replace(settings, most_requests=MOST, patience=PATIENCE, pool_size=POOL), "")


@asynccontextmanager
async def stuck(url):
    """As long as the block, nobody can read stations."""
    keeper = await asyncpg.connect(url)
    try:
        async with keeper.transaction():
            await keeper.execute("LOCK TABLE station")
            yield keeper
    finally:
        await keeper.close()


@asynccontextmanager
async def crowded(site, url, path=API):
    """As many requests are in hand as one process takes; what became of them."""
    async with stuck(url) as keeper:
        asked = [asyncio.create_task(site.open(path)) for _ in range(MOST)]
        while await keeper.fetchval(WAITING) < POOL:
            await asyncio.sleep(0.01)
        yield asked
    await asyncio.gather(*asked)


async def test_a_statement_that_takes_too_long_is_ended_and_told(site, database_url):
    async with stuck(database_url):
        answer = await site.open(API)
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert (await site.open(API)).status_code == 200


@pytest.mark.parametrize("path", [API, NEAR])
async def test_nobody_waits_for_ever_for_a_connection(site, database_url, path):
    """Nor is a page told that what was typed is wrong."""
    async with crowded(site, database_url, path) as asked:
        began = time.monotonic()
        answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [503] * MOST
    assert time.monotonic() - began < 3 * PATIENCE + 5


async def test_who_comes_to_a_full_house_is_told_at_once(site, database_url):
    async with crowded(site, database_url):
        answer = await site.open(API)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["type"] == "/problems/overloaded"
        assert SOONEST <= int(answer.headers["Retry-After"]) <= LATEST
        assert (await site.open("/health/live")).status_code == 200
    assert (await site.open(API)).status_code == 200


async def test_people_are_told_in_words_and_in_their_language(site, database_url):
    async with crowded(site, database_url):
        for _ in range(2):  # drawn, and drawn before
            page = await site.open(NEAR, headers={"Accept-Language": "zh-CN"})
            assert page.status_code == 503
            assert "请稍等一下" in page.text
            assert 'href="">' in page.text
            assert "tel:12351" in page.text
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert page.headers["Cache-Control"] == "no-store"
        part = await site.fragment(NEAR)
        assert part.text.strip().startswith('<div class="problem"')
        sent = await site.submit("/sign-in", {"phone": "13800138000"})
        assert sent.status_code == 503
        assert 'href=""' not in sent.text


async def test_styles_come_to_a_full_house(site, database_url):
    async with crowded(site, database_url):
        page = await site.open(NEAR)
        style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert (await site.open(style)).status_code == 200
