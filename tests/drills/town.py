"""Where drills happen: a house of real processes, and stations, times and people in it."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil

from server.bookings.models import Offering, Slot
from server.config import read_settings
from server.db.lifespan import database
from server.kit import clock
from server.people import service as people
from server.people.models import Role
from server.process import equip
from tests.fixtures.afterwards import afterwards
from tests.fixtures.bookings import in_hours, make_offering
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.processes import CLEAR_UP, House, until
from tests.fixtures.stations import make_station

PATIENCE = 60
TIMES = 100  # half hours; a person who books at each of them is never in two places at once
HOT, WIDE = 3, 1_000  # places of a slot
dice = random.Random()


@dataclass
class Person:
    """Somebody with a session; `times` are the half hours not booked yet."""

    id: UUID
    token: str
    times: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(TIMES)))


@dataclass
class Town:
    """One house and who lives in it. `slots[time]` are the slots that begin then: hot, wide, confirmed by hand."""

    house: House
    database_url: str
    people: list[Person] = field(default_factory=list)
    slots: list[list[UUID]] = field(default_factory=list)
    union: str = ""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.house.port}"

    async def settle(self, crowd: int) -> None:
        """Stations, slots, people with sessions and a union."""
        async with database(self.database_url, pool_size=8):
            self.union = (await make_union()).code
            rolled: dict[str, Any] = {"rolled_until": clock.today() + timedelta(days=60)}  # the worker adds no slots
            offerings = [
                await make_offering(await make_station(), capacity=HOT, **rolled),
                await make_offering(await make_station(), capacity=WIDE, **rolled),
                await make_offering(
                    await make_station(), capacity=WIDE, auto_confirm=False, confirm_minutes=1, **rolled
                ),
            ]
            # Requests that nobody answers are told to somebody.
            await make_staff(Role.MANAGER, station_id=offerings[-1].station_id)
            self.slots = [await _slots(offerings, in_hours(3) + timedelta(minutes=30 * n)) for n in range(TIMES)]
            for _ in range(crowd):
                person = (await make_person(f"+86137{dice.randrange(10**8):08d}")).id
                self.people.append(Person(person, await people.open_session(person_id=person)))

    def find(self, *names: str) -> list[psutil.Process]:
        """Our processes whose arguments end so, the oldest first: `find("web")` is its master with its children."""
        found = []
        for pid in self.house.pids("server.cli"):
            try:
                process = psutil.Process(pid)
                if set(names) & set(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return sorted(found, key=lambda process: (process.create_time(), process.pid))

    def web_workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        masters = self.find("web")[:1]
        return [
            child for master in masters for child in master.children() if "resource_tracker" not in str(child.cmdline())
        ]

    def postmaster(self) -> int:
        return int((self.house.folder / "data/postgres/postmaster.pid").read_text("utf-8").split()[0])

    async def is_ready(self) -> bool:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"{self.url}/health/ready")).is_success
        except httpx.TransportError:
            return False


async def _slots(offerings: list[Offering], starts_at: object) -> list[UUID]:
    made = []
    for offering in offerings:
        values = {"offering_id": offering.id, "station_id": offering.station_id, "region_code": offering.region_code}
        ends_at = starts_at + timedelta(minutes=30)
        slot = await Slot.create(**values, starts_at=starts_at, ends_at=ends_at, capacity=offering.capacity)
        made.append(slot.id)
    return made


@asynccontextmanager
async def town(crowd: int = 300, folder: Path | None = None, **env: str) -> AsyncIterator[Town]:
    """`niangjia run` in a folder of its own, with people; nothing of it is left afterwards."""
    folder = folder or Path(tempfile.mkdtemp(prefix="niangjia-drill-"))
    house = House(folder)
    house.env |= {"NIANGJIA_LOG_LEVEL": "ERROR"} | env
    with afterwards(CLEAR_UP, str(folder)):
        equip(read_settings(house.env))
        process = house.start("run")
        await asyncio.to_thread(
            until, lambda: "Ctrl-C" in house.words() or process.poll() is not None, "everything runs", 2 * PATIENCE
        )
        assert process.poll() is None, house.words()
        made = Town(house, f"postgresql://postgres@/niangjia?host={house.folder}/data/postgres&port=5432")
        await made.settle(crowd)
        try:
            yield made
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, PATIENCE)


def kill(pid: int) -> float:
    """The hardest end of a process; when it came."""
    os.kill(pid, signal.SIGKILL)
    return time.monotonic()
