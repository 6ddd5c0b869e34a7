"""Another time for people whose time the station no longer offers.

Staff move them with the worker's own verb, so that every rule holds; the worker is told, and has time to decline: only
times are proposed that he may still move or cancel by himself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.bookings import queries
from server.bookings.schemas import Alternative, as_struct
from server.bookings.service import move_booking
from server.db import sql
from server.errors import Conflict, Invalid
from server.kit import clock
from server.people.actors import Actor

TRIES = 3
MOST = 300
# So many minutes before it is too late to change, the worker must have heard of it.
TO_DECLINE = "make_interval(mins => o.cutoff_minutes + 30)"
IN_TIME = f"{queries.BOOKABLE} AND n.starts_at >= $2::timestamptz + {TO_DECLINE}"
ONE = (
    queries.ALTERNATIVES.replace(queries.BOOKABLE, IN_TIME)
    .replace("$1", "given.slot_id")
    .replace("$3::boolean", "given.is_member")
    .replace("$4", "$3")
)
# The same for many bookings at once.
CHOICES = f"""
SELECT given.booking_id, near.* FROM (
  SELECT b.id AS booking_id, b.slot_id, b.starts_at AS was, p.is_member
  FROM booking b JOIN person p ON p.id = b.person_id WHERE b.id = ANY($1)) given CROSS JOIN LATERAL ({ONE}) near
ORDER BY near.distance_m > 0, abs(extract(epoch FROM near.starts_at - given.was))
"""


@dataclass(frozen=True)
class Rebooked:
    """How many people have another time, and how many could not be given one."""

    moved: int
    left: int


async def choices(booking_ids: Sequence[UUID]) -> dict[UUID, list[Alternative]]:
    """The nearest free times for each of these bookings: here first, then at stations nearby."""
    found = await sql.rows(CHOICES, list(booking_ids), clock.now(), float(queries.NEAR_M))
    near: dict[UUID, list[Alternative]] = {booking_id: [] for booking_id in booking_ids}
    for row in found:
        near[row["booking_id"]].append(as_struct(Alternative, row))
    return near


async def rebook_affected(*, actor: Actor, booking_ids: Sequence[UUID]) -> Rebooked:
    """Give each of these the nearest free time at the same station; who has none stays as he is.

    Each is a step of its own, so that one who is expected elsewhere at that time hinders nobody.
    """
    moved = 0
    for booking_id in booking_ids[:MOST]:
        here = [one for one in (await choices([booking_id]))[booking_id] if not one.distance_m]
        for choice in here[:TRIES]:
            try:
                await move_booking(actor=actor, booking_id=booking_id, slot_id=choice.slot_id)
            except (Conflict, Invalid):
                continue
            moved += 1
            break
    return Rebooked(moved, len(booking_ids) - moved)
