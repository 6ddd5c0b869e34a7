"""The cards of a list as HTML: each is drawn once for all who read one language, until its station opens or closes.

A card says nothing about its reader but how far and in which direction it lies, which is put in last. Its key is the
text that the database wrote, so a changed station, slot or day is another card, and nothing has to be thrown away.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from server.bookings.nearby_schemas import KEPT, Hit, Nearby, read_card, turn_of
from server.bookings.words import ELIGIBILITY_NAMES, SERVICE_NAMES
from server.edge.i18n import _, locale
from server.kit import clock
from server.kit.geo import bearing, distance_m
from server.kit.speech import say_distance
from server.stations.words import FACILITY_NAMES, KIND_NAMES

HERE = Markup("\0")


def draw_cards(env: Environment, found: Nearby, *, limit: int = 3, level: int = 2) -> list[Markup]:
    """Cards with so many services each, headed at a level, in the list's order."""
    today, minute = clock.today(), clock.minute_of_day(clock.now())
    language = locale()
    drawn = []
    for hit in found.hits:
        until = today, turn_of(hit.written, today, minute)
        before, after = _drawn(env, hit.written, language, until, limit, level)
        where = _where(env, found, hit, language)
        drawn.append(Markup(f"{before.decode()}{where}{after.decode()}"))  # noqa: S704 (templates escaped all of it)
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


@lru_cache(maxsize=KEPT)
def _drawn(
    env: Environment, written: str, _language: str, _until: tuple[date, int], limit: int, level: int
) -> tuple[bytes, bytes]:
    """A card's HTML before and after the place where it says how far it is; as bytes half as long as a text."""
    template = env.get_template("stations/card.html")
    html = template.render(card=read_card(written), where=HERE, limit=limit, level=level, **words())
    before, _here, after = html.encode().partition(HERE.encode())
    return before, after


def _where(env: Environment, found: Nearby, hit: Hit, language: str) -> Markup:
    if found.origin is None:
        return Markup()
    metres = distance_m(found.origin, hit.point)
    return _said(env, say_distance(metres), bearing(found.origin, hit.point), language)


@lru_cache(maxsize=KEPT)
def _said(env: Environment, distance: str, direction: int, _language: str) -> Markup:
    where: Markup = env.get_template("stations/cards.html").module.where(distance, direction)  # type: ignore[attr-defined]
    return where
