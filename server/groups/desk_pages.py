"""A group at the desk: who of it comes here, and several checked in with one tap."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.bookings import desk, desk_queries
from server.bookings.desk_said_pages import STATUS_LOOKS, STATUS_NAMES
from server.bookings.words import SERVICE_NAMES
from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.forms import read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Conflict, Invalid, NotFound
from server.groups import queries
from server.groups.group_pages import number_in
from server.groups.schemas import Seat
from server.kit import clock
from server.kit.text import N_
from server.people.actors import Actor
from server.people.queries import account_of

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
STAFF = allow(Audience.STAFF)
GROUP = "/desk/{station_id:uuid}/groups/{group_id:uuid}"
NONE_CHOSEN = N_("请先勾上到了的人。")


class HereForm(msgspec.Struct):
    """Who is here: the ones that were ticked, or everybody who is expected today."""

    place: list[UUID] = []
    all: bool = False


@get(GROUP, opt=STAFF, include_in_schema=False)
async def show_group(request: Req, station_id: Id, group_id: Id) -> Response[str]:
    return await _group_page(request, station_id, group_id)


@post(f"{GROUP}/check-in", opt=STAFF, include_in_schema=False)
async def check_in(request: Req, station_id: Id, group_id: Id) -> Response[Any]:
    """Each is a step of its own: what somebody else has just done stays done."""
    await desk_queries.require_desk(station_id, request.user)
    group = await queries.group_at_desk(group_id, station_id)
    form = (await read_form(request, HereForm)).value or HereForm()
    expected = [seat.booking_id for seat in group.seats if _is_expected(seat)]
    chosen = expected if form.all else form.place
    if not set(chosen) <= {seat.booking_id for seat in group.seats}:
        raise NotFound
    if not chosen:
        return await _group_page(request, station_id, group_id, refusal=_(NONE_CHOSEN))
    done = 0
    for booking_id in chosen:
        try:
            await desk.check_in(actor=request.user, booking_id=booking_id)
        except Conflict:
            continue
        done += 1
    return redirect(request, f"/desk/{station_id}/groups/{group_id}?here={done}")


def _is_expected(seat: Seat) -> bool:
    return seat.waits and clock.local(seat.starts_at).date() == clock.today()


async def _group_page(request: Req, station_id: UUID, group_id: UUID, *, refusal: str = "") -> Response[str]:
    group, _here = await at_once(
        queries.group_at_desk(group_id, station_id), desk_queries.require_desk(station_id, request.user)
    )
    return page(
        request,
        "groups/desk.html",
        status=Invalid.status if refusal else 200,
        group=group,
        foreman=await account_of(Actor("worker", group.foreman_id)),
        expected=[seat for seat in group.seats if _is_expected(seat)],
        others=[seat for seat in group.seats if not _is_expected(seat)],
        here=number_in(request, "here"),
        refusal=refusal,
        url=f"/desk/{station_id}/groups/{group_id}",
        back=f"/desk/{station_id}",
        service_names=SERVICE_NAMES,
        status_names=STATUS_NAMES,
        status_looks=STATUS_LOOKS,
    )


handlers: list[Any] = [show_group, check_in]
