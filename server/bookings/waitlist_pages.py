"""The waiting list on a phone: wait for a place, one tap for yes or no; and who waits, for the station's staff."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.bookings import queries, waitlist, waitlist_queries
from server.bookings.book_pages import day_asked, names
from server.bookings.desk_sheet_pages import Asked, desk_url
from server.bookings.errors import OneAtATime, OverlappingBooking
from server.bookings.models import WishKind
from server.bookings.schemas import OfferingView, SlotChoice
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.geo import Point

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
NEAR_DAYS = (-1, 0, 1)


class WishForm(msgspec.Struct):
    """What to wait for at an offering: a slot, a day, or the service nearby; nearby from a station or a position."""

    wish: str = ""
    slot: str = ""
    day: str = ""
    lat: str = ""
    lng: str = ""


@get("/wait/{offering_id:uuid}", opt=WORKER, include_in_schema=False)
async def ask_what(request: Req, offering_id: FromPath[UUID]) -> Response[str]:
    return await _ask(request, offering_id)


async def _ask(request: Req, offering_id: UUID, refused: AppError | None = None) -> Response[str]:
    """The page that offers what can be waited for, narrow wishes first."""
    choice = await _choice(request)
    day = clock.local(choice.slot.starts_at).date() if choice else day_asked(request)
    strip = await queries.day_strip(offering_id, request.user, day)
    offering: OfferingView = strip.offering
    if choice and choice.offering.id != offering_id:
        raise NotFound
    query = request.query_params
    return page(
        request,
        "bookings/wait.html",
        status=refused.status if refused else 200,
        refusal=_(refused.text, **refused.params) if refused else "",
        o=offering,
        slot=choice.slot if choice else None,
        day=day if day and _is_ahead(day, offering) else None,
        lat=query.get("lat", ""),
        lng=query.get("lng", ""),
        back=f"/book/{offering_id}" + (f"?day={day.isoformat()}" if day else ""),
        **names(),
    )


async def _choice(request: Req) -> SlotChoice | None:
    slot_id = _id(request.query_params.get("slot", ""))
    return await queries.slot_for_booking(slot_id, request.user) if slot_id else None


def _is_ahead(day: date, offering: OfferingView) -> bool:
    return 0 <= (day - clock.today()).days <= offering.horizon_days


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _position(form: WishForm) -> Point | None:
    try:
        lat, lng = float(form.lat), float(form.lng)
    except ValueError:
        return None
    return Point(lat, lng) if -90 <= lat <= 90 and -180 <= lng <= 180 else None  # noqa: PLR2004 (degrees)


@post("/wait/{offering_id:uuid}", opt=WORKER, include_in_schema=False)
async def join(request: Req, offering_id: FromPath[UUID]) -> Response[Any]:
    form = (await read_form(request, WishForm)).value or WishForm()
    try:
        wish = await _wish(request, offering_id, form)
        await waitlist.join(actor=request.user, wish=wish)
    except NotFound:
        raise
    except AppError as error:
        return await _ask(request, offering_id, error)
    return redirect(request, "/waiting?joined=1")


async def _wish(request: Req, offering_id: UUID, form: WishForm) -> waitlist.Wish:
    slot_id = _id(form.slot)
    if form.wish == WishKind.SLOT and slot_id:
        return await waitlist.for_slot(slot_id, request.user)
    if form.wish == WishKind.NEAR:
        offering = (await queries.day_strip(offering_id, request.user)).offering
        return await waitlist.for_nearby(offering.service, position=_position(form), station_id=offering.station_id)
    day = clock.read_day(form.day)
    if day is None:
        raise NotFound
    return await waitlist.for_day(offering_id, day, request.user)


@get("/waiting", opt=WORKER, include_in_schema=False)
async def show_waiting(request: Req) -> Response[str]:
    return await _waiting(request)


async def _waiting(request: Req, refused: AppError | None = None) -> Response[str]:
    return page(
        request,
        "bookings/waiting.html",
        status=refused.status if refused else 200,
        wishes=await waitlist_queries.wishes(request.user),
        joined="joined" in request.query_params and not refused,
        left="left" in request.query_params and not refused,
        refusal=_(refused.text, **refused.params) if refused else "",
        overlapping=refused.booking_id if isinstance(refused, OverlappingBooking | OneAtATime) else None,
        **names(),
    )


@post("/waiting/{wait_id:uuid}/accept", opt=WORKER, include_in_schema=False)
async def accept(request: Req, wait_id: FromPath[UUID]) -> Response[Any]:
    try:
        made = await waitlist.accept(actor=request.user, entry_id=wait_id)
    except NotFound:
        raise
    except AppError as error:
        return await _waiting(request, error)
    return redirect(request, f"/tickets/{made.id}?new=1")


@post("/waiting/{wait_id:uuid}/leave", opt=WORKER, include_in_schema=False)
async def leave(request: Req, wait_id: FromPath[UUID]) -> Response[Any]:
    await waitlist.leave(actor=request.user, entry_id=wait_id)
    return redirect(request, "/waiting?left=1")


@get("/desk/{station_id:uuid}/waiting", opt=allow(Audience.STAFF), include_in_schema=False)
async def show_who_waits(request: Req, station_id: FromPath[UUID]) -> Response[str]:
    day = Asked.of(request).day
    station_name, lines = await waitlist_queries.waiting_at(station_id, day, request.user)
    by_service: dict[str, list[waitlist_queries.WaitingLine]] = {}
    for line in lines:
        by_service.setdefault(line.service, []).append(line)
    return page(
        request,
        "desk/waiting.html",
        station_name=station_name,
        day=day,
        near_days=[clock.today() + timedelta(days=n) for n in NEAR_DAYS],
        url=f"{desk_url(station_id)}/waiting",
        back=f"{desk_url(station_id)}?day={day.isoformat()}",
        by_service=by_service,
        service_names=SERVICE_NAMES,
    )


handlers = [ask_what, join, show_waiting, accept, leave, show_who_waits]
