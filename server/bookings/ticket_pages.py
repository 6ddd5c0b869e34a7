"""A worker's tickets: one at a time in large letters, all of them, cancel, restore, move."""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID

import segno
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response, ServerSentEvent

from server.bookings import queries, rules, service, tickets, waitlist_queries, walk_in_queries
from server.bookings.book_pages import day_asked, names, show_confirm, show_times
from server.bookings.calendar_file import calendar_file
from server.bookings.errors import OneAtATime, OverlappingBooking
from server.bookings.models import ACTIVE, ActorKind, Status
from server.bookings.schemas import TicketView
from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.geo import Point
from server.kit.speech import say_time
from server.kit.text import N_
from server.stations.ways import ways_to

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)


class Look(NamedTuple):
    """How a status shows on a ticket."""

    title: str
    tone: str
    icon: str
    text: str


LOOKS = {
    Status.REQUESTED: Look(N_("等站点确认"), "wait", "clock", N_("名额已经给您留着。")),
    Status.CONFIRMED: Look(N_("约好了"), "", "check", N_("到时间来就行。")),
    Status.ARRIVED: Look(N_("已签到"), "", "check", N_("您已经到了，请等叫号。")),
    Status.SERVED: Look(N_("办完了"), "quiet", "check", N_("下次有需要再来。")),
    Status.DECLINED: Look(N_("没约成"), "bad", "cross", N_("对不住，站点那会儿办不了。")),
    Status.CANCELLED: Look(N_("取消了"), "quiet", "cross", ""),
    Status.EXPIRED: Look(N_("没等到回复"), "bad", "clock", N_("对不住，站点没来得及回复您。看看别的时间。")),
    Status.NO_SHOW: Look(N_("没来"), "quiet", "info", N_("那天没等到您。还需要就再约一次。")),
}
STEP_NAMES = {
    Status.REQUESTED: N_("提交预约，等站点确认"),
    Status.CONFIRMED: N_("约好了"),
    Status.ARRIVED: N_("到站点签到"),
    Status.SERVED: N_("办完了"),
    Status.DECLINED: N_("站点没能接"),
    Status.CANCELLED: N_("取消了"),
    Status.EXPIRED: N_("超时没回复，自动取消"),
    Status.NO_SHOW: N_("没有到"),
}


def states() -> dict[Status, dict[str, Any]]:
    """Every status as tickets show it, in the reader's language."""
    return {
        status: {
            "title": _(look.title),
            "tone": look.tone,
            "icon": look.icon,
            "text": _(look.text) if look.text else "",
            "valid": status in ACTIVE,
            "active": status in ACTIVE,
            "waiting": status is Status.REQUESTED,
        }
        for status, look in LOOKS.items()
    }


@get("/tickets", opt=WORKER, include_in_schema=False)
async def list_tickets(request: Req) -> Response[str]:
    after, worker = request.query_params.get("after", ""), request.user
    ahead: list[Any] = [[], [], [], []]
    if after:
        past = await tickets.past(worker, after)
    else:
        past, *ahead = await at_once(
            tickets.past(worker),
            tickets.upcoming(worker),
            tickets.groups(worker),
            walk_in_queries.own_open(worker.id),
            waitlist_queries.wishes(worker),
        )
    upcoming, groups, numbers, wishes = ahead
    return page(
        request,
        "bookings/tickets.html",
        upcoming=upcoming,
        past=past,
        groups=groups,
        numbers=numbers,
        wishes=wishes,
        after=after,
        states=states(),
        **names(),
    )


@get("/tickets/{booking_id:uuid}", opt=WORKER, include_in_schema=False)
async def show_ticket(request: Req, booking_id: FromPath[UUID]) -> Response[str]:
    return await _ticket_page(request, booking_id)


async def _ticket_page(request: Req, booking_id: UUID, refused: AppError | None = None) -> Response[str]:
    ticket, companion = await at_once(
        tickets.ticket(booking_id, request.user), tickets.companion(booking_id, request.user)
    )
    now = clock.now()
    deadline = rules.change_deadline(ticket.starts_at, ticket.offering.cutoff_minutes, slot_closed=ticket.slot_closed)
    waiting = ticket.status in (Status.REQUESTED, Status.CONFIRMED)
    last = ticket.history[-1]
    undo_left = (ticket.changed_at + rules.UNDO_CANCEL - now).total_seconds()
    own_cancel = ticket.status is Status.CANCELLED and last.actor_kind is ActorKind.WORKER
    over = ticket.status not in ACTIVE
    return page(
        request,
        "bookings/ticket.html",
        fragment="ticket",
        status=refused.status if refused else 200,
        ticket=ticket,
        state=_state_of(ticket),
        companion=companion,
        ways=ways_to(Point(ticket.offering.lat, ticket.offering.lng), ticket.offering.station_name),
        may_change=waiting and now < deadline,
        too_late=waiting and deadline <= now < ticket.starts_at,
        may_restore=own_cancel and undo_left > 0 and now < ticket.starts_at,
        restore_seconds=int(undo_left),
        said=_(refused.text, **refused.params) if refused else _said(request),
        said_bad=refused is not None,
        others=await queries.alternatives(ticket.slot_id, request.user) if over else [],
        step_names={status: _(text) for status, text in STEP_NAMES.items()},
        **names(),
    )


def _state_of(ticket: TicketView) -> dict[str, Any]:
    state = states()[ticket.status]
    if ticket.status is Status.REQUESTED and ticket.confirm_by:
        state["text"] = _("名额已经给您留着。最晚%(when)s前回复您。", when=say_time(ticket.confirm_by))
    return state


