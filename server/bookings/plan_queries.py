"""Reads for the station's plan: hours, exceptional days, offerings with all their terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.bookings.plan import OfferingTerms
from server.bookings.queries import DESK_LINE, desk_line
from server.bookings.schemas import DeskLine
from server.bookings.slots import Affected
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.people.actors import Actor
from server.people.models import Role

Week = list[list[list[int]]]


class PlannedDays(msgspec.Struct, frozen=True):
    """Dates in a row with the same exceptional hours; no ranges is a closure."""

    first: date
    last: date
    ranges: list[list[int]]
    reason: str


class PlannedOffering(msgspec.Struct, frozen=True):
    """An offering as its manager sees it; `hours` is None where the station's hold."""

    id: UUID
    terms: OfferingTerms
    hours: Week | None


class StationPlan(msgspec.Struct, frozen=True):
    """Everything that decides a station's slots."""

    id: UUID
    name: str
    region_code: int
    hours: Week
    days: list[PlannedDays]
    offerings: list[PlannedOffering]
    affected: int


async def station_plan(station_id: UUID, actor: Actor) -> StationPlan:
    """A station's plan, for its managers. Raises NotFound or Forbidden."""
    station = await sql.row(
        """SELECT id, name, region_code, hours,
            (SELECT count(*) FROM booking b JOIN slot s ON s.id = b.slot_id
             WHERE b.station_id = station.id AND s.closed AND b.starts_at > $2
               AND b.status IN ('requested', 'confirmed')) AS affected
        FROM station WHERE id = $1""",
        station_id,
        clock.now(),
    )
    if station is None:
        raise NotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=station["region_code"])
    return StationPlan(
        id=station["id"],
        name=station["name"],
        region_code=station["region_code"],
        hours=msgspec.json.decode(station["hours"], type=Week),
        days=await _days(station_id),
        offerings=await _offerings(station_id),
        affected=station["affected"],
    )


async def _days(station_id: UUID) -> list[PlannedDays]:
    found = await sql.rows(
        "SELECT day, hours, reason FROM station_day WHERE station_id = $1 AND day >= $2 ORDER BY day",
        station_id,
        clock.today(),
    )
    runs: list[PlannedDays] = []
    for row in found:
        ranges = msgspec.json.decode(row["hours"], type=list[list[int]])
        run = runs[-1] if runs else None
        if run and (run.last + timedelta(days=1), run.ranges, run.reason) == (row["day"], ranges, row["reason"]):
            runs[-1] = PlannedDays(run.first, row["day"], ranges, run.reason)
        else:
            runs.append(PlannedDays(row["day"], row["day"], ranges, row["reason"]))
    return runs


async def _offerings(station_id: UUID) -> list[PlannedOffering]:
    found = await sql.rows(
        "SELECT * FROM offering WHERE station_id = $1 ORDER BY active DESC, service, created_at", station_id
    )
    return [_offering(row) for row in found]


def _offering(row: Any) -> PlannedOffering:
    terms = msgspec.convert({name: row[name] for name in OfferingTerms.__struct_fields__}, OfferingTerms)
    hours = msgspec.json.decode(row["hours"], type=Week) if row["hours"] else None
    return PlannedOffering(row["id"], terms, hours)


async def affected_lines(affected: Sequence[Affected]) -> list[DeskLine]:
    """The bookings that a change would touch, as the desk shows them."""
    found = await sql.rows(
        f"SELECT {DESK_LINE} WHERE b.id = ANY($1) ORDER BY b.starts_at", [one.booking_id for one in affected]
    )
    return [desk_line(row) for row in found]
