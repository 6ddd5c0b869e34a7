"""What is broken, for those who see to it: a list by how long it waits, one page each, one tap for each step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Forbidden, NotFound
from server.kit.pictures import MEDIA_TYPE
from server.kit.text import N_
from server.reports import fault_queries, faults, rules
from server.reports.fault_pages import PRIVATE
from server.reports.fault_queries import PAGE, Asked, place_after
from server.reports.models import FaultState, Thing
from server.reports.words import STATE_LOOKS, STATE_NAMES, THING_ICONS, THING_NAMES
from server.stations.divisions import find_place

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
STAFF = allow(Audience.STAFF)
URL = "/desk/faults"
ASKED_NAMES = {
    Asked.TODO: N_("没办完"),
    Asked.OPEN: N_("等人看"),
    Asked.IN_PROGRESS: N_("正在修"),
    Asked.CLOSED: N_("办完了"),
}
STEPS: dict[str, Callable[..., Awaitable[None]]] = {"start": faults.start, "fix": faults.fix, "reopen": faults.reopen}
READY_REASONS = (
    N_("配件买不到了，已经报上级换新的。"),
    N_("要等房东或物业来修，我们在催。"),
    N_("这样设施以后不再提供了，对不住。"),
)


class GiveUpForm(msgspec.Struct):
    """Why it cannot be repaired: words of one's own, or the number of a ready sentence."""

    reason: Annotated[str, Meta(max_length=120)] = ""
    ready: int | None = None


@get(URL, opt=STAFF, include_in_schema=False)
async def list_faults(request: Req) -> Response[Any]:
    """All that this member of staff sees to: of one station, of several, of a region."""
    return await _list(request, URL)


@get("/desk/{station_id:uuid}/faults", opt=STAFF, include_in_schema=False)
async def list_of_station(request: Req, station_id: Id) -> Response[Any]:
    name = await fault_queries.seen_to(request.user, station_id)
    return await _list(request, f"/desk/{station_id}/faults", station_id, name)


async def _list(request: Req, url: str, station_id: UUID | None = None, station_name: str = "") -> Response[Any]:
    query = request.query_params
    asked = next((one for one in Asked if one.value == query.get("show")), Asked.TODO)
    thing = next((one.value for one in Thing if one.value == query.get("thing")), "")
    found = await fault_queries.faults(
        request.user, asked, station_id=station_id, thing=thing, after=query.get("after", "")[:80]
    )
    shown = found[:PAGE]
    kept = {name: value for name, value in (("show", asked.value), ("thing", thing)) if value}
    return page(
        request,
        "reports/faults.html",
        url=url,
        station_id=station_id,
        station_name=station_name,
        asked=asked,
        asked_names={one: _(name) for one, name in ASKED_NAMES.items()},
        thing=thing,
        things=[("", _("全部")), *((one.value, _(name)) for one, name in THING_NAMES.items())],
        faults=[(line, _place_name(line.region_code)) for line in shown],
        more=f"{url}?{urlencode(kept | {'after': place_after(shown[-1])})}" if len(found) > PAGE else "",
        **_words(),
    )


def _place_name(region_code: int) -> str:
    place = find_place(region_code)
    return place.short if place else ""


def _words() -> dict[str, Any]:
    return {
        "thing_names": {thing: _(name) for thing, name in THING_NAMES.items()},
        "thing_icons": THING_ICONS,
        "state_names": {state: _(name) for state, name in STATE_NAMES.items()},
        "looks": STATE_LOOKS,
    }


@get("/desk/faults/{fault_id:uuid}", opt=STAFF, include_in_schema=False)
async def show_fault(request: Req, fault_id: Id) -> Response[Any]:
    return await _one(request, fault_id)


async def _one(request: Req, fault_id: UUID, *, refusal: str = "", status: int = 200, typed: str = "") -> Response[Any]:
    line, voices, events = await fault_queries.one_fault(request.user, fault_id)
    return page(
        request,
        "reports/fault.html",
        status=status,
        fault=line,
        voices=voices,
        events=events,
        steps=[step for step in rules.STEPS if rules.after(line.state, step)],
        states=FaultState,
        refusal=refusal,
        typed=typed,
        ready_reasons=[_(reason) for reason in READY_REASONS],
        place=_place_name(line.region_code),
        **_words(),
    )


@post([f"/desk/faults/{{fault_id:uuid}}/{step}" for step in STEPS], opt=STAFF, include_in_schema=False)
async def take_step(request: Req, fault_id: Id) -> Response[Any]:
    """One tap: we see to it, it works again, or it was closed too early."""
    verb = STEPS[request.url.path.rpartition("/")[2]]
    return await _try(request, fault_id, verb(actor=request.user, fault_id=fault_id))


@post("/desk/faults/{fault_id:uuid}/give-up", opt=STAFF, include_in_schema=False)
async def give_up(request: Req, fault_id: Id) -> Response[Any]:
    """It cannot be repaired, and why."""
    form = await read_form(request, GiveUpForm)
    reason = form.raw["reason"]
    if form.value and form.value.ready is not None and 0 <= form.value.ready < len(READY_REASONS):
        reason = READY_REASONS[form.value.ready]
    elif form.value is None:
        return await _one(request, fault_id, refusal=form.errors[0].message, status=422, typed=reason)
    return await _try(
        request, fault_id, faults.give_up(actor=request.user, fault_id=fault_id, reason=reason), typed=reason
    )


async def _try(request: Req, fault_id: UUID, step: Awaitable[None], *, typed: str = "") -> Response[Any]:
    try:
        await step
    except (NotFound, Forbidden):
        raise
    except AppError as refused:
        said = _(refused.text, **refused.params)
        return await _one(request, fault_id, refusal=said, status=refused.status, typed=typed)
    return redirect(request, f"{URL}/{fault_id}")


@get("/desk/faults/{fault_id:uuid}/photos/{voice_id:uuid}/photo.webp", opt=STAFF, include_in_schema=False)
async def show_photo(request: Req, fault_id: Id, voice_id: Id) -> Response[bytes]:
    """A photo that came with what somebody said."""
    content = await fault_queries.photo_of(request.user, fault_id, voice_id)
    return Response(content, media_type=MEDIA_TYPE, headers=PRIVATE)


handlers: list[Any] = [list_faults, list_of_station, show_fault, take_step, give_up, show_photo]
