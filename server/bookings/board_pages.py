"""The queue as people at a station see it: take a number by the station's code, one's own number, the big display."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Annotated, Any
from uuid import UUID

import msgspec
import segno
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response, ServerSentEvent
from msgspec import Meta

from server.bookings import walk_in_queries, walk_in_rules, walk_ins
from server.bookings.desk_sheet_pages import as_millis, read_instant
from server.bookings.models import QueueStatus
from server.bookings.walk_in_queries import Line, Queue
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.csrf import VISIT_COOKIE
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.pages import address_of

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
EVERYBODY = allow(Audience.VISITOR)
NUMBER_COOKIE = "nj_number"
LAST_CALLS = 5
HOUR = 60


class TakeForm(msgspec.Struct):
    """Which service somebody came for, and the key that makes a retry harmless."""

    offering_id: UUID
    request_key: Annotated[str, Meta(max_length=40)] = ""


def say_wait(wait: timedelta) -> str:
    """An estimate in words: 大约还要等 20 分钟."""
    hours, minutes = divmod(walk_in_rules.said_minutes(wait), HOUR)
    if not hours:
        return _("大约还要等 %(n)d 分钟", n=minutes) if minutes else _("马上就到")
    if minutes:
        return _("大约还要等 %(hours)d 小时 %(n)d 分钟", hours=hours, n=minutes)
    return _("大约还要等 %(hours)d 小时", hours=hours)


def say_wait_now(wait: timedelta) -> str:
    """The same for whoever comes now: 现在来大约等 20 分钟."""
    hours, minutes = divmod(walk_in_rules.said_minutes(wait), HOUR)
    if not hours:
        return _("现在来大约等 %(n)d 分钟", n=minutes) if minutes else _("现在来马上就办")
    if minutes:
        return _("现在来大约等 %(hours)d 小时 %(n)d 分钟", hours=hours, n=minutes)
    return _("现在来大约等 %(hours)d 小时", hours=hours)


def queue_words() -> dict[str, Any]:
    """What every page of the queue uses."""
    return {
        "service_names": {kind: _(text) for kind, text in SERVICE_NAMES.items()},
        "say_wait": say_wait,
        "say_wait_now": say_wait_now,
        "at_counter": at_counter,
        "called_out": called_out,
    }


def at_counter(line: Line) -> str:
    """Where to go; a station with one counter gives it no name."""
    return line.counter or _("前台")


def called_out(line: Line) -> str:
    """How a number is called."""
    return _("预约 %(code)s", code=line.label) if line.booking_id else line.label


@get("/stations/{station_id:uuid}/queue", opt=EVERYBODY, include_in_schema=False)
async def choose_service(request: Req, station_id: Id) -> Response[str]:
    """Where the code at the station's door leads: one tap on a service gives a number."""
    return await _show_services(request, station_id)


async def _show_services(request: Req, station_id: UUID, refused: AppError | None = None) -> Response[str]:
    day, now = await walk_in_queries.day_of(station_id), clock.now()
    return page(
        request,
        "bookings/take_number.html",
        status=refused.status if refused else 200,
        station_id=station_id,
        day=day,
        queues=[queue for queue in day.queues if queue.offered.takes_numbers(now)],
        refusal=_(refused.text, **refused.params) if refused else "",
        held=await _held_here(request, station_id),
        request_key=new_id().hex,
        **queue_words(),
    )


async def _held_here(request: Req, station_id: UUID) -> str:
    """The number that this browser took here today, if it was kept."""
    secret = request.cookies.get(NUMBER_COOKIE, "")
    try:
        station, _id, day = await walk_in_queries.station_of(secret)
    except NotFound:
        return ""
    return secret if station == station_id and day == clock.today() else ""


