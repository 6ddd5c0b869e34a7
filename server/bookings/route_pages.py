"""Roads home for riders: which there are, and one as a strip of warm stops with what is left to the next.

It lives in this room because a stop says what can be had there, and bookings know stations and not the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.desk_sheet_pages import desk_url
from server.bookings.models import ServiceKind
from server.bookings.queries import services_at
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.etag import with_etag
from server.edge.forms import read_form
from server.edge.htmx import page, redirect, wants_fragment
from server.edge.i18n import _
from server.errors import AppError
from server.kit import clock
from server.kit.geo import Datum, Point
from server.stations import route_queries, routes
from server.stations.models import Facility
from server.stations.route_queries import Stop
from server.stations.route_rules import Whereabouts, next_stop, place_on_road, turned
from server.stations.rules import read_position
from server.stations.words import FACILITY_NAMES

VISITOR = allow(Audience.VISITOR)
# What somebody on a motorcycle in the cold asks for first.
WANTED = (
    Facility.HOT_WATER,
    Facility.HEATING,
    Facility.VEHICLE_REPAIR,
    Facility.FIRST_AID,
    Facility.TOILET,
    Facility.CHARGING,
)


class Asked(msgspec.Struct, frozen=True):
    """Where a rider is: a position, or the number of a stop; `back` for the way back."""

    lat: float | None = None
    lng: float | None = None
    datum: Datum = "wgs84"
    at: int | None = None
    back: bool = False


class FullForm(msgspec.Struct):
    """Whether anybody more fits in."""

    full: bool = False


@dataclass(frozen=True)
class Leg:
    """A stop on the strip: so many kilometres from its beginning, from the stop before, and from where the rider is."""

    number: int
    stop: Stop
    km: float
    since: float
    left: float | None
    services: Sequence[ServiceKind]


@get("/routes", opt=VISITOR, include_in_schema=False)
async def show_routes(request: Request[Any, Any, Any]) -> Response[str]:
    """The roads that are open now or soon."""
    return page(request, "routes/list.html", roads=await route_queries.roads_ahead(), today=clock.today())


@get("/routes/{route_id:uuid}", opt=VISITOR, include_in_schema=False)
async def show_route(request: Request[Any, Any, Any], route_id: FromPath[UUID]) -> Response[Any]:
    """A road as a strip; from the rider's position or from the stop that he says he is at.

    An open page looks again every minute: what it has already is not sent twice.
    """
    asked = _read_asked(request)
    road = await route_queries.road(route_id)
    stops = await route_queries.stops_of(route_id)
    services = await services_at([stop.id for stop in stops])
    kms = [stop.km for stop in stops]
    if asked.back:
        stops, kms = stops[::-1], turned(kms)
    where, trouble = _where(asked, stops, kms)
    near = where if where and where.on_road else None
    coming = next_stop(kms, near.km) if near else None
    query = request.url.query
    shown = page(
        request,
        "routes/strip.html",
        fragment="strip",
        address=f"/routes/{route_id}{'?' if query else ''}{query}",
        road=road,
        legs=[_leg(number, stop, kms, near, services.get(stop.id, [])) for number, stop in enumerate(stops)],
        coming=coming,
        asked=asked,
        where=where,
        near=near,
        trouble=trouble,
        today=clock.today(),
        now=clock.now(),
        wanted=WANTED,
        service_names={kind: _(name) for kind, name in SERVICE_NAMES.items()},
        facility_names={kind: _(name) for kind, name in FACILITY_NAMES.items()},
    )
    return with_etag(request, shown.content.encode(), shown) if wants_fragment(request) else shown


def _read_asked(request: Request[Any, Any, Any]) -> Asked:
    try:
        return msgspec.convert(dict(request.query_params.items()), Asked, strict=False)
    except msgspec.ValidationError:
        return Asked()


def _where(asked: Asked, stops: Sequence[Stop], kms: Sequence[float]) -> tuple[Whereabouts | None, str]:
    """Where the rider is on the road, or why that is not known."""
    if not stops:
        return None, ""
    if asked.at is not None:
        return (Whereabouts(kms[asked.at], 0.0), "") if 0 <= asked.at < len(stops) else (None, "")
    try:
        position: Point | None = read_position(asked.lat, asked.lng, asked.datum)
    except AppError as refused:
        return None, _(refused.text, **refused.params)
    return (place_on_road(route_queries.points_of(stops), kms, position), "") if position else (None, "")


def _leg(
    number: int, stop: Stop, kms: Sequence[float], near: Whereabouts | None, services: Sequence[ServiceKind]
) -> Leg:
    km = kms[number]
    left = km - near.km if near and km >= near.km else None
    return Leg(number, stop, km, km - kms[number - 1] if number else 0.0, left, services)


@post("/desk/{station_id:uuid}/full", opt=allow(Audience.STAFF), include_in_schema=False)
async def say_full(request: Request[Any, Any, Any], station_id: FromPath[UUID]) -> Response[Any]:
    """One tap at the desk of a stop: nobody more fits in, or somebody does again."""
    form = await read_form(request, FullForm)
    full = bool(form.value and form.value.full)
    await routes.say_full(actor=request.user, station_id=station_id, full=full)
    return redirect(request, desk_url(station_id))


handlers: list[Any] = [show_routes, show_route, say_full]
