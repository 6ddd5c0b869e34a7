"""The desk for other programs: the same steps as the sheet, as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from server.bookings import desk, desk_many, desk_queries, queries
from server.bookings.desk_queries import STATIONS_SHOWN, DeskStation
from server.bookings.desk_sheet import acts_for
from server.bookings.errors import AlreadyChanged, NotStarted, TicketElsewhere, UndoTooLate
from server.bookings.models import ServiceKind, Status
from server.bookings.schemas import BookingMade, DeskLine
from server.bookings.service import cancel_booking
from server.edge.access import Audience, allow
from server.edge.openapi import problems
from server.errors import Forbidden, Invalid, NotFound, SignInNeeded
from server.kit import clock
from server.kit.text import N_, clean

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
STAFF = allow(Audience.STAFF)
STATION = "/api/v1/desk/stations/{station_id:uuid}"
BOOKING = "/api/v1/desk/bookings/{booking_id:uuid}"
FURTHEST_DAYS = 400
NO_REASON = N_("请写一句理由：对方会看到。")
FAR_DAY = N_("只能查前后 400 天以内的日子。")
DOORS = (SignInNeeded, Forbidden, NotFound, Invalid)


class DeskRow(msgspec.Struct, frozen=True):
    """A booking at the desk. `may` lists the steps that fit now; staff see the last four digits of a phone."""

    id: UUID
    code: Annotated[str, Meta(extra_json_schema={"examples": ["7K3M9Q"]})]
    status: Status
    service: ServiceKind
    starts_at: datetime
    ends_at: datetime
    name: str
    phone_tail: Annotated[str, Meta(extra_json_schema={"examples": ["8000"]})]
    is_member: bool
    confirm_by: datetime | None
    escalated: bool
    slot_closed: bool
    reason: str
    changed_at: datetime
    may: list[str]


class DeskSheet(msgspec.Struct, frozen=True):
    """A station's day: requests that wait for an answer (whatever their day), then the day by time."""

    station_id: UUID
    station_name: str
    day: date
    awaiting: list[DeskRow]
    bookings: list[DeskRow]


class StationList(msgspec.Struct, frozen=True):
    """Stations whose desk the caller may open; `more` asks for a narrower `q`."""

    items: list[DeskStation]
    more: bool


class BookingState(msgspec.Struct, frozen=True):
    """A booking after a step."""

    id: UUID
    code: str
    status: Status
    starts_at: datetime
    ends_at: datetime


class Reason(msgspec.Struct):
    """What the worker will read."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Code(msgspec.Struct):
    """A ticket's code, as it was scanned or typed."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]


class Listed(msgspec.Struct):
    """The requests to say yes to."""

    booking_ids: Annotated[list[UUID], Meta(min_length=1, max_length=200)]


class Confirmed(msgspec.Struct, frozen=True):
    """The ones that were still waiting and are confirmed now."""

    booking_ids: list[UUID]


@get(
    "/api/v1/desk/stations",
    opt=STAFF,
    tags=["desk"],
    operation_id="listDeskStations",
    summary="Stations whose desk you may open",
    responses=problems(SignInNeeded, Forbidden),
)
async def list_stations(
    request: Req, q: Annotated[str, QueryParameter(max_length=60, description="part of the name or district")] = ""
) -> StationList:
    found = await desk_queries.desk_stations(request.user, clean(q))
    return StationList(found[:STATIONS_SHOWN], len(found) > STATIONS_SHOWN)


@get(
    f"{STATION}/bookings",
    opt=STAFF,
    tags=["desk"],
    operation_id="showDeskDay",
    summary="A station's day",
    responses=problems(*DOORS),
)
async def show_day(
    request: Req, station_id: Id, day: Annotated[date | None, QueryParameter(description="today by default")] = None
) -> DeskSheet:
    day = day or clock.today()
    if abs((day - clock.today()).days) > FURTHEST_DAYS:
        raise Invalid(FAR_DAY, field="day")
    sheet = await queries.desk_day(station_id, day, request.user)
    return DeskSheet(
        sheet.station_id,
        sheet.station_name,
        sheet.day,
        [_row(line) for line in sheet.awaiting],
        [_row(line) for line in sheet.lines],
    )


@get(BOOKING, opt=STAFF, tags=["desk"], operation_id="showDeskBooking", responses=problems(*DOORS))
async def show_booking(request: Req, booking_id: Id) -> DeskRow:
    """One booking, for instance after a step was refused because somebody was faster."""
    return _row(await queries.desk_booking(booking_id, request.user))


@post(
    f"{BOOKING}/confirm",
    opt=STAFF,
    tags=["desk"],
    operation_id="confirmBooking",
    summary="Say yes to a request",
    status_code=200,
    responses=problems(*DOORS, AlreadyChanged),
)
async def confirm_booking(request: Req, booking_id: Id) -> BookingState:
    return await _step(request, booking_id, desk.confirm_booking)


