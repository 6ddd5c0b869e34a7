"""The desk: today's sheet of a station, one tap for each step, live from any process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response, ServerSentEvent

from server.bookings import desk, desk_cards, desk_contact, desk_many, desk_queries, queries
from server.bookings.desk_names import find_by_name, is_name
from server.bookings.desk_queries import STATIONS_SHOWN
from server.bookings.desk_said_pages import READY_REASONS, STATUS_NAMES, Flash, what_happened, why_not
from server.bookings.desk_sheet import Trouble, rows_on_paper
from server.bookings.desk_sheet_pages import Asked, answer, desk_url, read_instant, show_sheet
from server.bookings.errors import AlreadyChanged, ReasonNamesSomebody
from server.bookings.schemas import BookingMade
from server.bookings.service import cancel_booking
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Conflict, NotFound
from server.kit import clock
from server.kit.ids import read_code
from server.kit.text import N_, clean
from server.people.queries import staff_name

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
STAFF = allow(Audience.STAFF)
BOOKING = "/desk/{station_id:uuid}/bookings/{booking_id:uuid}"
REASON_LONGEST = 200
TAIL = 4
GROUP_CODE = 7  # one longer than a ticket's
VERBS: dict[str, Callable[..., Awaitable[BookingMade]]] = {
    "confirm": desk.confirm_booking,
    "check-in": desk.check_in,
    "served": desk.mark_served,
    "no-show": desk.mark_no_show,
}
REFUSALS: dict[str, Callable[..., Awaitable[BookingMade]]] = {
    "decline": desk.decline_booking,
    "cancel": cancel_booking,
}
NO_REASON = N_("请写一句理由，或点一句现成的：对方会看到。")
LONG_REASON = N_("理由太长了，最多 200 个字。")
NONE_LEFT = N_("这些预约刚刚已经有人处理过了。")
NO_CODE = N_("请扫凭证上的码，或输入凭证号。")


class ScanForm(msgspec.Struct):
    """A code as a scanner or a finger types it; `find` only looks."""

    code: str = ""
    find: bool = False


class DeclineForm(msgspec.Struct):
    """Words of one's own, or the number of a ready sentence."""

    reason: str = ""
    ready: int | None = None


class ListForm(msgspec.Struct):
    """Bookings that a button acts on together."""

    booking: list[UUID] = []


@get("/desk", opt=STAFF, include_in_schema=False)
async def choose_station(request: Req) -> Response[Any]:
    """Staff of one station go straight to its sheet; the others choose."""
    typed = clean(request.query_params.get("q", ""))[:60]
    stations = await desk_queries.desk_stations(request.user, typed)
    if len(stations) == 1 and not typed:
        return redirect(request, desk_url(stations[0].id))
    return page(
        request,
        "desk/stations.html",
        fragment="stations",
        stations=stations[:STATIONS_SHOWN],
        more=len(stations) > STATIONS_SHOWN,
        typed=typed,
    )


@get("/desk/{station_id:uuid}", opt=STAFF, include_in_schema=False)
async def show_desk(request: Req, station_id: Id) -> Response[Any]:
    """A station's day; for htmx the part that follows live events."""
    return await show_sheet(request, station_id, fragment="sheet")


@get("/desk/{station_id:uuid}/print", opt=STAFF, include_in_schema=False)
async def print_day(request: Req, station_id: Id) -> Response[Any]:
    """A day on paper."""
    asked = Asked.of(request)
    day = await queries.desk_day(station_id, asked.day, request.user)
    return page(
        request,
        "desk/print.html",
        day=day,
        lines=rows_on_paper(day),
        back=desk_url(station_id) + asked.query,
        printed_at=clock.now(),
        service_names=SERVICE_NAMES,
        status_names=STATUS_NAMES,
    )


@get("/desk/{station_id:uuid}/live", opt=STAFF, include_in_schema=False)
async def follow_desk(request: Req, station_id: Id) -> ServerSentEvent:
    """Tells the open sheet when to look again; at once where it missed something on the way here."""
    await desk_queries.require_desk(station_id, request.user)
    seen = read_instant(request.query_params.get("seen", ""))

    async def is_stale() -> bool:
        if seen is None or "last-event-id" in request.headers:
            return True
        return await desk_queries.changed_since(station_id, seen)

    stream: ServerSentEvent = request.app.state.live.stream(str(station_id), is_stale=is_stale)
    return stream