@post("/stations/{station_id:uuid}/queue", opt=EVERYBODY, include_in_schema=False)
async def take_number(request: Req, station_id: Id) -> Response[Any]:
    """A number, and its page; whoever scans the code again finds the number that still waits."""
    form = await read_form(request, TakeForm)
    if form.value is None:
        raise NotFound
    try:
        taken = await walk_ins.take_number(
            actor=request.user,
            station_id=station_id,
            offering_id=form.value.offering_id,
            request_key=form.value.request_key or new_id().hex,
            held=request.cookies.get(NUMBER_COOKIE, ""),
            browser=str(request.user.id or request.cookies.get(VISIT_COOKIE, "")),
            address=address_of(request),
        )
    except NotFound:
        raise
    except AppError as refused:
        return await _show_services(request, station_id, refused)
    response = redirect(request, f"/q/{taken.secret}")
    response.set_cookie(
        NUMBER_COOKIE,
        taken.secret,
        httponly=True,
        secure=request.app.state.settings.secure_cookies,
        samesite="lax",
        max_age=86_400,
    )
    return response


@get("/stations/{station_id:uuid}/queue/qr.svg", opt=EVERYBODY, include_in_schema=False)
async def show_queue_code(request: Req, station_id: Id) -> Response[bytes]:
    """The station's code for taking a number, to be put up at the door and on the display."""
    drawn = BytesIO()
    url = f"{request.app.state.settings.base_url}/stations/{station_id}/queue"
    segno.make_qr(url, error="m").save(drawn, kind="svg", scale=8, border=2, svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@get("/stations/{station_id:uuid}/queue/live", opt=EVERYBODY, include_in_schema=False)
async def follow_queue(request: Req, station_id: Id) -> ServerSentEvent:
    """Tells open numbers, displays and desks when to look again; says nothing itself."""
    seen = read_instant(request.query_params.get("seen", ""))

    async def is_stale() -> bool:
        if seen is None or "last-event-id" in request.headers:
            return True
        return await walk_in_queries.changed_since(station_id, seen)

    stream: ServerSentEvent = request.app.state.live.stream(str(station_id), is_stale=is_stale)
    return stream


@get("/stations/{station_id:uuid}/board", opt=EVERYBODY, include_in_schema=False)
async def show_board(request: Req, station_id: Id) -> Response[str]:
    """The display for the room: numbers and counters, nobody's name."""
    seen = as_millis(clock.now())
    day = await walk_in_queries.day_of(station_id)
    return page(
        request,
        "bookings/board.html",
        fragment="board",
        station_id=station_id,
        day=day,
        calls=day.last_called(LAST_CALLS),
        seen=seen,
        dark="dark" in request.query_params,
        **queue_words(),
    )


@get("/q/{secret:str}", opt=EVERYBODY, include_in_schema=False)
async def show_number(request: Req, secret: FromPath[str]) -> Response[str]:
    """One's own number: how many are ahead, how long it takes, and where to go when called."""
    return await _number_page(request, secret)


async def _number_page(request: Req, secret: str, refused: AppError | None = None) -> Response[str]:
    seen = as_millis(clock.now())
    station_id, walk_in_id, day_taken = await walk_in_queries.station_of(secret)
    if day_taken != clock.today():
        raise NotFound
    day = await walk_in_queries.day_of(station_id)
    line, queue = day.of(walk_in_id)
    return page(
        request,
        "bookings/number.html",
        fragment="number",
        status=refused.status if refused else 200,
        secret=secret,
        station_id=station_id,
        day=day,
        line=line,
        ahead=_ahead(queue, line),
        wait=queue.waits.get(line.id) if queue else None,
        seen=seen,
        statuses=QueueStatus,
        refusal=_(refused.text, **refused.params) if refused else "",
        **queue_words(),
    )


def _ahead(queue: Queue | None, line: Line) -> int:
    """How many are served before this one."""
    return queue.waiting.index(line) if queue and line in queue.waiting else 0


@post("/q/{secret:str}/leave", opt=EVERYBODY, include_in_schema=False)
async def leave(request: Req, secret: FromPath[str]) -> Response[Any]:
    """Not to wait any longer: the others move up."""
    try:
        await walk_ins.leave(secret=secret)
    except NotFound:
        raise
    except AppError as refused:
        return await _number_page(request, secret, refused)
    return redirect(request, f"/q/{secret}")


handlers: list[Any] = [
    choose_service,
    take_number,
    show_queue_code,
    follow_queue,
    show_board,
    show_number,
    leave,
]
