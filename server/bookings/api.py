"""Booking for other programs: the same verbs as the pages, as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from server.bookings import queries, service, tickets
from server.bookings.errors import (
    AlreadyChanged,
    KeyReused,
    KeyUnusable,
    MembersOnly,
    OneAtATime,
    OtherService,
    OverlappingBooking,
    SlotClosed,
    SlotFull,
    TooFarAhead,
    TooLate,
    TooLateToChange,
    UndoTooLate,
)
from server.bookings.schemas import Alternative, BookingMade, DayStrip, TicketLine, TicketPage, TicketView
from server.edge.access import Audience, allow
from server.edge.openapi import problems
from server.errors import Forbidden, Invalid, NotFound, SignInNeeded
from server.stations.errors import CursorUnusable

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
WORKER = allow(Audience.WORKER)
BOOKING = "/api/v1/bookings/{booking_id:uuid}"
REFUSALS = (SlotFull, SlotClosed, TooLate, TooFarAhead, MembersOnly, OneAtATime, OverlappingBooking)
DOORS = (SignInNeeded, Forbidden, NotFound, Invalid)


class SlotWanted(msgspec.Struct):
    """The slot to book, or to move to."""

    slot_id: UUID


class Bookings(msgspec.Struct, frozen=True):
    """Active bookings, the next first; past ones come page by page."""

    upcoming: list[TicketLine]
    past: TicketPage


@get(
    "/api/v1/offerings/{offering_id:uuid}/slots",
    opt=allow(Audience.VISITOR),
    tags=["bookings"],
    operation_id="listSlots",
    summary="Days and times of a service at a station",
    description="`refused` is the code of the refusal that booking would meet; empty where it can be booked.",
    responses=problems(NotFound, Invalid),
)
async def list_slots(
    request: Req,
    offering_id: Id,
    day: Annotated[date | None, QueryParameter(description="the first day with a free place by default")] = None,
) -> DayStrip:
    return await queries.day_strip(offering_id, request.user, day)


@get(
    "/api/v1/slots/{slot_id:uuid}/alternatives",
    opt=allow(Audience.VISITOR),
    tags=["bookings"],
    operation_id="listAlternatives",
    summary="Where else to go: next times here, the same day nearby",
)
async def list_alternatives(request: Req, slot_id: Id) -> list[Alternative]:
    return await queries.alternatives(slot_id, request.user)


@post(
    "/api/v1/bookings",
    opt=WORKER,
    tags=["bookings"],
    operation_id="book",
    summary="Take a place",
    description="The same Idempotency-Key gives the same booking, however often it is sent.",
    responses=problems(*DOORS, *REFUSALS, KeyReused, KeyUnusable),
)
async def book(
    request: Req,
    data: JSONBody[SlotWanted],
    idempotency_key: Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=64)],
) -> BookingMade:
    return await service.book_slot(actor=request.user, slot_id=data.slot_id, request_key=idempotency_key)


@get(
    "/api/v1/bookings",
    opt=WORKER,
    tags=["bookings"],
    operation_id="listBookings",
    summary="One's own bookings",
    responses=problems(SignInNeeded, Forbidden, CursorUnusable),
)
async def list_bookings(request: Req, cursor: FromQuery[str] = "") -> Bookings:
    return Bookings(await tickets.upcoming(request.user), await tickets.past(request.user, cursor))


@get(BOOKING, opt=WORKER, tags=["bookings"], operation_id="showBooking", responses=problems(*DOORS))
async def show_booking(request: Req, booking_id: Id) -> TicketView:
    """One's own booking with its history."""
    return await tickets.ticket(booking_id, request.user)


@post(
    f"{BOOKING}/cancel",
    opt=WORKER,
    tags=["bookings"],
    operation_id="cancelBooking",
    summary="Give the place back; once or many times",
    status_code=200,
    responses=problems(*DOORS, TooLateToChange, AlreadyChanged),
)
async def cancel(request: Req, booking_id: Id) -> BookingMade:
    return await service.cancel_booking(actor=request.user, booking_id=booking_id)


@post(
    f"{BOOKING}/restore",
    opt=WORKER,
    tags=["bookings"],
    operation_id="restoreBooking",
    summary="Take one's own cancellation back",
    status_code=200,
    responses=problems(*DOORS, *REFUSALS, UndoTooLate),
)
async def restore(request: Req, booking_id: Id) -> BookingMade:
    return await service.restore_booking(actor=request.user, booking_id=booking_id)


@post(
    f"{BOOKING}/move",
    opt=WORKER,
    tags=["bookings"],
    operation_id="moveBooking",
    summary="Another time; the old place is kept until the new one is held",
    status_code=200,
    responses=problems(*DOORS, *REFUSALS, TooLateToChange, OtherService, AlreadyChanged),
)
async def move(request: Req, booking_id: Id, data: JSONBody[SlotWanted]) -> BookingMade:
    return await service.move_booking(actor=request.user, booking_id=booking_id, slot_id=data.slot_id)


handlers = [list_slots, list_alternatives, book, list_bookings, show_booking, cancel, restore, move]
