"""What each list asks the database in a filled country, and how it is answered: row F of `make bench`.

Every page with a list and every JSON list is asked as its reader (visitor, worker, staff of one busy station, officer
and auditor of a region, reviewer) of a real server process. PostgreSQL itself tells what it was asked and how it
found the rows (auto_explain): at most three statements a page, and none of them reads a big table from its beginning
to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from statistics import median, median_low
from typing import Any

import asyncpg
import httpx

from server.edge.sessions import COOKIE
from tests.bench.extra import Extra, extra, token
from tests.bench.house import House, country, served
from tests.bench.table import Table, say
from tests.bench.world import World

MOST_STATEMENTS, SLOW_MS = 3, 50
BIG = 150_000  # rows; the smallest table that grows with the country, that of stations, has 186,100
# Asked and told, but no lists: pages of one thing whose opening is written down, and sums over a whole federation.
NO_LISTS = (
    "/staff/people/{staff_id}",
    "/review/applications/{application_id}",
    "/review/members/{member_id}",
    "/review/progress",
)
LONGEST_MS = 3_000  # for all asks of one page
ASKS = 8  # of each page: PostgreSQL plans anew for the first five, then may keep one plan for all values
MOST_BYTES = 200_000_000  # of the log, between two looks
STEPS_ASIDE = re.compile(
    r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|LISTEN|UNLISTEN|SET|SHOW|DISCARD)\b", re.IGNORECASE
)
SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "log_statement": "all",
}
ENTRY = re.compile(r"^\d{4}-\d\d-\d\d [^\n]*? \[\d+\] (\w+):  ", re.MULTILINE)
LISTS = {
    "visitor": """
        / /stations?lat=22.8170&lng=108.3669&datum=wgs84 /stations?region=450103 /stations?q=凤岭
        /stations?q=n4711 /stations?q=南宁+理发 /stations?q=凤岭+理发 /stations?q=n4711+理发
        /stations?region=450103&service=haircut&open=true /stations/{station_id} /regions /regions/450000 /routes
        /routes/{route_id} /book/{offering_id} /book/slots/{slot_id} /stations/{station_id}/queue
        /stations/{station_id}/board /q/{secret} /stations/{station_id}/broken /suggestions
        /suggestions?lat=22.817&lng=108.366 /suggestions?region=450103
        /api/v1/stations?lat=22.8170&lng=108.3669 /api/v1/stations?q=凤岭 /api/v1/divisions?parent=450100
        /api/v1/offerings/{offering_id}/slots /api/v1/slots/{slot_id}/alternatives /api/v1/unions?q=n4711
        /api/v1/unions?region=450103""",
    "worker": """
        / /stations?lat=22.8170&lng=108.3669&datum=wgs84 /tickets
        /tickets/{booking_id} /tickets/{booking_id}/move /book/{offering_id} /wait/{offering_id}?slot={slot_id}
        /waiting /groups/new/{offering_id} /groups/{group_id} /groups/{group_id}/names /inbox /broken
        /suggestions?lat=22.817&lng=108.366 /suggestions/new?lat=22.817&lng=108.366 /me
        /api/v1/bookings /api/v1/notices""",
    "desk": """
        /desk/{station_id} /desk/{station_id}/print /desk/{station_id}/week /desk/{station_id}/month
        /desk/{station_id}/queue /desk/{station_id}/waiting?day={tomorrow} /desk/{station_id}/faults /desk/inbox
        /desk/{station_id}/groups/{group_id}
        /desk/faults /desk/{station_id}/figures /desk/{station_id}/plan /desk/{station_id}/plan/days
        /desk/{station_id}/plan/affected /desk/{station_id}/plan/today /desk/{station_id}/plan/holidays
        /desk/{station_id}/plan/no-show /desk/{station_id}/plan/photos
        /desk/{station_id}/plan/offerings/{offering_id}/days /desk/{station_id}/plan/offerings/{offering_id}/slots
        /staff/people /api/v1/desk/stations /api/v1/desk/stations/{station_id}/bookings""",
    "officer": """
        /desk /desk?q=驿站 /desk/{station_id} /desk/faults /desk/faults/{fault_id} /desk/{station_id}/plan/copy
        /officer/routes /officer/routes/{route_id} /officer/suggestions
        /staff/account /staff/people /staff/people?q=小李7 /staff/people/{staff_id} /audit /audit?action=member.opened
        /figures /figures?region=450103 /review/progress /review/unions /review/unions?q=第7街道
        /api/v1/desk/stations""",
    "auditor": "/audit /audit?who=小李7 /figures /figures?region=450100 /review/progress",
    "reviewer": """
        /review /review?show=doubts /review?union=第7街道工会 /review/applications/{application_id}
        /review/members?q=韦秀英 /review/members/{member_id} /review/transfers /review/progress /review/unions
        /review/unions?q=第7街道
        /review/unions/{union_id} /api/v1/review/applications /api/v1/review/transfers""",
}


@dataclass
class Found:
    """What one ask of a page came to; `scans` are big tables that were read whole, `read` the most rows of one step."""

    statements: list[str] = field(default_factory=list)
    aside: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""
    scans: set[str] = field(default_factory=set)
    read: int = 0


@dataclass
class Page:
    """What was found of one list: all its asks but the first."""

    name: str
    asked: list[Found] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    status: int = 0

    @property
    def statements(self) -> int:
        """Of most asks: that somebody is still here is noted once a minute."""
        return median_low(len(ask.statements) for ask in self.asked)

    @property
    def scans(self) -> list[str]:
        return sorted(set().union(*(ask.scans for ask in self.asked)))

    @property
    def slowest_ms(self) -> float:
        return median(ask.slowest_ms for ask in self.asked)

    def told(self) -> str:
        """One line, and the statement that is too slow or reads too much."""
        told = f"{self.name}: {self.statements} statements" + " in a transaction" * any(a.aside for a in self.asked)
        told += f", slowest {self.slowest_ms:.1f} ms, page {median(self.took):.0f} ms, "
        told += f"most rows read {max(ask.read for ask in self.asked):,}"
        told += f", READS WHOLE {self.scans}" * bool(self.scans)
        told += f", answers {self.status}" * (self.status != HTTPStatus.OK)
        if self.slowest_ms > SLOW_MS or self.scans:
            told += f"\n      {max(self.asked, key=lambda ask: ask.slowest_ms).slowest[:1500]}"
        return told


class Log:
    """What the server of the database wrote since one looked last."""

    def __init__(self, connection: asyncpg.Connection, big: dict[str, int]) -> None:
        self.connection, self.big, self.offset = connection, big, 0

    async def skip(self) -> None:
        self.offset = await self.connection.fetchval("SELECT size FROM pg_stat_file('server.log')")

    async def read(self) -> Found:
        written: bytes = await self.connection.fetchval(
            "SELECT pg_read_binary_file('server.log', $1, $2)", self.offset, MOST_BYTES
        )
        self.offset += len(written)
        found = Found()
        for entry in _entries(written.decode("utf-8", "replace")):
            if entry.startswith("duration:") and "plan:" in entry[:60]:
                self._plan(found, float(entry[9:].split(" ms", 1)[0]), json.loads(entry[entry.index("{") :]))
            elif entry.startswith(("statement:", "execute ")):
                statement = entry.split(": ", 1)[1]
                if STEPS_ASIDE.match(statement):
                    found.aside += 1
                else:
                    found.statements.append(statement)
        return found

    def _plan(self, found: Found, took: float, told: dict[str, Any]) -> None:
        statement = " ".join(told["Query Text"].split())
        if took > found.slowest_ms:
            found.slowest_ms, found.slowest = took, statement
        for step in _steps(told["Plan"]):
            rows = step.get("Actual Rows", 0) + step.get("Rows Removed by Filter", 0)
            loops = step.get("Actual Loops", 0)
            if step["Node Type"].endswith("Scan"):
                found.read = max(found.read, int(rows * loops))
            if step["Node Type"] == "Seq Scan" and loops and step["Relation Name"] in self.big:
                found.scans.add(step["Relation Name"])


def _entries(text: str) -> Iterator[str]:
    """What follows LOG: in each entry, its lines joined again."""
    starts = [(match.start(), match.end()) for match in ENTRY.finditer(text)]
    for (_, begins), (ends, _) in itertools.pairwise([*starts, (len(text), 0)]):
        yield text[begins:ends].replace("\n\t", "\n")


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _steps(below)


def plans(table: Table, house: House, world: World) -> None:
    """One row of the table for all lists; each list that breaks a rule, or is slow, is told before."""
    say(f"   lists in a country with {world.bookings:,} bookings")
    asyncio.run(_plans(table, house))


async def _plans(table: Table, house: House) -> None:
    made = await extra(house.database_url)
    connection = await asyncpg.connect(house.database_url)
    await connection.execute("SET log_statement = 'none'; SET auto_explain.log_min_duration = -1")
    name = await connection.fetchval("SELECT current_database()")
    try:
        for setting, value in SETTINGS.items():
            await connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        await _connect_anew(connection)
        pages = await _ask_all(Log(connection, await _big(connection)), house, made)
    finally:
        for setting in SETTINGS:
            await connection.execute(f"ALTER DATABASE {name} RESET {setting}")
        await _connect_anew(connection)
        await connection.close()
    _judge(table, pages)


async def _connect_anew(connection: asyncpg.Connection) -> None:
    """The server's connections are made anew, with the settings of now."""
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'niangjia'"
    )


