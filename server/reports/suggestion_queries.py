"""Reads of suggestions: those around somebody, those of a district, and what officers decide about."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import NotFound
from server.kit.geo import Point
from server.people.actors import Actor, region_span
from server.people.models import Role
from server.reports.models import SuggestionState
from server.reports.rules import AROUND_M, NEAR_DUPLICATE_M, about, sounds_alike
from server.reports.suggestions import Where
from server.stations.divisions import Place, find_place, places_near
from server.stations.models import Facility

PAGE = 20
ALIKE_MOST, ALIKE_SHOWN = 200, 3
STATIONS_NEAR, DISTRICTS_NEAR = 8, 4
COLUMNS = """s.id, s.region_code, s.lat, s.lng, s.by_position, s.landmark, s.wants, s.state, s.supporters, s.reason,
  s.station_id, s.proposed_at, s.changed_at"""
UNDECIDED = "s.state IN ('new', 'considered', 'planned')"
MINE = "EXISTS (SELECT FROM suggestion_support u WHERE u.suggestion_id = s.id AND u.person_id = $1) AS mine"
WITHIN = """earth_box(ll_to_earth($2, $3), $4) @> ll_to_earth(s.lat, s.lng)
  AND earth_distance(ll_to_earth($2, $3), ll_to_earth(s.lat, s.lng)) <= $4"""
AROUND = f"""
SELECT {COLUMNS}, {MINE} FROM suggestion s WHERE {UNDECIDED} AND {WITHIN}
ORDER BY ll_to_earth(s.lat, s.lng) <-> ll_to_earth($2, $3), s.id LIMIT $5
"""
SAME_SPOT = f"""
SELECT {COLUMNS}, {MINE} FROM suggestion s WHERE {UNDECIDED} AND s.by_position AND {WITHIN}
ORDER BY s.supporters DESC, s.id LIMIT $5
"""
SAME_DISTRICT = f"""
SELECT {COLUMNS}, {MINE} FROM suggestion s WHERE {UNDECIDED} AND s.region_code = $2
ORDER BY s.supporters DESC, s.id LIMIT $3
"""
MOST_WANTED = f"""
SELECT {COLUMNS}, {MINE} FROM suggestion s
WHERE {UNDECIDED} AND s.region_code BETWEEN $2 AND $3 AND (s.supporters, s.id) < ($4, $5)
ORDER BY s.supporters DESC, s.id DESC LIMIT $6
"""
OF_SPANS = """EXISTS (SELECT FROM unnest($2::int[], $3::int[]) AS span (first, last)
  WHERE s.region_code BETWEEN span.first AND span.last)"""
TO_DECIDE = f"""
SELECT {COLUMNS}, {MINE} FROM suggestion s
WHERE {UNDECIDED} AND {OF_SPANS} AND (s.supporters, s.id) < ($4, $5) ORDER BY s.supporters DESC, s.id DESC LIMIT $6
"""
DECIDED = f"""
SELECT {COLUMNS}, {MINE} FROM suggestion s WHERE s.state IN ('built', 'declined') AND {OF_SPANS}
  AND (s.changed_at, s.id) < ($4, $5) ORDER BY s.changed_at DESC, s.id DESC LIMIT $6
