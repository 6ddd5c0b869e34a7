"""Shapes that the queries of this room give to pages."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from server.bookings.models import ACTIVE, ServiceKind, Status
from server.bookings.schemas import OfferingView
from server.groups.rules import Places


class Time(msgspec.Struct, frozen=True):
    """Some of the people at one time."""

    starts_at: datetime
    people: int


class Offer(msgspec.Struct, frozen=True):
    """Where those go who found no place: another day here, or a station nearby (`distance_m` > 0)."""

    offering_id: UUID
    station_name: str
    distance_m: float
    day: date
    people: int
    first: datetime
    places: Places


class Plan(msgspec.Struct, frozen=True):
    """How so many people would fit into a day, and where else the rest may go."""

    offering: OfferingView
    day: date
    people: int
    times: list[Time]
    places: Places
    offers: list[Offer]

    @property
    def fit(self) -> int:
        return sum(self.places.values())

    @property
    def rest(self) -> int:
        return self.people - self.fit


class Seat(msgspec.Struct, frozen=True):
    """One person of a group and the booking that is his."""

    seat: int
    booking_id: UUID
    code: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    station_id: UUID
    station_name: str
    cutoff_minutes: int
    slot_closed: bool
    name: str
    phone_tail: str

    @property
    def waits(self) -> bool:
        """Whether the place is held for somebody who has not come yet."""
        return self.status in (Status.REQUESTED, Status.CONFIRMED)


class GroupView(msgspec.Struct, frozen=True):
    """A group with its people, by seat."""

    id: UUID
    code: str
    service: ServiceKind
    foreman_id: UUID
    created_at: datetime
    seats: list[Seat]

    @property
    def coming(self) -> int:
        """How many still have a place."""
        return sum(seat.status in ACTIVE for seat in self.seats)

    @property
    def times(self) -> list[tuple[str, datetime, int]]:
        """(station, time, people) of those who still have a place."""
        counts: dict[tuple[datetime, str], int] = {}
        for seat in self.seats:
            if seat.status in ACTIVE:
                key = (seat.starts_at, seat.station_name)
                counts[key] = counts.get(key, 0) + 1
        return [(station, at, n) for (at, station), n in sorted(counts.items())]