@post(
    f"{BOOKING}/decline",
    opt=STAFF,
    tags=["desk"],
    operation_id="declineBooking",
    summary="Say no, with a reason that the worker reads",
    status_code=200,
    responses=problems(*DOORS, AlreadyChanged),
)
async def decline_booking(request: Req, booking_id: Id, data: JSONBody[Reason]) -> BookingState:
    return _state(await desk.decline_booking(actor=request.user, booking_id=booking_id, reason=_reason(data)))


@post(
    f"{BOOKING}/cancel",
    opt=STAFF,
    tags=["desk"],
    operation_id="cancelBookingAtDesk",
    summary="Call a booking off, with a reason that the worker reads",
    status_code=200,
    responses=problems(*DOORS, AlreadyChanged),
)
async def call_off(request: Req, booking_id: Id, data: JSONBody[Reason]) -> BookingState:
    return _state(await cancel_booking(actor=request.user, booking_id=booking_id, reason=_reason(data)))


@post(
    f"{BOOKING}/check-in",
    opt=STAFF,
    tags=["desk"],
    operation_id="checkIn",
    summary="The worker is here",
    status_code=200,
    responses=problems(*DOORS, AlreadyChanged),
)
async def check_in(request: Req, booking_id: Id) -> BookingState:
    return await _step(request, booking_id, desk.check_in)


@post(
    f"{BOOKING}/served",
    opt=STAFF,
    tags=["desk"],
    operation_id="markServed",
    summary="The visit is done",
    status_code=200,
    responses=problems(*DOORS, AlreadyChanged),
)
async def mark_served(request: Req, booking_id: Id) -> BookingState:
    return await _step(request, booking_id, desk.mark_served)


@post(
    f"{BOOKING}/no-show",
    opt=STAFF,
    tags=["desk"],
    operation_id="markNoShow",
    summary="The worker did not come; only after the start",
    status_code=200,
    responses=problems(*DOORS, AlreadyChanged, NotStarted),
)
async def mark_no_show(request: Req, booking_id: Id) -> BookingState:
    return await _step(request, booking_id, desk.mark_no_show)


@post(
    f"{BOOKING}/undo",
    opt=STAFF,
    tags=["desk"],
    operation_id="undoStep",
    summary="Take the desk's last step back, within a minute",
    status_code=200,
    responses=problems(*DOORS, UndoTooLate),
)
async def undo_step(request: Req, booking_id: Id) -> BookingState:
    return await _step(request, booking_id, desk.undo_step)


@post(
    f"{STATION}/check-in",
    opt=STAFF,
    tags=["desk"],
    operation_id="checkInByCode",
    summary="Check in by a ticket's code",
    status_code=200,
    responses=problems(*DOORS, TicketElsewhere, AlreadyChanged),
)
async def check_in_code(request: Req, station_id: Id, data: JSONBody[Code]) -> BookingState:
    await desk_queries.require_desk(station_id, request.user)
    return _state(await desk.check_in_code(actor=request.user, station_id=station_id, typed=clean(data.code)))


@post(
    f"{STATION}/confirm-all",
    opt=STAFF,
    tags=["desk"],
    operation_id="confirmAll",
    summary="Say yes to several requests; those that somebody else decided stay decided",
    status_code=200,
    responses=problems(*DOORS),
)
async def confirm_all(request: Req, station_id: Id, data: JSONBody[Listed]) -> Confirmed:
    await desk_queries.require_desk(station_id, request.user)
    return Confirmed(
        await desk_many.confirm_listed(actor=request.user, station_id=station_id, booking_ids=data.booking_ids)
    )


async def _step(request: Req, booking_id: UUID, verb: Callable[..., Awaitable[BookingMade]]) -> BookingState:
    return _state(await verb(actor=request.user, booking_id=booking_id))


def _reason(data: Reason) -> str:
    reason = clean(data.reason)
    if not reason:
        raise Invalid(NO_REASON, field="reason")
    return reason


def _state(made: BookingMade) -> BookingState:
    return BookingState(made.id, made.code, made.status, made.starts_at, made.ends_at)


def _row(line: DeskLine) -> DeskRow:
    given = {name: getattr(line, name) for name in DeskRow.__struct_fields__ if name != "may"}
    return DeskRow(**given, may=list(acts_for(line, clock.now())))


handlers: list[Any] = [
    list_stations,
    show_day,
    show_booking,
    confirm_booking,
    decline_booking,
    call_off,
    check_in,
    mark_served,
    mark_no_show,
    undo_step,
    check_in_code,
    confirm_all,
]
