"""Freed places go to those who wait: in the transaction of the release, in order of joining.

An offered place is held: it counts in its slot's `taken`, so nobody else can be promised it. Rows are locked in the
order slot, then entry; where entries are looked for, what others have in hand is passed over, so nobody waits in a
circle. Joining takes turns with all releases of the same service (`order_with`): either the new entry is seen by the
release, or the free place by the new entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from server.bookings import queries, rules, waitlist_rules
from server.bookings.models import ACTIVE, Eligibility, WaitState
from server.db import sql
from server.kit import clock
from server.kit.sweep import each
from server.notices import service as notices
from server.notices.models import NoticeKind

LOCK_SLOT = "SELECT FROM slot WHERE id = $1 FOR NO KEY UPDATE"
# A slot that holds more than is now allowed shrinks with each place that is given back.
GIVE_BACK = """
UPDATE slot s SET taken = s.taken - 1,
  capacity = greatest(least(s.capacity, coalesce(s.own_capacity, o.capacity)), s.taken - 1)
FROM offering o WHERE s.id = $1 AND o.id = s.offering_id
"""
BATCH = 200
ROUNDS = 20
JOINING = "SELECT pg_advisory_xact_lock(hashtext('waitlist'), hashtext($1))"
RELEASING = "SELECT pg_advisory_xact_lock_shared(hashtext('waitlist'), hashtext($1))"
SLOT = """
SELECT n.id, n.starts_at, n.ends_at, n.closed, n.capacity - n.taken AS free, n.offering_id, n.station_id,
  o.service, o.notice_minutes, o.horizon_days, o.general_days, o.eligibility,
  o.active AND st.retired_at IS NULL AS active, st.lat, st.lng, st.name AS station
FROM slot n JOIN offering o ON o.id = n.offering_id JOIN station st ON st.id = n.station_id WHERE n.id = $1
"""
# Two people in one place: neither a booking nor another offer at that time. $1 from, $2 to, $3 active.
NOT_ELSEWHERE = """
NOT EXISTS (SELECT FROM booking b WHERE b.person_id = w.person_id AND b.status = ANY($3)
  AND b.starts_at < $2 AND b.ends_at > $1)
AND NOT EXISTS (SELECT FROM wait_entry h JOIN slot hs ON hs.id = h.held_slot_id
  WHERE h.person_id = w.person_id AND hs.starts_at < $2 AND hs.ends_at > $1)
"""
# The person is locked too: two places that fall free at once are not both offered for the same time.
NEXT = f"""
SELECT w.id, w.person_id FROM wait_entry w JOIN person p ON p.id = w.person_id
WHERE w.state = 'waiting' AND w.until > $4
  AND ((w.offering_id = $5 AND w.day = $6 AND (w.kind = 'day' OR w.slot_id = $7))
    OR (w.kind = 'near' AND w.service = $8 AND w.until > $1
      AND earth_box(ll_to_earth($9, $10), $11) @> ll_to_earth(w.lat, w.lng)
      AND earth_distance(ll_to_earth($9, $10), ll_to_earth(w.lat, w.lng)) <= $11))
  AND w.id <> ALL($14) AND ($12::boolean OR p.is_member) AND {NOT_ELSEWHERE}
