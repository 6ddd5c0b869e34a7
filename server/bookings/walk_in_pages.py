"""The queue at the desk: give out a number, call the next one, call again, served, not there, take back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.bookings import walk_in_queries, walk_ins
from server.bookings.board_pages import called_out, queue_words
from server.bookings.desk_said_pages import Flash
from server.bookings.desk_sheet_pages import as_millis, desk_url
from server.bookings.models import QueueStatus
from server.bookings.rules import UNDO_DESK
from server.bookings.walk_in_queries import Day
from server.edge.access import Audience, allow
from server.edge.forms import read_form
from server.edge.htmx import page, redirect, wants_fragment
from server.edge.i18n import _
from server.errors import AppError, Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.kit.text import N_, clean
from server.people.models import Role

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
STAFF = allow(Audience.STAFF)
COUNTER_COOKIE = "nj_counter"
COUNTER_LONGEST = 12
WAITING_SHOWN = 12
STEPS: dict[str, Callable[..., Awaitable[None]]] = {
    "again": walk_ins.call_again,
    "served": walk_ins.mark_served,
    "absent": walk_ins.mark_absent,
    "undo": walk_ins.undo_step,
}
# What the last step was, by what a number is now and whether it was called before.
DID = {
    QueueStatus.CALLED: N_("叫了 %(number)s"),
    QueueStatus.WAITING: N_("%(number)s 没到，排到队尾了"),
    QueueStatus.SERVED: N_("%(number)s 办完了"),
    QueueStatus.LEFT: N_("%(number)s 两次没到，不再等了"),
}
NO_SERVICE = N_("请点一项服务。")


class GiveForm(msgspec.Struct):
    """A number for somebody at the counter; a name only if he gives one."""

    offering_id: UUID
    name: Annotated[str, Meta(max_length=20)] = ""
    request_key: Annotated[str, Meta(max_length=40)] = ""


class NextForm(msgspec.Struct):
    """Which queue to call from, and who the page said is next."""

    offering_id: UUID
    expected: UUID | None = None


class CounterForm(msgspec.Struct):
    """What this browser's counter is called."""

    counter: str = ""


def counter_of(request: Req) -> str:
    """The counter that this browser stands at, as it was named here."""
    return clean(unquote(request.cookies.get(COUNTER_COOKIE, "")))[:COUNTER_LONGEST]


@get("/desk/{station_id:uuid}/queue", opt=STAFF, include_in_schema=False)
async def show_queue(request: Req, station_id: Id) -> Response[Any]:
    """Today's queue of a station; for htmx the part that follows live events, or all (`?desk`) while it is closed."""
    return await _show(request, station_id, fragment="desk" if "desk" in request.query_params else "sheet")


async def _show(
    request: Req, station_id: UUID, *, fragment: str, status: int = 200, flash: Flash | None = None
) -> Response[Any]:
    """The page, or one of its parts. Raises NotFound or Forbidden."""
    seen, now = as_millis(clock.now()), clock.now()
    day = await walk_in_queries.day_of(station_id)
    request.user.require(Role.STAFF, station_id=station_id, region_code=day.region_code)
    undo = day.undoable(request.user, UNDO_DESK)
    return page(
        request,
        "desk/walk_ins.html",
        fragment=fragment,
        status=status,
        desk_url=desk_url(station_id),
        queue_url=f"{desk_url(station_id)}/queue",
        station_id=station_id,
        day=day,
        taking=[queue.offered for queue in day.queues if queue.offered.takes_numbers(now)],
        counter=counter_of(request),
        flash=flash or _given(request, day),
        undo=undo,
        undo_text=_(DID[undo.status], number=called_out(undo)) if undo else "",
        undo_seconds=int((undo.changed_at + UNDO_DESK - now).total_seconds()) if undo else 0,
        seen=seen,
        request_key=new_id().hex,
        waiting_shown=WAITING_SHOWN,
        **queue_words(),
    )


