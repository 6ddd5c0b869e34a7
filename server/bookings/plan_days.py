"""A day that is not as usual: an offering or a provider is not there, or a slot has places of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from server.bookings.plan import carry_out, managed_region, record
from server.bookings.slots import Plan, lock_plans
from server.bookings.waitlist_offers import fill_opened
from server.db import sql
from server.errors import Invalid, NotFound
from server.kit import clock
from server.kit.calendar import row_of
from server.kit.ids import new_id
from server.kit.text import N_
from server.people.actors import Actor
from server.stations.errors import HoursUnusable
from server.stations.hours import common
from server.stations.rules import MIDNIGHT, ranges_in_order

Whose = Literal["offering", "provider"]
Ranges = list[list[int]]
MOST_PLACES = 2000
BAD_PLACES = N_("同时接待人数要填 0 到 2000。")
NO_TIMES = N_("这段时间里没有可以改的时段。")

FIND = {
    "offering": "SELECT NULL::text AS hours FROM offering WHERE id = $1 AND station_id = $2",
    "provider": "SELECT hours FROM provider WHERE id = $1 AND station_id = $2",
}
DAY_OF = {
    "offering": "SELECT hours FROM offering_day WHERE offering_id = $1 AND day = $2",
    "provider": "SELECT hours FROM provider_day WHERE provider_id = $1 AND day = $2",
}
SET_DAYS = {
    "offering": """INSERT INTO offering_day (id, offering_id, day, hours, reason)
        SELECT t.id, $1, t.day, $4, $5 FROM unnest($2::uuid[], $3::date[]) AS t (id, day)
        ON CONFLICT (offering_id, day) DO UPDATE SET hours = excluded.hours, reason = excluded.reason""",
    "provider": """INSERT INTO provider_day (id, provider_id, day, hours, reason)
        SELECT t.id, $1, t.day, $4, $5 FROM unnest($2::uuid[], $3::date[]) AS t (id, day)
        ON CONFLICT (provider_id, day) DO UPDATE SET hours = excluded.hours, reason = excluded.reason""",
}
FORGET_DAYS = {
    "offering": "DELETE FROM offering_day WHERE offering_id = $1 AND day = ANY($2)",
    "provider": "DELETE FROM provider_day WHERE provider_id = $1 AND day = ANY($2)",
}
SET_CAPACITY = """
UPDATE slot s SET own_capacity = $4, capacity = greatest(coalesce($4, o.capacity), s.taken)
FROM offering o WHERE o.id = s.offering_id AND s.offering_id = $1
  AND s.starts_at >= $2 AND s.starts_at < $3 AND s.starts_at > $5
RETURNING s.taken > coalesce($4, o.capacity) AS fuller
"""


@dataclass(frozen=True)
class Capacity:
    """How many slots got other places, and how many of them hold more people already."""

    changed: int
    fuller: int


async def stop_today(*, actor: Actor, station_id: UUID, whose: Whose, id_: UUID, reason: str, apply: bool) -> Plan:
    """From this minute on an offering or a provider is not there any more today. Raises NotFound, Forbidden."""

    async def change() -> None:
        region = await managed_region(actor, station_id)
        now, today = clock.now(), clock.today()
        before = await _ranges_of(station_id, whose, id_, today)
        left = common(before, [[0, clock.minute_of_day(now)]])
        await _set_days(whose, id_, [today], left, reason)
        await record(actor, f"{whose}.stopped", id_, region, whose)

    return await carry_out(station_id, change, apply=apply)


async def _ranges_of(station_id: UUID, whose: Whose, id_: UUID, day: date) -> Ranges:
    """Within which times something is there on a date. Raises NotFound for another station's."""
    found = await sql.row(FIND[whose], id_, station_id)
    if found is None:
        raise NotFound
    special = await sql.value(DAY_OF[whose], id_, day)
    if special:
        return msgspec.json.decode(special, type=Ranges)
    if found["hours"]:
        return msgspec.json.decode(found["hours"], type=list[Ranges])[row_of(day)]
    return [[0, MIDNIGHT]]


async def change_days(
    *,
    actor: Actor,
    station_id: UUID,
    whose: Whose,
    id_: UUID,
    days: Sequence[date],
    ranges: Ranges | None,
    reason: str,
    apply: bool,
) -> Plan:
    """On these dates not there (no ranges), there within these ranges, or as usual again (None).

    Raises NotFound, Forbidden, HoursUnusable.
    """
    if ranges and not ranges_in_order(ranges):
        raise HoursUnusable

    async def change() -> None:
        region = await managed_region(actor, station_id)
        if await sql.row(FIND[whose], id_, station_id) is None:
            raise NotFound
        if ranges is None:
            await sql.run(FORGET_DAYS[whose], id_, list(days))
        else:
            await _set_days(whose, id_, days, ranges, reason)
        await record(actor, f"{whose}.days_changed", id_, region, whose)

    return await carry_out(station_id, change, apply=apply)


async def _set_days(whose: Whose, id_: UUID, days: Sequence[date], ranges: Ranges, reason: str) -> None:
    ids = [new_id() for _ in days]
    await sql.run(SET_DAYS[whose], id_, ids, list(days), msgspec.json.encode(ranges).decode(), reason)


async def set_capacity(
    *, actor: Actor, station_id: UUID, offering_id: UUID, day: date, first: int, last: int, capacity: int | None
) -> Capacity:
    """Other places for the slots ahead that begin from minute `first` to `last` of a day; None: the offering's again.

    Whoever has a place keeps it: no slot gets fewer places than are taken. Raises NotFound, Forbidden, Invalid.
    """
    if capacity is not None and not 0 <= capacity <= MOST_PLACES:
        raise Invalid(BAD_PLACES, field="capacity")
    async with sql.transaction():
        await lock_plans([station_id])
        region = await managed_region(actor, station_id)
        if await sql.row(FIND["offering"], offering_id, station_id) is None:
            raise NotFound
        span = clock.at(day, first), clock.at(day, last + 1)
        found = await sql.rows(SET_CAPACITY, offering_id, *span, capacity, clock.now())
        if not found:
            raise Invalid(NO_TIMES, field="first")
        await fill_opened([offering_id])
        await record(actor, "offering.capacity_changed", offering_id, region)
    return Capacity(len(found), sum(row["fuller"] for row in found))
