"""The cards of a list as HTML: each is drawn once for all who read one language, until its station opens or closes.

A card says nothing about its reader but how far and in which direction it lies, which is put in last. It is known by
the text that the database wrote, so a changed station, slot or day is another card, and nothing has to be thrown away.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from server.bookings.nearby_schemas import KEPT, Hit, Mark, Nearby, turn_of
from server.bookings.words import ELIGIBILITY_NAMES, SERVICE_NAMES
from server.edge.i18n import _, locale
from server.kit import clock
from server.kit.geo import bearing, distance_m
from server.kit.shelf import Pieces, Shelf, pieces_of
from server.kit.speech import say_distance
from server.stations.words import FACILITY_NAMES, KIND_NAMES

HERE = Markup("\0")


def draw_cards(env: Environment, found: Nearby, *, limit: int = 3, level: int = 2) -> list[Markup]:
    """Cards with so many services each, headed at a level, in the list's order."""
    today, minute = clock.today(), clock.minute_of_day(clock.now())
    language = locale()
    drawn = []
    for hit in found.hits:
        mark = hit.mark
        key = mark, language, today, turn_of(hit, mark, today, minute), limit, level
        before, after = _cards.get(key) or _cards.put(key, _draw(env, hit, limit, level))
        where = _where(env, found, hit, language).encode()
        drawn.append(Markup(b"".join((*before, where, *after)).decode()))  # noqa: S704 (templates escaped all of it)
    return drawn


def words() -> dict[str, Any]:
    """What services, stations and facilities are called."""
    return _words(locale()) | {"today": clock.today()}


@lru_cache(maxsize=16)
def _words(_language: str) -> dict[str, Any]:
    return {
        "service_names": {kind: _(name) for kind, name in SERVICE_NAMES.items()},
        "kind_names": {kind: _(name) for kind, name in KIND_NAMES.items()},
        # Also the order in which facilities are shown.
        "facility_names": {facility: _(name) for facility, name in FACILITY_NAMES.items()},
        "eligibility_names": {rule: _(name) for rule, name in ELIGIBILITY_NAMES.items()},
    }


_cards: Shelf[tuple[Mark, str, date, int, int, int], tuple[Pieces, Pieces]] = Shelf(KEPT)


def _draw(env: Environment, hit: Hit, limit: int, level: int) -> tuple[Pieces, Pieces]:
    """A card's HTML before and after the place where it says how far it is."""
    named = words()
    drawn = _macros(env).station_card(
        hit.card, HERE, named["service_names"], named["kind_names"], named["eligibility_names"], named["today"],
        limit, level,
    )  # fmt: skip
    before, _here, after = drawn.encode().partition(HERE.encode())
    return pieces_of(before), pieces_of(after)


def _where(env: Environment, found: Nearby, hit: Hit, language: str) -> Markup:
    if found.origin is None:
        return Markup()
    metres = distance_m(found.origin, hit.point)
    return _said(env, say_distance(metres), bearing(found.origin, hit.point), language)


@lru_cache(maxsize=KEPT)
def _said(env: Environment, distance: str, direction: int, _language: str) -> Markup:
    where: Markup = _macros(env).where(distance, direction)
    return where


def _macros(env: Environment) -> Any:
    """Macros know nothing of any page: they are ready once, where an import would make them anew for each card."""
    return env.get_template("stations/cards.html").module
