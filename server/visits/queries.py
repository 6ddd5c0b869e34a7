"""Reads of doors: whose code it is, and where the nearest station with staff is."""

from __future__ import annotations

from uuid import UUID

import msgspec

from server.db import sql
from server.kit.geo import Point
from server.kit.ids import read_code
from server.visits.errors import DoorUnknown

NEAREST = """
SELECT id, name, phone, lat, lng FROM station
WHERE retired_at IS NULL AND NOT unattended AND season_from IS NULL AND id <> $3
ORDER BY ll_to_earth(lat, lng) <-> ll_to_earth($1, $2) LIMIT 1
"""


class Staffed(msgspec.Struct, frozen=True):
    """A station where somebody is there to ask."""

    id: UUID
    name: str
    phone: str
    lat: float
    lng: float

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


async def station_of_door(code: str) -> UUID:
    """Whose door a code is on, however it was typed. Raises DoorUnknown."""
    station_id: UUID | None = await sql.value("SELECT station_id FROM door WHERE code = $1", read_code(code))
    if station_id is None:
        raise DoorUnknown
    return station_id


async def code_of(station_id: UUID) -> str:
    """The code on a station's poster; "" where it has none."""
    code: str | None = await sql.value("SELECT code FROM door WHERE station_id = $1", station_id)
    return code or ""


async def nearest_staffed(here: Point, besides: UUID) -> Staffed | None:
    """The nearest station with staff the whole year; None where there is no other."""
    found = await sql.row(NEAREST, *here, besides)
    return Staffed(**found) if found else None