def _given(request: Req, day: Day) -> Flash | None:
    """The number that was just given out, where the page came back from that."""
    number = request.query_params.get("given", "")
    line = next((line for line in day.lines if line.label == number and not line.booking_id), None)
    return Flash("good", _("取好了：%(number)s", number=line.label)) if line else None


async def _answer(request: Req, station_id: UUID, flash: Flash | None = None, query: str = "") -> Response[Any]:
    """After a step: the fresh queue for htmx, else the page again."""
    if wants_fragment(request):
        return await _show(request, station_id, fragment="desk", flash=flash)
    return redirect(request, f"{desk_url(station_id)}/queue{query}")


async def _try(request: Req, station_id: UUID, step: Awaitable[object]) -> Response[Any]:
    """Take a step; a refusal is said above the queue as it is now."""
    try:
        await step
    except (NotFound, Forbidden):
        raise
    except AppError as refused:
        said = Flash("wait", _(refused.text, **refused.params))
        return await _show(request, station_id, fragment="desk", status=refused.status, flash=said)
    return await _answer(request, station_id)


@post("/desk/{station_id:uuid}/queue/numbers", opt=STAFF, include_in_schema=False)
async def give_number(request: Req, station_id: Id) -> Response[Any]:
    """One tap on a service gives whoever stands at the counter a number."""
    day = await walk_in_queries.day_of(station_id)
    request.user.require(Role.STAFF, station_id=station_id, region_code=day.region_code)
    form = await read_form(request, GiveForm)
    if form.value is None:
        said = form.errors[0].message if form.raw["offering_id"] else _(NO_SERVICE)
        return await _show(request, station_id, fragment="desk", status=422, flash=Flash("bad", said))
    try:
        taken = await walk_ins.take_number(
            actor=request.user,
            station_id=station_id,
            offering_id=form.value.offering_id,
            request_key=form.value.request_key or new_id().hex,
            name=form.value.name,
        )
    except NotFound:
        raise
    except AppError as refused:
        said = _(refused.text, **refused.params)
        return await _show(request, station_id, fragment="desk", status=refused.status, flash=Flash("bad", said))
    flash = Flash("good", _("取好了：%(number)s", number=taken.label))
    return await _answer(request, station_id, flash, f"?given={taken.label}")


@post("/desk/{station_id:uuid}/queue/next", opt=STAFF, include_in_schema=False)
async def call_next(request: Req, station_id: Id) -> Response[Any]:
    """Call whoever's turn it is to this browser's counter."""
    form = (await read_form(request, NextForm)).value
    if form is None:
        raise NotFound
    step = walk_ins.call_next(
        actor=request.user,
        station_id=station_id,
        offering_id=form.offering_id,
        counter=counter_of(request),
        expected=form.expected,
    )
    return await _try(request, station_id, step)


@post(
    [f"/desk/{{station_id:uuid}}/queue/{{walk_in_id:uuid}}/{name}" for name in STEPS],
    opt=STAFF,
    include_in_schema=False,
)
async def step_on(request: Req, station_id: Id, walk_in_id: Id) -> Response[Any]:
    """One tap on a number: call again, served, not there, or the last step taken back."""
    verb = STEPS[request.url.path.rpartition("/")[2]]
    return await _try(request, station_id, verb(actor=request.user, station_id=station_id, walk_in_id=walk_in_id))


@post("/desk/{station_id:uuid}/queue/counter", opt=STAFF, include_in_schema=False)
async def name_counter(request: Req, station_id: Id) -> Response[Any]:
    """What this browser's counter is called on the display; remembered here for a year."""
    day = await walk_in_queries.day_of(station_id)
    request.user.require(Role.STAFF, station_id=station_id, region_code=day.region_code)
    form = (await read_form(request, CounterForm)).value or CounterForm()
    response = redirect(request, f"{desk_url(station_id)}/queue")
    response.set_cookie(
        COUNTER_COOKIE,
        quote(form.counter[:COUNTER_LONGEST]),
        httponly=True,
        secure=request.app.state.settings.secure_cookies,
        samesite="lax",
        max_age=365 * 86_400,
    )
    return response


handlers: list[Any] = [show_queue, give_number, call_next, step_on, name_counter]
