"""Settings of one station for many: shown first, station by station, then done for all of them or for none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from server.bookings.plan import managed_region
from server.bookings.slots import Plan, lock_plans, replan
from server.db import sql
from server.errors import Invalid
from server.kit import clock
from server.kit.ids import new_id
from server.kit.text import N_
from server.people.actors import Actor
from server.stations import service as stations

MOST_STATIONS = 50
NO_STATIONS = N_("请至少选一个站点。")
NOTHING = N_("请至少选一样要抄的。")
TOO_MANY = N_("一次最多抄到 50 个站点，多了请分几次。")
# Who serves stays the other station's own affair.
TERMS = """minutes, capacity, notice_minutes, cutoff_minutes, confirm_minutes, horizon_days, general_days, auto_confirm,
eligibility, bring, hours"""
CHANGE = f"""
UPDATE offering t SET ({TERMS}) = (SELECT {TERMS} FROM offering s WHERE s.id = f.source_id), active = true
FROM (SELECT DISTINCT ON (s.service) s.id AS source_id, t.id AS target_id
  FROM offering s JOIN offering t ON t.station_id = $2 AND t.service = s.service
  WHERE s.station_id = $1 AND s.active ORDER BY s.service, s.created_at, s.id, t.active DESC, t.created_at, t.id) f
WHERE t.id = f.target_id
"""
MISSING = """
SELECT DISTINCT ON (s.service) s.id FROM offering s WHERE s.station_id = $1 AND s.active
  AND NOT EXISTS (SELECT FROM offering t WHERE t.station_id = $2 AND t.service = s.service)
ORDER BY s.service, s.created_at, s.id
"""
ADD = f"""
INSERT INTO offering (id, station_id, region_code, service, provider, active, created_at, {TERMS})
SELECT n.id, $2, $3, s.service, s.provider, true, $4, {TERMS}
FROM unnest($1::uuid[], $5::uuid[]) AS n (id, source_id) JOIN offering s ON s.id = n.source_id
"""


class What(StrEnum):
    HOURS = "hours"
    DAYS = "days"
    FACILITIES = "facilities"
    OFFERINGS = "offerings"


@dataclass(frozen=True)
class Copied:
    """What the settings do to one station."""

    station_id: UUID
    name: str
    plan: Plan


class _UndoneError(Exception):
    """Takes a preview's transaction back."""


async def copy_settings(
    *, actor: Actor, source_id: UUID, target_ids: Collection[UUID], what: Collection[What], apply: bool
) -> list[Copied]:
    """Give these stations what one has; each one's slots follow, and affected people are told.

    Services that the others have besides stay as they are, and so does who serves. Raises NotFound, Forbidden for a
    station that this actor does not manage, Invalid.
    """
    targets = sorted({*target_ids} - {source_id})
    _require_sane(targets, what)
    done: list[Copied] = []
    try:
        async with sql.transaction():
            await stations.take_turns_with_imports()
            await managed_region(actor, source_id)
            await lock_plans(targets)
            done += [await _copy(actor, source_id, target_id, what) for target_id in targets]
            if not apply:
                raise _UndoneError  # noqa: TRY301 (the one way to take a transaction back)
    except _UndoneError:
        pass
    return done


def _require_sane(targets: Sequence[UUID], what: Collection[What]) -> None:
    if not what:
        raise Invalid(NOTHING, field="what")
    if not targets or len(targets) > MOST_STATIONS:
        raise Invalid(TOO_MANY if targets else NO_STATIONS, field="station")


async def _copy(actor: Actor, source_id: UUID, target_id: UUID, what: Collection[What]) -> Copied:
    region = await managed_region(actor, target_id)
    name = await stations.take_over(
        actor=actor,
        source_id=source_id,
        target_id=target_id,
        hours=What.HOURS in what,
        facilities=What.FACILITIES in what,
        days=What.DAYS in what,
    )
    if What.OFFERINGS in what:
        await sql.run(CHANGE, source_id, target_id)
        missing = [row["id"] for row in await sql.rows(MISSING, source_id, target_id)]
        await sql.run(ADD, [new_id() for _ in missing], target_id, region, clock.now(), missing)
    return Copied(target_id, name, await replan(target_id))
