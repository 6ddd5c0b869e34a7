"""Reads of the bookings room: what can be booked, where else, and the desk's day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.bookings import rules
from server.bookings.errors import SlotFull
from server.bookings.models import ACTIVE, ServiceKind, Status
from server.bookings.schemas import (
    Alternative,
    DayFree,
    DayStrip,
    DeskDay,
    DeskLine,
    OfferingView,
    SlotChoice,
    SlotView,
    as_struct,
)
from server.db import sql
from server.db.together import at_once
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.text import N_
from server.people.actors import Actor
from server.people.models import Role
from server.people.queries import open_name

NO_SUCH_CODE = N_("没有这个号。请再看一遍，或按电话尾号找。")
DESK_MOST = 3000
NEAR_M = 50_000
NEAREST_TRIED = 12
FEW = 3

OFFERING = """
o.id, o.service, o.minutes, o.capacity, o.notice_minutes, o.cutoff_minutes, o.horizon_days, o.general_days,
o.auto_confirm, o.eligibility, o.bring, o.provider, o.active AND st.retired_at IS NULL AS active, o.station_id,
st.name AS station_name, st.phone AS station_phone, st.address, st.landmark, st.lat, st.lng
"""
TODAY = "($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date"
# `rules.refusal` as a condition: slot n of offering o at station st, for somebody ($3: a member) at $2.
OPEN_FOR = f"""
NOT n.closed AND o.active AND st.retired_at IS NULL
AND n.starts_at >= $2::timestamptz + make_interval(mins => o.notice_minutes)
AND n.starts_at < ({TODAY} + o.horizon_days + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
AND ($3::boolean OR o.eligibility = 'everybody' OR (o.eligibility = 'members_first'
  AND n.starts_at < ({TODAY} + o.general_days + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'))
"""
BOOKABLE = f"n.taken < n.capacity AND {OPEN_FOR}"


async def day_strip(offering_id: UUID, actor: Actor, day: date | None = None) -> DayStrip:
    """An offering's days up to its horizon and the times of one of them; one statement. Raises NotFound.

    Without `day`, the first day with a free place is chosen, else the first with any slot. A day outside
    the horizon is answered with the first one too: the page never shows what cannot be booked.
    """
    now, today = clock.now(), clock.today()
    found = await sql.rows(
        f"""SELECT {OFFERING}, s.id AS slot_id, s.starts_at, s.ends_at, s.capacity AS places, s.taken, s.closed,
            (SELECT json_object_agg(d.day, d.reason) FROM (
              SELECT day, reason FROM provider_day WHERE provider_id = o.provider_id AND day >= $2
              UNION ALL SELECT day, reason FROM offering_day WHERE offering_id = o.id AND day >= $2
              UNION ALL SELECT day, reason FROM station_day WHERE station_id = st.id AND day >= $2) d) AS reasons
        FROM offering o JOIN station st ON st.id = o.station_id
        LEFT JOIN slot s ON s.offering_id = o.id AND s.starts_at >= $3
        WHERE o.id = $1 ORDER BY s.starts_at""",
        offering_id,
        today,
        now,
    )
    if not found:
        raise NotFound
    offering: OfferingView = as_struct(OfferingView, found[0])
    slots = [_slot(row, offering, actor, now) for row in found if row["slot_id"]]
    reasons = msgspec.json.decode(found[0]["reasons"] or "{}")
    days = _days(offering, slots, reasons, actor, today)
    chosen = _choose(days, day)
    return DayStrip(offering, days, chosen, [s for s in slots if _day_of(s.starts_at) == chosen])


def _slot(row: Any, offering: OfferingView, actor: Actor, now: datetime) -> SlotView:
    free = max(row["places"] - row["taken"], 0)
    refused = rules.refusal(
        starts_at=row["starts_at"],
        closed=row["closed"] or not offering.active,
        free=free,
        notice_minutes=offering.notice_minutes,
        horizon_days=offering.horizon_days,
        eligibility=offering.eligibility,
        general_days=offering.general_days,
        is_member=actor.is_member,
        now=now,
    )
    return SlotView(
        row["slot_id"], row["starts_at"], row["ends_at"], row["places"], free, refused.code if refused else ""
    )


def _days(
    offering: OfferingView, slots: list[SlotView], reasons: dict[str, str], actor: Actor, today: date
) -> list[DayFree]:
    last = rules.last_open_day(offering.eligibility, offering.general_days, today, is_member=actor.is_member)
    days = []
    for day in (today + timedelta(days=n) for n in range(offering.horizon_days + 1)):
        here = [s for s in slots if _day_of(s.starts_at) == day]
        free = sum(s.free for s in here if not s.refused)
        is_open = last is None or day <= last
        days.append(DayFree(day, free, len(here), is_open, reasons.get(day.isoformat(), "")))
    return days


def _choose(days: list[DayFree], wished: date | None) -> date | None:
    if any(d.day == wished for d in days):
        return wished
    free = next((d.day for d in days if d.free), None)
    return free or next((d.day for d in days if d.slots), None)


def _day_of(instant: datetime) -> date:
    return clock.local(instant).date()


async def slot_for_booking(slot_id: UUID, actor: Actor) -> SlotChoice:
    """A slot with its offering, and whether this actor may book it now. Raises NotFound."""
    found = await sql.row(
        f"""SELECT {OFFERING}, s.id AS slot_id, s.starts_at, s.ends_at, s.capacity AS places, s.taken, s.closed
        FROM slot s JOIN offering o ON o.id = s.offering_id JOIN station st ON st.id = o.station_id
        WHERE s.id = $1""",
        slot_id,
    )
    if found is None:
        raise NotFound
    offering: OfferingView = as_struct(OfferingView, found)
    return SlotChoice(offering, _slot(found, offering, actor, clock.now()))


async def why_refused(slot_id: UUID, actor: Actor) -> AppError:
    """The refusal that a write has just met. Raises NotFound for a slot that is not there."""
    choice = await slot_for_booking(slot_id, actor)
    refused = rules.refusal(
        starts_at=choice.slot.starts_at,
        closed=choice.slot.refused == "slot-closed",
        free=choice.slot.free,
        notice_minutes=choice.offering.notice_minutes,
        horizon_days=choice.offering.horizon_days,
        eligibility=choice.offering.eligibility,
        general_days=choice.offering.general_days,
        is_member=actor.is_member,
        now=clock.now(),
    )
    # A place that fell free between the write and this look was not there when it mattered.
    return refused or SlotFull()


async def overlapping(person_id: UUID | None, slot_id: UUID, besides: UUID | None = None) -> UUID | None:
    """The worker's active booking at the time of a slot."""
    found: UUID | None = await sql.value(
        """SELECT b.id FROM booking b JOIN slot s ON s.id = $2
        WHERE b.person_id = $1 AND b.status = ANY($3) AND b.id IS DISTINCT FROM $4
          AND b.starts_at < s.ends_at AND b.ends_at > s.starts_at LIMIT 1""",
        person_id,
        slot_id,
        list(ACTIVE),
        besides,
    )
    return found


ALTERNATIVES = f"""
WITH want AS (
  SELECT s.id, s.starts_at, s.offering_id, o.service, o.station_id, st.lat, st.lng
  FROM slot s JOIN offering o ON o.id = s.offering_id JOIN station st ON st.id = o.station_id WHERE s.id = $1
), here AS (
  SELECT n.id AS slot_id, n.offering_id, n.station_id, n.starts_at, n.capacity - n.taken AS free,
    0::float8 AS distance_m
  FROM want JOIN offering o ON o.id = want.offering_id JOIN station st ON st.id = o.station_id
  JOIN slot n ON n.offering_id = o.id
  WHERE n.id <> want.id AND {BOOKABLE}
  ORDER BY abs(extract(epoch FROM n.starts_at - want.starts_at)), n.starts_at LIMIT {FEW}
), near AS (
  SELECT st.id, st.lat, st.lng FROM want JOIN LATERAL (
    SELECT st.* FROM station st
    WHERE st.retired_at IS NULL AND st.id <> want.station_id
      AND earth_box(ll_to_earth(want.lat, want.lng), $4) @> ll_to_earth(st.lat, st.lng)
      AND EXISTS (SELECT FROM offering o WHERE o.station_id = st.id AND o.active AND o.service = want.service)
    ORDER BY ll_to_earth(st.lat, st.lng) <-> ll_to_earth(want.lat, want.lng) LIMIT {NEAREST_TRIED}) st ON true
), elsewhere AS (
  SELECT DISTINCT ON (near.id) n.id AS slot_id, n.offering_id, n.station_id, n.starts_at,
    n.capacity - n.taken AS free,
    earth_distance(ll_to_earth(near.lat, near.lng), ll_to_earth(want.lat, want.lng)) AS distance_m
  FROM want CROSS JOIN near JOIN station st ON st.id = near.id
  JOIN offering o ON o.station_id = near.id AND o.service = want.service
  JOIN slot n ON n.offering_id = o.id
    AND n.starts_at >= date_trunc('day', want.starts_at, 'Asia/Shanghai')
    AND n.starts_at < date_trunc('day', want.starts_at, 'Asia/Shanghai') + interval '1 day'
  WHERE {BOOKABLE} ORDER BY near.id, abs(extract(epoch FROM n.starts_at - want.starts_at)), n.starts_at
)
SELECT a.*, st.name AS station_name FROM (
  SELECT * FROM here UNION ALL (SELECT * FROM elsewhere WHERE distance_m < $4 ORDER BY distance_m LIMIT {FEW})
) a JOIN station st ON st.id = a.station_id ORDER BY a.distance_m, a.starts_at
"""


async def alternatives(slot_id: UUID, actor: Actor) -> list[Alternative]:
    """Where else to go: the free times here that are nearest, and the same day at up to three stations nearby."""
    found = await sql.rows(ALTERNATIVES, slot_id, clock.now(), actor.is_member, NEAR_M)
    return [as_struct(Alternative, row) for row in found]


DESK_LINE = """b.id, b.code, b.status, b.previous_status, b.service, b.offering_id, b.person_id, b.starts_at, b.ends_at,
b.confirm_by, b.escalated_at IS NOT NULL AS escalated, b.changed_at, s.closed AS slot_closed, b.reason,
p.name_sealed, p.phone_tail, p.is_member, gp.seat, gp.group_id,
(SELECT g.code FROM group_booking g WHERE g.id = gp.group_id) AS group_code
FROM booking b JOIN person p ON p.id = b.person_id JOIN slot s ON s.id = b.slot_id
LEFT JOIN group_place gp ON gp.booking_id = b.id"""


async def desk_day(station_id: UUID, day: date, actor: Actor) -> DeskDay:
    """A station's sheet for its staff: every request that waits for an answer, then the day by time.

    Raises NotFound, or Forbidden for another station's staff.
    """
    station, lines = await at_once(_desk_station(station_id, day), _desk_lines(station_id, day))
    if station is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=station_id, region_code=station["region_code"])
    return DeskDay(
        station_id=station_id,
        station_name=station["name"],
        region_code=station["region_code"],
        day=day,
        awaiting=[line for line in lines if line.status is Status.REQUESTED],
        lines=[line for line in lines if _day_of(line.starts_at) == day],
        taken=station["taken"],
        places=station["places"],
        limits=station["limits"],
    )


async def _desk_station(station_id: UUID, day: date) -> Any:
    return await sql.row(
        """SELECT st.name, st.region_code, n.taken, n.places,
            EXISTS (SELECT FROM no_show_policy WHERE station_id = st.id) AS limits FROM station st CROSS JOIN LATERAL (
            SELECT coalesce(sum(taken), 0)::int AS taken, coalesce(sum(capacity), 0)::int AS places FROM slot
            WHERE station_id = st.id AND starts_at >= $2 AND starts_at < $3 AND NOT closed) n
        WHERE st.id = $1""",
        station_id,
        clock.at(day, 0),
        clock.at(day, 1440),
    )


async def _desk_lines(station_id: UUID, day: date) -> list[DeskLine]:
    found = await sql.rows(
        f"""SELECT {DESK_LINE} WHERE b.station_id = $1 AND b.starts_at >= $2 AND b.starts_at < $3
        UNION ALL SELECT {DESK_LINE} WHERE b.station_id = $1 AND b.status = 'requested' AND b.starts_at > $4
          AND NOT (b.starts_at >= $2 AND b.starts_at < $3)
        ORDER BY starts_at, id LIMIT $5""",
        station_id,
        clock.at(day, 0),
        clock.at(day, 1440),
        clock.now(),
        DESK_MOST,
    )
    return [desk_line(row) for row in found]


async def desk_booking(booking_id: UUID, actor: Actor) -> DeskLine:
    """One row of the sheet. Raises NotFound or Forbidden."""
    found = await sql.row(f"SELECT {DESK_LINE} WHERE b.id = $1", booking_id)
    scope = await sql.row("SELECT station_id, region_code FROM booking WHERE id = $1", booking_id)
    if found is None or scope is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=scope["station_id"], region_code=scope["region_code"])
    return desk_line(found)


async def affected_bookings(station_id: UUID) -> list[DeskLine]:
    """Active bookings ahead whose slot was closed by a change of hours."""
    found = await sql.rows(
        f"""SELECT {DESK_LINE} WHERE b.station_id = $1 AND s.closed AND b.status = ANY($2) AND b.starts_at > $3
        ORDER BY b.starts_at""",
        station_id,
        list(ACTIVE),
        clock.now(),
    )
    return [desk_line(row) for row in found]


def desk_line(row: Any) -> DeskLine:
    """A record of DESK_LINE with its name opened."""
    line: DeskLine = as_struct(DeskLine, row, name=open_name(row["name_sealed"]))
    return line


async def services_at(station_ids: Sequence[UUID]) -> dict[UUID, list[ServiceKind]]:
    """What is offered at each of these stations."""
    found = await sql.rows(
        """SELECT station_id, array_agg(DISTINCT service) AS services FROM offering
        WHERE station_id = ANY($1) AND active GROUP BY station_id""",
        list(station_ids),
    )
    return {row["station_id"]: [ServiceKind(name) for name in row["services"]] for row in found}
