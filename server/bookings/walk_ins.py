"""The verbs of the queue: take a number, call the next, call again, served, not there, take back, leave.

The order is `walk_in_rules`. Calls of one offering take turns on its row, so that two counters never call the same;
each step is a compare-and-swap on the status. Locks are taken in the order offering, number, booking.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from server.bookings import desk, walk_in_rules
from server.bookings.errors import MembersOnly, NobodyWaiting, NoNumbersNow, NumberMoved, NumberTooOften, UndoTooLate
from server.bookings.models import Eligibility, QueueStatus
from server.bookings.rules import UNDO_DESK
from server.bookings.walk_in_queries import NAME, Line, Offered, lines_of, offered_at, passing_calls
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role

FROM_BROWSER = (timedelta(hours=1), 6)
FROM_ADDRESS = (timedelta(minutes=10), 60)  # a station's own network is one address
KEEP = timedelta(days=30)
W, C, S, L = QueueStatus.WAITING, QueueStatus.CALLED, QueueStatus.SERVED, QueueStatus.LEFT

TAKE = """
WITH counted AS (
  INSERT INTO walk_in_day AS d (id, station_id, region_code, day, letter, service, taken)
  VALUES ($1, $2, $3, $4, $5, $6, 1)
  ON CONFLICT (station_id, day, letter) DO UPDATE SET taken = d.taken + 1 RETURNING d.taken
)
INSERT INTO walk_in (id, station_id, region_code, offering_id, service, day, letter, number, person_id, name_sealed,
  secret, request_key, status, taken_at, came_at, changed_at)
SELECT $7, $2, $3, $8, $6, $4, $5, counted.taken, $9, $10, $11, $12, 'waiting', $13, $13, $13 FROM counted
RETURNING id, secret, letter || number AS label
"""
CALL_NUMBER = """
UPDATE walk_in SET status = 'called', previous_status = 'waiting', ahead = $5, counter = $4, called_at = $3,
  said_at = $3, changed_at = $3, changed_by = $2 WHERE id = $1 AND status = 'waiting' RETURNING id
"""
CALL_BOOKING = """
INSERT INTO walk_in (id, station_id, region_code, offering_id, service, day, booking_id, secret, request_key, status,
  previous_status, taken_at, came_at, ahead, counter, called_at, said_at, changed_at, changed_by)
SELECT $6, b.station_id, b.region_code, b.offering_id, b.service, $7, b.id, $8, 'booking-' || b.id, 'called',
  'waiting', b.changed_at, b.changed_at, $5, $4, $3, $3, $3, $2
