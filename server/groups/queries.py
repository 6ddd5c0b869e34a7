"""Reads of the groups room: how many fit where, and what became of a group."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.bookings.models import Eligibility, ServiceKind
from server.bookings.queries import BOOKABLE, NEAR_M, NEAREST_TRIED, day_strip
from server.bookings.schemas import DayStrip, OfferingView, as_struct
from server.db import sql
from server.errors import NotFound
from server.groups.errors import MembersEach
from server.groups.rules import spread
from server.groups.schemas import GroupView, Offer, Plan, Seat, Time
from server.kit import clock
from server.people.actors import Actor
from server.people.queries import open_name

# Guests are nobody's members: what is for members first is open to them as to everybody.
GUEST = Actor("worker")
DAYS_TRIED = 7  # on each side of the day that was asked for
OTHER_DAYS, OTHER_STATIONS = 3, 4
OFFERS = f"""
WITH want AS (
  SELECT o.id, o.service, o.station_id, st.lat, st.lng FROM offering o JOIN station st ON st.id = o.station_id
  WHERE o.id = $1
), near AS (
  SELECT st.id, earth_distance(ll_to_earth(st.lat, st.lng), ll_to_earth(want.lat, want.lng)) AS distance_m
  FROM want JOIN LATERAL (
    SELECT st.* FROM station st
    WHERE st.retired_at IS NULL AND earth_box(ll_to_earth(want.lat, want.lng), $6) @> ll_to_earth(st.lat, st.lng)
      AND EXISTS (SELECT FROM offering o WHERE o.station_id = st.id AND o.active AND o.service = want.service)
    ORDER BY ll_to_earth(st.lat, st.lng) <-> ll_to_earth(want.lat, want.lng) LIMIT {NEAREST_TRIED}) st ON true
)
SELECT o.id AS offering_id, st.name AS station_name,
  CASE WHEN st.id = want.station_id THEN 0 ELSE near.distance_m END AS distance_m, d.day,
  json_agg(json_build_array(n.id, n.capacity - n.taken, n.starts_at) ORDER BY n.starts_at) AS free
FROM want CROSS JOIN near JOIN station st ON st.id = near.id
JOIN offering o ON o.station_id = near.id AND o.service = want.service
JOIN slot n ON n.offering_id = o.id AND n.starts_at >= $4 AND n.starts_at < $5
CROSS JOIN LATERAL (SELECT (n.starts_at AT TIME ZONE 'Asia/Shanghai')::date AS day) d
WHERE {BOOKABLE} AND NOT (o.id = want.id AND d.day = $7)
GROUP BY o.id, st.id, st.name, want.station_id, near.distance_m, d.day
ORDER BY 3, abs(d.day - $7), d.day, o.id
"""
SEATS = """
SELECT g.id AS group_id, g.code AS group_code, g.service, g.foreman_id, g.created_at, gp.seat, b.id AS booking_id,
  b.code, b.status, b.starts_at, b.ends_at, b.station_id, st.name AS station_name, o.cutoff_minutes,
  s.closed AS slot_closed, p.name_sealed, p.phone_tail
FROM group_booking g JOIN group_place gp ON gp.group_id = g.id JOIN booking b ON b.id = gp.booking_id
JOIN slot s ON s.id = b.slot_id JOIN offering o ON o.id = b.offering_id JOIN station st ON st.id = b.station_id
JOIN person p ON p.id = b.person_id
"""
_times = msgspec.json.Decoder(list[tuple[UUID, int, Any]])


async def days_for(offering_id: UUID, day: date | None = None) -> DayStrip:
    """An offering's days and the times of one of them, as guests may book them. Raises NotFound, MembersEach."""
    strip = await day_strip(offering_id, GUEST, day)
    if strip.offering.eligibility is Eligibility.MEMBERS_ONLY:
        raise MembersEach
    return strip


async def plan(offering_id: UUID, day: date, people: int) -> Plan:
    """How so many people fit into a day, and who has room for the rest. Raises NotFound, MembersEach."""
    strip = await days_for(offering_id, day)
    here = strip.slots if strip.day == day else []
    free = {slot.id: slot.free for slot in here if not slot.refused}
    places = spread(people, free.items())
    times = [Time(slot.starts_at, places[slot.id]) for slot in here if slot.id in places]
    rest = people - sum(places.values())
    offers = await _offers(strip.offering, day, rest) if rest else []
    return Plan(strip.offering, day, people, times, places, offers)


async def _offers(offering: OfferingView, day: date, rest: int) -> list[Offer]:
    """Other days here and the nearest day with room at stations nearby, the likeliest first."""
    found = await sql.rows(
        OFFERS,
        offering.id,
        clock.now(),
        GUEST.is_member,
        clock.at(day - timedelta(days=DAYS_TRIED), 0),
        clock.at(day + timedelta(days=DAYS_TRIED), 1440),
        float(NEAR_M),
        day,
    )
    offers = [_offer(row, rest) for row in found]
    here = [offer for offer in offers if offer.offering_id == offering.id][:OTHER_DAYS]
    there: dict[UUID, Offer] = {}
    for offer in offers:
        if offer.offering_id != offering.id:
            there.setdefault(offer.offering_id, offer)
    return here + list(there.values())[:OTHER_STATIONS]


def _offer(row: Any, rest: int) -> Offer:
    free = _times.decode(row["free"])
    places = spread(rest, ((slot_id, room) for slot_id, room, _ in free))
    offer: Offer = as_struct(Offer, row, people=sum(places.values()), first=free[0][2], places=places)
    return offer


async def group_of(group_id: UUID, actor: Actor) -> GroupView:
    """A foreman's own group. Raises NotFound."""
    found = await sql.rows(f"{SEATS} WHERE g.id = $1 AND g.foreman_id = $2 ORDER BY gp.seat", group_id, actor.id)
    return _view(found)


async def group_at_desk(group_id: UUID, station_id: UUID) -> GroupView:
    """Those of a group who come to one station. Raises NotFound where nobody does."""
    return _view(
        await sql.rows(f"{SEATS} WHERE g.id = $1 AND b.station_id = $2 ORDER BY gp.seat", group_id, station_id)
    )


def _view(found: list[Any]) -> GroupView:
    if not found:
        raise NotFound
    first = found[0]
    seats = [as_struct(Seat, row, name=open_name(row["name_sealed"])) for row in found]
    return GroupView(
        first["group_id"],
        first["group_code"],
        ServiceKind(first["service"]),
        first["foreman_id"],
        first["created_at"],
        seats,
    )
