"""The worker's verbs on the waiting list: wait for something, take what is offered, or leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from server.bookings import queries, rules, waitlist_offers, waitlist_rules
from server.bookings.errors import MembersOnly, OfferOver, OverlappingBooking, TooManyWishes, WishOver
from server.bookings.models import Eligibility, ServiceKind, WaitState, WishKind
from server.bookings.schemas import BookingMade
from server.bookings.service import MAKE, TRIES, keep_made, made_of, require_worker
from server.db import sql
from server.errors import NotFound, SignInNeeded, Unavailable
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_code, new_id
from server.people.actors import Actor

INSERT = """
INSERT INTO wait_entry (id, person_id, kind, state, service, station_id, offering_id, slot_id, day, lat, lng, until,
  joined_at, changed_at)
VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
"""
LIVE = """
SELECT id, kind, service, slot_id, offering_id, day FROM wait_entry
WHERE person_id = $1 AND state IN ('waiting', 'offered')
"""
# The place that is held for entry $10, for whoever may still book it; it is counted in `taken` already.
TAKE_UP = f"""
WITH kept AS (
  UPDATE wait_entry SET state = 'accepted', held_slot_id = NULL, held_until = NULL, changed_at = $2
  WHERE id = $10 AND state = 'offered' AND held_slot_id = $1 AND EXISTS (
    SELECT FROM slot n JOIN offering o ON o.id = n.offering_id JOIN station st ON st.id = n.station_id
    WHERE n.id = $1 AND {queries.OPEN_FOR})
  RETURNING id
), place AS (
  SELECT n.id AS slot_id, n.offering_id, n.station_id, n.region_code, n.starts_at, n.ends_at, o.service,
    o.auto_confirm, o.confirm_minutes, st.name AS station
  FROM kept, slot n JOIN offering o ON o.id = n.offering_id JOIN station st ON st.id = n.station_id WHERE n.id = $1
),{MAKE}"""


@dataclass(frozen=True)
class Wish:
    """What somebody waits for; made by `for_slot`, `for_day`, `for_nearby`."""

    kind: WishKind
    service: ServiceKind
    until: datetime
    station_id: UUID | None = None
    offering_id: UUID | None = None
    slot_id: UUID | None = None
    day: date | None = None
    centre: Point | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two wishes of one person the same."""
        return self.kind, self.service, self.slot_id, self.offering_id, self.day


async def for_slot(slot_id: UUID, actor: Actor) -> Wish:
    """Raises NotFound, MembersOnly, WishOver."""
    choice = await queries.slot_for_booking(slot_id, actor)
    starts_at = choice.slot.starts_at
    until = waitlist_rules.wish_ends(WishKind.SLOT, clock.now(), starts_at=starts_at)
    if choice.slot.refused in ("slot-closed", "too-late"):
        raise WishOver
    _refuse_unless_theirs(choice.offering.eligibility, actor)
    o, day = choice.offering, clock.local(starts_at).date()
    return Wish(WishKind.SLOT, o.service, until, o.station_id, o.id, slot_id, day)


async def for_day(offering_id: UUID, day: date, actor: Actor) -> Wish:
    """Raises NotFound, MembersOnly, WishOver."""
    found = await sql.row(
        """SELECT o.service, o.station_id, o.eligibility, o.horizon_days, o.active AND st.retired_at IS NULL AS active
        FROM offering o JOIN station st ON st.id = o.station_id WHERE o.id = $1""",
        offering_id,
    )
    if found is None:
        raise NotFound
    if not found["active"] or not 0 <= (day - clock.today()).days <= found["horizon_days"]:
        raise WishOver
    _refuse_unless_theirs(Eligibility(found["eligibility"]), actor)
    until = waitlist_rules.wish_ends(WishKind.DAY, clock.now(), day=day)
    return Wish(WishKind.DAY, ServiceKind(found["service"]), until, found["station_id"], offering_id, None, day)


async def for_nearby(service: ServiceKind, *, position: Point | None = None, station_id: UUID | None = None) -> Wish:
    """A service within three kilometres of a position, or of a station, in the next days. Raises NotFound."""
    if position is None:
        found = await sql.row("SELECT lat, lng FROM station WHERE id = $1", station_id)
        if found is None:
            raise NotFound
        position = Point(found["lat"], found["lng"])
    until = waitlist_rules.wish_ends(WishKind.NEAR, clock.now())
    return Wish(WishKind.NEAR, service, until, station_id, centre=waitlist_rules.about(position))


def _refuse_unless_theirs(eligibility: Eligibility, actor: Actor) -> None:
    if eligibility is Eligibility.MEMBERS_ONLY and not actor.is_member:
        raise MembersOnly


async def join(*, actor: Actor, wish: Wish) -> UUID:
    """Wait for something; what is free already is offered at once. The same wish twice is one entry.

    Raises WishOver, TooManyWishes.
    """
    person_id = require_worker(actor)
    if wish.until <= clock.now():
        raise WishOver
    for _ in range(TRIES):
        try:
            async with sql.transaction():
                return await _join(person_id, wish)
        except asyncpg.ForeignKeyViolationError as error:
            if error.constraint_name == "wait_entry_person_fk":
                raise SignInNeeded from error  # was erased a moment ago
            raise WishOver from error
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            continue
    raise Unavailable


