"""Missed bookings: a manager sets a gentle limit or switches it off; the counter lets somebody begin anew."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.response import Response

from server.bookings import desk_queries, no_show, no_show_queries, queries
from server.bookings.desk_pages import BOOKING, STAFF
from server.bookings.desk_sheet_pages import desk_url
from server.bookings.no_show_rules import Policy
from server.bookings.plan_flow_pages import APPLY, EDIT, MANAGER, STATION, Id, Req, plan_url, read_typed
from server.bookings.plan_queries import station_plan
from server.bookings.words import SERVICE_NAMES
from server.edge.forms import Form, read_fields
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid
from server.kit import clock
from server.kit.text import half_width

PLAN = f"{STATION}/no-show"
# What is proposed where nothing is set: three in three months.
PROPOSED = Policy(3, 90)


@get(PLAN, opt=MANAGER, include_in_schema=False)
async def show_policy(request: Req, station_id: Id) -> Response[Any]:
    """The station's limit, or a proposal."""
    return await _policy_page(request, station_id, None)


@post(PLAN, opt=MANAGER, include_in_schema=False)
async def set_policy(request: Req, station_id: Id) -> Response[Any]:
    """Show how many people a limit would meet; or, once that was seen, set it."""
    typed = await read_typed(request)
    form = read_fields({name: [half_width(value)] for name, value in typed.items()}, Policy)
    if form.value and APPLY in typed:
        await no_show.set_policy(actor=request.user, station_id=station_id, policy=form.value)
        return redirect(request, f"{plan_url(station_id)}/no-show?saved=1")
    return await _policy_page(request, station_id, form, preview=EDIT not in typed)


@post(f"{PLAN}/off", opt=MANAGER, include_in_schema=False)
async def end_policy(request: Req, station_id: Id) -> Response[Any]:
    """One tap, and everybody books as they like."""
    await no_show.end_policy(actor=request.user, station_id=station_id)
    return redirect(request, f"{plan_url(station_id)}/no-show?saved=1")


async def _policy_page(
    request: Req, station_id: Id, form: Form[Policy] | None, *, preview: bool = False
) -> Response[str]:
    shown = await station_plan(station_id, request.user)
    asked = form.value if form and preview else None
    usual = shown.no_show or PROPOSED
    return page(
        request,
        "desk/plan_no_show.html",
        status=Invalid.status if form and form.errors else 200,
        plan=shown,
        url=f"{plan_url(station_id)}/no-show",
        back=plan_url(station_id),
        asked=asked,
        met=await no_show_queries.would_meet(station_id, asked or usual) if asked or shown.no_show else 0,
        typed=form.raw if form else {"misses": usual.misses, "days": usual.days},
        errors=form.errors if form else [],
        error={name: form.error(name) if form else "" for name in ("misses", "days")},
        saved="saved" in request.query_params and form is None,
    )


@get(f"{BOOKING}/missed", opt=STAFF, include_in_schema=False)
async def show_missed(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """What this booking's worker missed here lately, and the button that begins anew."""
    await desk_queries.require_here(station_id, [booking_id])
    line = await queries.desk_booking(booking_id, request.user)
    return page(
        request,
        "desk/missed.html",
        line=line,
        limit=await no_show_queries.limit_of(line.person_id, station_id),
        missed=await no_show_queries.missed_here(line.person_id, station_id),
        begun="begun" in request.query_params,
        url=f"{desk_url(station_id)}/bookings/{booking_id}",
        back=f"{desk_url(station_id)}?day={clock.local(line.starts_at).date().isoformat()}",
        service_names={kind: _(name) for kind, name in SERVICE_NAMES.items()},
    )


@post(f"{BOOKING}/begin-anew", opt=STAFF, include_in_schema=False)
async def begin_anew(request: Req, station_id: Id, booking_id: Id) -> Response[Any]:
    """What was missed so far does not count any more."""
    await desk_queries.require_here(station_id, [booking_id])
    await no_show.begin_anew(actor=request.user, booking_id=booking_id)
    return redirect(request, f"{desk_url(station_id)}/bookings/{booking_id}/missed?begun=1")


handlers: list[Any] = [show_policy, set_policy, end_policy, show_missed, begin_anew]
