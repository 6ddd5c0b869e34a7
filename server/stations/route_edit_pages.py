"""Officers keep the roads home: name, season, and the stations along them in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid
from server.kit.text import N_
from server.people.actors import Actor
from server.people.models import Role
from server.stations import route_queries, routes
from server.stations.divisions import find_place
from server.stations.routes import RouteTerms

OFFICER = allow(Audience.OFFICER)
UNPROCESSABLE = 422
BAD_KM = N_("公里数要填 0 到 5000。")
Km = Annotated[Annotated[float, Meta(ge=0, le=5000)] | None, Meta(extra={"invalid": BAD_KM})]


class StopForm(msgspec.Struct):
    """A station by its number or full name, and where along the road it stands."""

    station: Annotated[str, Meta(max_length=80)]
    km: Km = None


class ChangeForm(msgspec.Struct):
    """Another place along the road, or off it."""

    km: Km = None
    off: bool = False


@get("/officer/routes", opt=OFFICER, include_in_schema=False)
async def show_kept_routes(request: Request[Any, Any, Any]) -> Response[str]:
    """The roads of this officer's regions."""
    return page(request, "routes/kept.html", roads=await route_queries.roads_of(request.user))


@get("/officer/routes/new", opt=OFFICER, include_in_schema=False)
async def show_new_route(request: Request[Any, Any, Any]) -> Response[str]:
    """A form for one more road."""
    return _form(request, {}, [])


@post("/officer/routes/new", opt=OFFICER, include_in_schema=False)
async def create_route(request: Request[Any, Any, Any]) -> Response[Any]:
    """Add a road, and go on to its stops."""
    form = await read_form(request, RouteTerms)
    if form.value is None:
        return _form(request, form.raw, form.errors)
    try:
        made = await routes.create_route(actor=request.user, terms=form.value)
    except Invalid as refused:
        return _form(request, form.raw, [_shown(refused)])
    return redirect(request, f"/officer/routes/{made}")


def _form(request: Request[Any, Any, Any], typed: Mapping[str, Any], errors: Sequence[FieldError]) -> Response[str]:
    return page(
        request,
        "routes/new.html",
        status=UNPROCESSABLE if errors else 200,
        typed=defaultdict(str, typed),
        errors=errors,
        error=_by_field(errors),
        regions=_regions(request.user),
    )


@get("/officer/routes/{route_id:uuid}", opt=OFFICER, include_in_schema=False)
async def show_kept_route(request: Request[Any, Any, Any], route_id: FromPath[UUID]) -> Response[str]:
    """A road with its stops, each to be moved along it or taken off."""
    return await _kept(request, route_id, {}, [])


@post("/officer/routes/{route_id:uuid}", opt=OFFICER, include_in_schema=False)
async def change_route(request: Request[Any, Any, Any], route_id: FromPath[UUID]) -> Response[Any]:
    """Another name, road or season."""
    form = await read_form(request, RouteTerms)
    if form.value is None:
        return await _kept(request, route_id, form.raw, form.errors)
    try:
        await routes.change_route(actor=request.user, route_id=route_id, terms=form.value)
    except Invalid as refused:
        return await _kept(request, route_id, form.raw, [_shown(refused)])
    return redirect(request, f"/officer/routes/{route_id}")


@post("/officer/routes/{route_id:uuid}/stops", opt=OFFICER, include_in_schema=False)
async def add_stop(request: Request[Any, Any, Any], route_id: FromPath[UUID]) -> Response[Any]:
    """One more station along the road."""
    form = await read_form(request, StopForm)
    asked = form.value
    if asked is None:
        return await _kept(request, route_id, form.raw, form.errors)
    try:
        await routes.add_stop(actor=request.user, route_id=route_id, station=asked.station, km=asked.km)
    except Invalid as refused:
        return await _kept(request, route_id, form.raw, [_shown(refused)])
    return redirect(request, f"/officer/routes/{route_id}")


@post("/officer/routes/{route_id:uuid}/stops/{station_id:uuid}", opt=OFFICER, include_in_schema=False)
async def change_stop(
    request: Request[Any, Any, Any], route_id: FromPath[UUID], station_id: FromPath[UUID]
) -> Response[Any]:
    """A stop's kilometre, or no stop any more."""
    form = await read_form(request, ChangeForm)
    asked = form.value
    if asked is None or (asked.km is None and not asked.off):
        return await _kept(request, route_id, {}, form.errors or [FieldError("", _(BAD_KM))])
    km = None if asked.off else asked.km
    await routes.change_stop(actor=request.user, route_id=route_id, station_id=station_id, km=km)
    return redirect(request, f"/officer/routes/{route_id}")


async def _kept(
    request: Request[Any, Any, Any], route_id: UUID, typed: Mapping[str, Any], errors: Sequence[FieldError]
) -> Response[str]:
    await routes.kept_route(request.user, route_id)
    road, stops = await at_once(route_queries.road(route_id), route_queries.stops_of(route_id))
    shown = {name: str(getattr(road, name)) for name in ("name", "road", "region_code", "opens_on", "closes_on")}
    return page(
        request,
        "routes/keep.html",
        status=UNPROCESSABLE if errors else 200,
        road_kept=road,
        stops=stops,
        typed=defaultdict(str, shown | dict(typed)),
        errors=errors,
        error=_by_field(errors),
        regions=_regions(request.user),
    )


def _regions(actor: Actor) -> list[tuple[int, str]]:
    """The regions whose roads an officer may keep."""
    held = [g.region_code for g in actor.grants if g.role is Role.OFFICER and g.region_code is not None]
    return [(code, place.full_name if (place := find_place(code)) else str(code)) for code in held]


def _shown(refused: Invalid) -> FieldError:
    return FieldError(refused.field, _(refused.text, **refused.params))


def _by_field(errors: Sequence[FieldError]) -> Mapping[str, str]:
    return defaultdict(str, {e.field: e.message for e in errors})


handlers: list[Any] = [
    show_kept_routes,
    show_new_route,
    create_route,
    show_kept_route,
    change_route,
    add_stop,
    change_stop,
]
