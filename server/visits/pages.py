"""The door of a station as whoever scanned its code sees it: one tap, and welcome."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.nearby import find_station
from server.bookings.nearby_schemas import Card
from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.kit import clock
from server.kit.geo import bearing, distance_m
from server.kit.ids import read_code
from server.kit.speech import say_distance
from server.people.pages import address_of
from server.reports.queries import broken_at
from server.reports.words import broken_words
from server.stations.words import FACILITY_NAMES
from server.visits import queries, service
from server.visits.errors import DoorUnknown
from server.visits.models import Occupation
from server.visits.words import OCCUPATION_ICONS, OCCUPATION_NAMES

Req = Request[Any, Any, Any]
EVERYBODY = allow(Audience.VISITOR)
MARK_COOKIE = "nj_came"


class CameForm(msgspec.Struct):
    """What work whoever came in does."""

    occupation: Occupation


@get("/door/{code:str}", opt=EVERYBODY, include_in_schema=False)
async def show_door(request: Req, code: FromPath[str]) -> Response[Any]:
    """Big buttons, one for each occupation; whose phone is counted already is welcome at once."""
    code, card = read_code(code), await _station(request, code)
    if not card.opening().is_open or service.is_counted(card.id, request.cookies.get(MARK_COOKIE, "")):
        return await _welcome(request, card, code)
    return _ask(request, code, card)


@post("/door/{code:str}", opt=EVERYBODY, include_in_schema=False)
async def come_in(request: Req, code: FromPath[str]) -> Response[Any]:
    """Count one tap, and open the page that says welcome."""
    code, card = read_code(code), await _station(request, code)
    form = await read_form(request, CameForm)
    if form.value is None:
        return _ask(request, code, card, status=422)
    response = redirect(request, f"/door/{code}/in")
    if not card.opening().is_open:
        return response
    mark = request.cookies.get(MARK_COOKIE, "")
    counted = await service.count_visit(
        station_id=card.id, occupation=form.value.occupation, mark=mark, address=address_of(request)
    )
    if counted:
        response.set_cookie(
            MARK_COOKIE,
            service.mark_of(card.id, clock.now()),
            path=f"/door/{code}",
            httponly=True,
            secure=request.app.state.settings.secure_cookies,
            samesite="lax",
            max_age=int(service.ONCE_IN.total_seconds()),
        )
    return response


@get("/door/{code:str}/in", opt=EVERYBODY, include_in_schema=False)
async def show_inside(request: Req, code: FromPath[str]) -> Response[Any]:
    """What there is inside, what is broken, and whom to ask."""
    return await _welcome(request, await _station(request, code), read_code(code))


async def _station(request: Req, code: str) -> Card:
    card = await find_station(await queries.station_of_door(code), request.user)
    if card.retired_at:
        raise DoorUnknown
    return card


def _ask(request: Req, code: str, card: Card, *, status: int = 200) -> Response[Any]:
    names = [(kind, OCCUPATION_ICONS[kind], _(name)) for kind, name in OCCUPATION_NAMES.items()]
    return page(request, "visits/door.html", status=status, card=card, code=code, occupations=names)


async def _welcome(request: Req, card: Card, code: str) -> Response[Any]:
    broken, staffed = await at_once(broken_at(card.id), queries.nearest_staffed(card.point, card.id))
    return page(
        request,
        "visits/inside.html",
        card=card,
        code=code,
        today=clock.today(),
        broken=broken_words(broken),
        facilities=[(kind, _(name)) for kind, name in FACILITY_NAMES.items() if kind in card.facilities],
        out_of_order={one.thing.value for one in broken},
        staffed=staffed,
        how_far=say_distance(distance_m(card.point, staffed.point)) if staffed else "",
        direction=bearing(card.point, staffed.point) if staffed else 0,
    )


handlers: list[Any] = [show_door, come_in, show_inside]
