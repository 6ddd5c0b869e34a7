"""Several days of a station at a glance: what is booked of how many places, by day and service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from server.bookings.models import ServiceKind
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.people.actors import Actor
from server.people.models import Role

Reach = Literal["week", "month"]
WEEK = timedelta(days=7)
STATION = "SELECT name, region_code FROM station WHERE id = $1"
# A closed slot takes nobody any more: its places are those that are booked.
PLACES = """
SELECT (n.starts_at AT TIME ZONE 'Asia/Shanghai')::date AS day, o.service, sum(n.taken)::int AS taken,
  sum(CASE WHEN n.closed THEN n.taken ELSE n.capacity END)::int AS places
FROM slot n JOIN offering o ON o.id = n.offering_id AND o.station_id = $1
WHERE n.station_id = $1 AND n.starts_at >= $2 AND n.starts_at < $3 AND ($4::text IS NULL OR o.service = $4)
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Load:
    """How many of the places are booked."""

    taken: int
    places: int

    @property
    def free(self) -> int:
        return self.places - self.taken

    @property
    def percent(self) -> int:
        """Rounded down: only what is full is 100."""
        return 100 * self.taken // self.places if self.places else 0


@dataclass(frozen=True)
class DayLoad:
    """A day, and its services with what is booked of each."""

    day: date
    services: dict[ServiceKind, Load]

    @property
    def total(self) -> Load:
        return sum_of(self.services.values())


@dataclass(frozen=True)
class Overview:
    """The days from a Monday or a first of the month on."""

    station_name: str
    days: list[DayLoad]

    @property
    def total(self) -> Load:
        return sum_of(day.total for day in self.days)


def sum_of(loads: Iterable[Load]) -> Load:
    """All of them together."""
    found = list(loads)
    return Load(sum(one.taken for one in found), sum(one.places for one in found))


def span_of(day: date, reach: Reach) -> tuple[date, date]:
    """The first day of the week or month around a day, and the first one after it."""
    if reach == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + WEEK
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


async def overview(
    station_id: UUID, day: date, reach: Reach, actor: Actor, service: ServiceKind | None = None
) -> Overview:
    """The week or month around a day. Raises NotFound, or Forbidden for another station's staff."""
    station = await sql.row(STATION, station_id)
    if station is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=station_id, region_code=station["region_code"])
    first, after = span_of(day, reach)
    by_day: dict[date, dict[ServiceKind, Load]] = {first + timedelta(days=n): {} for n in range((after - first).days)}
    for row in await sql.rows(PLACES, station_id, clock.at(first, 0), clock.at(after, 0), service):
        by_day[row["day"]][ServiceKind(row["service"])] = Load(row["taken"], row["places"])
    return Overview(station["name"], [DayLoad(one, services) for one, services in by_day.items()])
