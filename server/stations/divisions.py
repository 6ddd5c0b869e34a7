"""The divisions of China as they ship with the product: code, names, centre.

The files change only with a release, so every process reads them once; the table `division` is their
image for joins and search in SQL (`service.load_divisions`).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from heapq import nsmallest
from pathlib import Path

from server.config import ROOT
from server.kit.geo import Point, distance_m, from_datum
from server.stations.naming import short_name

DATA = ROOT / "server" / "data"
LEVELS = ("province", "city", "county")
LONGEST_NAME = 15
NO_PLACE = 990_000  # codes from here on are seas, not places
HOME = (450_000, 440_000)  # Guangxi and Guangdong come first: most of our people are from here and there


@dataclass(frozen=True)
class Place:
    """A province, city or county. `chain` are its short names from the province down."""

    code: int
    name: str
    level: str
    parent: int | None
    full_name: str
    chain: tuple[str, ...]
    centre_gcj02: tuple[float, float]

    @property
    def centre(self) -> Point:
        """Its centre in WGS-84."""
        return from_datum(*self.centre_gcj02, "gcj02")

    @property
    def short(self) -> str:
        return self.chain[-1]


@cache
def places() -> dict[int, Place]:
    """All divisions by code, parents before children."""
    more = {int(row["adcode"]): row for row in _rows(DATA / "divisions_more.csv")}
    found: dict[int, Place] = {}
    for row in sorted(_rows(DATA / "divisions.csv"), key=lambda row: (row["level"] != "province", row["adcode"])):
        code = int(row["adcode"])
        if code < NO_PLACE:
            found[code] = _place(code, row, more.get(code, row), found)
    return found


def _place(code: int, row: dict[str, str], centre: dict[str, str], found: dict[int, Place]) -> Place:
    parent = found[int(row["parent"])] if row["parent"] else None
    name = row["name"]
    # Beijing's city is Beijing: said once.
    same = parent is not None and parent.name == name
    here = (float(centre["gcj02_lat"]), float(centre["gcj02_lng"])) if centre["gcj02_lat"] else None
    return Place(
        code=code,
        name=name,
        level=row["level"],
        parent=parent.code if parent else None,
        full_name=name if parent is None else parent.full_name + ("" if same else name),
        chain=(short_name(name),) if parent is None else parent.chain + (() if same else (short_name(name),)),
        centre_gcj02=here or (parent.centre_gcj02 if parent else (0.0, 0.0)),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


@cache
def _children() -> dict[int | None, list[Place]]:
    found: dict[int | None, list[Place]] = defaultdict(list)
    for place in places().values():
        found[place.parent].append(place)
    found[None].sort(key=lambda place: HOME.index(place.code) if place.code in HOME else len(HOME))
    return found


def children(code: int | None) -> list[Place]:
    """The divisions directly below one; the provinces for None, home first."""
    return _children().get(code, [])


def find_place(code: int | None) -> Place | None:
    """A division by its code."""
    return places().get(code) if code is not None else None


@cache
def _smallest() -> list[tuple[Place, Point]]:
    return [(place, place.centre) for place in places().values() if not children(place.code)]


def places_near(point: Point, most: int) -> list[Place]:
    """The counties, and cities without any, whose centres are nearest: to choose from, since a centre is no border."""
    return [place for place, _ in nsmallest(most, _smallest(), key=lambda found: distance_m(point, found[1]))]


@cache
def _by_name() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for place in places().values():
        for name in {place.name, place.short}:
            found[name].append(place)
    return found


def spoken_places(text: str) -> tuple[list[Place], str]:
    """The divisions that `text` begins with, and what is left of it.

    南宁市青秀区万达 gives (青秀区, 万达). Several are given where the name is not unique (鼓楼区).
    """
    found, rest = _named(text, within=None)
    while found and rest:
        narrower, left = _named(rest, within=found)
        if not narrower:
            break
        found, rest = narrower, left
    return found, rest


def _named(text: str, *, within: list[Place] | None) -> tuple[list[Place], str]:
    for end in range(min(len(text), LONGEST_NAME), 1, -1):
        named = _by_name().get(text[:end], [])
        if within is not None:
            named = [p for p in named if any(_is_below(p, above) for above in within)]
        # Jilin the province swallows Jilin the city.
        codes = {place.code for place in named}
        named = [place for place in named if place.parent not in codes]
        if named:
            return named, text[end:].lstrip()
    return [], text


def choose_place(named: list[Place], origin: Point | None) -> Place | None:
    """Which of several places of one name is meant: the nearest, else the highest; None where that is unclear."""
    if origin is not None:
        return min(named, key=lambda place: distance_m(origin, place.centre), default=None)
    ranks = [LEVELS.index(place.level) for place in named]
    highest = [place for place, rank in zip(named, ranks, strict=True) if rank == min(ranks)]
    return highest[0] if len(highest) == 1 else None


def _is_below(place: Place, above: Place) -> bool:
    return place.code != above.code and place.full_name.startswith(above.full_name)
