"""Writing stations."""

from __future__ import annotations

from collections.abc import Sequence
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
from server.stations.naming import initials, pinyin
from server.stations.rules import DAYS, Hours, ranges_in_order
from server.stations.saving import ONE_AT_A_TIME

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
    region: int | None = await sql.value("SELECT region_code FROM station WHERE id = $1 FOR NO KEY UPDATE", station_id)
    if region is None:
        raise StationNotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=region)
    await sql.run("UPDATE station SET version = version + 1, updated_at = $2 WHERE id = $1", station_id, clock.now())
    await audit.record(
        actor.kind, actor.id, action, subject_kind="station", subject_id=str(station_id), region_code=region
    )


async def take_turns_with_imports() -> None:
    """Whoever changes many stations does so when no file of stations is being applied, and the other way round."""
    await sql.run("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)


async def take_over(
    *, actor: Actor, source_id: UUID, target_id: UUID, hours: bool, facilities: bool, days: bool
) -> str:
    """Give a station another's week, facilities, or exceptional days from today on; what the station is called.

    Call inside a transaction. Raises what `change_hours` raises.
    """
    await _managed(actor, target_id, "station.settings_copied")
    name: str = await sql.value(
        """UPDATE station t SET hours = CASE WHEN $3 THEN s.hours ELSE t.hours END,
          facilities = CASE WHEN $4 THEN s.facilities ELSE t.facilities END
        FROM station s WHERE s.id = $1 AND t.id = $2 RETURNING t.name""",
        source_id,
        target_id,
        hours,
        facilities,
    )
    if days:
        await _take_over_days(source_id, target_id)
    return name


async def _take_over_days(source_id: UUID, target_id: UUID) -> None:
    today = clock.today()
    await sql.run("DELETE FROM station_day WHERE station_id = $1 AND day >= $2", target_id, today)
    found = await sql.rows(
        "SELECT day, hours, reason FROM station_day WHERE station_id = $1 AND day >= $2", source_id, today
    )
    await sql.run(
        """INSERT INTO station_day (id, station_id, day, hours, reason)
        SELECT t.id, $1, t.day, t.hours, t.reason
        FROM unnest($2::uuid[], $3::date[], $4::jsonb[], $5::text[]) AS t (id, day, hours, reason)""",
        target_id,
        [new_id() for _ in found],
        [row["day"] for row in found],
        [row["hours"] for row in found],
        [row["reason"] for row in found],
    )
