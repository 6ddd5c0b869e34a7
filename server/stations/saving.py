"""Bringing many stations to what a file or the demo says, in sets: new ones, changed ones, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.stations.models import StationKind
from server.stations.rules import search_text

BATCH = 2_000
ONE_AT_A_TIME = 0x696D706F7274  # any number that nothing else locks
COLUMNS = (
    "id", "external_id", "kind", "name", "parent_external_id", "region_code", "address", "landmark", "phone",
    "lat", "lng", "hours", "facilities", "unattended", "season_from", "season_until", "search_text", "demo", "retired",
)  # fmt: skip
INCOMING = """
CREATE TEMP TABLE incoming (
  id uuid, external_id text PRIMARY KEY, kind text, name text, parent_external_id text, region_code int,
  address text, landmark text, phone text, lat float8, lng float8, hours jsonb, facilities text[],
  unattended boolean, season_from date, season_until date, search_text text, demo boolean, retired boolean)
ON COMMIT DROP
"""
SAME = """
(s.kind, s.name, s.region_code, s.address, s.landmark, s.phone, s.lat, s.lng, s.hours, s.facilities,
  s.unattended, s.season_from, s.season_until, s.search_text, s.demo, s.retired_at IS NOT NULL,
  (SELECT p.external_id FROM station p WHERE p.id = s.parent_id))
IS NOT DISTINCT FROM
(i.kind, i.name, i.region_code, i.address, i.landmark, i.phone, i.lat, i.lng, i.hours, i.facilities,
  i.unattended, i.season_from, i.season_until, i.search_text, i.demo, i.retired, i.parent_external_id)
"""
COUNT = f"""
SELECT count(*) FILTER (WHERE s.id IS NULL), count(*) FILTER (WHERE s.id IS NOT NULL AND NOT ({SAME})),
  count(*) FILTER (WHERE s.id IS NOT NULL AND {SAME})
FROM incoming i LEFT JOIN station s USING (external_id)
"""
ADD = """
INSERT INTO station (id, external_id, kind, name, region_code, address, landmark, phone, lat, lng, hours,
  facilities, unattended, season_from, season_until, search_text, demo, retired_at, version, updated_at)
SELECT i.id, i.external_id, i.kind, i.name, i.region_code, i.address, i.landmark, i.phone, i.lat, i.lng, i.hours,
  i.facilities, i.unattended, i.season_from, i.season_until, i.search_text, i.demo,
  CASE WHEN i.retired THEN $1::timestamptz END, 1, $1
FROM incoming i WHERE NOT EXISTS (SELECT FROM station s WHERE s.external_id = i.external_id)
"""
CHANGE = f"""
UPDATE station s SET kind = i.kind, name = i.name, region_code = i.region_code, address = i.address,
  landmark = i.landmark, phone = i.phone, lat = i.lat, lng = i.lng, hours = i.hours, facilities = i.facilities,
  unattended = i.unattended, season_from = i.season_from, season_until = i.season_until,
  search_text = i.search_text, demo = i.demo, version = s.version + 1, updated_at = $1,
  retired_at = CASE WHEN i.retired THEN coalesce(s.retired_at, $1) END
FROM incoming i WHERE i.external_id = s.external_id AND NOT ({SAME})
"""
OPENING_CHANGED = """
SELECT s.id FROM incoming i JOIN station s USING (external_id)
WHERE (s.hours, s.season_from, s.season_until, s.retired_at IS NULL)
  IS DISTINCT FROM (i.hours, i.season_from, i.season_until, NOT i.retired)
"""
TIDY_INDEXES = "SELECT gin_clean_pending_list('station_search'), gin_clean_pending_list('station_facilities')"
PLACE_BELOW = """
UPDATE station s SET parent_id = p.id FROM incoming i LEFT JOIN station p ON p.external_id = i.parent_external_id
WHERE s.external_id = i.external_id AND s.parent_id IS DISTINCT FROM p.id
"""


@dataclass(frozen=True)
class StationRow:
    """A station as a file or the demo describes it; the same `external_id` is the same station."""

    external_id: str
    kind: StationKind
    name: str
    region_code: int
    lat: float
    lng: float
    hours: Sequence[Sequence[Sequence[int]]]
    facilities: Sequence[str] = ()
    parent_external_id: str | None = None
    address: str = ""
    landmark: str = ""
    phone: str = ""
    unattended: bool = False
    season_from: date | None = None
    season_until: date | None = None
    demo: bool = False
    retired: bool = False
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class Counts:
    """How many stations the rows add, change and leave as they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


async def save_stations(rows: Iterable[StationRow]) -> Counts:
    """Bring stations to what the rows say, all or none. Call inside a transaction."""
    await stage(rows)
    counts = await count_staged()
    await apply_staged()
    return counts


async def stage(rows: Iterable[StationRow]) -> None:
    """Put rows beside the table, until the transaction ends. Rows are made in another thread, batch by batch."""
    await sql.take_time()
    # Files that name the same stations take turns.
    await sql.run("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
    await sql.run(INCOMING)
    rest = iter(rows)
    while batch := await asyncio.to_thread(_next_batch, rest):
        await sql.copy("incoming", COLUMNS, batch)
    await sql.run("ANALYZE incoming")


async def count_staged() -> Counts:
    return Counts(*(await sql.row(COUNT) or ()))


async def strangers(spans: Sequence[tuple[int, int]]) -> list[str]:
    """Ids of staged stations that stand today in a region outside these."""
    found = await sql.rows(
        """SELECT i.external_id FROM incoming i JOIN station s USING (external_id)
        WHERE NOT EXISTS (SELECT FROM unnest($1::int[], $2::int[]) AS span (first, last)
          WHERE s.region_code BETWEEN span.first AND span.last)""",
        [first for first, _ in spans],
        [last for _, last in spans],
    )
    return [row["external_id"] for row in found]


async def orphans() -> list[tuple[str, str]]:
    """(id, parent's id) of staged stations whose parent is neither in the file nor in the table, or is themselves."""
    found = await sql.rows(
        """SELECT i.external_id, i.parent_external_id FROM incoming i
        WHERE i.parent_external_id = i.external_id OR (i.parent_external_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM incoming p WHERE p.external_id = i.parent_external_id)
          AND NOT EXISTS (SELECT FROM station p WHERE p.external_id = i.parent_external_id))"""
    )
    return [(row["external_id"], row["parent_external_id"]) for row in found]


async def apply_staged() -> list[UUID]:
    """Write the staged rows; the stations whose opening differs now from what it was."""
    now = clock.now()
    moved = [row["id"] for row in await sql.rows(OPENING_CHANGED)]
    # The search index takes many rows at once far faster than a few at a time.
    await sql.run("SET LOCAL gin_pending_list_limit = '256MB'")
    await sql.run(CHANGE, now)
    await sql.run(ADD, now)
    await sql.run(PLACE_BELOW)
    await sql.run(TIDY_INDEXES)
    return moved


def _next_batch(rest: Iterator[StationRow]) -> list[tuple[object, ...]]:
    return [_record(row) for row in itertools.islice(rest, BATCH)]


def _record(row: StationRow) -> tuple[object, ...]:
    text = search_text(name=row.name, region_code=row.region_code, landmark=row.landmark, address=row.address)
    return (
        row.id, row.external_id, row.kind, row.name, row.parent_external_id, row.region_code, row.address,
        row.landmark, row.phone, row.lat, row.lng, msgspec.json.encode(row.hours).decode(), sorted(row.facilities),
        row.unattended, row.season_from, row.season_until, text, row.demo, row.retired,
    )  # fmt: skip
