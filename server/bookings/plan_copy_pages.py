"""Copying a station's settings: what, to which stations, what it does to each of them, and then all at once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.response import Response

from server.bookings import copying, desk_queries
from server.bookings.copying import What
from server.bookings.plan_flow_pages import MANAGER, STATION, Id, Req, plan_url
from server.bookings.plan_queries import StationPlan, station_plan
from server.bookings.words import SERVICE_NAMES
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid
from server.kit.text import N_, clean
from server.people.models import Role

COPY = f"{STATION}/copy"
WHAT_NAMES = {
    What.HOURS: N_("每周开放时间"),
    What.DAYS: N_("放假和特别的日子"),
    What.FACILITIES: N_("设施"),
    What.OFFERINGS: N_("服务项目（谁来服务不抄）"),
}


class CopyForm(msgspec.Struct):
    """What goes to which stations; `apply` once it was seen."""

    what: list[What] = []
    station: list[UUID] = []
    apply: bool = False


@get(COPY, opt=MANAGER, include_in_schema=False)
async def show_copy(request: Req, station_id: Id) -> Response[Any]:
    """What to copy, and the stations that this actor manages."""
    shown = await station_plan(station_id, request.user)
    return await _form(request, shown, CopyForm(what=list(What)), [])


@post(COPY, opt=MANAGER, include_in_schema=False)
async def copy_settings(request: Req, station_id: Id) -> Response[Any]:
    """Show what it does to each station, or do it."""
    shown = await station_plan(station_id, request.user)
    form = await read_form(request, CopyForm)
    asked = form.value
    if asked is None:
        return await _form(request, shown, CopyForm(), form.errors)
    try:
        done = await copying.copy_settings(
            actor=request.user,
            source_id=station_id,
            target_ids=asked.station,
            what=asked.what,
            apply=asked.apply,
        )
    except Invalid as refused:
        return await _form(request, shown, asked, [FieldError(refused.field, _(refused.text))])
    if asked.apply:
        return redirect(request, f"{plan_url(station_id)}/copy?done={len(done)}")
    return page(
        request,
        "desk/plan_copy_look.html",
        plan=shown,
        done=done,
        asked=asked,
        what_names=WHAT_NAMES,
        url=f"{plan_url(station_id)}/copy",
        back=f"{plan_url(station_id)}/copy",
        service_names=SERVICE_NAMES,
    )


async def _form(request: Req, shown: StationPlan, asked: CopyForm, errors: list[FieldError]) -> Response[str]:
    typed = clean(request.query_params.get("q", ""))[:60]
    found = await desk_queries.desk_stations(request.user, typed, Role.MANAGER)
    done = request.query_params.get("done", "")[:3]
    return page(
        request,
        "desk/plan_copy.html",
        status=422 if errors else 200,
        plan=shown,
        stations=[one for one in found if one.id != shown.id][: desk_queries.STATIONS_SHOWN],
        more=len(found) > desk_queries.STATIONS_SHOWN,
        typed=typed,
        asked=asked,
        errors=errors,
        error=defaultdict(str, {e.field: e.message for e in errors}),
        done=int(done) if done.isascii() and done.isdigit() else 0,
        what_names=WHAT_NAMES,
        url=f"{plan_url(shown.id)}/copy",
        back=plan_url(shown.id),
    )


handlers: list[Any] = [show_copy, copy_settings]
