"""What holds for stations, without asking the database."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

from server.kit.geo import Datum, Point, from_datum, in_china
from server.stations.divisions import Place, find_place
from server.stations.errors import PositionIncomplete, PositionUnusable
from server.stations.naming import HAN, initials, pinyin, search_words

Hours = list[list[list[int]]]
DAYS = 8  # Monday … Sunday, and public holidays
MIDNIGHT = 1440


def read_position(lat: float | None, lng: float | None, datum: Datum) -> Point | None:
    """A position as WGS-84, None where none was given.

    Raises PositionIncomplete for half a position and PositionUnusable for one outside the box around China,
    (0, 0) included.
    """
    if lat is None and lng is None:
        return None
    if lat is None or lng is None:
        raise PositionIncomplete(field="lat" if lat is None else "lng")
    if not in_china(lat, lng):
        raise PositionUnusable(field="lat")
    return from_datum(lat, lng, datum)


@lru_cache(maxsize=4096)
def _place_words(code: int) -> str:
    place = find_place(code)
    return division_words(place) if place else ""


def division_words(place: Place) -> str:
    """What people type for a division: its names, their pinyin, and initials from each level down (nnqx)."""
    first = [initials(name) for name in place.chain]
    tails = ["".join(first[level:]) for level in range(len(first))]
    return " ".join([search_words(place.full_name), *place.chain, *map(pinyin, place.chain), *tails])


def search_text(*, name: str, region_code: int, landmark: str, address: str) -> str:
    """Everything a person may type to find a station, each word behind a space; see `naming`."""
    words = [search_words(name, landmark), _place_words(region_code)]
    words += [run[i : i + 2] for run in HAN.findall(address) for i in range(len(run) - 1)]
    return " " + " ".join(filter(None, words))


def ranges_in_order(ranges: Sequence[Sequence[int]]) -> bool:
    """Whether opening ranges lie within a day, each after the one before and apart from it."""
    edges = [minute for opens_closes in ranges for minute in opens_closes]
    within = all(0 <= minute <= MIDNIGHT for minute in edges)
    return within and all(a < b for a, b in itertools.pairwise(edges))