async def _big(connection: asyncpg.Connection) -> dict[str, int]:
    found = await connection.fetch(
        "SELECT relname, reltuples::bigint AS rows FROM pg_class WHERE relkind = 'r' AND reltuples > $1", BIG
    )
    return {row["relname"]: row["rows"] for row in found}


async def _ask_all(log: Log, house: House, made: Extra) -> list[Page]:
    """Each list, asked a first time and then again and again."""
    pages = []
    for who, lists in LISTS.items():
        headers = {"Cookie": f"{COOKIE}={token(who)}"} if who != "visitor" else {}
        headers["Accept-Language"] = "zh-CN"
        async with httpx.AsyncClient(base_url=f"http://localhost:{house.port}", headers=headers, timeout=60) as client:
            for path in lists.split():
                page = Page(f"{who} {path}")
                await _warm(client, path.format_map(made.ids))
                await log.skip()
                while len(page.asked) < ASKS and sum(page.took) < LONGEST_MS:
                    began = time.perf_counter()
                    answer = await client.get(path.format_map(made.ids))
                    page.took.append((time.perf_counter() - began) * 1000)
                    page.asked.append(await log.read())
                    page.status = answer.status_code
                pages.append(page)
                say(f"   {page.told()}")
    return pages


async def _warm(client: httpx.AsyncClient, path: str) -> None:
    """A first time, when statements are prepared; again where it met a connection that was just ended."""
    for _ in range(20):
        if (await client.get(path)).status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return
        await asyncio.sleep(0.1)


