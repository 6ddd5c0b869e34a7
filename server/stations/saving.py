"""Bringing many stations to what a file or the demo says, in sets: new ones, changed ones, and nothing else."""

from __future__ import annotations

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

BATCH = 5_000
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
class Saved:
    """How many stations a file adds, changes and leaves as they are."""

    new: int
    changed: int
    unchanged: int


async def save_stations(rows: Iterable[StationRow], *, apply: bool = True) -> Saved:
    """Bring stations to what the rows say, all or none; without `apply` only count what would happen.

    Offerings, bookings and station days stay with their station. Call inside a transaction.
    """
    await sql.run(INCOMING)
    for batch in _batches(rows):
        await sql.copy("incoming", COLUMNS, batch)
    await sql.run("ANALYZE incoming")
    counted = await sql.row(COUNT)
    if apply:
        now = clock.now()
        await sql.run(CHANGE, now)
        await sql.run(ADD, now)
        await sql.run(PLACE_BELOW)
    return Saved(*(counted or (0, 0, 0)))


def _batches(rows: Iterable[StationRow]) -> Iterator[list[tuple[object, ...]]]:
    rest = iter(rows)
    while batch := [_record(row) for row in itertools.islice(rest, BATCH)]:
        yield batch


def _record(row: StationRow) -> tuple[object, ...]:
    text = search_text(name=row.name, region_code=row.region_code, landmark=row.landmark, address=row.address)
    return (
        row.id, row.external_id, row.kind, row.name, row.parent_external_id, row.region_code, row.address,
        row.landmark, row.phone, row.lat, row.lng, msgspec.json.encode(row.hours).decode(), sorted(row.facilities),
        row.unattended, row.season_from, row.season_until, text, row.demo, row.retired,
    )  # fmt: skip
