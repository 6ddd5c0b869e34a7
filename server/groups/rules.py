"""How many people go where and when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

LEAST, MOST = 2, 200
OPEN_MOST = 3
NEW_MOST, NEW_WITHIN = 10, timedelta(days=1)
KEPT = timedelta(days=30)  # names, after the last place

Places = dict[UUID, int]


def spread(people: int, free: Iterable[tuple[UUID, int]]) -> Places:
    """People over times with free places, in this order; each time is filled before the next one is used."""
    places: Places = {}
    for slot_id, room in free:
        if people <= 0:
            break
        if room > 0:
            places[slot_id] = min(room, people)
            people -= places[slot_id]
    return places


def together(people: int, parts: Iterable[Mapping[UUID, int]]) -> Places:
    """Several choices as one, in the order of choosing, for no more than so many people."""
    places: Places = {}
    for part in parts:
        for slot_id, wanted in spread(people - sum(places.values()), part.items()).items():
            places[slot_id] = places.get(slot_id, 0) + wanted
    return places


def written(places: Mapping[UUID, int]) -> str:
    """Places as a form carries them."""
    return ",".join(f"{slot_id}*{wanted}" for slot_id, wanted in places.items())


def read_places(text: str) -> Places:
    """What `written` wrote. Raises ValueError."""
    places: Places = {}
    for part in filter(None, text.split(",")):
        slot_id, _, wanted = part.partition("*")
        if not 1 <= int(wanted) <= MOST:
            raise ValueError(wanted)
        places[UUID(slot_id)] = int(wanted)
    return places
