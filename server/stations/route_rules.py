"""Where somebody is on a road, and what comes next. Pure.

A road is known by its stops alone: where they lie, and how many kilometres along it. Whoever stands beside it is put on
the nearest stretch between two stops; what is left to go is therefore "about".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.kit import clock
from server.kit.geo import Point, distance_m

# A winding road is so much longer than the straight line.
WINDING = 1.3
KM = 1000
# Whoever is further away than this is not on the road.
OFF_ROAD_M = 60_000


class StopState(StrEnum):
    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


@dataclass(frozen=True)
class Whereabouts:
    """So many kilometres along the road, and so many metres beside it."""

    km: float
    beside_m: float

    @property
    def on_road(self) -> bool:
        return self.beside_m <= OFF_ROAD_M


def place_on_road(points: Sequence[Point], kms: Sequence[float], position: Point) -> Whereabouts:
    """The nearest place of a road with at least one stop; `kms` rise or fall along `points`."""
    found = Whereabouts(kms[0], distance_m(points[0], position))
    for index in range(len(points) - 1):
        share = _share(points[index], points[index + 1], position)
        lat = points[index].lat + share * (points[index + 1].lat - points[index].lat)
        lng = points[index].lng + share * (points[index + 1].lng - points[index].lng)
        beside = distance_m(Point(lat, lng), position)
        if beside < found.beside_m:
            found = Whereabouts(kms[index] + share * (kms[index + 1] - kms[index]), beside)
    return found


def _share(a: Point, b: Point, position: Point) -> float:
    """How far from `a` to `b`, 0 to 1, the foot of the perpendicular lies; flat, which is near enough for one leg."""
    narrow = math.cos(math.radians(a.lat))
    leg = (b.lat - a.lat, (b.lng - a.lng) * narrow)
    here = (position.lat - a.lat, (position.lng - a.lng) * narrow)
    length = leg[0] ** 2 + leg[1] ** 2
    return min(max((leg[0] * here[0] + leg[1] * here[1]) / length, 0.0), 1.0) if length else 0.0


def turned(kms: Sequence[float]) -> list[float]:
    """Kilometres from the other end."""
    return [kms[-1] - km for km in reversed(kms)] if kms else []


def next_stop(kms: Sequence[float], km: float) -> int | None:
    """The first stop that is not behind; None past the last one."""
    return next((index for index, at in enumerate(kms) if at >= km), None)


def guessed_km(before: Point, km: float, point: Point) -> float:
    """Where a stop lies whose kilometre nobody typed: as far from the one before as the straight line, and a bit."""
    return round(km + distance_m(before, point) / KM * WINDING, 1)


def state_of(*, is_open: bool, full_since: datetime | None, now: datetime) -> StopState:
    """Whether one can stop there now. That it is full holds for the day on which it was said."""
    if not is_open:
        return StopState.CLOSED
    said_today = full_since is not None and clock.local(full_since).date() == clock.local(now).date()
    return StopState.FULL if said_today else StopState.OPEN
