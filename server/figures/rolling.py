"""Rolling up: days that are over become rows, by station and by division, in batches that stay small.

A station's day is counted again and replaces what stood there, so a correction of the last days is caught by the next
night. Nothing is written where nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from uuid import UUID

from server.db import sql
from server.figures.counting import COLUMNS, COUNTED
from server.figures.sums import MEASURED, NAMES
from server.kit import clock
from server.people.actors import region_span
from server.stations.divisions import children

STATIONS = 500  # of one batch
AGAIN_DAYS = 14  # how far back a night looks for corrections
DAY = timedelta(days=1)
FIRST = UUID(int=0)
NEXT = "SELECT DISTINCT station_id FROM offering WHERE station_id > $1 ORDER BY station_id LIMIT $2"


def _kept(names: tuple[str, ...], better: str) -> str:
    return ", ".join(f"{name} = CASE WHEN {better} THEN excluded.{name} ELSE f.{name} END" for name in names)


def _row(alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in NAMES)


OLD, NEW, COUNTED_ROW = _row("f"), _row("excluded"), _row("c")
COUNTS = ", ".join(f"{name} = excluded.{name}" for name in NAMES if not any(name in measured for measured in MEASURED))
# A day stays in the division where it was first counted, wherever the station is counted later.
# What was measured once stays when the numbers that it was measured with are gone.
MEASURES = ", ".join(_kept(names, f"excluded.{names[1]} >= f.{names[1]}") for names in MEASURED)
ROLL_STATIONS = f"""
INSERT INTO day_figure AS f (station_id, region_code, day, service, {COLUMNS})
SELECT c.station_id, st.region_code, c.day, c.service, {COUNTED_ROW}
FROM ({COUNTED}) c JOIN station st ON st.id = c.station_id ORDER BY c.station_id, c.day, c.service
ON CONFLICT (station_id, day, service) DO UPDATE SET {COUNTS}, {MEASURES} WHERE ({OLD}) IS DISTINCT FROM ({NEW})
"""
TOTALS = ", ".join(f"sum(f.{name}) AS {name}" for name in NAMES)
ALL_NEW = ", ".join(f"{name} = excluded.{name}" for name in NAMES)
# A county counts for itself, for its city and for its province; who is one of these already counts once.
LINEAGE = "(SELECT d.code UNION SELECT d.code / 100 * 100 UNION SELECT d.code / 10000 * 10000)"
ROLL_REGIONS = f"""
INSERT INTO region_figure AS f (region_code, day, service, {COLUMNS})
SELECT a.code, f.day, f.service, {TOTALS} FROM (
  SELECT d.code, f.day, f.service, {TOTALS}
  FROM division d JOIN day_figure f ON f.region_code = d.code AND f.day BETWEEN $3 AND $4
  WHERE d.code BETWEEN $1 AND $2 GROUP BY d.code, f.day, f.service) f
CROSS JOIN LATERAL (SELECT f.code) d CROSS JOIN LATERAL {LINEAGE} a (code)
GROUP BY a.code, f.day, f.service ORDER BY a.code, f.day, f.service
ON CONFLICT (region_code, day, service) DO UPDATE SET {ALL_NEW}
WHERE ({OLD}) IS DISTINCT FROM ({NEW})
"""
ROLL_VISITS = f"""
INSERT INTO region_visits AS f (region_code, day, occupation, visits)
SELECT a.code, v.day, v.occupation, sum(v.visits)
FROM division d JOIN visit_day v ON v.region_code = d.code AND v.day BETWEEN $3 AND $4
CROSS JOIN LATERAL {LINEAGE} a (code)
WHERE d.code BETWEEN $1 AND $2 GROUP BY a.code, v.day, v.occupation ORDER BY a.code, v.day, v.occupation
ON CONFLICT (region_code, day, occupation) DO UPDATE SET visits = excluded.visits WHERE f.visits <> excluded.visits
"""
# A night that did not come is made up for by the next.
BEGIN = """
INSERT INTO roll_up (until, since, after)
SELECT $1, least($2::date, (SELECT max(until) + 1 FROM roll_up WHERE done_at IS NOT NULL)), $3 ON CONFLICT DO NOTHING
"""


async def roll_up() -> int:
    """The days that are over, once a night, corrections of the last days included; how many batches were done.

    Any number of processes may call it at any time: each batch is one transaction, and one process has it in hand.
    """
    until = clock.today() - DAY
    await sql.run(BEGIN, until, until - DAY * (AGAIN_DAYS - 1), FIRST)
    done = 0
    while await _roll_next(until):
        done += 1
    return done


async def _roll_next(until: date) -> bool:
    """One batch of the night; False where nothing is left, or another process has it."""
    async with sql.transaction():
        night = await sql.row(
            """SELECT since, after, province FROM roll_up WHERE until = $1 AND done_at IS NULL
            FOR UPDATE SKIP LOCKED""",
            until,
        )
        if night is None:
            return False
        if stations := await _stations_after(night["after"]):
            await sql.run(ROLL_STATIONS, stations, night["since"], until)
            await sql.run("UPDATE roll_up SET after = $2 WHERE until = $1", until, stations[-1])
        elif provinces := [code for code in _provinces() if code > night["province"]]:
            await _roll_province(provinces[0], night["since"], until)
            await sql.run("UPDATE roll_up SET province = $2 WHERE until = $1", until, provinces[0])
        else:
            await sql.run("UPDATE roll_up SET done_at = $2 WHERE until = $1", until, clock.now())
    return True


async def roll_up_again(since: date, until: date, say: Callable[[str], None]) -> None:
    """All days of a span, for history: a fortnight and some hundred stations at a time, each its own transaction."""
    for first, last in _fortnights(since, min(until, clock.today() - DAY)):
        after = FIRST
        while stations := await _stations_after(after):
            await sql.run(ROLL_STATIONS, stations, first, last)
            after = stations[-1]
        for province in _provinces():
            async with sql.transaction():
                await _roll_province(province, first, last)
        say(f"{first} – {last}")


def _fortnights(since: date, until: date) -> Iterator[tuple[date, date]]:
    while since <= until:
        last = min(since + DAY * (AGAIN_DAYS - 1), until)
        yield since, last
        since = last + DAY


def _provinces() -> list[int]:
    return sorted(place.code for place in children(None))


async def _stations_after(after: UUID) -> list[UUID]:
    """Those that offer something, in order."""
    return [row["station_id"] for row in await sql.rows(NEXT, after, STATIONS)]


async def _roll_province(code: int, since: date, until: date) -> None:
    await sql.run(ROLL_REGIONS, *region_span(code), since, until)
    await sql.run(ROLL_VISITS, *region_span(code), since, until)
