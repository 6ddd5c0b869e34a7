"""Whose figures somebody may read: staff their stations', officers and auditors those of a region with all below."""

from __future__ import annotations

from server.errors import Forbidden, NotFound
from server.people.actors import Actor, region_span
from server.people.models import Role
from server.stations.divisions import Place, children, find_place

READERS = (Role.OFFICER, Role.AUDITOR)


def tops(actor: Actor) -> list[Place]:
    """The regions of one's roles, the widest alone where one lies in another. Raises Forbidden without any."""
    codes = {g.region_code for g in actor.grants if g.role in READERS and g.region_code is not None}
    widest = sorted(code for code in codes if not any(_holds(other, code) for other in codes - {code}))
    found = [place for place in map(find_place, widest) if place]
    if not found:
        raise Forbidden
    return found


def region_for(actor: Actor, code: int | None) -> Place | None:
    """The region asked for, or the only one that there is; None for several. Raises Forbidden, NotFound."""
    mine = tops(actor)
    if code is None:
        return mine[0] if len(mine) == 1 else None
    place = find_place(code)
    if place is None:
        raise NotFound
    if not any(_holds(top.code, code) for top in mine):
        raise Forbidden
    return place


def above(actor: Actor, place: Place) -> list[Place]:
    """The regions above one, as far as the reader may go, the widest first."""
    chain, mine = [], tops(actor)
    parent = find_place(place.parent)
    while parent and any(_holds(top.code, parent.code) for top in mine):
        chain.append(parent)
        parent = find_place(parent.parent)
    return chain[::-1]


def may_read_station(actor: Actor, station_id: object, region_code: int) -> bool:
    """Whether the figures of a station are this actor's to read."""
    at = {"station_id": station_id, "region_code": region_code}
    return any(actor.may(role, **at) for role in (Role.STAFF, Role.AUDITOR))  # type: ignore[arg-type]


def _holds(outer: int, inner: int) -> bool:
    first, last = region_span(outer)
    return first <= inner <= last


def with_all_below(tops: list[Place]) -> list[int]:
    """The codes of divisions with everything that lies in them: stations stand in any of these."""
    found: list[int] = []
    waiting = list(tops)
    while waiting:
        place = waiting.pop()
        found.append(place.code)
        waiting += children(place.code)
    return sorted(found)
