"""Bookings whose time the station no longer offers: another time, called off with a reason, or served all the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.response import Response

from server.bookings import desk_queries, queries
from server.bookings.desk_pages import read_reason
from server.bookings.desk_said_pages import READY_REASONS, STATUS_LOOKS, STATUS_NAMES
from server.bookings.desk_sheet import Trouble, rows_of
from server.bookings.errors import ReasonNamesSomebody
from server.bookings.plan_flow_pages import MANAGER, STATION, Id, Req, plan_url, read_count, saved_counts
from server.bookings.plan_queries import station_plan
from server.bookings.rebooking import choices, rebook_affected
from server.bookings.service import cancel_booking, move_booking
from server.bookings.words import SERVICE_NAMES
from server.db.together import at_once
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Conflict, Invalid
from server.people.models import Role

ROWS = 100


class MoveForm(msgspec.Struct):
    """The time that staff chose for somebody."""

    slot: UUID


@get(f"{STATION}/affected", opt=MANAGER, include_in_schema=False)
async def show_affected(request: Req, station_id: Id) -> Response[Any]:
    """Bookings whose time the station no longer offers: call them off, or serve them all the same."""
    return await _affected_page(request, station_id)


@post(f"{STATION}/affected/{{booking_id:uuid}}/cancel", opt=MANAGER, include_in_schema=False)
async def call_off(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """Call one of them off, with a reason that the worker reads."""
    await desk_queries.require_desk(station_id, request.user, Role.MANAGER)
    await desk_queries.require_here(station_id, [booking_id])
    reason, trouble = await read_reason(request, booking_id)
    if trouble:
        return await _affected_page(request, station_id, trouble, status=422)
    try:
        await cancel_booking(actor=request.user, booking_id=booking_id, reason=reason)
    except ReasonNamesSomebody as refused:
        trouble = Trouble(booking_id, reason_error=_(refused.text), reason_typed=reason)
        return await _affected_page(request, station_id, trouble, status=refused.status)
    except Conflict as refused:
        return await _refused(request, station_id, booking_id, refused)
    return redirect(request, f"{plan_url(station_id)}/affected?told=1")


@post(f"{STATION}/affected/{{booking_id:uuid}}/move", opt=MANAGER, include_in_schema=False)
async def give_other_time(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """Give one of them another time; the worker is told, and may still change or cancel it."""
    await desk_queries.require_desk(station_id, request.user, Role.MANAGER)
    await desk_queries.require_here(station_id, [booking_id])
    form = await read_form(request, MoveForm)
    if form.value is None:
        return await _refused(request, station_id, booking_id, Invalid())
    try:
        await move_booking(actor=request.user, booking_id=booking_id, slot_id=form.value.slot)
    except (Conflict, Invalid) as refused:
        return await _refused(request, station_id, booking_id, refused)
    return redirect(request, f"{plan_url(station_id)}/affected?moved=1")


@post(f"{STATION}/affected/rebook", opt=MANAGER, include_in_schema=False)
async def rebook(request: Req, station_id: Id) -> Response[Any]:
    """Give each of them the nearest free time here."""
    await desk_queries.require_desk(station_id, request.user, Role.MANAGER)
    listed = await queries.affected_bookings(station_id)
    done = await rebook_affected(actor=request.user, booking_ids=[line.id for line in listed])
    return redirect(request, f"{plan_url(station_id)}/affected?moved={done.moved}&left={done.left}")


async def _refused(request: Req, station_id: UUID, booking_id: UUID, refused: AppError) -> Response[Any]:
    trouble = Trouble(booking_id, note=_(refused.text, **refused.params))
    return await _affected_page(request, station_id, trouble, status=refused.status)


async def _affected_page(
    request: Req, station_id: UUID, trouble: Trouble | None = None, *, status: int = 200
) -> Response[Any]:
    shown, lines = await at_once(station_plan(station_id, request.user), queries.affected_bookings(station_id))
    return page(
        request,
        "desk/plan_affected.html",
        status=status,
        plan=shown,
        rows=rows_of(lines[:ROWS], trouble),
        choices=await choices([line.id for line in lines[:ROWS]]),
        trouble=trouble,
        saved=saved_counts(request),
        moved=read_count(request, "moved"),
        left=read_count(request, "left"),
        told=request.query_params.get("told") == "1",
        back=plan_url(station_id),
        cancel_url=f"{plan_url(station_id)}/affected",
        ready_reasons=READY_REASONS,
        service_names=SERVICE_NAMES,
        status_names=STATUS_NAMES,
        status_looks=STATUS_LOOKS,
    )


handlers: list[Any] = [show_affected, call_off, give_other_time, rebook]
