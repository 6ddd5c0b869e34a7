"""Where a station is missed: what others suggest around here, one tap to support it, and a form for a new place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_fields, read_form, read_query
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Forbidden, NotFound
from server.kit.geo import Point, distance_m
from server.kit.ids import new_id
from server.kit.speech import say_distance
from server.kit.text import N_
from server.reports import rules, suggestion_queries, suggestions
from server.reports.fault_pages import errors_of
from server.reports.models import SuggestionState
from server.reports.suggestion_queries import PAGE, Suggested, place_after
from server.reports.suggestions import Where
from server.reports.words import SUGGESTION_LOOKS, SUGGESTION_NAMES, WANTED
from server.stations.divisions import Place, choose_place, find_place, spoken_places
from server.stations.models import Facility
from server.stations.queries import station_names
from server.stations.rules import read_position
from server.stations.words import FACILITY_NAMES

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
EVERYBODY, WORKERS = allow(Audience.VISITOR), allow(Audience.WORKER)
URL = "/suggestions"
NO_PLACE = N_("没找到这个地方。请写区县的名字，比如“南宁青秀区”。")
UNCLEAR = N_("有好几个地方叫这个名字，请连城市一起写，比如“南宁青秀区”。")
TAPS: dict[str, Callable[..., Awaitable[None]]] = {"support": suggestions.support, "take-back": suggestions.take_back}


class HereForm(msgspec.Struct):
    """Where somebody is: by position, by the code of a district, or by its name as he types it."""

    lat: float | None = None
    lng: float | None = None
    datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    region: int | None = None
    place: Annotated[str, Meta(max_length=60)] = ""
    after: Annotated[str, Meta(max_length=80)] = ""


class NewForm(msgspec.Struct):
    """A place where a station is missed; `anyway` says that none of those shown is the same."""

    region: int | None = None
    lat: float | None = None
    lng: float | None = None
    landmark: Annotated[str, Meta(max_length=60)] = ""
    wants: list[Facility] = []
    request_key: Annotated[str, Meta(max_length=40)] = ""
    anyway: bool = False


class Here(msgspec.Struct, frozen=True):
    """Where the list looks from; `query` asks for the same again."""

    point: Point | None = None
    place: Place | None = None
    after: str = ""

    @property
    def query(self) -> str:
        if self.point:
            return urlencode({"lat": self.point.lat, "lng": self.point.lng})
        return urlencode({"region": self.place.code}) if self.place else ""


def read_place(typed: str) -> Place | FieldError | None:
    """The division that somebody names."""
    if not typed:
        return None
    named, _rest = spoken_places(typed.replace(" ", ""))
    place = choose_place(named, None)
    return place or FieldError("place", _(UNCLEAR if named else NO_PLACE))


def _here(request: Req) -> tuple[Here, list[FieldError]]:
    form = read_query(request, HereForm)
    asked = form.value or HereForm()
    place = read_place(asked.place)
    if isinstance(place, FieldError):
        return Here(), [place]
    try:
        point = read_position(asked.lat, asked.lng, asked.datum)
    except AppError as error:
        return Here(), [FieldError("", _(error.text, **error.params))]
    if point:
        return Here(rules.about(point)), form.errors
    return Here(None, place or find_place(asked.region), asked.after), form.errors


def words() -> dict[str, Any]:
    """What every page of suggestions uses."""
    return {
        "state_names": {state: _(name) for state, name in SUGGESTION_NAMES.items()},
        "looks": SUGGESTION_LOOKS,
        "facility_names": {facility: _(name) for facility, name in FACILITY_NAMES.items()},
        "where_is": where_is,
    }


def where_is(one: Suggested) -> str:
    """A place in words: its landmark, or the district where there is none."""
    place = find_place(one.region_code)
    district = place.short if place else ""
    if one.landmark:
        return f"{district}{one.landmark}" if not one.landmark.startswith(district) else one.landmark
    return _("%(district)s这一带", district=district)


@get(URL, opt=EVERYBODY, include_in_schema=False)
async def list_around(request: Req) -> Response[Any]:
    """What is suggested around here; without a place the page asks for one."""
    here, errors = _here(request)
    found: list[Suggested] = []
    if here.point:
        found = await suggestion_queries.around(here.point, request.user)
    elif here.place:
        found = await suggestion_queries.of_region(here.place.code, request.user, here.after)
    shown = found[:PAGE]
    more = f"{URL}?{here.query}&after={place_after(shown[-1])}" if len(found) > PAGE else ""
    return page(
        request,
        "reports/suggestions.html",
        status=422 if errors else 200,
        errors=errors,
        here=here,
        typed=request.query_params.get("place", "")[:60],
        found=[(one, _far(here, one)) for one in shown],
        more=more,
        **words(),
    )


def _far(here: Here, one: Suggested) -> str:
    """How far it is, where both places are known."""
    return say_distance(distance_m(here.point, one.point)) if here.point and one.by_position else ""


@get(f"{URL}/new", opt=WORKERS, include_in_schema=False)
async def ask_where(request: Req) -> Response[Any]:
    here, errors = _here(request)
    if errors or not here.query:
        return redirect(request, URL)
    given = {"region": [str(here.place.code)]} if here.place else {}
    if here.point:
        given = {"lat": [str(here.point.lat)], "lng": [str(here.point.lng)]}
    form = read_fields(given, NewForm)
    return await _new(request, form.raw)


async def _new(
    request: Req,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    same: list[Suggested] | None = None,
    status: int = 200,
) -> Response[Any]:
    point = _point(raw)
    if point:
        districts = await suggestion_queries.districts_near(point)
    else:
        place = find_place(int(raw["region"]) if str(raw["region"]).isdecimal() else None)
        districts = [place] if place else []
    return page(
        request,
        "reports/suggest.html",
        status=422 if errors else status,
        errors=errors or [],
        error_of=errors_of(errors or [], "place", "landmark"),
        raw=raw,
        by_position=point is not None,
        districts=[(place.code, "".join(place.chain[-2:-1]) + place.name) for place in districts],
        wanted=[(facility, _(FACILITY_NAMES[facility])) for facility in WANTED],
        same=same or [],
        request_key=raw.get("request_key") or new_id().hex,
        **words(),
    )


def _point(raw: dict[str, Any]) -> Point | None:
    try:
        return read_position(float(raw["lat"]), float(raw["lng"]), "wgs84")
    except (AppError, ValueError):
        return None


@post(f"{URL}/new", opt=WORKERS, include_in_schema=False)
async def propose(request: Req) -> Response[Any]:
    """A new suggestion, unless one of those nearby is meant."""
    form = await read_form(request, NewForm)
    if form.value is None:
        return await _new(request, form.raw, form.errors)
    given = form.value
    where = Where(given.region or 0, given.landmark, _point(form.raw))
    if not given.anyway:
        same = await suggestion_queries.alike(where, request.user)
        if same:
            return await _new(request, form.raw, same=same)
    try:
        made = await suggestions.propose(
            actor=request.user, where=where, wants=given.wants, request_key=given.request_key or new_id().hex
        )
    except Forbidden:
        raise
    except AppError as refused:
        return await _new(request, form.raw, [FieldError(refused.field, _(refused.text, **refused.params))])
    return redirect(request, f"{URL}/{made}")


@get(f"{URL}/{{suggestion_id:uuid}}", opt=EVERYBODY, include_in_schema=False)
async def show_one(request: Req, suggestion_id: Id) -> Response[Any]:
    """One suggestion, how many want it, and what the union says to it."""
    return await _one(request, suggestion_id)


async def _one(request: Req, suggestion_id: UUID, refused: AppError | None = None) -> Response[Any]:
    one = await suggestion_queries.one_suggestion(suggestion_id, request.user)
    names = await station_names([one.station_id]) if one.station_id else {}
    return page(
        request,
        "reports/suggestion.html",
        status=refused.status if refused else 200,
        one=one,
        station_name=names.get(one.station_id, "") if one.station_id else "",
        open_still=one.state not in rules.SETTLED,
        built=one.state is SuggestionState.BUILT,
        refusal=_(refused.text, **refused.params) if refused else "",
        **words(),
    )


@post([f"{URL}/{{suggestion_id:uuid}}/{tap}" for tap in TAPS], opt=WORKERS, include_in_schema=False)
async def tap(request: Req, suggestion_id: Id) -> Response[Any]:
    """One tap to support it, another to take that back."""
    verb = TAPS[request.url.path.rpartition("/")[2]]
    try:
        await verb(actor=request.user, suggestion_id=suggestion_id)
    except (NotFound, Forbidden):
        raise
    except AppError as refused:
        return await _one(request, suggestion_id, refused)
    return redirect(request, f"{URL}/{suggestion_id}")


handlers: list[Any] = [list_around, ask_where, propose, show_one, tap]
