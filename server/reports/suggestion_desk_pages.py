"""Suggestions as officers of a region see them: the most wanted first, and what becomes of each."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Forbidden, NotFound
from server.kit.geo import distance_m
from server.kit.speech import say_distance
from server.kit.text import N_
from server.people.models import Role
from server.reports import rules, suggestion_queries, suggestions
from server.reports.fault_pages import errors_of
from server.reports.models import SuggestionState
from server.reports.suggestion_pages import words
from server.reports.suggestion_queries import PAGE, place_after
from server.stations.divisions import find_place
from server.stations.queries import station_names

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
OFFICERS = allow(Audience.OFFICER)
URL = "/officer/suggestions"


class DecisionForm(msgspec.Struct):
    """What becomes of a suggestion."""

    state: Annotated[SuggestionState, Meta(extra={"missing": N_("请点一个结果。")})]
    reason: Annotated[str, Meta(max_length=120, extra={"invalid": N_("写得太长了，最多 120 个字。")})] = ""
    station_id: UUID | None = None


@get(URL, opt=OFFICERS, include_in_schema=False)
async def list_suggestions(request: Req) -> Response[Any]:
    decided = request.query_params.get("show") == "decided"
    after = request.query_params.get("after", "")[:80]
    found = await suggestion_queries.to_decide(request.user, decided=decided, after=after)
    shown = found[:PAGE]
    more = {"show": "decided" if decided else "todo", "after": place_after(shown[-1], decided=decided)} if shown else {}
    return page(
        request,
        "reports/suggestions_desk.html",
        decided=decided,
        found=[(one, _city(one.region_code)) for one in shown],
        more=f"{URL}?{urlencode(more)}" if len(found) > PAGE else "",
        **words(),
    )


def _city(region_code: int) -> str:
    """What lies above a district, as people say it: 广西南宁."""
    place = find_place(region_code)
    return "".join(place.chain[:-1]) if place else ""


def _district(region_code: int) -> str:
    place = find_place(region_code)
    return place.full_name if place else ""


@get(f"{URL}/{{suggestion_id:uuid}}", opt=OFFICERS, include_in_schema=False)
async def show_suggestion(request: Req, suggestion_id: Id) -> Response[Any]:
    return await _one(request, suggestion_id)


async def _one(
    request: Req,
    suggestion_id: UUID,
    errors: list[FieldError] | None = None,
    raw: dict[str, Any] | None = None,
    status: int = 422,
) -> Response[Any]:
    one = await suggestion_queries.one_suggestion(suggestion_id, request.user)
    request.user.require(Role.OFFICER, region_code=one.region_code)
    near = await suggestion_queries.stations_near(one.point)
    names = await station_names([one.station_id]) if one.station_id else {}
    return page(
        request,
        "reports/suggestion_desk.html",
        status=status if errors else 200,
        one=one,
        district=_district(one.region_code),
        station_name=names.get(one.station_id, "") if one.station_id else "",
        near=[(station, say_distance(distance_m(one.point, station.point))) for station in near],
        choices=[state for state in SuggestionState if rules.may_decide(one.state, state)],
        states=SuggestionState,
        errors=errors or [],
        error_of=errors_of(errors or [], "state", "reason", "station_id"),
        raw=raw or {"state": "", "reason": "", "station_id": ""},
        **words(),
    )


@post(f"{URL}/{{suggestion_id:uuid}}", opt=OFFICERS, include_in_schema=False)
async def decide(request: Req, suggestion_id: Id) -> Response[Any]:
    form = await read_form(request, DecisionForm)
    if form.value is None:
        return await _one(request, suggestion_id, form.errors, form.raw)
    try:
        await suggestions.decide(
            actor=request.user,
            suggestion_id=suggestion_id,
            state=form.value.state,
            reason=form.value.reason,
            station_id=form.value.station_id,
        )
    except (NotFound, Forbidden):
        raise
    except AppError as refused:
        said = FieldError(refused.field, _(refused.text, **refused.params))
        return await _one(request, suggestion_id, [said], form.raw, refused.status)
    return redirect(request, f"{URL}/{suggestion_id}")


handlers: list[Any] = [list_suggestions, show_suggestion, decide]
