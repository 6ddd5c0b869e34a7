"""A page that asks by itself keeps nobody signed in; an ended session ends what is open."""

import asyncio
from datetime import timedelta

import pytest

from server.db import sql
from server.kit import clock
from server.kit.context import session_id
from server.people import service
from server.people.models import Role, Session
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station

UNATTENDED = {"X-Unattended": "1", "HX-Request": "true"}
LISTENING = {"Accept": "text/html, text/event-stream"}


@pytest.fixture
async def desk(site):
    station = await make_station()
    staff = await make_staff(Role.STAFF, station_id=station.id)
    site.use_session(await service.open_session(staff_id=staff.id))
    return f"/desk/{station.id}"


async def ask_for_three_hours(site, url, **more):
    """A request every ten minutes; the status of the last one."""
    for minutes in range(10, 190, 10):
        with clock.travel(timedelta(minutes=minutes)):
            answer = await site.open(url, **more)
    return answer.status_code


async def test_somebody_at_work_stays_signed_in(site, desk):
    assert await ask_for_three_hours(site, desk) == 200


@pytest.mark.parametrize("headers", [UNATTENDED, LISTENING])
async def test_a_page_left_open_does_not(site, desk, headers):
    assert await ask_for_three_hours(site, desk, headers=headers) in (303, 401)


async def test_what_a_page_asks_by_itself_is_answered_meanwhile(site, desk):
    with clock.travel(timedelta(minutes=110)):
        assert (await site.open(desk, headers=UNATTENDED)).status_code == 200


async def listening(hub):
    """Until the hub has begun to hear what the database tells."""
    heard = asyncio.Event()
    hub.waiting["probe"].add(heard)
    while not heard.is_set():
        await sql.run("SELECT pg_notify('live', 'probe')")
    del hub.waiting["probe"]


async def test_an_open_stream_ends_with_its_session(app, desk):
    """Asked of the hub itself: httpx waits for the end of an answer before it shows any of it."""
    assert desk
    hub, session = app.state.live, await Session.get()
    async with asyncio.timeout(10):
        await listening(hub)
    token = session_id.set(session.id)
    try:
        stream = hub.stream("station", is_stale=lambda: asyncio.sleep(0, result=False)).iterator
    finally:
        session_id.reset(token)
    assert b"event: ready" in await anext(stream)
    async with asyncio.timeout(10):
        await session.delete()
        assert [b"event: changed" in message async for message in stream] == [True]
