"""What machines of the operator are told."""

from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server import job_runs
from server.bookings import service as bookings
from server.db import sql
from server.kit import clock
from tests.fixtures.bookings import make_slot
from tests.fixtures.database import address
from tests.fixtures.people import make_person

TOKEN = {"Authorization": "Bearer demo"}


@pytest.fixture
async def figures(site):
    """All figures by name and labels."""

    async def read():
        answer = await site.open("/metrics", headers=TOKEN)
        assert answer.status_code == 200
        samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}

    return read


async def test_a_process_that_is_up_says_so(site):
    answer = await site.open("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_means_that_the_database_has_every_migration(site):
    assert (await site.open("/health/ready")).status_code == 200
    await sql.run("DELETE FROM tortoise_migrations WHERE name LIKE '0002%'")
    answer = await site.open("/health/ready")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


async def test_nobody_is_sent_here_while_the_database_is_away(site, database_server, database_url):
    name = urlsplit(database_url).path.lstrip("/")
    keeper = await asyncpg.connect(address(database_server, "postgres"))
    try:
        await keeper.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await keeper.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        assert (await site.open("/health/ready")).status_code == 503
        assert (await site.open("/health/live")).status_code == 200
        await keeper.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert (await site.open("/health/ready")).status_code == 200
    finally:
        await keeper.close()


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Bearer démo", "demo"])
async def test_figures_need_the_operators_token(site, given):
    answer = await site.open("/metrics", headers={"Authorization": given.encode()})
    assert answer.status_code == 401
    assert "niangjia" not in answer.text


async def test_a_persons_session_shows_no_figures(site, make_person_session):
    site.use_session(await make_person_session())
    assert (await site.open("/metrics")).status_code == 401


async def test_requests_are_counted_by_route(site, figures):
    key = ("niangjia_request_seconds_count", "GET", "/stations/{station_id}", "404")
    before = (await figures()).get(key, 0)
    await site.open("/stations/01890000-0000-7000-8000-000000000000")
    assert (await figures())[key] == before + 1


async def test_steps_of_bookings_and_waiting_messages_are_counted(figures):
    slot = await make_slot()
    await bookings.book_slot(actor=await make_person(), slot_id=slot.id, request_key="k")
    found = await figures()
    assert found["niangjia_booking_steps_last_hour", "confirmed"] == 1
    assert found["niangjia_outbox_waiting",] >= 1
    assert found["niangjia_outbox_oldest_due_seconds",] >= 0


async def test_jobs_are_counted_over_all_workers(figures):
    await job_runs.note("slots.roll", 0.5)
    await job_runs.note("slots.roll", 1.5)
    found = await figures()
    assert found["niangjia_job_runs_total", "slots.roll"] == 2
    assert found["niangjia_job_seconds_total", "slots.roll"] == 2
    assert found["niangjia_job_last_success_timestamp_seconds", "slots.roll"] > 1_700_000_000


async def test_connections_are_counted(figures):
    found = await figures()
    assert found["niangjia_pool_connections", "idle"] + found["niangjia_pool_connections", "busy"] >= 1


async def test_a_clock_that_is_wrong_is_seen(figures):
    assert abs((await figures())["niangjia_clock_ahead_seconds",]) < 60
    with clock.travel(timedelta(hours=-1)):
        assert -3660 < (await figures())["niangjia_clock_ahead_seconds",] < -3540
