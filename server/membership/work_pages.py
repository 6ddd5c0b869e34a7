"""The questions of an application: where you work, typed, tapped or by position; which union, proposed or found."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form, read_query
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError
from server.kit.geo import Datum
from server.kit.text import N_
from server.membership import applying
from server.membership.answer_pages import go_on, step_of, writable
from server.membership.errors import PlaceUnclear, PlaceUnknown
from server.membership.join_pages import EMPLOYER, error_of, place_of, read_id, read_region, said, typed_again
from server.membership.models import UnionKind
from server.membership.queries import ApplicationView
from server.membership.unions import UnionView, find_unions, propose
from server.stations.divisions import Place, children, choose_place, find_place, places_near, spoken_places
from server.stations.errors import DivisionNotFound
from server.stations.rules import read_position

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
PLACE = Annotated[str, Meta(max_length=60)]
MOST_NEAR = 5
WHY = {
    UnionKind.EMPLOYER: N_("跟您的单位对得上"),
    UnionKind.SITE: N_("跟您的工地对得上"),
    UnionKind.PARK: N_("园区的，就在这一片"),
    UnionKind.STREET: N_("街道的，就在这一片"),
    UnionKind.HOLDING: N_("单位没有工会的，都可以入"),
}


class WorkForm(msgspec.Struct):
    """`region` is a place that was tapped; `pick` asks for the list of places."""

    place: PLACE = ""
    employer: EMPLOYER = ""
    region: Annotated[str, Meta(max_length=6)] = ""
    pick: bool = False


class PositionForm(msgspec.Struct):
    """Where the phone says it is."""

    lat: float | None = None
    lng: float | None = None
    datum: Datum = "wgs84"


@get("/join/work", opt=WORKER, include_in_schema=False)
async def ask_work(request: Req) -> Response[Any]:
    """Where the worker works; the phone's position brings the places around to choose from, and is not kept."""
    application = await writable(request)
    near, errors = _near(request)
    raw = {"place": application.place, "employer": application.employer}
    return _work_page(request, application, raw, errors, choices=near, near=bool(near))


def _near(request: Req) -> tuple[list[Place], list[FieldError]]:
    form = read_query(request, PositionForm)
    unusable = [FieldError("place", _("没认出您在哪里，请写上区县，或者点选。"))]
    if form.value is None:
        return [], unusable
    try:
        position = read_position(form.value.lat, form.value.lng, form.value.datum)
    except AppError:
        return [], unusable
    return (places_near(position, MOST_NEAR) if position else []), []


@post("/join/work", opt=WORKER, include_in_schema=False)
async def save_work(request: Req) -> Response[Any]:
    application = await writable(request)
    form = await read_form(request, WorkForm)
    if form.value is None:
        return _work_page(request, application, form.raw, form.errors)
    if form.value.pick:
        await applying.save_employer(actor=request.user, employer=form.value.employer)
        return redirect(request, "/join/place")
    place, choices, error = _read_place(form.value)
    if place is None:
        return _work_page(request, application, form.raw, [said(error)], choices=choices)
    await applying.save_work(actor=request.user, employer=form.value.employer, region_code=place.code)
    return await go_on(request)


def _read_place(given: WorkForm) -> tuple[Place | None, list[Place], AppError]:
    """The city or county that somebody tapped or named; else those he may mean, and what to say to him."""
    unknown = PlaceUnknown(field="place")
    if given.region:
        return read_region(given.region), [], unknown
    named, _rest = spoken_places(given.place.replace(" ", ""))
    place = choose_place(named, None)
    if place is None:
        return None, named, PlaceUnclear(field="place") if named else unknown
    return (place, [], unknown) if place.level != "province" else (None, below(place.code), unknown)


def below(code: int | None) -> list[Place]:
    """The places in one; Beijing the province has one city of the same name, which is no choice to make."""
    found = children(code)
    return children(found[0].code) if len(found) == 1 and found[0].level != "county" else found


def _work_page(
    request: Req,
    application: ApplicationView,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    *,
    choices: list[Place] | None = None,
    near: bool = False,
) -> Response[Any]:
    step, steps = step_of(application, 3)
    return page(
        request,
        "membership/work.html",
        status=422 if errors else 200,
        application=application,
        typed=typed_again(raw),
        choices=_told_apart(choices or []),
        near=near,
        step=step,
        steps=steps,
        back="/join/check" if application.is_complete else "/join/identity",
        errors=errors or [],
        error_of=error_of(errors or []),
    )


def _told_apart(choices: list[Place]) -> list[tuple[int, str]]:
    """Places to tap: by their short names where all are in one place, else with what holds them."""
    together = len({place.parent for place in choices}) == 1
    return [(place.code, place.short if together else "".join(place.chain[-2:])) for place in choices]


@get(["/join/place", "/join/place/{code:int}"], opt=WORKER, include_in_schema=False)
async def choose_from_places(request: Req, code: FromPath[int | None] = None) -> Response[Any]:
    """Province, then city, then county: one tap each, and the last one answers."""
    await writable(request)
    place = find_place(code)
    if code is not None and place is None:
        raise DivisionNotFound
    return page(
        request,
        "membership/places.html",
        place=place,
        above=find_place(place.parent) if place else None,
        below=[(child, bool(below(child.code))) for child in below(code)],
    )


@post("/join/place", opt=WORKER, include_in_schema=False)
async def save_place(request: Req) -> Response[Any]:
    place = read_region((await request.form()).get("region"))
    if place is None:
        raise DivisionNotFound
    await applying.save_work(actor=request.user, region_code=place.code)
    return await go_on(request)


@get("/join/union", opt=WORKER, include_in_schema=False)
async def ask_union(request: Req) -> Response[Any]:
    application = await writable(request)
    typed = request.query_params.get("q", "").strip()[:60]
    return page(
        request,
        "membership/unions.html",
        unions=[(union, place_of(union)) for union in await _unions(application, typed)],
        marks={} if typed else {kind: _(why) for kind, why in WHY.items()},
        chosen=application.union_id,
        application=application,
        typed=typed,
        action="/join/union",
        back="/join/check" if application.is_complete else "/join/work",
    )


async def _unions(application: ApplicationView, typed: str) -> list[UnionView]:
    if typed:
        return await find_unions(typed)
    origin = application.identity.origin_code if application.identity else None
    proposals = await propose(
        employer=application.employer, region_code=application.region_code or 0, origin_code=origin
    )
    return [proposal.union for proposal in proposals]


@post("/join/union", opt=WORKER, include_in_schema=False)
async def choose_union(request: Req) -> Response[Any]:
    form = await request.form()
    await applying.choose_union(actor=request.user, union_id=read_id(form.get("union")))
    return await go_on(request)


handlers = [ask_work, save_work, choose_from_places, save_place, ask_union, choose_union]
