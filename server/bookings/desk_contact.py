"""Reaching a worker whom no message reached: staff see the number then, and only then, and it is written down."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.db import sql
from server.errors import NotFound
from server.notices import service as notices
from server.people.actors import Actor
from server.people.models import Role
from server.people.queries import contacts


async def show_phone(*, actor: Actor, booking_id: UUID) -> str:
    """The worker's number, kept in the audit. Raises NotFound where every message arrived."""
    async with sql.transaction():
        booking = await _undelivered(actor, booking_id)
        await _record(actor, booking, "booking.phone_shown")
    return (await contacts([booking["person_id"]]))[booking["person_id"]].phone


async def note_phoned(*, actor: Actor, booking_id: UUID) -> None:
    """The worker knows now: the failed messages are settled. Raises NotFound where there are none."""
    async with sql.transaction():
        booking = await _undelivered(actor, booking_id)
        await notices.settle_by_phone(booking_id)
        await _record(actor, booking, "booking.phoned")


async def _undelivered(actor: Actor, booking_id: UUID) -> Any:
    booking = await sql.row(
        """SELECT b.id, b.person_id, b.station_id, b.region_code FROM booking b
        WHERE b.id = $1 AND EXISTS (
            SELECT FROM notice n WHERE n.booking_id = b.id AND n.state = 'failed' AND n.person_id IS NOT NULL)""",
        booking_id,
    )
    if booking is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=booking["station_id"], region_code=booking["region_code"])
    return booking


async def _record(actor: Actor, booking: Any, action: str) -> None:
    await audit.record(
        "staff",
        actor.id,
        action,
        subject_kind="booking",
        subject_id=str(booking["id"]),
        region_code=booking["region_code"],
        reason="message not delivered",
    )
