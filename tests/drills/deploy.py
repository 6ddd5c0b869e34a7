"""A release in the middle of traffic, and machines whose clocks disagree: old and new process side by side."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from server.config import ROOT
from server.db.health import migrations
from tests.drills import truth
from tests.drills.journal import Crowd, Journal
from tests.drills.kills import BACK_WITHIN, until_steady
from tests.drills.table import Line, say
from tests.drills.town import Town, town
from tests.fixtures.processes import free_port, until

STARTING = 90
JUMP = 3_600
AFTER = 6.0
NEXT = """
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", {before!r})]
    operations = [ops.RunSQL(["ALTER TABLE booking ADD COLUMN next_release int"])]
"""


async def drill() -> list[Line]:
    journal = Journal()
    async with town() as place:
        return [
            await release(place, journal),
            *[await disagreeing(place, journal, shift) for shift in (JUMP, -JUMP)],
        ]


async def release(place: Town, journal: Journal) -> Line:
    """A migration meets a long transaction and gives up, traffic goes on; later it is made, and both releases serve."""
    folder = Path(tempfile.mkdtemp(prefix="niangjia-release-"))
    try:
        await asyncio.to_thread(_next_release, folder)
        reader = await asyncpg.connect(place.database_url)
        crowd = Crowd(place, journal)
        async with crowd.at_work():
            await asyncio.sleep(2)
            began = time.monotonic()
            async with reader.transaction():
                await reader.fetch("SELECT count(*) FROM booking")
                blocked = await asyncio.to_thread(_migrate, place, folder)
                await asyncio.sleep(1)
            worst = journal.longest_gap(began)
            done = await asyncio.to_thread(_migrate, place, folder)
            async with another(place, folder) as url:
                crowd.urls.append(url)
                await asyncio.sleep(AFTER)
                await until_steady(journal, time.monotonic(), AFTER)
                crowd.urls.remove(url)
            worst = max(worst, journal.longest_gap(began))
        await reader.close()
        found = await truth.lies(place.database_url, journal)
    finally:
        shutil.rmtree(folder)
    gave_up = blocked.returncode == 1 and len(blocked.stderr.splitlines()) == 1
    if found or not gave_up or done.returncode:
        say(f"{blocked.stderr[-800:]} {done.stderr[-800:]} {place.house.words()[-2_000:]}")
    result = f"{truth.told(found)}; gave up: {gave_up}, then made: {not done.returncode}; longest pause {worst:.1f} s"
    say(f"release: {result}; {dict(journal.statuses)}")
    return Line(
        "a release under load, its migration blocked at first",
        f"nothing lost or twice; it gives up, no pause over {BACK_WITHIN:.0f} s; then both releases serve",
        result,
        good=not found and gave_up and not done.returncode and worst <= BACK_WITHIN and not journal.given_up,
    )


def _next_release(folder: Path) -> None:
    """This release, with one migration more."""
    shutil.copytree(ROOT / "server", folder / "server", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("web", "locales"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "server/db/migrations/9999_next_release.py").write_text(NEXT.format(before=max(migrations())))


def _migrate(place: Town, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server.cli", "migrate"],
        cwd=folder, env=place.house.env | {"DATABASE_URL": place.database_url}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=STARTING,
    )  # fmt: skip


@asynccontextmanager
async def another(place: Town, folder: Path, **env: str) -> AsyncIterator[str]:
    """One more web process on the same database, of the release in a folder; its address."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 (over in a moment)
        [sys.executable, "-m", "server.cli", "web"],
        cwd=folder,
        env=os.environ | place.house.env | {"DATABASE_URL": place.database_url, "PORT": str(port)} | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://localhost:{port}"
    try:
        await asyncio.to_thread(until, lambda: _serves(url), "one more process serves", STARTING)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, STARTING)


def _serves(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").is_success
    except httpx.TransportError:
        return False


async def disagreeing(place: Town, journal: Journal, shift: int) -> Line:
    """Half of the requests go to a process whose clock jumped by an hour, and its worker works beside the right one."""
    env = {"NIANGJIA_CLOCK_SHIFT": str(shift)}
    worker = place.house.start("worker", DATABASE_URL=place.database_url, **env)
    began = len(journal.booked)
    try:
        async with another(place, ROOT, **env) as url, Crowd(place, journal, [place.url, url]).at_work():
            await asyncio.sleep(2 * AFTER)
        found = await truth.lies(place.database_url, journal)
    finally:
        worker.terminate()
        worker.wait(STARTING)
    result = f"{truth.told(found)}; {len(journal.booked) - began:,} booked"
    say(f"clock {shift:+}: {result}")
    return Line(
        f"a machine's clock jumps by {shift // 3600:+} h",
        "nothing lost or twice, nobody refused by a mistake",
        result,
        good=not found and len(journal.booked) > began and not journal.given_up,
    )