ORDER BY $13::boolean AND NOT p.is_member, w.joined_at, w.id LIMIT 1
FOR NO KEY UPDATE OF w, p SKIP LOCKED
"""
# What was found is looked at once more: the statement that found it may have begun before another offer was made.
STILL_THERE = f"SELECT FROM wait_entry w WHERE w.id = $4 AND {NOT_ELSEWHERE}"
HOLD = """
UPDATE wait_entry SET state = 'offered', held_slot_id = $2, held_until = $3, changed_at = $4
WHERE id = $1 AND state = 'waiting'
"""
# `queries.BOOKABLE` for whoever waits, not for one actor.
BOOKABLE_FOR_P = queries.BOOKABLE.replace("$3::boolean", "p.is_member")
NOT_ELSEWHERE_AT_N = NOT_ELSEWHERE.replace("$1", "n.starts_at").replace("$2", "n.ends_at")
# Free places that somebody (or $1) waits for and may book.
OPENINGS = f"""
SELECT s.slot_id, min(w.joined_at) AS since FROM wait_entry w JOIN person p ON p.id = w.person_id
JOIN LATERAL (
  SELECT t.id AS slot_id FROM slot t WHERE w.kind = 'slot' AND t.id = w.slot_id
  UNION ALL SELECT t.id FROM slot t WHERE w.kind = 'day' AND t.offering_id = w.offering_id
    AND t.starts_at >= w.day::timestamp AT TIME ZONE 'Asia/Shanghai'
    AND t.starts_at < (w.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
  UNION ALL SELECT t.id FROM station near JOIN offering e ON e.station_id = near.id JOIN slot t ON t.offering_id = e.id
  WHERE w.kind = 'near' AND e.service = w.service AND near.retired_at IS NULL
    AND earth_box(ll_to_earth(w.lat, w.lng), $5) @> ll_to_earth(near.lat, near.lng)
    AND earth_distance(ll_to_earth(w.lat, w.lng), ll_to_earth(near.lat, near.lng)) <= $5
    AND t.starts_at >= $4 AND t.starts_at < w.until
) s ON true
JOIN slot n ON n.id = s.slot_id JOIN offering o ON o.id = n.offering_id JOIN station st ON st.id = n.station_id
WHERE w.state = 'waiting' AND w.until > $2 AND ($1::uuid IS NULL OR w.person_id = $1) AND n.starts_at >= $4
  AND {BOOKABLE_FOR_P}
  AND {NOT_ELSEWHERE_AT_N}
GROUP BY s.slot_id, n.starts_at ORDER BY since, n.starts_at LIMIT {BATCH}
"""
UNHOLD = """
UPDATE wait_entry SET state = $2, held_slot_id = NULL, held_until = NULL, changed_at = $3
WHERE id = $1 AND state = 'offered'
"""
OVERDUE = """
SELECT id, held_slot_id FROM wait_entry WHERE state = 'offered' AND held_until <= $1 ORDER BY held_until LIMIT $2
"""
LAPSED = """
UPDATE wait_entry SET state = 'ended', changed_at = $1 WHERE id IN (
  SELECT id FROM wait_entry WHERE state = 'waiting' AND until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING person_id, service, station_id, (SELECT name FROM station st WHERE st.id = wait_entry.station_id) AS station
"""


async def order_with(service: str) -> None:
    """Take turns with everybody who gives back a place of this service, until the transaction ends."""
    await sql.value(JOINING, service)


async def give_back(slot_id: UUID) -> None:
    """One place of a slot is free again: offered to whoever waits for it, else free for all."""
    await sql.run(GIVE_BACK, slot_id)
    await fill(slot_id)


async def fill(slot_id: UUID) -> int:
    """Offer every free place of a slot that this transaction has locked; how many were offered."""
    slot = await sql.row(SLOT, slot_id)
    if slot is None or slot["free"] <= 0:
        return 0
    await sql.value(RELEASING, slot["service"])
    until = waitlist_rules.hold_until(slot["starts_at"], slot["notice_minutes"], clock.now())
    if until is None or not _is_open(slot, is_member=True):
        return 0
    for offered in range(slot["free"]):
        found = await _next_for(slot)
        if found is None:
            return offered
        await sql.run("UPDATE slot SET taken = taken + 1 WHERE id = $1", slot_id)
        await sql.run(HOLD, found["id"], slot_id, until, clock.now())
        await _tell(found["person_id"], NoticeKind.WAITLIST_OFFERED, slot)
    return int(slot["free"])


def _is_open(slot: Any, *, is_member: bool) -> bool:
    return (
        rules.refusal(
            starts_at=slot["starts_at"],
            closed=slot["closed"] or not slot["active"],
            free=slot["free"],
            notice_minutes=slot["notice_minutes"],
            horizon_days=slot["horizon_days"],
            eligibility=Eligibility(slot["eligibility"]),
            general_days=slot["general_days"],
            is_member=is_member,
            now=clock.now(),
        )
        is None
    )


async def _next_for(slot: Any) -> Any:
    """The first whose wish a slot fulfils and who may book it, locked."""
    passed: list[UUID] = []
    at = slot["starts_at"], slot["ends_at"], list(ACTIVE)
    while True:
        found = await sql.row(
            NEXT,
            *at,
            clock.now(),
            slot["offering_id"],
            clock.local(slot["starts_at"]).date(),
            slot["id"],
            slot["service"],
            slot["lat"],
            slot["lng"],
            float(waitlist_rules.NEAR_M),
            _is_open(slot, is_member=False),
            slot["eligibility"] == Eligibility.MEMBERS_FIRST,
            passed,
        )
        if found is None or await sql.row(STILL_THERE, *at, found["id"]) is not None:
            return found
        passed.append(found["id"])


async def seek(person_id: UUID | None = None) -> int:
    """Offer the free places that this person (or anybody) waits for; how many were offered.

    Whoever stands before them is served first. Places that others have in hand are theirs to offer.
    """
    total = 0
    for _ in range(ROUNDS):
        now = clock.now()
        found = await sql.rows(
            OPENINGS,
            person_id,
            now,
            list(ACTIVE),
            now + waitlist_rules.NO_OFFER_WITHIN,
            float(waitlist_rules.NEAR_M),
        )
        done = sum([await _fill_unless_busy(row["slot_id"]) for row in found])
        total += done
        if not done:
            break
    return total


async def _fill_unless_busy(slot_id: UUID) -> int:
    held = await sql.row(f"{LOCK_SLOT} SKIP LOCKED", slot_id)
    return 0 if held is None else await fill(slot_id)


async def fill_opened(offering_ids: list[UUID]) -> None:
    """Offer what a change of hours or capacity opened, in its transaction: these offerings' slots are locked by it."""
    wanted = await sql.value("SELECT EXISTS (SELECT FROM wait_entry WHERE state = 'waiting')")
    if not wanted or not offering_ids:
        return
    found = await sql.rows(
        """SELECT id FROM slot WHERE offering_id = ANY($1) AND NOT closed AND taken < capacity AND starts_at > $2
        ORDER BY starts_at""",
        offering_ids,
        clock.now() + waitlist_rules.NO_OFFER_WITHIN,
    )
    for row in found:
        await _fill_unless_busy(row["id"])


async def drop_holds(slot_ids: Iterable[UUID]) -> None:
    """The station no longer keeps these slots, locked by the caller: offers in them are taken back, wishes go on."""
    found = await sql.rows(
        """UPDATE wait_entry w SET state = 'waiting', held_slot_id = NULL, held_until = NULL, changed_at = $2
        FROM slot s JOIN station st ON st.id = s.station_id, (SELECT h.id, h.held_slot_id FROM wait_entry h
          WHERE h.held_slot_id = ANY($1) FOR UPDATE) held
        WHERE w.id = held.id AND s.id = held.held_slot_id
        RETURNING w.person_id, s.id AS slot_id, s.starts_at, s.station_id, w.service, st.name AS station""",
        list(slot_ids),
        clock.now(),
    )
    for row in found:
        await sql.run("UPDATE slot SET taken = taken - 1 WHERE id = $1", row["slot_id"])
        await _tell(row["person_id"], NoticeKind.WAITLIST_GONE, row)


async def end_hold(entry_id: UUID, slot_id: UUID, to: WaitState, *, wait: bool = True) -> Any:
    """End an offer and give its place to the next; None where it ended meanwhile, or another hand holds it."""
    held = await sql.row(LOCK_SLOT if wait else f"{LOCK_SLOT} SKIP LOCKED", slot_id)
    entry = held is not None and await sql.row(
        "SELECT * FROM wait_entry WHERE id = $1 AND state = 'offered' AND held_slot_id = $2 FOR UPDATE",
        entry_id,
        slot_id,
    )
    if not entry:
        return None
    await sql.run(UNHOLD, entry_id, to, clock.now())
    return entry


async def expire_holds() -> int:
    """Offers that nobody answered go to the next, wishes past their time end, and what was missed is offered.

    How many ended. Safe in any number of processes.
    """
    overdue = await sql.rows(OVERDUE, clock.now(), BATCH)
    try:
        total = await each(overdue, lambda row: _expire(row["id"], row["held_slot_id"]))
    finally:  # what is broken among them keeps none of the rest waiting
        lapsed = await _end_lapsed()
        async with sql.transaction():
            await seek()
    return total + lapsed


async def _end_lapsed() -> int:
    total = 0
    async with sql.transaction():
        for row in await sql.rows(LAPSED, clock.now(), BATCH):
            await _tell(row["person_id"], NoticeKind.WAITLIST_ENDED, row, push=False)
            total += 1
    return total


async def _expire(entry_id: UUID, slot_id: UUID) -> bool:
    async with sql.transaction():
        entry = await end_hold(entry_id, slot_id, WaitState.PASSED, wait=False)
        if entry is None:
            return False
        await give_back(slot_id)
        await seek(entry["person_id"])
        await _tell(entry["person_id"], NoticeKind.WAITLIST_PASSED, await sql.row(SLOT, slot_id))
    return True


async def _tell(person_id: UUID, kind: NoticeKind, place: Any, *, push: bool = True) -> None:
    params = {"service": place["service"], "station": place["station"] or ""}
    if "starts_at" in place:
        params["starts_at"] = place["starts_at"].isoformat()
    await notices.tell_worker(person_id, kind, params, station_id=place["station_id"], push=push)
