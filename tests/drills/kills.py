"""`kill -9` of a web process, its master, the worker, a database connection's server, the whole database server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg

from tests.drills import truth
from tests.drills.journal import Crowd, Journal
from tests.drills.table import Line, say
from tests.drills.town import Town, dice, kill, town

BACK_WITHIN = 10.0
GOAL = f"nothing lost or twice; bookings again within {BACK_WITHIN:.0f} s"
BEFORE = 3.0
WATCHED = 8.0  # at least; what a kill breaks may go on for a moment before it is missed
STEADY, ENOUGH = 3.0, 10  # service is back when so many bookings are acknowledged in so many seconds
PATIENCE = 90.0
MOST_WORDS = 4_000
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'niangjia' AND datname = current_database()"


async def kill_web(town: Town) -> float:
    return kill(dice.choice(town.web_workers()).pid)


async def kill_master(town: Town) -> float:
    return kill(town.find("web")[0].pid)


async def kill_worker(town: Town) -> float:
    return kill(town.find("worker")[0].pid)


async def kill_backend(town: Town) -> float:
    connection = await asyncpg.connect(town.database_url)
    try:
        return kill(dice.choice(await connection.fetch(BACKENDS))["pid"])
    finally:
        connection.terminate()


async def kill_database(town: Town) -> float:
    return kill(town.postmaster())


VICTIMS: dict[str, Callable[[Town], Awaitable[float]]] = {
    "a web process": kill_web,
    "the master of the web processes": kill_master,
    "the worker": kill_worker,
    "a database backend": kill_backend,
    "the whole database server": kill_database,
}


async def drill(rounds: int = 2) -> list[Line]:
    """Every victim, several times, at random moments under load."""
    lines, journal = [], Journal()
    async with town(NIANGJIA_WEB_PROCESSES="2") as place:
        for name in VICTIMS:
            for turn in range(1, rounds + 1):
                line = await one(place, journal, name, f"kill -9 {name}" + f" ({turn})" * (rounds > 1))
                lines.append(line)
    return lines


async def one(place: Town, journal: Journal, name: str, called: str, watched: float = WATCHED) -> Line:
    """One kill while people book; when they could book again, and whether anything is lost."""
    began = len(journal.booked)
    async with Crowd(place, journal).at_work():
        await asyncio.sleep(BEFORE + dice.random())
        killed = await VICTIMS[name](place)
        back = await until_worker(place, killed) if name == "the worker" else 0.0
        await until_steady(journal, killed, watched)
        back = max(back, journal.longest_gap(killed))
    found = await truth.lies(place.database_url, journal)
    if found:
        say(place.house.words()[-MOST_WORDS:])
    result = f"{truth.told(found)}; {len(journal.booked) - began:,} booked, again after {back:.1f} s"
    say(f"{called}: {result}; {dict(journal.statuses)}")
    return Line(called, GOAL, result, good=not found and back <= BACK_WITHIN and not journal.given_up)


async def until_steady(journal: Journal, since: float, watched: float = WATCHED) -> None:
    """Wait until bookings are acknowledged steadily, some time after something happened."""
    await asyncio.sleep(max(0.0, since + watched - time.monotonic()))
    while journal.acked_after(time.monotonic() - STEADY) < ENOUGH and time.monotonic() < since + PATIENCE:
        await asyncio.sleep(0.05)


async def until_worker(place: Town, killed: float) -> float:
    """Seconds until another worker process has done a job."""
    connection = await asyncpg.connect(place.database_url)
    try:
        seen = await connection.fetchval("SELECT max(last_at) FROM job_run")
        runs = "SELECT count(*) FROM job_run WHERE last_at > $1"
        while not await connection.fetchval(runs, seen) and time.monotonic() < killed + PATIENCE:
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    return time.monotonic() - killed
