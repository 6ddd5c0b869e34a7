"""Slots follow hours: rolled forward day by day, planned anew when hours, closures or offerings change.

A slot that holds bookings is never deleted: it is closed, its active bookings are listed as affected and
their people told. A preview is the change itself, rolled back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from server.bookings import rules
from server.bookings.models import ACTIVE
from server.bookings.openings import read_opening
from server.bookings.planning import Held, Span, sort_out
from server.bookings.waitlist_offers import drop_holds, fill_opened
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.kit.sweep import SweepBroken
from server.notices import service as notices
from server.notices.models import NoticeKind

log = structlog.get_logger()
BATCH = 200
LONGEST = timedelta(days=1)  # of a slot

INSERT_SLOTS = """
INSERT INTO slot (id, offering_id, station_id, region_code, starts_at, ends_at, capacity)
SELECT t.id, o.id, o.station_id, o.region_code, t.starts_at, t.ends_at, o.capacity
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS t (id, offering_id, starts_at, ends_at)
JOIN offering o ON o.id = t.offering_id
ON CONFLICT (offering_id, starts_at) DO NOTHING
"""
# What read_opening reads, from the day $2 on.
OPENING = """
  o.hours AS own_hours, st.hours, st.season_from, st.season_until,
  (SELECT coalesce(json_object_agg(d.day, d.hours), '{}') FROM station_day d
    WHERE d.station_id = st.id AND d.day >= $2) AS specials,
  (SELECT coalesce(json_object_agg(d.day, d.hours), '{}') FROM offering_day d
    WHERE d.offering_id = o.id AND d.day >= $2) AS own_days,
  p.hours AS provider_hours,
  (SELECT coalesce(json_object_agg(d.day, d.hours), '{}') FROM provider_day d
    WHERE d.provider_id = o.provider_id AND d.day >= $2) AS provider_days
"""
OPENED = """
FROM offering o JOIN station st ON st.id = o.station_id LEFT JOIN provider p ON p.id = o.provider_id
"""
PLANNED = f"""
SELECT o.id, o.minutes, o.capacity, o.horizon_days, o.rolled_until, o.active, st.retired_at,
  coalesce(p.active, true) AS provided, {OPENING} {OPENED} WHERE o.id = ANY($1) ORDER BY o.id
"""
LOCK_STATIONS = "SELECT FROM station WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
# Not FOR UPDATE: whoever gives a place back and offers it in one transaction proves the slot's offering anew.
LOCK_OFFERINGS = "SELECT id FROM offering WHERE station_id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
LOCK_SLOTS = """
SELECT FROM slot WHERE offering_id = ANY($1) AND starts_at > $2 AND ends_at > $3 ORDER BY id FOR UPDATE
"""


@dataclass(frozen=True)
class Affected:
    """An active booking whose slot is no longer held open."""

    booking_id: UUID
    person_id: UUID
    code: str
    service: str
    station: str
    starts_at: datetime


@dataclass
class DayPlan:
    """What a change does to the slots of one date."""

    added: int = 0
    removed: int = 0
    closed: int = 0


@dataclass
class Plan(DayPlan):
    """What a change does to future slots, in all and by date, and whose bookings it touches."""

    affected: list[Affected] = field(default_factory=list)
    days: dict[date, DayPlan] = field(default_factory=dict)

    def count(self, what: Literal["added", "removed", "closed"], starts: Iterable[datetime]) -> None:
        """Slots that begin at these times are added, removed or closed."""
        for starts_at in starts:
            day = self.days.setdefault(clock.local(starts_at).date(), DayPlan())
            for plan in (self, day):
                setattr(plan, what, getattr(plan, what) + 1)


BEHIND = """
SELECT id FROM offering WHERE active AND id <> ALL($3)
AND (rolled_until IS NULL OR rolled_until < $1::date + horizon_days)
ORDER BY rolled_until NULLS FIRST LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""


