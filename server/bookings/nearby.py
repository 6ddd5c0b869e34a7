"""Finding stations together with what can be booked there: one statement for a whole page.

It lives in this room because bookings know stations and not the other way round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from server.bookings import nearby_sql
from server.bookings.nearby_schemas import Card, Found, Hit, Nearby, Search, read_card
from server.bookings.nearby_sql import RUNS, Branch, Shape
from server.bookings.search_words import Wish, read_wish
from server.db import sql
from server.kit import clock
from server.kit.geo import Point, distance_m
from server.people.actors import Actor, region_span
from server.stations import hours
from server.stations.divisions import Place, find_place
from server.stations.errors import CursorUnusable, DivisionNotFound, NowhereToSearch, StationNotFound
from server.stations.naming import typed_words

LINES_ON_CARD = 4
LINES_ON_PAGE = 40
# Whoever asks for a far-away city is on the way there: distances count from its centre.
FAR_AWAY_M = 150_000
CURSOR = re.compile(r"(\d)~([0-9.e+-]{1,24})~([0-9.e+-]{1,24})~([0-9a-f-]{36})")
NO_ID = UUID(int=0)
FOUND_BY = {"all": Found.EXACT, "written": Found.EXACT, "heard": Found.HEARD, "alike": Found.ALIKE}


@dataclass(frozen=True)
class _Plan:
    search: Search
    wish: Wish
    place: Place | None
    origin: Point | None
    shape: Shape
    cursor: tuple[float, float, UUID] = field(default=(0.0, 0.0, NO_ID))


async def find_nearby(search: Search, actor: Actor) -> Nearby | None:
    """Stations for a search, nearest first; None where it says neither where nor what.

    Raises DivisionNotFound and CursorUnusable.
    """
    plan = _plan(search)
    if plan is None:
        return None
    found = await sql.old_rows(_built(plan.shape), *_values(plan, actor))
    hits = [Hit(branch, rank, far, id_, Point(lat, lng), card) for branch, rank, far, id_, lat, lng, card in found]
    shown = hits[: search.limit]
    branch = plan.shape.branches[shown[0].branch] if shown else plan.shape.branches[0]
    return Nearby(
        hits=shown,
        more=_cursor_of(shown[-1]) if len(hits) > len(shown) else "",
        origin=plan.origin,
        place=plan.place,
        from_place=plan.origin is not None and plan.origin != search.position,
        way=Found.WIDER if plan.place and not branch.bounded else FOUND_BY[branch.way],
        name=plan.wish.text,
        filtered=plan.shape.filtered,
    )


def statement_of(search: Search, actor: Actor) -> tuple[str, list[Any]]:
    """The statement that answers a search, for whoever wants to EXPLAIN it."""
    plan = _plan(search)
    if plan is None:
        raise NowhereToSearch
    return _built(plan.shape), _values(plan, actor)


async def find_station(station_id: UUID, actor: Actor) -> Card:
    """One station with its days and services, retired ones too. Raises StationNotFound."""
    plan = _Plan(Search(limit=1), Wish(), None, None, Shape((), placed=False), (0.0, 0.0, station_id))
    values = _values(plan, actor)
    values[24] = LINES_ON_PAGE
    found = await sql.row_or_old(nearby_sql.BY_ID, *values)
    if found is None:
        raise StationNotFound
    return read_card(found["written"])


_built = lru_cache(maxsize=512)(nearby_sql.build)


def _plan(search: Search) -> _Plan | None:
    wish = read_wish(search.text, search.position)
    place = find_place(search.region) or wish.place
    if search.region is not None and find_place(search.region) is None:
        raise DivisionNotFound(field="region")
    runs = len(typed_words(wish.text)[:RUNS])
    named = search.text and (wish.kinds or wish.facilities)
    if not (search.position or place or runs or named):
        return None
    origin = _origin(search.position, place)
    branch, cursor = _read_cursor(search.after)
    branches = _branches(bounded=place is not None, runs=runs)
    if branch >= len(branches):
        raise CursorUnusable(field="after")
    shape = Shape(
        branches=branches,
        placed=origin is not None,
        runs=runs,
        kinds=bool(search.kinds or wish.kinds),
        facilities=bool(search.facilities or wish.facilities),
        services=bool(search.services or wish.services),
        open_now=search.open_now,
        first_branch=branch,
        continued=bool(search.after),
        limit=0 if runs else search.limit + 1,
    )
    return _Plan(search, wish, place, origin, shape, cursor)


def _origin(position: Point | None, place: Place | None) -> Point | None:
    if place is None or (position is not None and distance_m(position, place.centre) < FAR_AWAY_M):
        return position
    return place.centre


def _branches(*, bounded: bool, runs: int) -> tuple[Branch, ...]:
    if not runs:
        return (Branch(bounded=True), Branch()) if bounded else (Branch(),)
    ways = (Branch("written", bounded), Branch("heard", bounded), Branch("alike", bounded))
    return (*ways, Branch("written")) if bounded else ways


def _cursor_of(hit: Hit) -> str:
    return f"{hit.branch}~{hit.rank!r}~{hit.far!r}~{hit.id}"


def _read_cursor(after: str) -> tuple[int, tuple[float, float, UUID]]:
    if not after:
        return 0, (0.0, 0.0, NO_ID)
    parts = CURSOR.fullmatch(after)
    try:
        if parts:
            return int(parts[1]), (float(parts[2]), float(parts[3]), UUID(parts[4]))
    except ValueError:
        pass
    raise CursorUnusable(field="after")


def _values(plan: _Plan, actor: Actor) -> list[Any]:
    search, wish = plan.search, plan.wish
    now = clock.now()
    today = clock.local(now).date()
    typed = typed_words(wish.text)[:RUNS]
    blank = [""] * (RUNS - len(typed))
    return [
        *(plan.origin or (0.0, 0.0)),
        *(region_span(plan.place.code) if plan.place else (0, 0)),
        list(search.kinds or wish.kinds),
        list({*search.facilities, *wish.facilities}),
        list(search.services or wish.services),
        today,
        hours.row_of(today),
        clock.minute_of_day(now),
        now,
        actor.is_member,
        *(f"% {run.written}%" for run in typed),
        *blank,
        *(f"% {run.heard}%" for run in typed),
        *blank,
        " ".join(run.written for run in typed),
        " ".join(run.heard for run in typed),
        *plan.cursor,
        search.limit + 1,
        LINES_ON_CARD,
        today + timedelta(days=hours.LOOK_AHEAD_DAYS - 1),
    ]
