"""A full disk, no connections left, a database that answers slowly, more people than can be served: told, not lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg

from tests.bench.load import Ask, Load, request
from tests.drills import truth
from tests.drills.journal import Crowd, Journal
from tests.drills.kills import BACK_WITHIN, until_steady
from tests.drills.table import Line, say
from tests.drills.town import Town, town

OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'niangjia'"
CUT = OURS.replace("count(*)", "pg_terminate_backend(pid)")
ROUNDS = 20
DISK_MB = 400
PATIENCE_SECONDS = 3
TROUBLE = 8.0
RATE, MANY = 800, 400
MOST, SLOWEST = 60, 10.0
SEARCH = request("GET", "/stations?lat=22.817&lng=108.366&datum=wgs84")


async def drill() -> list[Line]:
    lines = []
    bounds = {"NIANGJIA_PATIENCE": str(PATIENCE_SECONDS), "NIANGJIA_MOST_REQUESTS": str(MOST)}
    with small_disk() as (disk, kind):
        folder = disk / "house"
        folder.mkdir()
        async with town(300, folder, **bounds) as place:
            journal = Journal()
            lines += [
                await during(place, journal, "every connection of the database is taken", no_connections(place)),
                await during(place, journal, "the database does not answer (bookings locked)", locked(place)),
                await crowded(place, journal),
                await during(place, journal, f"the disk is full ({kind})", full_disk(disk)),
            ]
    return lines


@contextmanager
def small_disk() -> Iterator[tuple[Path, str]]:
    """A folder on a file system of its own that is soon full; where nobody may mount one, it says so."""
    folder = Path(tempfile.mkdtemp(prefix="niangjia-drill-"))
    options = ["-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(["mount", *options], check=False, capture_output=True).returncode
    try:
        yield folder, f"a tmpfs of {DISK_MB} MB" if mounted else "COULD NOT MOUNT: needs root"
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


async def during(place: Town, journal: Journal, called: str, trouble: object) -> Line:
    """People book while the trouble lasts; afterwards nothing is lost and service is back."""
    began, refused = len(journal.booked), journal.statuses[503]
    async with Crowd(place, journal).at_work():
        await asyncio.sleep(2)
        async with trouble as really:  # type: ignore[attr-defined]
            await asyncio.sleep(TROUBLE)
        over = time.monotonic()
        await until_steady(journal, over)
        back = journal.longest_gap(over)
    found = await truth.lies(place.database_url, journal)
    if found:
        say(place.house.words()[-3_000:])
    told = journal.statuses[503] - refused
    made = len(journal.booked) - began
    result = f"{truth.told(found)}; {made:,} booked, {told} told to come back, again {back:.1f} s after"
    say(f"{called}: {result}; {dict(journal.statuses)}")
    goal = f"nothing lost or twice, no answer but 503; bookings again within {BACK_WITHIN:.0f} s of its end"
    return Line(called, goal, result, good=not found and really() and back <= BACK_WITHIN and not journal.given_up)


@asynccontextmanager
async def no_connections(place: Town) -> AsyncIterator[object]:
    """Somebody else has taken all that the server gives, after the pool's were cut."""
    taken, left = [], 1
    keeper = await asyncpg.connect(place.database_url)
    for _ in range(ROUNDS):
        await keeper.execute(CUT)
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                taken.append(await asyncpg.connect(place.database_url))
    left = await keeper.fetchval(OURS)
    try:
        yield lambda: not left
    finally:
        for connection in (*taken, keeper):
            connection.terminate()


@asynccontextmanager
async def locked(place: Town) -> AsyncIterator[object]:
    """Nothing can be read from or written to bookings."""
    keeper = await asyncpg.connect(place.database_url)
    async with keeper.transaction():
        await keeper.execute("LOCK TABLE booking")
        yield lambda: True
    await keeper.close()


@asynccontextmanager
async def full_disk(disk: Path) -> AsyncIterator[object]:
    """All that is free is taken by something else; at the end it is given back."""
    filler = disk / "filler"
    full = await asyncio.to_thread(_fill, filler)
    try:
        yield lambda: full
    finally:
        filler.unlink()


def _fill(filler: Path) -> bool:
    try:
        with filler.open("wb", buffering=0) as file:
            while filler.parent.is_mount():
                file.write(bytes(1 << 20))
    except OSError:
        return True
    return False


async def crowded(place: Town, journal: Journal) -> Line:
    """Far more people than one process takes: those inside are answered, the others are told at once."""
    times: dict[int, list[float]] = {}

    def asks() -> Iterator[Ask]:
        while True:
            asked = time.monotonic()
            yield Ask("search", SEARCH, lambda status, _head, _body, at=asked: note(status, time.monotonic() - at))

    def note(status: int, seconds: float) -> None:
        times.setdefault(status, []).append(seconds)

    load = Load(place.house.port)
    await asyncio.to_thread(load.open, asks(), rate=RATE, connections=MANY, seconds=TROUBLE)
    served, shed = sorted(times.get(200, [])), sorted(times.get(503, []))
    found = await truth.lies(place.database_url, journal)
    slowest, told = (found[int(len(found) * 0.99)] if found else 0.0 for found in (served, shed))
    result = (
        f"{len(served) / TROUBLE:.0f} pages/s (p99 {slowest:.1f} s), {len(shed)} told to come back (p99 {told:.1f} s)"
    )
    say(f"crowded: {result}; statuses {sorted(times)}")
    good = set(times) <= {200, 503} and bool(served) and bool(shed) and slowest < SLOWEST and not found
    goal = f"a page or 503, p99 of pages ≤ {SLOWEST:.0f} s"
    return Line(f"{RATE} searches a second, {MOST} places in the process", goal, result, good=good)