async def roll_slots() -> int:
    """Bring every active offering's slots to its horizon; how many were made. Any number of processes may call.

    One that is broken keeps no other waiting. Raises SweepBroken at the end where there was one.
    """
    made, size = 0, BATCH
    broken: list[UUID] = []
    while True:
        found: list[UUID] = []
        try:
            async with sql.transaction():
                found = [row["id"] for row in await sql.rows(BEHIND, clock.today(), size, broken)]
                if not found:
                    break
                made += await _roll(found)
        except Exception:
            if not found:
                raise
            if size == 1:
                log.exception("slots.broken", offering=str(found[0]))
                broken += found
            size = BATCH if size == 1 else 1  # the broken one is found by taking them one at a time
    if broken:
        raise SweepBroken(f"{len(broken)} offerings cannot be rolled")
    return made


async def _roll(offering_ids: list[UUID]) -> int:
    today, now = clock.today(), clock.now()
    wanted: list[tuple[UUID, Span]] = []
    for offering in await sql.rows(PLANNED, offering_ids, today):
        first = max(today, (offering["rolled_until"] or today - timedelta(days=1)) + timedelta(days=1))
        last = today + timedelta(days=offering["horizon_days"])
        wanted += [(offering["id"], span) for span in _spans(offering, first, last) if span[0] > now]
    made = await _insert(wanted)
    await sql.run("UPDATE offering SET rolled_until = $2::date + horizon_days WHERE id = ANY($1)", offering_ids, today)
    await fill_opened(offering_ids)
    return made


def _spans(offering: Any, first: date, last: date) -> Iterable[Span]:
    """The intervals an offering should have from one day to another."""
    if offering["retired_at"] or not offering["active"] or not offering["provided"]:
        return
    opening = read_opening(offering)
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        for start, end in rules.slot_times(opening.ranges(day), offering["minutes"]):
            yield clock.at(day, start), clock.at(day, end)


async def _insert(wanted: list[tuple[UUID, Span]]) -> int:
    if not wanted:
        return 0
    tag = await sql.run(
        INSERT_SLOTS,
        [new_id() for _ in wanted],
        [offering_id for offering_id, _ in wanted],
        [starts for _, (starts, _) in wanted],
        [ends for _, (_, ends) in wanted],
    )
    return int(tag.rpartition(" ")[2])


async def replan(station_id: UUID) -> Plan:
    """Make the future slots of a station what its hours and offerings now say, and tell affected people.

    Runs in the caller's transaction, after the change. Slots that begin from now on are added, deleted
    (never booked), closed (booked) or opened again; capacity follows, yet never below what is taken.
    """
    plan = Plan()
    offering_ids = await lock_plans([station_id])
    for offering in await sql.rows(PLANNED, offering_ids, clock.today()):
        await _replan_offering(offering, plan)
    await fill_opened(offering_ids)
    for affected in plan.affected:
        params = {
            "station": affected.station,
            "service": affected.service,
            "starts_at": affected.starts_at.isoformat(),
            "code": affected.code,
        }
        await notices.tell_worker(
            affected.person_id,
            NoticeKind.BOOKING_AFFECTED,
            params,
            booking_id=affected.booking_id,
            station_id=station_id,
        )
    return plan


async def lock_plans(station_ids: Sequence[UUID]) -> list[UUID]:
    """Lock all that is planned for these stations until the transaction ends; their offerings.

    Whoever plans anew locks in this order (stations, offerings, slots, each by id) before the first change, so that two
    managers take turns instead of waiting for each other in a circle.
    """
    await sql.rows(LOCK_STATIONS, list(station_ids))
    offering_ids = [row["id"] for row in await sql.rows(LOCK_OFFERINGS, list(station_ids))]
    now = clock.now()
    await sql.rows(LOCK_SLOTS, offering_ids, now - LONGEST, now)
    return offering_ids


