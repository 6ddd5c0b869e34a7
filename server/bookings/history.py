"""The only hands that change a booking's row: each change is a compare-and-swap and appends its step.

All run in the caller's transaction; rows are locked in the order booking, then slots by id. Each step is later than the
one before, also where the clocks of two machines disagree.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.bookings import rules
from server.bookings.errors import AlreadyChanged, SlotClosed, SlotFull
from server.bookings.models import ActorKind, Status
from server.bookings.waitlist_offers import give_back, seek
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.kit.text import clean
from server.people.actors import Actor

LOCK = "SELECT FROM booking WHERE id = $1 FOR UPDATE"
AS_IT_IS = """
SELECT b.*, o.cutoff_minutes, s.closed AS slot_closed, st.name AS station, last.actor_kind AS changed_by,
  last.actor_id AS changed_by_id, (SELECT p.brought_by FROM person p WHERE p.id = b.person_id) AS brought_by
FROM booking b JOIN slot s ON s.id = b.slot_id JOIN offering o ON o.id = b.offering_id
JOIN station st ON st.id = b.station_id
CROSS JOIN LATERAL (SELECT e.actor_kind, e.actor_id FROM booking_event e WHERE e.booking_id = b.id
  ORDER BY e.at DESC, e.id DESC LIMIT 1) last
WHERE b.id = $1
"""
LONGEST_REASON = 200
STEP = """
INSERT INTO booking_event (id, booking_id, at, from_status, to_status, slot_id, actor_kind, actor_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def locked(booking_id: UUID, *, wait: bool = True) -> Any:
    """A booking with who changed it last, locked until the transaction ends.

    None where there is none, or where another hand holds it and this one does not `wait`.
    """
    # Two statements: one that waits for a lock still sees other tables as they were before the wait.
    held = await sql.row(LOCK if wait else f"{LOCK} SKIP LOCKED", booking_id)
    return None if held is None else await sql.row(AS_IT_IS, booking_id)


def already_changed(booking: Any) -> AlreadyChanged:
    """What has become of a booking, by whom and when."""
    return AlreadyChanged(
        became=Status(booking["status"]),
        by=ActorKind(booking["changed_by"]),
        by_id=booking["changed_by_id"],
        at=booking["changed_at"],
    )


async def change(booking: Any, to: Status, actor: Actor, *, reason: str = "", undo: bool = False) -> Any:
    """Bring a locked booking to another status; an undo cannot be undone. Raises AlreadyChanged."""
    now = clock.now()
    changed = await sql.row(
        """UPDATE booking SET status = $3, previous_status = CASE WHEN $4 THEN NULL ELSE status END,
            reason = $5, changed_at = greatest($6, changed_at + interval '1 microsecond'),
            confirm_by = CASE WHEN $3::varchar = 'requested' THEN greatest(confirm_by, least(starts_at, $7))
              ELSE confirm_by END
        WHERE id = $1 AND status = $2 RETURNING *""",
        booking["id"],
        booking["status"],
        to,
        undo,
        clean(reason)[:LONGEST_REASON],
        now,
        now + rules.LEAST_ANSWER_TIME,
    )
    if changed is None:
        raise AlreadyChanged
    await _append(changed, Status(booking["status"]), actor)
    return changed


async def release(booking: Any, to: Status, actor: Actor, *, reason: str = "") -> Any:
    """End a locked booking and give its place back: to who waits for it, else to all."""
    changed = await change(booking, to, actor, reason=reason)
    await give_back(booking["slot_id"])
    await seek(booking["person_id"])
    return changed


async def hold_again(booking: Any) -> None:
    """Take the place back that a locked booking gave away. Raises SlotClosed, SlotFull."""
    tag = await sql.run(
        "UPDATE slot SET taken = taken + 1 WHERE id = $1 AND taken < capacity AND NOT closed", booking["slot_id"]
    )
    if tag != "UPDATE 1":
        raise SlotClosed if booking["slot_closed"] else SlotFull


async def move(booking: Any, place: Any, actor: Actor) -> Any:
    """Give a locked booking another slot, already taken; whether staff must confirm is decided anew."""
    now = clock.now()
    deadline = None
    if not place["auto_confirm"]:
        deadline = rules.confirm_deadline(place["starts_at"], place["confirm_minutes"], now)
    changed = await sql.row(
        """UPDATE booking SET slot_id = $2, offering_id = $3, station_id = $4, region_code = $5, starts_at = $6,
            ends_at = $7, status = $8, previous_status = NULL, confirm_by = $9, escalated_at = NULL, reason = '',
            changed_at = greatest($10, changed_at + interval '1 microsecond')
        WHERE id = $1 RETURNING *""",
        booking["id"],
        place["slot_id"],
        place["offering_id"],
        place["station_id"],
        place["region_code"],
        place["starts_at"],
        place["ends_at"],
        Status.REQUESTED if deadline else Status.CONFIRMED,
        deadline,
        now,
    )
    await _append(changed, Status(booking["status"]), actor)
    return changed


async def _append(changed: Any, came_from: Status, actor: Actor) -> None:
    await sql.run(
        STEP,
        new_id(),
        changed["id"],
        changed["changed_at"],
        came_from,
        changed["status"],
        changed["slot_id"],
        ActorKind(actor.kind),
        actor.id,
        changed["reason"],
    )
