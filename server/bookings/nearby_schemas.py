"""Shapes of a search and of what it finds."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from server.bookings.models import Eligibility, ServiceKind
from server.kit import clock
from server.kit.geo import Point
from server.kit.shelf import Shelf
from server.stations.divisions import Place
from server.stations.hours import OpenState, Ranges, open_state, ranges_on
from server.stations.models import Facility, StationKind

PAGE = 20
KEPT = 8_192  # cards drawn for later, some 2 kB each


class ServiceLine(msgspec.Struct, frozen=True):
    """A service at a station and its next free time; `for_me` says whether whoever asks may book that one yet."""

    id: UUID
    service: ServiceKind
    minutes: int
    capacity: int
    eligibility: Eligibility
    auto_confirm: bool
    general_days: int
    bring: str
    provider: str
    starts_at: datetime | None
    places: int | None
    for_me: bool

    @property
    def open_to_all_on(self) -> date | None:
        """The day from which non-members may book the next free time too; None where they never may."""
        if self.starts_at is None or self.eligibility is Eligibility.MEMBERS_ONLY:
            return None
        return clock.local(self.starts_at).date() - timedelta(days=self.general_days)


class DayLine(msgspec.Struct, frozen=True):
    """A date with hours of its own."""

    day: date
    hours: list[list[int]]
    reason: str


class Card(msgspec.Struct, frozen=True):
    """A station as a list or its page shows it."""

    id: UUID
    kind: StationKind
    name: str
    region_code: int
    address: str
    landmark: str
    phone: str
    lat: float
    lng: float
    hours: list[list[list[int]]]
    facilities: list[Facility]
    unattended: bool
    season_from: date | None
    season_until: date | None
    demo: bool
    retired_at: datetime | None
    version: int
    updated_at: datetime
    parent_id: UUID | None
    days: list[DayLine]
    services: list[ServiceLine]

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)

    def special(self, day: date) -> DayLine | None:
        """The exceptional hours of a date."""
        return next((line for line in self.days if line.day == day), None)

    def ranges(self, day: date) -> Ranges:
        """When it is open on a date, of the next two weeks."""
        special = self.special(day)
        return ranges_on(
            self.hours,
            day,
            special=special.hours if special else None,
            season_from=self.season_from,
            season_until=self.season_until,
        )

    def opening(self) -> OpenState:
        """Whether it is open now, until when, or when next."""
        return open_state(
            self.hours,
            clock.now(),
            specials={line.day: line.hours for line in self.days},
            season_from=self.season_from,
            season_until=self.season_until,
        )


class Hit(NamedTuple):
    """A station in a list: `far` orders it, `rank` and `branch` place its cursor; `written` is its card as JSON."""

    branch: int
    rank: float
    far: float
    id: UUID
    point: Point
    written: str

    @property
    def card(self) -> Card:
        return read_card(self.written)

    @property
    def mark(self) -> Mark:
        """What this very card is known by, short: another station, version, slot or day has another."""
        return self.id, hash(self.written)


def read_card(written: str) -> Card:
    """A card as the database wrote it."""
    return _card.decode(written)


_card = msgspec.json.Decoder(Card)


def turn_of(hit: Hit, mark: Mark, today: date, minute: int) -> int:
    """How often a card's station has opened or closed today: what the card says of that holds until the next time."""
    turns = _turns.get((mark, today))
    if turns is None:
        turns = _turns.put((mark, today), tuple(minute for span in hit.card.ranges(today) for minute in span))
    return bisect_right(turns, minute)


Mark = tuple[UUID, int]
_turns: Shelf[tuple[Mark, date], tuple[int, ...]] = Shelf(KEPT)


@dataclass(frozen=True)
class Search:
    """What is looked for, as it was asked. `position` is WGS-84 and never stored."""

    position: Point | None = None
    region: int | None = None
    text: str = ""
    services: tuple[ServiceKind, ...] = ()
    kinds: tuple[StationKind, ...] = ()
    facilities: tuple[Facility, ...] = ()
    open_now: bool = False
    after: str = ""
    limit: int = PAGE


class Found(StrEnum):
    """How generous a search had to be: as written, by sound, nearly so, or outside the district."""

    EXACT = "exact"
    HEARD = "heard"
    ALIKE = "alike"
    WIDER = "wider"


@dataclass(frozen=True)
class Nearby:
    """What was found. `way` says how generous the search had to be; `name` is what doors must be called,
    `filtered` whether they must also offer or be something (chosen, or understood from the text).
    """

    hits: list[Hit]
    more: str
    origin: Point | None
    place: Place | None
    from_place: bool
    way: Found
    name: str
    filtered: bool
