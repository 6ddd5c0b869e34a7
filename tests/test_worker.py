"""The worker: each job on its own, woken by the database, stopped in good order, any number at once."""

import asyncio
import signal
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from server.jobs import JOBS, Job
from server.worker import work
from tests.fixtures.bookings import make_offering
from tests.fixtures.processes import until

LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' AND datname = current_database()"
NEVER = timedelta(days=1)


class Counted:
    """A job's work, counted; it fails as long as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.runs = asyncio.Semaphore(0)

    async def run(self) -> None:
        self.runs.release()
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")

    async def happens(self, times: int = 1) -> None:
        async with asyncio.timeout(20):
            for _ in range(times):
                await self.runs.acquire()


@asynccontextmanager
async def working(url, *jobs):
    stop = asyncio.Event()
    task = asyncio.create_task(work(url, jobs, stop))
    yield
    stop.set()
    async with asyncio.timeout(20):
        await task


async def test_a_failing_job_is_tried_again_and_disturbs_no_other(database_url):
    broken, sound = Counted(failures=2), Counted()
    often = timedelta(milliseconds=1)
    async with working(database_url, Job("broken", often, broken.run), Job("sound", often, sound.run)):
        await broken.happens(4)
        await sound.happens(4)


async def test_the_database_wakes_a_job(database_url):
    counted = Counted()
    async with working(database_url, Job("woken", NEVER, counted.run, wake_on="outbox")):
        await counted.happens(2)  # at the start, and once it listens
        await tell(database_url, "NOTIFY outbox")
        await counted.happens()


async def test_a_lost_connection_is_made_again(database_url):
    counted = Counted()
    async with working(database_url, Job("woken", NEVER, counted.run, wake_on="outbox")):
        await counted.happens(2)
        await tell(database_url, LISTENING.replace("count(*)", "pg_terminate_backend(pid)"))
        await counted.happens()  # whatever was said in between
        await tell(database_url, "NOTIFY outbox")
        await counted.happens()


async def test_what_is_in_hand_is_finished(database_url):
    began, finish, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        began.set()
        await finish.wait()
        ended.set()

    stop = asyncio.Event()
    task = asyncio.create_task(work(database_url, [Job("slow", NEVER, slow)], stop))
    await asyncio.wait_for(began.wait(), 20)
    stop.set()
    asyncio.get_running_loop().call_soon(finish.set)
    await asyncio.wait_for(task, 20)
    assert ended.is_set()


async def test_two_real_workers_share_the_work_and_stop_when_told(db, house):
    await make_offering(horizon_days=2)
    workers = [house.start("worker", DATABASE_URL=db) for _ in range(2)]
    await asyncio.to_thread(until, lambda: ask(db, "SELECT count(*) FROM slot"), "slots are made")
    await asyncio.to_thread(until, lambda: ask(db, LISTENING) == len(workers), "both listen")
    for worker, number in zip(workers, (signal.SIGTERM, signal.SIGINT), strict=True):
        worker.send_signal(number)
        assert await asyncio.to_thread(worker.wait, 20) == 0
    assert house.words() == ""


def test_the_jobs_of_this_product():
    assert {job.name for job in JOBS} == {
        "notices.deliver",
        "slots.roll",
        "bookings.expire",
        "bookings.escalate",
        "waitlist.expire",
        "walk_ins.forget",
        "figures.roll_up",
        "transfers.escalate",
        "transfers.expire",
        "people.forget",
        "audit.chain",
        "applications.forget_drafts",
        "members.forget_imports",
        "faults.forget_voices",
        "groups.remind",
        "groups.forget_guests",
    }
    assert [job.name for job in JOBS if job.wake_on] == ["notices.deliver"]


def ask(url, question):
    """From a thread without a loop."""
    return asyncio.run(tell(url, question))


async def tell(url, statement):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