FROM booking b WHERE b.id = $1 AND b.status = 'arrived' ON CONFLICT DO NOTHING RETURNING id
"""
OLD = "person_id IS NULL AND day < $1"
OWN = "person_id = $1"
# Numbers go, their counts stay.
COUNTED = """
, sums AS (
  SELECT station_id, day, letter, count(*) FILTER (WHERE status = 'served') AS served,
    count(*) FILTER (WHERE status <> 'served') AS gone,
    coalesce(sum(extract(epoch FROM called_at - taken_at)) FILTER (WHERE status = 'served'), 0) AS waited,
    coalesce(sum(extract(epoch FROM finished_at - called_at)) FILTER (WHERE status = 'served'), 0) AS took
  FROM forgotten WHERE letter IS NOT NULL GROUP BY station_id, day, letter
), kept AS (
  UPDATE walk_in_day d SET served = d.served + s.served, gone = d.gone + s.gone,
    waited_seconds = d.waited_seconds + s.waited, served_seconds = d.served_seconds + s.took
  FROM sums s WHERE (d.station_id, d.day, d.letter) = (s.station_id, s.day, s.letter)
)
SELECT count(*) FROM forgotten
"""
FORGET_OLD = f"WITH forgotten AS (DELETE FROM walk_in WHERE {OLD} RETURNING *) {COUNTED}"
FORGET_OWN = f"WITH forgotten AS (DELETE FROM walk_in WHERE {OWN} RETURNING *) {COUNTED}"


class Taken(msgspec.Struct, frozen=True):
    """A number as it was given out."""

    id: UUID
    secret: str
    label: str


async def take_number(
    *,
    actor: Actor,
    station_id: UUID,
    offering_id: UUID,
    request_key: str,
    name: str = "",
    held: str = "",
    browser: str = "",
    address: str = "",
) -> Taken:
    """A number in today's queue; the same one for the same key, and for who still waits with one.

    Staff of the station take them for whoever stands there, others for themselves: `held` is the number that the
    browser has already. Raises NotFound, NoNumbersNow, MembersOnly, NumberTooOften.
    """
    offered = next((one for one in await offered_at(station_id) if one.id == offering_id), None)
    if offered is None:
        raise NotFound
    person_id = actor.id if actor.kind == "worker" else None
    again = await _taken_already(offering_id, request_key, person_id, held)
    if again:
        return again
    if not offered.takes_numbers(clock.now()):
        raise NoNumbersNow
    at_desk = actor.may(Role.STAFF, station_id=station_id, region_code=offered.region_code)
    if not at_desk:
        if offered.eligibility is Eligibility.MEMBERS_ONLY and not actor.is_member:
            raise MembersOnly
        await _limit(browser, address)
    try:
        return await _take(offered, person_id, request_key, name if at_desk else "")
    except asyncpg.UniqueViolationError:
        # The same tap twice at one instant: the other one has it.
        again = await _taken_already(offering_id, request_key, person_id, held)
        if again is None:
            raise
        return again


async def _taken_already(offering_id: UUID, request_key: str, person_id: UUID | None, held: str) -> Taken | None:
    found = await sql.row(
        """SELECT id, secret, letter || number AS label FROM walk_in
        WHERE offering_id = $1 AND booking_id IS NULL AND (request_key = $2
          OR (day = $5 AND status IN ('waiting', 'called') AND (person_id = $3 OR secret = $4))) LIMIT 1""",
        offering_id,
        request_key,
        person_id,
        held,
        clock.today(),
    )
    return Taken(**found) if found else None


async def _limit(browser: str, address: str) -> None:
    for subject, limit in ((browser, FROM_BROWSER), (address, FROM_ADDRESS)):
        retry_after = await people.count_try(vault().index(subject, "walk-in"), *limit) if subject else 0
        if retry_after:
            raise NumberTooOften(retry_after=retry_after)


async def _take(offered: Offered, person_id: UUID | None, request_key: str, name: str) -> Taken:
    made: Any = await sql.row(
        TAKE,
        new_id(),
        offered.station_id,
        offered.region_code,
        clock.today(),
        offered.letter,
        offered.service,
        new_id(),
        offered.id,
        person_id,
        vault().seal(name, NAME) if name else None,
        secrets.token_urlsafe(16),
        request_key,
        clock.now(),
    )
    return Taken(**made)


async def call_next(
    *, actor: Actor, station_id: UUID, offering_id: UUID, counter: str = "", expected: UUID | None = None
) -> UUID:
    """Call whoever's turn it is; the id of his place.

    `expected` is who the page said would be next: a second tap finds him called and calls nobody else.
    Raises NotFound, Forbidden, NobodyWaiting.
    """
    async with sql.transaction():
        region = await sql.value(
            "SELECT region_code FROM offering WHERE id = $1 AND station_id = $2 FOR NO KEY UPDATE",
            offering_id,
            station_id,
        )
        if region is None:
            raise NotFound
        actor.require(Role.STAFF, station_id=station_id, region_code=region)
        lines = [line for line in await lines_of(station_id) if line.offering_id == offering_id]
        tapped = next((line for line in lines if expected in (line.id, line.booking_id)), None)
        if expected and tapped and (tapped.status, tapped.changed_by, tapped.counter) == (C, actor.id, counter):
            return tapped.id
        called = await _call_first(actor, lines, counter)
    if called is None:
        raise NobodyWaiting
    return called


async def _call_first(actor: Actor, lines: list[Line], counter: str) -> UUID | None:
    """Call the first in order who is still there."""
    waiting = {line.id: line for line in lines if line.status is W}
    calls = passing_calls(lines)
    while turn := walk_in_rules.next_up([w.waiting for w in waiting.values()], clock.now(), calls):
        line = waiting.pop(turn.id)
        given = (actor.id, clock.now(), counter, turn.punctual)
        if line.booking_id == line.id:
            called = await sql.value(CALL_BOOKING, line.id, *given, new_id(), clock.today(), secrets.token_urlsafe(16))
        else:
            called = await sql.value(CALL_NUMBER, line.id, *given)
        if called:
            return UUID(str(called))
    return None


async def call_again(*, actor: Actor, station_id: UUID, walk_in_id: UUID) -> None:
    """Say a number once more. Raises NumberMoved where it is not called any more."""
    async with sql.transaction():
        await _locked(actor, station_id, walk_in_id, C)
        await sql.run("UPDATE walk_in SET said_at = $2, changed_at = $2 WHERE id = $1", walk_in_id, clock.now())


async def mark_served(*, actor: Actor, station_id: UUID, walk_in_id: UUID) -> None:
    """The visit is done; a booking's too. Raises NumberMoved."""
    async with sql.transaction():
        row = await _locked(actor, station_id, walk_in_id, C)
        await _finish(actor, row, S)
        if row["booking_id"]:
            await desk.mark_served(actor=actor, booking_id=row["booking_id"])


