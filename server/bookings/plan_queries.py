"""Reads for the station's plan: hours, exceptional days, offerings with all their terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.bookings.models import ServiceKind
from server.bookings.no_show_rules import Policy
from server.bookings.plan import OfferingTerms
from server.bookings.plan_models import ProviderKind
from server.bookings.queries import DESK_LINE, desk_line
from server.bookings.schemas import DeskLine, as_struct
from server.bookings.slots import Affected
from server.db import sql
from server.db.together import at_once
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


class NarrowedDay(msgspec.Struct, frozen=True):
    """A date on which an offering or a provider is there within these ranges only."""

    day: date
    hours: list[list[int]]
    reason: str


class PlannedOffering(msgspec.Struct, frozen=True):
    """An offering as its manager sees it; `hours` is None where the station's hold."""

    id: UUID
    terms: OfferingTerms
    hours: Week | None
    days: list[NarrowedDay]


class PlannedProvider(msgspec.Struct, frozen=True):
    """Who comes to serve; `hours` is None where they come whenever the station is open."""

    id: UUID
    kind: ProviderKind
    name: str
    phone: str
    active: bool
    hours: Week | None
    days: list[NarrowedDay]


class StationPlan(msgspec.Struct, frozen=True):
    """Everything that decides a station's slots."""

    id: UUID
    name: str
    region_code: int
    hours: Week
    days: list[PlannedDays]
    offerings: list[PlannedOffering]
    providers: list[PlannedProvider]
    affected: int
    no_show: Policy | None


async def station_plan(station_id: UUID, actor: Actor) -> StationPlan:
    """A station's plan, for its managers. Raises NotFound or Forbidden."""
    station, days, offerings = await at_once(_station(station_id), _days(station_id), _offerings(station_id))
    if station is None:
        raise NotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=station["region_code"])
    return StationPlan(
        id=station["id"],
        name=station["name"],
        region_code=station["region_code"],
        hours=msgspec.json.decode(station["hours"], type=Week),
        days=days,
        offerings=offerings,
        providers=msgspec.json.decode(station["providers"], type=list[PlannedProvider]),
        affected=station["affected"],
        no_show=msgspec.json.decode(station["no_show"] or "null", type=Policy | None),
    )


async def _station(station_id: UUID) -> Any:
    return await sql.row(
        """SELECT id, name, region_code, hours,
            (SELECT count(*) FROM booking b JOIN slot s ON s.id = b.slot_id
             WHERE b.station_id = station.id AND s.closed AND b.starts_at > $2
               AND b.status IN ('requested', 'confirmed')) AS affected,
            (SELECT json_build_object('misses', n.misses, 'days', n.days) FROM no_show_policy n
             WHERE n.station_id = station.id) AS no_show,
            (SELECT coalesce(json_agg(one ORDER BY one.active DESC, one.name), '[]') FROM (
               SELECT p.id, p.kind, p.name, p.phone, p.active, p.hours,
                 (SELECT coalesce(json_agg(json_build_object('day', d.day, 'hours', d.hours, 'reason', d.reason)
                    ORDER BY d.day), '[]') FROM provider_day d WHERE d.provider_id = p.id AND d.day >= $3) AS days
               FROM provider p WHERE p.station_id = station.id) one) AS providers
        FROM station WHERE id = $1""",
        station_id,
        clock.now(),
        clock.today(),
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
        """SELECT o.*, (SELECT coalesce(json_agg(json_build_object('day', d.day, 'hours', d.hours, 'reason', d.reason)
            ORDER BY d.day), '[]') FROM offering_day d WHERE d.offering_id = o.id AND d.day >= $2) AS days
        FROM offering o WHERE o.station_id = $1 ORDER BY o.active DESC, o.service, o.created_at""",
        station_id,
        clock.today(),
    )
    return [_offering(row) for row in found]


def _offering(row: Any) -> PlannedOffering:
    terms = msgspec.convert({name: row[name] for name in OfferingTerms.__struct_fields__}, OfferingTerms)
    hours = msgspec.json.decode(row["hours"], type=Week) if row["hours"] else None
    return PlannedOffering(row["id"], terms, hours, msgspec.json.decode(row["days"], type=list[NarrowedDay]))


class TodayLine(msgspec.Struct, frozen=True):
    """What is left of an offering today: slots that still take somebody, and people who have a time ahead."""

    id: UUID
    service: ServiceKind
    provider: str
    free: int
    coming: int


async def left_today(station_id: UUID) -> list[TodayLine]:
    """The active offerings of a station with what is left of today."""
    now = clock.now()
    found = await sql.rows(
        """SELECT o.id, o.service, o.provider,
            (SELECT count(*) FROM slot s WHERE s.offering_id = o.id AND s.starts_at > $2 AND s.starts_at < $3
              AND NOT s.closed) AS free,
            (SELECT count(*) FROM booking b JOIN slot s ON s.id = b.slot_id WHERE s.offering_id = o.id
              AND s.starts_at > $2 AND s.starts_at < $3 AND b.status IN ('requested', 'confirmed')) AS coming
        FROM offering o WHERE o.station_id = $1 AND o.active ORDER BY o.service, o.created_at""",
        station_id,
        now,
        clock.at(clock.today(), 1440),
    )
    return [as_struct(TodayLine, row) for row in found]


class SlotLine(msgspec.Struct, frozen=True):
    """A slot as its manager sees it; `own` where it has places of its own."""

    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int
    own: bool
    closed: bool


async def next_day(offering_id: UUID) -> date | None:
    """The date of an offering's next slot."""
    starts_at = await sql.value(
        "SELECT min(starts_at) FROM slot WHERE offering_id = $1 AND starts_at > $2", offering_id, clock.now()
    )
    return clock.local(starts_at).date() if starts_at else None


async def slots_of_day(offering_id: UUID, day: date) -> list[SlotLine]:
    """An offering's slots of a date that have not begun, by time."""
    found = await sql.rows(
        """SELECT starts_at, ends_at, capacity, taken, own_capacity IS NOT NULL AS own, closed FROM slot
        WHERE offering_id = $1 AND starts_at >= $2 AND starts_at < $3 AND starts_at > $4 ORDER BY starts_at""",
        offering_id,
        clock.at(day, 0),
        clock.at(day, 1440),
        clock.now(),
    )
    return [as_struct(SlotLine, row) for row in found]


async def affected_lines(affected: Sequence[Affected]) -> list[DeskLine]:
    """The bookings that a change would touch, as the desk shows them."""
    found = await sql.rows(
        f"SELECT {DESK_LINE} WHERE b.id = ANY($1) ORDER BY b.starts_at", [one.booking_id for one in affected]
    )
    return [desk_line(row) for row in found]
