"""The desk's verbs over several bookings: confirm the ones on the sheet, take a step back for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from server.bookings import desk
from server.bookings.desk_queries import require_here
from server.bookings.errors import AlreadyChanged
from server.errors import Conflict
from server.people.actors import Actor


async def confirm_listed(*, actor: Actor, station_id: UUID, booking_ids: Sequence[UUID]) -> list[UUID]:
    """Say yes to the requests that staff have seen, and to no other; the ones that were confirmed.

    Each is a step of its own: what somebody else has just decided stays decided. Raises NotFound.
    """
    await require_here(station_id, booking_ids)
    confirmed = []
    for booking_id in booking_ids:
        try:
            confirmed.append((await desk.confirm_booking(actor=actor, booking_id=booking_id)).id)
        except AlreadyChanged:
            continue
    return confirmed


async def undo_listed(*, actor: Actor, station_id: UUID, booking_ids: Sequence[UUID]) -> list[UUID]:
    """Take back the last step of several bookings; the ones taken back.

    Raises NotFound, or what stood in the way where none could be taken back.
    """
    await require_here(station_id, booking_ids)
    undone, hindrance = [], None
    for booking_id in booking_ids:
        try:
            undone.append((await desk.undo_step(actor=actor, booking_id=booking_id)).id)
        except Conflict as refused:
            hindrance = refused
    if hindrance and not undone:
        raise hindrance
    return undone