async def mark_absent(*, actor: Actor, station_id: UUID, walk_in_id: UUID) -> None:
    """Nobody came: the first time he goes to the end of the queue, the second time out of it. Raises NumberMoved."""
    async with sql.transaction():
        row = await _locked(actor, station_id, walk_in_id, C)
        if row["absent"]:
            await _finish(actor, row, L)
        else:
            await sql.run(
                """UPDATE walk_in SET status = 'waiting', previous_status = 'called', previous_came_at = came_at,
                came_at = $2, absent = 1, changed_at = $2, changed_by = $3 WHERE id = $1""",
                walk_in_id,
                clock.now(),
                actor.id,
            )


async def undo_step(*, actor: Actor, station_id: UUID, walk_in_id: UUID) -> None:
    """Take back one's own last step within a minute. Raises UndoTooLate, NotFound, Forbidden."""
    async with sql.transaction():
        row = await _locked(actor, station_id, walk_in_id, *QueueStatus)
        own = row["changed_by"] == actor.id and row["previous_status"]
        if not own or clock.now() > row["changed_at"] + UNDO_DESK:
            raise UndoTooLate
        await _set_back(row)
        if row["status"] == S and row["booking_id"]:
            await desk.undo_step(actor=actor, booking_id=row["booking_id"])


async def _set_back(row: Any) -> None:
    was_called = row["previous_status"] == C
    try:
        await sql.run(
            """UPDATE walk_in SET status = previous_status, previous_status = NULL, changed_by = NULL, changed_at = $2,
            finished_at = NULL, came_at = CASE WHEN status = 'waiting' THEN previous_came_at ELSE came_at END,
            absent = absent - CASE WHEN status = 'waiting' THEN 1 ELSE 0 END, ahead = ahead AND $3,
            counter = CASE WHEN $3 THEN counter ELSE '' END, called_at = CASE WHEN $3 THEN called_at END,
            said_at = CASE WHEN $3 THEN said_at END
            WHERE id = $1""",
            row["id"],
            clock.now(),
            was_called,
        )
    except asyncpg.UniqueViolationError as error:
        raise UndoTooLate from error  # he has taken another number


async def leave(*, secret: str) -> None:
    """Whoever holds a number's address waits no longer. Raises NotFound, NumberMoved."""
    row = await sql.row("SELECT id FROM walk_in WHERE secret = $1 AND booking_id IS NULL", secret)
    if row is None:
        raise NotFound
    left = await sql.value(
        """UPDATE walk_in SET status = 'left', previous_status = NULL, finished_at = $2, changed_at = $2,
        changed_by = NULL WHERE id = $1 AND status IN ('waiting', 'called') RETURNING id""",
        row["id"],
        clock.now(),
    )
    if left is None:
        raise NumberMoved


async def _locked(actor: Actor, station_id: UUID, walk_in_id: UUID, *allowed: QueueStatus) -> Any:
    row = await sql.row("SELECT * FROM walk_in WHERE id = $1 AND station_id = $2 FOR UPDATE", walk_in_id, station_id)
    if row is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=station_id, region_code=row["region_code"])
    if row["status"] not in allowed:
        raise NumberMoved
    return row


async def _finish(actor: Actor, row: Any, status: QueueStatus) -> None:
    await sql.run(
        """UPDATE walk_in SET status = $2, previous_status = status, finished_at = $3, changed_at = $3,
        changed_by = $4 WHERE id = $1""",
        row["id"],
        status,
        clock.now(),
        actor.id,
    )


async def forget_numbers() -> int:
    """Close what was left open on the days before, and delete numbers of nobody after a month; how many went."""
    today = clock.today()
    await sql.run(
        """UPDATE walk_in SET status = 'left', finished_at = $2, changed_at = $2, changed_by = NULL
        WHERE day < $1 AND status IN ('waiting', 'called')""",
        today,
        clock.now(),
    )
    gone: int = await sql.value(FORGET_OLD, today - KEEP)
    return gone


async def forget_own(person_id: UUID | None) -> None:
    """A worker's numbers go, in the caller's transaction; their counts stay."""
    await sql.value(FORGET_OWN, person_id)
