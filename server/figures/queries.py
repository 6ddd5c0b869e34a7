"""Reads of figures: a region with what lies below it, one station up to this minute, and the lines of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from server.bookings.models import ServiceKind
from server.db import sql
from server.errors import Forbidden, NotFound
from server.figures.counting import COLUMNS, COUNTED
from server.figures.periods import Span, begin
from server.figures.scopes import may_read_station
from server.figures.sums import NAMES, Sums, added, read
from server.kit import clock
from server.people.actors import Actor
from server.visits.models import Occupation

Key = TypeVar("Key")
DAY = timedelta(days=1)
LIVE_DAYS = 2  # of one station: today, and yesterday until the night is over
CELLS = 16  # of a map of many stations, across and down
STATIONS_ON_MAP, STATIONS_LISTED = 250, 300
TOTALS = ", ".join(f"sum(f.{name})::bigint AS {name}" for name in NAMES)
NOTHING = ", ".join("NULL" for _ in NAMES)
NO_MORE = ", NULL" * (len(NAMES) - 1)
ROW = ", ".join(f"f.{name}" for name in NAMES)
# Of the regions $1 in the days $3 to $4 and the service $5 ('' for all); of those below, $2, and on the map, $6.
WANTED = "day BETWEEN $3 AND $4 AND ($5 = '' OR service = $5)"
REGION = f"""
WITH f AS (SELECT * FROM region_figure WHERE region_code = ANY($1) AND {WANTED})
SELECT 'day' AS part, f.day, NULL::text AS key, {TOTALS} FROM f GROUP BY f.day
UNION ALL SELECT 'service', NULL, f.service, {TOTALS} FROM f GROUP BY f.service
UNION ALL SELECT 'below', NULL, f.region_code::text, {TOTALS} FROM region_figure f
  WHERE region_code = ANY($2) AND {WANTED} GROUP BY f.region_code
UNION ALL SELECT 'mark', NULL, f.region_code::text, {TOTALS} FROM region_figure f
  WHERE region_code = ANY($6) AND {WANTED} GROUP BY f.region_code
UNION ALL SELECT 'visits', (SELECT max(until) FROM roll_up WHERE done_at IS NOT NULL), NULL, {NOTHING}
UNION ALL SELECT 'visits', NULL, v.occupation, sum(v.visits){NO_MORE} FROM region_visits v
  WHERE v.region_code = ANY($1) AND v.day BETWEEN $3 AND $4 GROUP BY v.occupation
"""
PEOPLE = "served + walk_in_served"
# Every station of the regions $1 is a mark, or every cell of a grid where they are too many ($5 across and down).
# OFFSET 0: each station is looked up; how many there are is guessed so badly that all of the country would be read.
STATIONS = f"""
WITH loads AS (SELECT f.station_id, {TOTALS} FROM day_figure f
  WHERE f.region_code = ANY($1) AND f.day BETWEEN $2 AND $3 AND ($4 = '' OR f.service = $4) GROUP BY f.station_id),
placed AS (SELECT l.*, st.name, st.region_code, st.lat, st.lng, count(*) OVER () AS stations,
    min(st.lat) OVER () AS south, min(st.lng) OVER () AS west, max(st.lat) OVER () + 1e-6 AS north,
    max(st.lng) OVER () + 1e-6 AS east
  FROM loads l CROSS JOIN LATERAL (SELECT * FROM station WHERE id = l.station_id OFFSET 0) st),
f AS (SELECT *, CASE WHEN stations <= $6 THEN station_id::text ELSE width_bucket(lat, south, north, $5) || ' '
    || width_bucket(lng, west, east, $5) END AS cell FROM placed)
SELECT true AS mark, count(*) AS stations, avg(f.lat) AS lat, avg(f.lng) AS lng,
  (array_agg(f.name ORDER BY {PEOPLE} DESC, f.name))[1] AS name,
  (array_agg(f.station_id ORDER BY {PEOPLE} DESC, f.name))[1] AS station_id,
  (array_agg(f.region_code ORDER BY {PEOPLE} DESC, f.name))[1] AS region_code, {TOTALS} FROM f GROUP BY f.cell
UNION ALL (SELECT false, stations, lat, lng, name, station_id, region_code, {COLUMNS} FROM placed
  ORDER BY {PEOPLE} DESC, name LIMIT $7)
"""
# Of the station $1: the days $4 to $2 as they were rolled up, the days $2 to $3 as they are.
STATION = f"""
SELECT 'day' AS part, day, service AS key, {COLUMNS} FROM ({COUNTED}) c
UNION ALL SELECT 'day', day, service, {COLUMNS} FROM day_figure
  WHERE station_id = ANY($1) AND day >= $4 AND day < $2 AND day <= $5
UNION ALL SELECT 'visits', NULL, occupation, sum(visits){NO_MORE} FROM visit_day
  WHERE station_id = ANY($1) AND day BETWEEN $4 AND $5 GROUP BY occupation
