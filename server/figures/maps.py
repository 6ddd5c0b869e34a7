"""A map without tiles: marks where people were served, as large as the load, named where there is room. Pure.

Small regions are flat enough: a degree of longitude is as long as one of latitude times the cosine of the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sqrt

WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 360.0, 160.0, 420.0
EDGE = 28.0  # room for marks and names at the border
LEAST, MOST = 3.0, 22.0  # radius
LETTER, LINE = 12.0, 15.0  # what a name takes
NAMED = 14


@dataclass(frozen=True)
class Spot:
    """What is to be shown: where it lies, what it is called, how many were served there."""

    name: str
    lat: float
    lng: float
    people: int


@dataclass(frozen=True)
class Mark:
    """A circle on the map; `name` is written at it only where there is room: where it is `shown`."""

    x: float
    y: float
    r: float
    name: str
    people: int
    shown: bool = False


@dataclass(frozen=True)
class Map:
    """Marks, the largest first, so that small ones lie on top; sizes in units of its own box."""

    width: float
    height: float
    marks: list[Mark]


def draw(spots: Iterable[Spot]) -> Map | None:
    """The map of all spots; None of none."""
    spots = sorted(spots, key=lambda spot: (-spot.people, spot.name))
    if not spots:
        return None
    south, north = min(s.lat for s in spots), max(s.lat for s in spots)
    west, east = min(s.lng for s in spots), max(s.lng for s in spots)
    squeeze = cos(radians((south + north) / 2))
    across, down = max((east - west) * squeeze, 1e-6), max(north - south, 1e-6)
    room = WIDTH - 2 * EDGE
    scale = min(room / across, (MOST_HEIGHT - 2 * EDGE) / down)
    height = max(LEAST_HEIGHT, down * scale + 2 * EDGE)
    left, top = (WIDTH - across * scale) / 2, (height - down * scale) / 2
    most = max(spot.people for spot in spots) or 1
    placed = [
        Mark(
            round(left + (spot.lng - west) * squeeze * scale, 1),
            round(top + (north - spot.lat) * scale, 1),
            round(max(LEAST, MOST * sqrt(spot.people / most)), 1),
            spot.name,
            spot.people,
        )
        for spot in spots
    ]
    return Map(WIDTH, round(height, 1), _named(placed))


def _named(marks: Sequence[Mark]) -> list[Mark]:
    """The busiest keep their name, unless it would lie on another name."""
    taken: list[tuple[float, float, float, float]] = []
    shown = []
    for at, mark in enumerate(marks):
        half = len(mark.name) * LETTER / 2
        box = (mark.x - half, mark.y + mark.r, mark.x + half, mark.y + mark.r + LINE)
        free = at < NAMED and box[0] >= 0 and box[2] <= WIDTH and not any(_overlap(box, other) for other in taken)
        if free:
            taken.append(box)
        shown.append(replace(mark, shown=free))
    return shown


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
