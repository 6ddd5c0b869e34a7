"""What this room holds about a worker: the groups he booked, and the people he brought along."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from server.bookings import history
from server.bookings.models import ServiceKind, Status
from server.bookings.schemas import as_struct
from server.db import sql
from server.groups.forgetting import forget
from server.kit import clock
from server.kit.crypto import vault
from server.people.actors import Actor
from server.people.queries import PHONE, open_name


class PlaceHeld(msgspec.Struct, frozen=True):
    """One place of a group, with the name and phone that the worker gave for it."""

    seat: int
    name: str
    phone: str
    code: str
    starts_at: datetime
    status: Status


class GroupHeld(msgspec.Struct, frozen=True):
    """What the worker booked for many."""

    id: UUID
    code: str
    service: ServiceKind
    station: str
    created_at: datetime
    forgotten_at: datetime | None
    request_key: str
    places: list[PlaceHeld]


async def copy(person_id: UUID) -> list[GroupHeld]:
    """All groups, the latest first."""
    groups = await sql.rows(
        """SELECT g.*, st.name AS station FROM group_booking g JOIN station st ON st.id = g.station_id
        WHERE g.foreman_id = $1 ORDER BY g.created_at DESC, g.id DESC""",
        person_id,
    )
    places = await sql.rows(
        """SELECT gp.group_id, gp.seat, p.name_sealed, p.phone_sealed, b.code, b.starts_at, b.status
        FROM group_place gp JOIN booking b ON b.id = gp.booking_id JOIN person p ON p.id = b.person_id
        WHERE gp.group_id = ANY($1) ORDER BY gp.seat""",
        [group["id"] for group in groups],
    )
    held: dict[UUID, list[PlaceHeld]] = {group["id"]: [] for group in groups}
    for row in places:
        phone = vault().open(row["phone_sealed"], PHONE) if row["phone_sealed"] else ""
        held[row["group_id"]].append(as_struct(PlaceHeld, row, name=open_name(row["name_sealed"]), phone=phone))
    return [as_struct(GroupHeld, group, places=held[group["id"]]) for group in groups]


async def erase(actor: Actor) -> None:
    """Give back the places ahead and forget the guests, in the caller's transaction, after `sql.blank_histories`.

    Nobody would be left who hears of a change for them.
    """
    ahead = await sql.rows(
        """SELECT b.id FROM group_booking g JOIN group_place gp ON gp.group_id = g.id
        JOIN booking b ON b.id = gp.booking_id
        WHERE g.foreman_id = $1 AND b.status IN ('requested', 'confirmed') AND b.starts_at > $2 ORDER BY b.slot_id""",
        actor.id,
        clock.now(),
    )
    for row in ahead:
        booking = await history.locked(row["id"])
        if booking["status"] in (Status.REQUESTED, Status.CONFIRMED):
            await history.release(booking, Status.CANCELLED, actor)
    for group in await sql.rows("SELECT id FROM group_booking WHERE foreman_id = $1 ORDER BY id", actor.id):
        await forget(group["id"])
    await sql.run("UPDATE group_booking SET request_key = id::text WHERE foreman_id = $1", actor.id)
