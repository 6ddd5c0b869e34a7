"""`niangjia worker`: runs the recurring jobs until told to stop. Start as many as you like, on any machine."""

from __future__ import annotations

import asyncio
import signal
from argparse import Namespace
from collections.abc import Sequence
from time import perf_counter
from typing import NoReturn

import structlog

from server import job_runs
from server.config import Settings
from server.db.lifespan import database
from server.db.listening import listen
from server.jobs import JOBS, Job
from server.process import database_of

log = structlog.get_logger()
STOP_SECONDS = 4.0  # a job in hand may finish; what it has not committed is done by the next run


def worker(settings: Settings, _given: Namespace) -> int:
    """The command: work until told to stop."""
    with database_of(settings) as url:
        asyncio.run(_work_until_told(url))
    return 0


async def _work_until_told(url: str) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await work(url, JOBS, stop)


async def work(url: str, jobs: Sequence[Job], stop: asyncio.Event) -> None:
    """Run jobs until `stop`; then each finishes what it has in hand."""
    wakes = {job.name: asyncio.Event() for job in jobs}
    channels = {job.wake_on: wakes[job.name] for job in jobs if job.wake_on}
    async with database(url, pool_size=len(wakes) + 1):
        running = [asyncio.create_task(_repeat(job, wakes[job.name], stop)) for job in jobs]
        listening = asyncio.create_task(_wake(url, channels))
        await stop.wait()
        for wake in wakes.values():
            wake.set()
        listening.cancel()
        _, late = await asyncio.wait([*running, listening], timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _repeat(job: Job, wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Run one job again and again; a failure is logged and tried again the next time, and touches no other job."""
    while not stop.is_set():
        wake.clear()
        await _run(job)
        if not stop.is_set():
            await _wait(wake, job.every.total_seconds())


async def _run(job: Job) -> None:
    began = perf_counter()
    try:
        await job.run()
        await job_runs.note(job.name, perf_counter() - began)
    except Exception:
        log.exception("job.failed", job=job.name)


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(wake.wait(), seconds)
    except TimeoutError:
        return


async def _wake(url: str, channels: dict[str, asyncio.Event]) -> NoReturn:
    """Wake jobs when the database says there is something to do; the clock wakes them anyway."""

    def wake_all() -> None:
        for wake in channels.values():
            wake.set()

    await listen(url, channels, began=wake_all, heard=lambda channel, _said: channels[channel].set())
