"""Reads of roads home: which are open or coming, and the stops of one with all that decides whether one can stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.geo import Point
from server.people.actors import INCLUDES, Actor, region_span
from server.people.models import Role
from server.stations.hours import LOOK_AHEAD_DAYS, OpenState, open_state
from server.stations.models import Facility
from server.stations.route_rules import StopState, state_of

# So long before it opens, riders hear of a road.
AHEAD = timedelta(days=21)
STOPS = """
SELECT r.km, s.id, s.name, s.landmark, s.phone, s.lat, s.lng, s.hours, s.facilities, s.season_from, s.season_until,
  s.full_since, s.external_id,
  (SELECT coalesce(json_object_agg(d.day, d.hours), '{}') FROM station_day d
    WHERE d.station_id = s.id AND d.day BETWEEN $2 AND $3) AS specials
FROM route_stop r JOIN station s ON s.id = r.station_id
WHERE r.route_id = $1 AND s.retired_at IS NULL ORDER BY r.km, r.id
"""
LINE = """
SELECT r.id, r.name, r.road, r.region_code, r.opens_on, r.closes_on, r.demo,
  (SELECT count(*) FROM route_stop t JOIN station s ON s.id = t.station_id
    WHERE t.route_id = r.id AND s.retired_at IS NULL) AS stops,
  (SELECT coalesce(max(t.km), 0) FROM route_stop t WHERE t.route_id = r.id) AS km
FROM route r
"""


class RouteLine(msgspec.Struct, frozen=True):
    """A road in a list."""

    id: UUID
    name: str
    road: str
    region_code: int
    opens_on: date
    closes_on: date
    demo: bool
    stops: int
    km: float

    @property
    def has_begun(self) -> bool:
        return self.opens_on <= clock.today()

    @property
    def is_over(self) -> bool:
        return self.closes_on < clock.today()


@dataclass(frozen=True)
class Stop:
    """A station on a road, as it is now."""

    km: float
    id: UUID
    external_id: str
    name: str
    landmark: str
    phone: str
    point: Point
    facilities: list[Facility]
    opening: OpenState
    state: StopState


async def roads_ahead() -> list[RouteLine]:
    """Roads that are open now or soon, the earliest first."""
    today = clock.today()
    found = await sql.rows(
        LINE + "WHERE r.closes_on >= $1 AND r.opens_on <= $2 ORDER BY r.opens_on, r.name", today, today + AHEAD
    )
    return [_line(row) for row in found]


async def any_road_ahead() -> bool:
    """Whether riders are on the road, or soon will be."""
    today = clock.today()
    return bool(
        await sql.value(
            "SELECT EXISTS (SELECT FROM route WHERE closes_on >= $1 AND opens_on <= $2)", today, today + AHEAD
        )
    )


async def roads_of(actor: Actor) -> list[RouteLine]:
    """The roads that this officer keeps, past ones too, the latest first."""
    regions = [g.region_code for g in actor.grants if Role.OFFICER in INCLUDES[g.role] and g.region_code is not None]
    spans = [region_span(code) for code in regions]
    found = await sql.rows(
        LINE
        + """WHERE EXISTS (SELECT FROM unnest($1::int[], $2::int[]) AS span (first, last)
          WHERE r.region_code BETWEEN span.first AND span.last) ORDER BY r.closes_on DESC, r.name LIMIT 200""",
        [first for first, _ in spans],
        [last for _, last in spans],
    )
    return [_line(row) for row in found]


async def road(route_id: UUID) -> RouteLine:
    """One road. Raises NotFound."""
    found = await sql.row(LINE + "WHERE r.id = $1", route_id)
    if found is None:
        raise NotFound
    return _line(found)


async def stops_of(route_id: UUID) -> list[Stop]:
    """The stops of a road in their order, and whether each takes people in now."""
    today = clock.today()
    found = await sql.rows(STOPS, route_id, today, today + timedelta(days=LOOK_AHEAD_DAYS))
    return [_stop(row) for row in found]


async def stop_said(station_id: UUID) -> StopState | None:
    """What the staff of a stop of an open road said today: open or full. None for a station on no such road."""
    found = await sql.row(
        """SELECT s.full_since FROM station s WHERE s.id = $1 AND EXISTS (
          SELECT FROM route_stop t JOIN route r ON r.id = t.route_id
          WHERE t.station_id = s.id AND $2 BETWEEN r.opens_on AND r.closes_on)""",
        station_id,
        clock.today(),
    )
    return state_of(is_open=True, full_since=found["full_since"], now=clock.now()) if found else None


def _line(row: Any) -> RouteLine:
    return RouteLine(**{name: row[name] for name in RouteLine.__struct_fields__})


def _stop(row: Any) -> Stop:
    now = clock.now()
    opening = open_state(
        msgspec.json.decode(row["hours"]),
        now,
        specials=msgspec.json.decode(row["specials"], type=dict[date, list[list[int]]]),
        season_from=row["season_from"],
        season_until=row["season_until"],
    )
    return Stop(
        km=row["km"],
        id=row["id"],
        external_id=row["external_id"] or "",
        name=row["name"],
        landmark=row["landmark"],
        phone=row["phone"],
        point=Point(row["lat"], row["lng"]),
        facilities=[Facility(name) for name in row["facilities"]],
        opening=opening,
        state=state_of(is_open=opening.is_open, full_since=row["full_since"], now=now),
    )


def points_of(stops: Sequence[Stop]) -> list[Point]:
    """Where the stops lie."""
    return [stop.point for stop in stops]