def _judge(table: Table, pages: list[Page]) -> None:
    pages = [page for page in pages if not page.name.endswith(NO_LISTS)]
    many = [page.name for page in pages if page.statements > MOST_STATEMENTS or page.status != HTTPStatus.OK]
    scanned = [page.name for page in pages if page.scans]
    slow = [page.name for page in pages if page.slowest_ms > SLOW_MS]
    told = f"{len(pages) - len(many)} so" + f"; not {', '.join(many)}" * bool(many)
    table.add(f"F lists, {len(pages)} asked", f"≤ {MOST_STATEMENTS} statements", told, good=not many)
    told = ", ".join(scanned) or "none"
    table.add(f"F tables over {BIG:,} rows read whole", "none", told, good=not scanned)
    table.add(f"F statements over {SLOW_MS} ms", "none", ", ".join(slow) or "none", good=not slow)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01, help="share of 4 million members and 50 million bookings")
    parser.add_argument("--url", default="", help="of a country that is filled already; rows are added to it")
    given = parser.parse_args()
    world, table = World().scaled(given.scale), Table()
    if given.url:
        with served(given.url, processes=1) as house:
            plans(table, house, world)
    else:
        with country(world) as url, served(url, processes=1) as house:
            plans(table, house, world)
    table.show()


if __name__ == "__main__":
    main()
