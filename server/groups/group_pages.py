"""A group as its foreman sees it: code, times, everybody's place; cancel, and put names right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.book_pages import names
from server.bookings.ticket_pages import states
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _, ngettext
from server.errors import Invalid
from server.groups import queries, service
from server.groups.schemas import GroupView
from server.kit import clock
from server.kit.text import N_, clean
from server.stations.import_cells import CellUnusableError

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
WORKER = allow(Audience.WORKER)
GROUP = "/groups/{group_id:uuid}"
NAME_FIELD = "name-"
LONGEST_NUMBER = 3
TOO_LATE = N_("有 %(n)d 个离开始太近，网上改不了了，请打电话告诉站点。")
NONE_CHOSEN = N_("请先勾上不来的人。")


class CancelForm(msgspec.Struct):
    """Whose places are given back: the ones that were ticked, or all."""

    place: list[UUID] = []
    all: bool = False


@get(GROUP, opt=WORKER, include_in_schema=False)
async def show_group(request: Req, group_id: Id) -> Response[str]:
    return _group_page(request, await queries.group_of(group_id, request.user))


@post(f"{GROUP}/cancel", opt=WORKER, include_in_schema=False)
async def cancel(request: Req, group_id: Id) -> Response[Any]:
    """Give back the places of those who do not come."""
    form = (await read_form(request, CancelForm)).value or CancelForm()
    if not form.place and not form.all:
        group = await queries.group_of(group_id, request.user)
        return _group_page(request, group, [FieldError("places", _(NONE_CHOSEN))])
    done, late = await service.cancel_places(
        actor=request.user, group_id=group_id, booking_ids=None if form.all else form.place
    )
    return redirect(request, f"/groups/{group_id}?cancelled={done}&late={late}")


@get(f"{GROUP}/names", opt=WORKER, include_in_schema=False)
async def ask_names(request: Req, group_id: Id) -> Response[str]:
    return _names_page(request, await queries.group_of(group_id, request.user))


@post(f"{GROUP}/names", opt=WORKER, include_in_schema=False)
async def save_names(request: Req, group_id: Id) -> Response[Any]:
    sent = await request.form()
    group = await queries.group_of(group_id, request.user)
    typed = {seat.seat: clean(str(sent.get(f"{NAME_FIELD}{seat.seat}", seat.name))) for seat in group.seats}
    try:
        await service.put_names_right(actor=request.user, group_id=group_id, names=typed)
    except CellUnusableError as error:
        return _names_page(request, group, typed, _(error.message, **error.params))
    return redirect(request, f"/groups/{group_id}?named=1")


def _group_page(request: Req, group: GroupView, errors: list[FieldError] | None = None) -> Response[str]:
    return page(
        request,
        "groups/group.html",
        status=Invalid.status if errors else 200,
        group=group,
        may_cancel=service.may_cancel(group.seats, clock.now()),
        states=states(),
        said=_said(request),
        errors=errors or [],
        **names(),
    )


def _names_page(request: Req, group: GroupView, typed: dict[int, str] | None = None, said: str = "") -> Response[str]:
    return page(
        request,
        "groups/names.html",
        status=Invalid.status if said else 200,
        group=group,
        typed=typed or {seat.seat: seat.name for seat in group.seats},
        errors=[FieldError("", said)] if said else [],
        **names(),
    )


def number_in(request: Req, name: str) -> int | None:
    """A small number in the address; None where there is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def _said(request: Req) -> str:
    if "new" in request.query_params:
        return _("都约上了。到了前台，报集体号就行。")
    if "named" in request.query_params:
        return _("名字改好了。")
    done, late = number_in(request, "cancelled"), number_in(request, "late")
    if done is None:
        return ""
    said = ngettext("取消了 %(num)d 个人的预约。", "取消了 %(num)d 个人的预约。", done) % {"num": done}
    return f"{said} {_(TOO_LATE, n=late)}" if late else said


handlers: list[Any] = [show_group, cancel, ask_names, save_names]
