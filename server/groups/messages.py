"""What the foreman hears of his group: one message for each thing that happened, and one reminder for each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.db import sql
from server.kit import clock
from server.kit.sweep import each
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.notices.service import Place

PLACES = """
SELECT g.foreman_id, g.code AS group_code, g.service, b.id, b.code, b.person_id, b.station_id, b.starts_at, b.status,
  (b.starts_at AT TIME ZONE 'Asia/Shanghai')::date AS day, st.name AS station,
  octet_length(p.phone_sealed) > 0 AS has_phone,
  EXISTS (SELECT FROM notice n WHERE n.booking_id = b.id AND n.state = 'sent' AND n.kind = 'group_place') AS heard,
  EXISTS (SELECT FROM notice n WHERE n.booking_id = b.id AND n.state = 'due'
    AND n.kind IN ('reminder_evening', 'reminder_hour')) AS reminded
FROM group_booking g JOIN group_place gp ON gp.group_id = g.id JOIN booking b ON b.id = gp.booking_id
JOIN station st ON st.id = b.station_id JOIN person p ON p.id = b.person_id
WHERE g.id = $1 ORDER BY b.starts_at, gp.seat
"""
# Whoever stood for a day may have been cancelled, moved or declined by itself. Later than this no reminder is left.
UNREMINDED = """
SELECT DISTINCT g.id FROM group_booking g JOIN group_place gp ON gp.group_id = g.id
JOIN booking b ON b.id = gp.booking_id
WHERE g.forgotten_at IS NULL AND b.status IN ('requested', 'confirmed') AND b.starts_at > $1 AND NOT EXISTS (
  SELECT FROM group_place other JOIN booking o ON o.id = other.booking_id JOIN notice n ON n.booking_id = o.id
  WHERE other.group_id = g.id AND o.station_id = b.station_id AND n.state = 'due'
    AND n.kind IN ('reminder_evening', 'reminder_hour')
    AND (o.starts_at AT TIME ZONE 'Asia/Shanghai')::date = (b.starts_at AT TIME ZONE 'Asia/Shanghai')::date)
LIMIT $2
"""
BATCH = 200
LAST_REMINDER = timedelta(hours=1)
HOLD = "SELECT FROM group_booking WHERE id = $1 FOR UPDATE"


async def tell_booked(group_id: UUID) -> None:
    """The foreman hears the whole; each guest who left a phone hears his own place. In the caller's transaction."""
    places = await sql.rows(PLACES, group_id)
    first = places[0]
    params = _params(first) | {"people": str(len(places))}
    await notices.tell_worker(first["foreman_id"], NoticeKind.GROUP_BOOKED, params, station_id=first["station_id"])
    reached = [place for place in places if place["has_phone"]]
    if reached:
        await notices.tell_brought(NoticeKind.GROUP_PLACE, [_place(one) for one in reached])
    await _remind(places)


async def tell_cancelled(group_id: UUID, booking_ids: Sequence[UUID]) -> None:
    """One message for all places that the foreman gave back; whoever comes all the same is still reminded of."""
    async with sql.transaction():
        await sql.rows(HOLD, group_id)
        for booking_id in booking_ids:
            # What each step said by itself, and what a guest has not heard yet.
            await notices.withdraw(booking_id, NoticeKind.GROUP_CHANGED)
            await notices.withdraw(booking_id, NoticeKind.GROUP_PLACE)
        places = await sql.rows(PLACES, group_id)
        gone = next(place for place in places if place["id"] in booking_ids)
        params = _params(gone) | {"people": str(len(booking_ids))}
        await notices.tell_worker(
            gone["foreman_id"], NoticeKind.GROUP_CANCELLED, params, station_id=gone["station_id"], push=False
        )
        heard = [place for place in places if place["id"] in booking_ids and place["heard"] and place["has_phone"]]
        if heard:
            await notices.tell_brought(NoticeKind.GROUP_PLACE_GONE, [_place(one) for one in heard])
        await _remind(places)


async def remind_groups() -> int:
    """Plan the reminders of days that nobody stands for any more; of how many groups.

    Safe in any number of processes.
    """
    found = await sql.rows(UNREMINDED, clock.now() + LAST_REMINDER, BATCH)
    return await each([row["id"] for row in found], _remind_anew)


async def _remind_anew(group_id: UUID) -> bool:
    async with sql.transaction():
        await sql.rows(HOLD, group_id)
        await _remind(await sql.rows(PLACES, group_id))
    return True


async def _remind(places: Sequence[Any]) -> None:
    """Of each day and station the first who comes stands for all; where none does any more, nobody is reminded."""
    held = [place for place in places if place["status"] in ("requested", "confirmed")]
    reminded = {(place["day"], place["station_id"]) for place in held if place["reminded"]}
    for place in held:
        key = (place["day"], place["station_id"])
        if key not in reminded:
            reminded.add(key)
            await notices.plan_reminders(place["foreman_id"], place["id"], place["starts_at"], _params(place))


def _place(one: Any) -> Place:
    return Place(one["person_id"], one["station_id"], one["id"], _params(one) | {"code": one["code"]})


def _params(place: Any) -> dict[str, str]:
    """What messages about a group say; nothing personal."""
    starts_at: datetime = place["starts_at"]
    return {
        "station": place["station"],
        "service": place["service"],
        "starts_at": starts_at.isoformat(),
        "code": place["group_code"],
    }
