"""Writing stations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import msgspec

from server.audit import service as audit
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import Actor
from server.people.models import Role
from server.stations.divisions import places
from server.stations.errors import HoursUnusable, StationNotFound
from server.stations.models import StationKind
from server.stations.naming import initials, pinyin
from server.stations.rules import DAYS, Hours, ranges_in_order, search_text

BATCH = 5_000

SAVE_DIVISIONS = """
INSERT INTO division (code, name, level, parent_code, full_name, pinyin, initials, lat, lng)
SELECT * FROM unnest(
  $1::int[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::float8[])
ON CONFLICT (code) DO UPDATE SET
  name = excluded.name, level = excluded.level, parent_code = excluded.parent_code,
  full_name = excluded.full_name, pinyin = excluded.pinyin, initials = excluded.initials,
  lat = excluded.lat, lng = excluded.lng
WHERE division IS DISTINCT FROM excluded
"""


async def load_divisions() -> None:
    """Bring the table of divisions to what ships with this release; every migration ends with it."""
    rows = []
    for place in places().values():
        letters = [initials(name) for name in place.chain]
        rows.append(
            (
                place.code,
                place.name,
                place.level,
                place.parent,
                place.full_name,
                " ".join(pinyin(name) for name in reversed(place.chain)),
                " ".join("".join(letters[level:]) for level in range(len(letters))),
                *place.centre,
            )
        )
    await sql.run(SAVE_DIVISIONS, *map(list, zip(*rows, strict=True)))


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


async def change_hours(*, actor: Actor, station_id: UUID, hours: Hours) -> None:
    """Give a station other weekly hours. Call inside a transaction; whoever keeps slots plans them anew in it.

    Raises NotFound, Forbidden for anybody but a manager, HoursUnusable.
    """
    if len(hours) != DAYS or not all(map(ranges_in_order, hours)):
        raise HoursUnusable
    await _managed(actor, station_id, "station.hours_changed")
    await sql.run("UPDATE station SET hours = $2 WHERE id = $1", station_id, msgspec.json.encode(hours).decode())


async def close_days(*, actor: Actor, station_id: UUID, days: Sequence[date], reason: str) -> None:
    """Keep a station closed on these dates; workers read the reason. Raises what `change_hours` raises."""
    await _managed(actor, station_id, "station.days_closed")
    await _set_days(station_id, days, [], reason)


async def open_days(
    *, actor: Actor, station_id: UUID, days: Sequence[date], ranges: list[list[int]], reason: str
) -> None:
    """Open a station at other hours on these dates. Raises what `change_hours` raises."""
    if not ranges or not ranges_in_order(ranges):
        raise HoursUnusable
    await _managed(actor, station_id, "station.days_opened")
    await _set_days(station_id, days, ranges, reason)


async def forget_days(*, actor: Actor, station_id: UUID, days: Sequence[date]) -> None:
    """Let the weekly hours hold on these dates again. Raises what `change_hours` raises."""
    await _managed(actor, station_id, "station.days_forgotten")
    await sql.run("DELETE FROM station_day WHERE station_id = $1 AND day = ANY($2)", station_id, list(days))


async def _set_days(station_id: UUID, days: Sequence[date], ranges: list[list[int]], reason: str) -> None:
    await sql.run(
        """INSERT INTO station_day (id, station_id, day, hours, reason)
        SELECT t.id, $1, t.day, $4, $5 FROM unnest($2::uuid[], $3::date[]) AS t (id, day)
        ON CONFLICT (station_id, day) DO UPDATE SET hours = excluded.hours, reason = excluded.reason""",
        station_id,
        [new_id() for _ in days],
        list(days),
        msgspec.json.encode(ranges).decode(),
        reason,
    )


async def _managed(actor: Actor, station_id: UUID, action: str) -> None:
    """Lock a station that this actor manages, mark it changed and write down by whom."""
    region: int | None = await sql.value("SELECT region_code FROM station WHERE id = $1 FOR UPDATE", station_id)
    if region is None:
        raise StationNotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=region)
    await sql.run("UPDATE station SET version = version + 1, updated_at = $2 WHERE id = $1", station_id, clock.now())
    await audit.record(
        actor.kind, actor.id, action, subject_kind="station", subject_id=str(station_id), region_code=region
    )