"""
LAST_ID = UUID(int=2**128 - 1)
MOST = 2**31 - 1


class Suggested(msgspec.Struct, frozen=True):
    """A suggestion; `mine` says whether whoever asks supports it."""

    id: UUID
    region_code: int
    lat: float
    lng: float
    by_position: bool
    landmark: str
    wants: list[Facility]
    state: SuggestionState
    supporters: int
    reason: str
    station_id: UUID | None
    proposed_at: datetime
    changed_at: datetime
    mine: bool

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


class NearStation(msgspec.Struct, frozen=True):
    """A station near a place where one is missed."""

    id: UUID
    name: str
    lat: float
    lng: float

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


def _read(found: list[sql.Record]) -> list[Suggested]:
    return [msgspec.convert(dict(row), Suggested) for row in found]


async def around(point: Point, actor: Actor) -> list[Suggested]:
    """What is not decided yet within a walk or a short ride, the nearest first."""
    return _read(await sql.rows(AROUND, actor.id, *point, AROUND_M, PAGE))


async def of_region(code: int, actor: Actor, after: str = "") -> list[Suggested]:
    """What is not decided yet in a division, the most wanted first: a page, and one more."""
    return _read(await sql.rows(MOST_WANTED, actor.id, *region_span(code), *_read_rank(after), PAGE + 1))


async def alike(where: Where, actor: Actor) -> list[Suggested]:
    """Suggestions that may mean the same place: nearer than 300 m, or with a landmark that sounds like it."""
    found = []
    if where.point:
        spot = about(where.point)
        found = _read(await sql.rows(SAME_SPOT, actor.id, *spot, NEAR_DUPLICATE_M, ALIKE_SHOWN))
    if where.landmark:
        known = {one.id for one in found}
        there = _read(await sql.rows(SAME_DISTRICT, actor.id, where.region_code, ALIKE_MOST))
        # Two people's positions are compared above; a landmark counts where one of them gave no position.
        found += [
            one
            for one in there
            if one.id not in known
            and not (one.by_position and where.point)
            and sounds_alike(where.landmark, one.landmark)
        ]
    return found[:ALIKE_SHOWN]


async def one_suggestion(suggestion_id: UUID, actor: Actor) -> Suggested:
    """Raises NotFound."""
    found = await sql.rows(f"SELECT {COLUMNS}, {MINE} FROM suggestion s WHERE s.id = $2", actor.id, suggestion_id)
    if not found:
        raise NotFound
    return _read(found)[0]


async def to_decide(actor: Actor, *, decided: bool, after: str = "") -> list[Suggested]:
    """A page of the suggestions of an officer's regions and one more: the most wanted, or the last decided."""
    spans = [region_span(g.region_code) for g in actor.grants if g.role is Role.OFFICER and g.region_code is not None]
    place = _read_time(after) if decided else _read_rank(after)
    return _read(
        await sql.rows(
            DECIDED if decided else TO_DECIDE,
            actor.id,
            [first for first, _ in spans],
            [last for _, last in spans],
            *place,
            PAGE + 1,
        )
    )


async def districts_near(point: Point) -> list[Place]:
    """The districts that a place may lie in: those of the stations nearby, then those whose centres are nearest."""
    found = await sql.rows(
        """SELECT region_code FROM station WHERE retired_at IS NULL
        ORDER BY ll_to_earth(lat, lng) <-> ll_to_earth($1, $2) LIMIT $3""",
        *point,
        STATIONS_NEAR,
    )
    near = [find_place(row["region_code"]) for row in found] + places_near(point, DISTRICTS_NEAR)
    return list(dict.fromkeys(place for place in near if place))


async def stations_near(point: Point) -> list[NearStation]:
    """Which stations there are already, the nearest first."""
    found = await sql.rows(
        """SELECT id, name, lat, lng FROM station WHERE retired_at IS NULL
        ORDER BY ll_to_earth(lat, lng) <-> ll_to_earth($1, $2) LIMIT $3""",
        *point,
        STATIONS_NEAR,
    )
    return [NearStation(**row) for row in found]


def place_after(one: Suggested, *, decided: bool = False) -> str:
    """Where the next page begins, for an address."""
    return f"{one.changed_at.isoformat() if decided else one.supporters}~{one.id}"


def _read_rank(after: str) -> tuple[int, UUID]:
    """Where the page before ended; anything unreadable begins at the top."""
    supporters, _, last_id = after.partition("~")
    try:
        number, last = msgspec.convert((supporters, last_id), tuple[int, UUID], strict=False)
    except msgspec.ValidationError:
        return MOST, LAST_ID
    return min(max(number, 0), MOST), last


def _read_time(after: str) -> tuple[datetime, UUID]:
    at, _, last_id = after.partition("~")
    try:
        return msgspec.convert((at, last_id), tuple[datetime, UUID], strict=False)
    except msgspec.ValidationError:
        return datetime(9999, 1, 1, tzinfo=UTC), LAST_ID