@post([f"{BOOKING}/{verb}" for verb in VERBS], opt=STAFF, include_in_schema=False)
async def act_on_booking(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """One tap on a row: confirm, check in, served or no-show."""
    verb = VERBS[request.url.path.rpartition("/")[2]]
    await desk_queries.require_here(station_id, [booking_id])
    since = clock.now()
    try:
        await verb(actor=request.user, booking_id=booking_id)
    except Conflict as refused:
        return await _show_refused(request, station_id, booking_id, refused)
    return await answer(request, station_id, since)


@post([f"{BOOKING}/{verb}" for verb in REFUSALS], opt=STAFF, include_in_schema=False)
async def turn_away(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """No to a request, or a booking called off; with a reason that the worker reads."""
    verb = REFUSALS[request.url.path.rpartition("/")[2]]
    await desk_queries.require_here(station_id, [booking_id])
    reason, trouble = await read_reason(request, booking_id)
    if trouble:
        return await show_sheet(request, station_id, fragment="desk", status=422, trouble=trouble)
    since = clock.now()
    try:
        await verb(actor=request.user, booking_id=booking_id, reason=reason)
    except ReasonNamesSomebody as refused:
        trouble = Trouble(booking_id, reason_error=_(refused.text), reason_typed=reason)
        return await show_sheet(request, station_id, fragment="desk", status=refused.status, trouble=trouble)
    except Conflict as refused:
        return await _show_refused(request, station_id, booking_id, refused)
    return await answer(request, station_id, since)


async def read_reason(request: Req, booking_id: UUID) -> tuple[str, Trouble | None]:
    """The reason that staff chose or wrote, or what is wrong with it."""
    form = await read_form(request, DeclineForm)
    typed: str = form.raw["reason"]
    ready = form.value.ready if form.value else None
    if ready is not None and 0 <= ready < len(READY_REASONS):
        return READY_REASONS[ready], None
    if typed and len(typed) <= REASON_LONGEST:
        return typed, None
    return "", Trouble(booking_id, reason_error=_(LONG_REASON if typed else NO_REASON), reason_typed=typed)


async def _show_refused(request: Req, station_id: UUID, booking_id: UUID, refused: AppError) -> Response[Any]:
    """The sheet as it is now, with what happened at the row and in the bar that stays."""
    note = _(refused.text, **refused.params)
    if isinstance(refused, AlreadyChanged) and refused.became:
        who = await staff_name(refused.by_id) if refused.by == "staff" and refused.by_id else _("对方")
        if refused.by_id == request.user.id:
            who = _("您")
        note = what_happened(refused.became, who)
    return await show_sheet(
        request,
        station_id,
        fragment="desk",
        status=refused.status,
        flash=Flash("wait", note),
        trouble=Trouble(booking_id, note=note),
    )


@post("/desk/{station_id:uuid}/confirm-all", opt=STAFF, include_in_schema=False)
async def confirm_listed(request: Req, station_id: Id) -> Response[Any]:
    """Yes to every request that the sheet showed."""
    form = await read_form(request, ListForm)
    listed = form.value.booking if form.value else []
    since = clock.now()
    done = await desk_many.confirm_listed(actor=request.user, station_id=station_id, booking_ids=listed)
    if not done:
        return await show_sheet(request, station_id, fragment="desk", status=409, flash=Flash("wait", _(NONE_LEFT)))
    return await answer(request, station_id, since)


@post("/desk/{station_id:uuid}/undo", opt=STAFF, include_in_schema=False)
async def undo(request: Req, station_id: Id) -> Response[Any]:
    """Take the last step back, within its minute."""
    form = await read_form(request, ListForm)
    listed = form.value.booking if form.value else []
    if not listed:
        raise NotFound
    try:
        await desk_many.undo_listed(actor=request.user, station_id=station_id, booking_ids=listed)
    except AppError as refused:
        if isinstance(refused, NotFound):
            raise
        text = _(refused.text, **refused.params)
        return await show_sheet(request, station_id, fragment="desk", status=refused.status, flash=Flash("bad", text))
    return await answer(request, station_id, None, flash=Flash("good", _("已撤回，跟刚才一样了。")))


@post(f"{BOOKING}/phone", opt=STAFF, include_in_schema=False)
async def show_phone(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """The number of somebody whom no message reached."""
    await desk_queries.require_here(station_id, [booking_id])
    number = await desk_contact.show_phone(actor=request.user, booking_id=booking_id)
    flash = Flash("info", _("打完电话，请点“打过了”。"), phone=number, booking_id=booking_id)
    return await show_sheet(request, station_id, fragment="desk", flash=flash)


@post(f"{BOOKING}/phoned", opt=STAFF, include_in_schema=False)
async def note_phoned(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """Somebody has told the worker by phone."""
    await desk_queries.require_here(station_id, [booking_id])
    await desk_contact.note_phoned(actor=request.user, booking_id=booking_id)
    return await answer(request, station_id, None, flash=Flash("good", _("记下了：已经打电话告诉对方。")))


@post("/desk/{station_id:uuid}/check-in", opt=STAFF, include_in_schema=False)
async def scan_code(request: Req, station_id: Id) -> Response[Any]:
    """Check in by the ticket's code or the member's card; four digits look for a phone instead, a name for people."""
    form = (await read_form(request, ScanForm)).value or ScanForm()
    await desk_queries.require_desk(station_id, request.user)
    try:
        holder = await desk_cards.holder_of(form.code)
    except AppError as refused:
        return await _show_unfit(request, station_id, _(refused.text, **refused.params), refused.status)
    if holder:
        return await _scan_card(request, station_id, holder)
    # A ticket's QR may hold its whole address.
    code = form.code.rstrip("/").rpartition("/")[2][:40]
    if is_name(code):
        # A name stands in no address.
        named = await find_by_name(station_id, code)
        return await show_sheet(request, station_id, fragment="desk", found=named, typed_code=code)
    found_at = await _found_at(request, station_id, code, find=form.find)
    if found_at:
        return redirect(request, desk_url(station_id) + found_at)
    since: datetime = clock.now()
    try:
        if not code:
            raise NotFound(NO_CODE, field="code")
        await desk.check_in_code(actor=request.user, station_id=station_id, typed=code)
    except AppError as refused:
        ticket = await desk_queries.find_ticket(code)
        text = why_not(ticket, station_id) if ticket else _(refused.text, **refused.params)
        return await show_sheet(
            request,
            station_id,
            fragment="desk",
            status=422 if not code else refused.status,
            flash=Flash("bad", text),
            typed_code=form.code,
        )
    return await answer(request, station_id, since)


async def _found_at(request: Req, station_id: UUID, code: str, *, find: bool) -> str:
    """Where the desk shows a group, or what is only looked for; "" for a ticket to check in."""
    group_id = await desk_queries.find_group(station_id, code) if len(read_code(code)) == GROUP_CODE else None
    if group_id:
        return f"/groups/{group_id}"
    looks = code and (find or (len(code) == TAIL and code.isdigit()))
    return Asked.of(request).looking_for(code) if looks else ""


async def _scan_card(request: Req, station_id: UUID, person_id: UUID) -> Response[Any]:
    """Check in whose card it is, or show his bookings of today."""
    since = clock.now()
    try:
        today = await desk_cards.check_in_holder(actor=request.user, station_id=station_id, person_id=person_id)
    except AppError as refused:
        return await _show_unfit(request, station_id, _(refused.text, **refused.params), refused.status)
    if not today:
        return await answer(request, station_id, since)
    return await show_sheet(request, station_id, fragment="desk", found=today)


async def _show_unfit(request: Req, station_id: UUID, text: str, status: int) -> Response[Any]:
    return await show_sheet(request, station_id, fragment="desk", status=status, flash=Flash("bad", text))


handlers: list[Any] = [
    choose_station,
    show_desk,
    print_day,
    follow_desk,
    act_on_booking,
    turn_away,
    confirm_listed,
    undo,
    show_phone,
    note_phoned,
    scan_code,
]