"""
LINES = f"""
SELECT f.day, f.service, f.region_code, st.name, {ROW}
FROM day_figure f JOIN station st ON st.id = f.station_id
WHERE f.region_code = $1 AND f.day BETWEEN $2 AND $3 AND ($4 = '' OR f.service = $4)
ORDER BY f.day, st.name, f.station_id, f.service
"""


@dataclass(frozen=True)
class Figures:
    """Sums of a span of days: in all, by step of the chart, by service, by region below; visits by occupation."""

    steps: dict[date, Sums]
    services: dict[ServiceKind, Sums]
    visits: dict[Occupation, int]
    below: dict[int, Sums] = field(default_factory=dict)
    marks: dict[int, Sums] = field(default_factory=dict)
    rolled_until: date | None = None

    @property
    def total(self) -> Sums:
        return added(self.steps.values())


@dataclass(frozen=True)
class Place:
    """A station, or several that lie together; named after the busiest."""

    station_id: UUID
    name: str
    region_code: int
    stations: int
    lat: float
    lng: float
    sums: Sums


@dataclass(frozen=True)
class Station:
    """A station by name."""

    id: UUID
    name: str
    region_code: int


async def region_figures(
    codes: Sequence[int], below: Iterable[int], marks: Iterable[int], span: Span, service: str
) -> Figures:
    """Of regions together, as far as they are rolled up; and of each that lies below, and each on the map."""
    found = await sql.rows(REGION, list(codes), list(below), span.since, span.until, service, list(marks))
    parts = _parts(found)
    rolled = next((row["day"] for row in parts["visits"] if row["key"] is None), None)
    return Figures(
        steps=_by_step(parts["day"], span),
        services=_sums(parts["service"], lambda row: ServiceKind(row["key"])),
        visits=_visits(parts["visits"]),
        below=_sums(parts["below"], lambda row: int(row["key"])),
        marks=_sums(parts["mark"], lambda row: int(row["key"])),
        rolled_until=rolled,
    )


async def stations_in(codes: Sequence[int], span: Span, service: str) -> tuple[list[Place], list[Place]]:
    """What stands on a map of these divisions' stations, and the busiest of them."""
    found = await sql.rows(
        STATIONS, list(codes), span.since, span.until, service, CELLS, STATIONS_ON_MAP, STATIONS_LISTED
    )
    places = [
        (
            row["mark"],
            Place(
                row["station_id"],
                row["name"],
                row["region_code"],
                row["stations"] if row["mark"] else 1,
                row["lat"],
                row["lng"],
                read(row),
            ),
        )
        for row in found
    ]
    return [place for mark, place in places if mark], [place for mark, place in places if not mark]


async def station_of(actor: Actor, station_id: UUID) -> Station:
    """A station whose figures the actor may read. Raises NotFound, Forbidden."""
    found = await sql.row("SELECT id, name, region_code FROM station WHERE id = $1", station_id)
    if found is None:
        raise NotFound
    if not may_read_station(actor, station_id, found["region_code"]):
        raise Forbidden
    return Station(**found)


async def station_figures(station_id: UUID, span: Span, service: str) -> Figures:
    """Of one station up to this minute."""
    found = [
        row for row in await _station_rows(station_id, span) if row["part"] != "day" or service in ("", row["key"])
    ]
    parts = _parts(found)
    return Figures(
        steps=_by_step(parts["day"], span),
        services=_sums(parts["day"], lambda row: ServiceKind(row["key"])),
        visits=_visits(parts["visits"]),
    )


async def _station_rows(station_id: UUID, span: Span) -> list[sql.Record]:
    live = max(span.since, clock.today() - DAY * (LIVE_DAYS - 1))
    return await sql.rows(STATION, [station_id], live, span.until, span.since, span.until)


@dataclass(frozen=True)
class Line:
    """A service at a station on a day."""

    day: date
    region_code: int
    station: str
    service: ServiceKind
    sums: Sums


async def station_lines(station: Station, span: Span, service: str) -> AsyncIterator[Line]:
    """Each service and day of a station."""
    days = [row for row in await _station_rows(station.id, span) if row["part"] == "day"]
    for row in sorted(days, key=lambda row: (row["day"], row["key"])):
        if service in ("", row["key"]):
            yield Line(row["day"], station.region_code, station.name, ServiceKind(row["key"]), read(row))


async def region_lines(codes: Sequence[int], span: Span, service: str) -> AsyncIterator[Line]:
    """Each service, station and day of these divisions, a division's month at a time."""
    for code in codes:
        for since, until in span.months():
            for row in await sql.rows(LINES, code, since, until, service):
                yield Line(row["day"], row["region_code"], row["name"], ServiceKind(row["service"]), read(row))


def _parts(found: Iterable[sql.Record]) -> Mapping[str, list[sql.Record]]:
    parts: dict[str, list[sql.Record]] = defaultdict(list)
    for row in found:
        parts[row["part"]].append(row)
    return parts


def _by_step(rows: Iterable[sql.Record], span: Span) -> dict[date, Sums]:
    """Every step of the span, those without anything too."""
    return dict.fromkeys(span.steps(), Sums()) | _sums(rows, lambda row: begin(row["day"], span.step))


def _sums(rows: Iterable[sql.Record], key: Callable[[Any], Key]) -> dict[Key, Sums]:
    by_key: dict[Key, list[Sums]] = defaultdict(list)
    for row in rows:
        by_key[key(row)].append(read(row))
    return {name: added(many) for name, many in by_key.items()}


def _visits(rows: Iterable[sql.Record]) -> dict[Occupation, int]:
    """How many came in, the most frequent occupation first; the count stands in the first column of sums."""
    found = {Occupation(row["key"]): int(row[NAMES[0]]) for row in rows if row["key"]}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