def _said(request: Req) -> str:
    said = {
        "new": N_("约上了。这张凭证已存在“我的预约”里。"),
        "moved": N_("时间改好了。"),
        "restored": N_("撤回了，名额还是您的。"),
    }
    return next((_(text) for name, text in said.items() if name in request.query_params), "")


@get("/tickets/{booking_id:uuid}/live", opt=WORKER, include_in_schema=False)
async def follow_ticket(request: Req, booking_id: FromPath[UUID], seen: FromQuery[str] = "") -> ServerSentEvent:
    """Tells the open ticket when it changed; `seen` is the change that the page shows."""
    await tickets.ticket(booking_id, request.user)

    async def is_stale() -> bool:
        return str((await tickets.ticket(booking_id, request.user)).changed_at.timestamp()) != seen

    stream: ServerSentEvent = request.app.state.live.stream(str(booking_id), is_stale=is_stale)
    return stream


@get("/tickets/{booking_id:uuid}/qr.svg", opt=WORKER, include_in_schema=False)
async def show_qr(request: Req, booking_id: FromPath[UUID]) -> Response[bytes]:
    """The ticket's code as a scanner at the desk reads it."""
    ticket = await tickets.ticket(booking_id, request.user)
    drawn = BytesIO()
    segno.make_qr(ticket.code, error="m").save(drawn, kind="svg", scale=8, border=2, svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


@get("/tickets/{booking_id:uuid}/calendar.ics", opt=WORKER, include_in_schema=False)
async def show_calendar(request: Req, booking_id: FromPath[UUID]) -> Response[bytes]:
    ticket = await tickets.ticket(booking_id, request.user)
    service_name = str(names()["service_names"][ticket.offering.service])
    return Response(
        calendar_file(ticket, service_name, request.app.state.settings.base_url),
        media_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="ticket.ics"'},
    )


@post("/tickets/{booking_id:uuid}/cancel", opt=WORKER, include_in_schema=False)
async def cancel(request: Req, booking_id: FromPath[UUID]) -> Response[Any]:
    return await _try(request, booking_id, service.cancel_booking(actor=request.user, booking_id=booking_id))


@post("/tickets/{booking_id:uuid}/restore", opt=WORKER, include_in_schema=False)
async def restore(request: Req, booking_id: FromPath[UUID]) -> Response[Any]:
    verb = service.restore_booking(actor=request.user, booking_id=booking_id)
    return await _try(request, booking_id, verb, "?restored=1")


async def _try(request: Req, booking_id: UUID, verb: Any, query: str = "") -> Response[Any]:
    """Do a verb and show the ticket; a refusal is said on the ticket itself."""
    try:
        await verb
    except NotFound:
        raise
    except AppError as error:
        return await _ticket_page(request, booking_id, error)
    return redirect(request, f"/tickets/{booking_id}{query}")


@get("/tickets/{booking_id:uuid}/move", opt=WORKER, include_in_schema=False)
async def choose_new_time(request: Req, booking_id: FromPath[UUID]) -> Response[str]:
    ticket = await tickets.ticket(booking_id, request.user)
    strip = await queries.day_strip(ticket.offering.id, request.user, day_asked(request))
    return show_times(
        request,
        strip,
        moving=True,
        title=_("换个时间"),
        back=f"/tickets/{booking_id}",
        day_url=f"/tickets/{booking_id}/move",
        slot_url=f"/tickets/{booking_id}/move",
    )


@get("/tickets/{booking_id:uuid}/move/{slot_id:uuid}", opt=WORKER, include_in_schema=False)
async def ask_to_move(request: Req, booking_id: FromPath[UUID], slot_id: FromPath[UUID]) -> Response[str]:
    return await _move_page(request, booking_id, slot_id)


@post("/tickets/{booking_id:uuid}/move/{slot_id:uuid}", opt=WORKER, include_in_schema=False)
async def move(request: Req, booking_id: FromPath[UUID], slot_id: FromPath[UUID]) -> Response[Any]:
    try:
        await service.move_booking(actor=request.user, booking_id=booking_id, slot_id=slot_id)
    except NotFound:
        raise
    except AppError as error:
        return await _move_page(request, booking_id, slot_id, error)
    return redirect(request, f"/tickets/{booking_id}?moved=1")


async def _move_page(request: Req, booking_id: UUID, slot_id: UUID, refused: AppError | None = None) -> Response[str]:
    await tickets.ticket(booking_id, request.user)
    choice = await queries.slot_for_booking(slot_id, request.user)
    shown = refused
    if shown is None and choice.slot.refused:
        shown = await queries.why_refused(slot_id, request.user)
    return show_confirm(
        request,
        choice,
        raw={},
        status=refused.status if refused else 200,
        errors=[],
        moving=True,
        asked_code=False,
        refusal=_(shown.text, **shown.params) if shown else "",
        overlapping=shown.booking_id if isinstance(shown, OverlappingBooking | OneAtATime) else None,
        others=await queries.alternatives(slot_id, request.user) if shown else [],
        others_url=f"/tickets/{booking_id}/move",
        action=f"/tickets/{booking_id}/move/{slot_id}",
        back=f"/tickets/{booking_id}/move",
    )


handlers = [
    list_tickets,
    show_ticket,
    follow_ticket,
    show_qr,
    show_calendar,
    cancel,
    restore,
    choose_new_time,
    ask_to_move,
    move,
]