async def _replan_offering(offering: Any, plan: Plan) -> None:
    now, today = clock.now(), clock.today()
    last = today + timedelta(days=offering["horizon_days"])
    slots = await _slots_ahead(offering["id"], now)
    ahead = [slot for slot in slots if slot.starts_at > now]
    running = [slot.span for slot in slots if slot.starts_at <= now and slot.taken]
    furthest = max([last, *(clock.local(slot.starts_at).date() for slot in ahead)])
    right = {starts: ends for starts, ends in _spans(offering, today, furthest) if starts > now}
    to_do = sort_out(ahead, right, running=running, until=clock.at(last, 1440))
    starts = {slot.id: slot.starts_at for slot in ahead}
    plan.count("removed", map(starts.__getitem__, to_do.deleted))
    plan.count("closed", map(starts.__getitem__, to_do.closed))
    plan.count("added", (starts_at for starts_at, _ in to_do.added))
    await _delete(to_do.deleted)
    plan.affected += await _close(to_do.closed)
    await _open(to_do.opened, offering["capacity"])
    await _insert([(offering["id"], span) for span in to_do.added])
    await sql.run("UPDATE offering SET rolled_until = $2 WHERE id = $1", offering["id"], last)


async def _slots_ahead(offering_id: UUID, now: datetime) -> list[Held]:
    """The slots that are not over, locked before."""
    # A statement of its own: the one that waited for a booking under way still saw the table without it.
    found = await sql.rows(
        """SELECT s.id, s.starts_at, s.ends_at, s.closed, s.taken,
            EXISTS (SELECT FROM booking b WHERE b.slot_id = s.id)
              OR EXISTS (SELECT FROM wait_entry w WHERE w.slot_id = s.id)
              OR EXISTS (SELECT FROM wait_entry w WHERE w.held_slot_id = s.id) AS used
        FROM slot s WHERE s.offering_id = $1 AND s.starts_at > $2 AND s.ends_at > $3""",
        offering_id,
        now - LONGEST,
        now,
    )
    return [Held(**row) for row in found]


async def _delete(slot_ids: list[UUID]) -> None:
    await sql.run("DELETE FROM slot WHERE id = ANY($1)", slot_ids)


async def _open(ends_of: dict[UUID, datetime], capacity: int) -> None:
    """Slots as they should be: open, with their ends and places; who was told otherwise need not hear it any more."""
    found = await sql.rows(
        """SELECT b.id FROM booking b JOIN slot s ON s.id = b.slot_id
        WHERE s.id = ANY($1) AND s.closed AND b.status = ANY($2)""",
        list(ends_of),
        list(ACTIVE),
    )
    await sql.run(
        """UPDATE slot s SET closed = false, ends_at = t.ends_at,
          capacity = greatest(coalesce(s.own_capacity, $3), s.taken)
        FROM unnest($1::uuid[], $2::timestamptz[]) AS t (id, ends_at)
        WHERE s.id = t.id AND (s.closed OR s.ends_at <> t.ends_at
          OR s.capacity <> greatest(coalesce(s.own_capacity, $3), s.taken))""",
        list(ends_of),
        list(ends_of.values()),
        capacity,
    )
    for row in found:
        await notices.withdraw(row["id"], NoticeKind.BOOKING_AFFECTED)


async def _close(slot_ids: list[UUID]) -> list[Affected]:
    await sql.run("UPDATE slot SET closed = true WHERE id = ANY($1)", slot_ids)
    await drop_holds(slot_ids)
    found = await sql.rows(
        """SELECT b.id, b.person_id, b.code, b.service, b.starts_at, st.name
        FROM booking b JOIN station st ON st.id = b.station_id
        WHERE b.slot_id = ANY($1) AND b.status = ANY($2) ORDER BY b.starts_at""",
        slot_ids,
        list(ACTIVE),
    )
    return [Affected(r["id"], r["person_id"], r["code"], r["service"], r["name"], r["starts_at"]) for r in found]


class _UndoneError(Exception):
    """Takes a preview's transaction back."""


async def preview(station_id: UUID, change: Callable[[], Awaitable[object]]) -> Plan:
    """What `change` would do to the station's slots: it is done, planned, and taken back."""
    plan = Plan()
    try:
        async with sql.transaction():
            await lock_plans([station_id])
            await change()
            plan = await replan(station_id)
            raise _UndoneError  # noqa: TRY301 (the one way to take a transaction back)
    except _UndoneError:
        return plan


async def apply(station_id: UUID, change: Callable[[], Awaitable[object]]) -> Plan:
    """Do `change` and plan the station's slots anew, together or not at all."""
    async with sql.transaction():
        await lock_plans([station_id])
        await change()
        return await replan(station_id)