async def _join(person_id: UUID, wish: Wish) -> UUID:
    # Whoever plans the slot anew finishes first: nobody waits for it with everybody else waiting behind.
    await sql.rows("SELECT FROM slot WHERE id = $1 FOR KEY SHARE", wish.slot_id)
    await waitlist_offers.order_with(wish.service)
    live = await sql.rows(LIVE, person_id)
    for row in live:
        if (row["kind"], row["service"], row["slot_id"], row["offering_id"], row["day"]) == wish.key:
            entry_id: UUID = row["id"]
            return entry_id
    if len(live) >= waitlist_rules.MOST_WISHES:
        raise TooManyWishes
    made = new_id()
    place = wish.station_id, wish.offering_id, wish.slot_id, wish.day, *(wish.centre or (None, None))
    await sql.run(INSERT, made, person_id, wish.kind, wish.service, *place, wish.until, clock.now())
    await waitlist_offers.seek(person_id)
    return made


async def accept(*, actor: Actor, entry_id: UUID) -> BookingMade:
    """Take the place that is held: an ordinary booking. Twice gives the same one.

    Raises NotFound, OfferOver, OverlappingBooking, OneAtATime.
    """
    person_id = require_worker(actor)
    for _ in range(TRIES):
        entry = await _own(person_id, entry_id)
        if entry["state"] == WaitState.ACCEPTED:
            return await _accepted(person_id, entry_id)
        slot_id = entry["held_slot_id"]
        if slot_id is None:
            raise OfferOver
        try:
            async with sql.transaction():
                made = await _take_up(actor, entry_id, slot_id)
        except asyncpg.ExclusionViolationError as error:
            raise OverlappingBooking(await queries.overlapping(person_id, slot_id)) from error
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            continue  # a code was drawn twice, or another hand was at it
        if made:
            return made
        again = await _own(person_id, entry_id)
        if again["state"] != WaitState.ACCEPTED:
            raise OfferOver
    raise Unavailable


async def _take_up(actor: Actor, entry_id: UUID, slot_id: UUID) -> BookingMade | None:
    await sql.row(waitlist_offers.LOCK_SLOT, slot_id)
    held = await sql.row(
        "SELECT held_until FROM wait_entry WHERE id = $1 AND held_slot_id = $2 FOR UPDATE", entry_id, slot_id
    )
    now = clock.now()
    if held is None or held["held_until"] <= now:
        return None
    ids = new_code(), actor.id, rules.LEAST_ANSWER_TIME, key_of(entry_id), new_id(), entry_id
    made = await sql.row(TAKE_UP, slot_id, now, actor.is_member, new_id(), *ids)
    return None if made is None else await keep_made(made)


def key_of(entry_id: UUID) -> str:
    """The request key of the booking that an entry comes to: there is never a second one."""
    return f"wait-{entry_id.hex}"


async def _accepted(person_id: UUID, entry_id: UUID) -> BookingMade:
    found = await sql.row(
        "SELECT * FROM booking WHERE person_id = $1 AND request_key = $2", person_id, key_of(entry_id)
    )
    if found is None:
        raise NotFound
    return made_of(found)


async def leave(*, actor: Actor, entry_id: UUID) -> None:
    """Wait no longer, or say no to an offer: the next one is asked at once. Twice changes nothing more.

    Raises NotFound.
    """
    person_id = require_worker(actor)
    for _ in range(TRIES):
        entry = await _own(person_id, entry_id)
        if entry["state"] not in (WaitState.WAITING, WaitState.OFFERED):
            return
        async with sql.transaction():
            if await _leave(entry):
                return
    raise Unavailable


async def _leave(entry: Any) -> bool:
    slot_id = entry["held_slot_id"]
    if slot_id is None:
        tag = await sql.run(
            "UPDATE wait_entry SET state = 'withdrawn', changed_at = $2 WHERE id = $1 AND state = 'waiting'",
            entry["id"],
            clock.now(),
        )
        return tag == "UPDATE 1"
    if await waitlist_offers.end_hold(entry["id"], slot_id, WaitState.REFUSED) is None:
        return False
    await waitlist_offers.give_back(slot_id)
    await waitlist_offers.seek(entry["person_id"])
    return True


async def leave_all(person_id: UUID) -> None:
    """End every wish of somebody who is being erased, in the caller's transaction; before bookings are given back."""
    await sql.run("UPDATE wait_entry SET state = 'withdrawn' WHERE person_id = $1 AND state = 'waiting'", person_id)
    offered = "SELECT * FROM wait_entry WHERE person_id = $1 AND state = 'offered' ORDER BY held_slot_id"
    for entry in await sql.rows(offered, person_id):
        await _leave(entry)
    await sql.run("DELETE FROM wait_entry WHERE person_id = $1", person_id)


async def _own(person_id: UUID, entry_id: UUID) -> Any:
    """Somebody else's entry does not exist for him."""
    entry = await sql.row("SELECT * FROM wait_entry WHERE id = $1 AND person_id = $2", entry_id, person_id)
    if entry is None:
        raise NotFound
    return entry
