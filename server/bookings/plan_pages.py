"""A station's plan for its managers: weekly hours, exceptional days, and whom a change touches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.response import Response

from server.bookings import desk_queries, plan, queries
from server.bookings.desk_pages import read_reason
from server.bookings.desk_said_pages import READY_REASONS, STATUS_LOOKS, STATUS_NAMES
from server.bookings.desk_sheet import Trouble, rows_of
from server.bookings.desk_sheet_pages import desk_url
from server.bookings.plan_flow_pages import (
    DAY_NAMES,
    EDIT,
    LIKE_MONDAY,
    MANAGER,
    STATION,
    Change,
    Id,
    Req,
    at_fields,
    plan_url,
    preview_or_apply,
    read_typed,
    saved_counts,
    show_errors,
)
from server.bookings.plan_queries import StationPlan, station_plan
from server.bookings.service import cancel_booking
from server.bookings.slots import Plan
from server.bookings.typed_hours import (
    Mistake,
    Ranges,
    blank_week,
    like_monday,
    read_ranges,
    read_week,
    show_ranges,
    show_week,
)
from server.bookings.words import ELIGIBILITY_NAMES, SERVICE_NAMES
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Conflict
from server.kit import clock
from server.kit.text import N_
from server.people.models import Role

LONGEST_SPAN = 62
FURTHEST_DAYS = 365
REASON_LONGEST = 60
CLOSED, OPEN, USUAL = "closed", "open", "usual"

NO_DATE = N_("请选日期。")
PAST_DATE = N_("只能改今天和以后的日子。")
FAR_DATE = N_("最远只能安排到一年以内。")
BACKWARDS = N_("结束的日子要在开始的后面。")
LONG_SPAN = N_("一次最多安排 62 天，再长请分几次。")
NO_REASON = N_("请写明原因，来的人会看到。")
LONG_REASON = N_("原因请在 60 个字以内。")
NO_RANGES = N_("请填这几天的开放时间。")


@get(STATION, opt=MANAGER, include_in_schema=False)
async def show_plan(request: Req, station_id: Id) -> Response[Any]:
    """Hours, exceptional days and offerings at a glance."""
    shown = await station_plan(station_id, request.user)
    return page(
        request,
        "desk/plan.html",
        plan=shown,
        saved=saved_counts(request),
        url=plan_url(station_id),
        back=desk_url(station_id),
        day_names=DAY_NAMES,
        service_names=SERVICE_NAMES,
        eligibility_names=ELIGIBILITY_NAMES,
    )


@get(f"{STATION}/hours", opt=MANAGER, include_in_schema=False)
async def show_hours(request: Req, station_id: Id) -> Response[Any]:
    """The week as a form."""
    shown = await station_plan(station_id, request.user)
    return _hours_page(request, shown, show_week(shown.hours), [])


@post(f"{STATION}/hours", opt=MANAGER, include_in_schema=False)
async def change_hours(request: Req, station_id: Id) -> Response[Any]:
    """Preview or apply other weekly hours."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    if LIKE_MONDAY in typed:
        return _hours_page(request, shown, like_monday(typed), [])
    week, mistakes = read_week(typed)
    if mistakes or EDIT in typed:
        return _hours_page(request, shown, typed, mistakes)

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.change_hours(actor=request.user, station_id=station_id, hours=week, apply=apply)

    change = Change(_("改每周开放时间"), f"{plan_url(station_id)}/hours", carry_out)
    return await preview_or_apply(request, shown, change, typed)


def _hours_page(request: Req, shown: StationPlan, typed: Mapping[str, str], mistakes: list[Mistake]) -> Response[str]:
    return page(
        request,
        "desk/plan_hours.html",
        status=422 if mistakes else 200,
        plan=shown,
        title=_("每周开放时间"),
        url=f"{plan_url(shown.id)}/hours",
        back=plan_url(shown.id),
        follows=None,
        typed=blank_week() | dict(typed),
        errors=show_errors(mistakes),
        wrong=at_fields(mistakes),
        day_names=DAY_NAMES,
    )


@get(f"{STATION}/days", opt=MANAGER, include_in_schema=False)
async def show_days(request: Req, station_id: Id) -> Response[Any]:
    """A form for days that are not as usual."""
    shown = await station_plan(station_id, request.user)
    return _days_page(request, shown, {"kind": CLOSED}, [])


@post(f"{STATION}/days", opt=MANAGER, include_in_schema=False)
async def change_days(request: Req, station_id: Id) -> Response[Any]:
    """Preview or apply a closure, a special opening, or the return to the usual week."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    days, ranges, mistakes = _read_days(typed)
    if mistakes or EDIT in typed:
        return _days_page(request, shown, typed, mistakes)

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.change_days(
            actor=request.user,
            station_id=station_id,
            days=days,
            ranges=ranges,
            reason=typed.get("reason", ""),
            apply=apply,
        )

    titles = {CLOSED: _("这几天关门"), OPEN: _("这几天按特别时间开放"), USUAL: _("恢复平时的开放时间")}
    change = Change(titles[typed["kind"]], f"{plan_url(station_id)}/days", carry_out)
    return await preview_or_apply(request, shown, change, typed)


def _days_page(request: Req, shown: StationPlan, typed: Mapping[str, str], mistakes: list[Mistake]) -> Response[str]:
    blank = {"from": "", "until": "", "reason": "", "kind": CLOSED}
    return page(
        request,
        "desk/plan_days.html",
        status=422 if mistakes else 200,
        plan=shown,
        url=f"{plan_url(shown.id)}/days",
        back=plan_url(shown.id),
        typed=blank | show_ranges([]) | dict(typed),
        errors=show_errors(mistakes),
        wrong=at_fields(mistakes),
    )


def _read_days(typed: Mapping[str, str]) -> tuple[list[date], Ranges | None, list[Mistake]]:
    """The dates, their ranges (none for a closure, None for the usual week), and what is wrong with them."""
    days, mistakes = _read_span(typed)
    kind = typed.get("kind")
    if kind == USUAL:
        return days, None, mistakes
    reason = typed.get("reason", "")
    if not reason or len(reason) > REASON_LONGEST:
        mistakes.append(Mistake("reason", LONG_REASON if reason else NO_REASON))
    if kind != OPEN:
        return days, [], mistakes if kind == CLOSED else [*mistakes, Mistake("kind", NO_DATE)]
    ranges, wrong = read_ranges(typed)
    if not ranges and not wrong:
        wrong = [Mistake("r0a", NO_RANGES)]
    return days, ranges, mistakes + wrong


def _read_span(typed: Mapping[str, str]) -> tuple[list[date], list[Mistake]]:
    first = _date(typed.get("from", ""))
    last = _date(typed.get("until", "")) if typed.get("until") else first
    if first is None or last is None:
        return [], [Mistake("until" if first else "from", NO_DATE)]
    today = clock.today()
    checks = (
        (first < today, "from", PAST_DATE),
        (last < first, "until", BACKWARDS),
        (last > today + timedelta(days=FURTHEST_DAYS), "until", FAR_DATE),
        (last - first >= timedelta(days=LONGEST_SPAN), "until", LONG_SPAN),
    )
    wrong = [Mistake(field, message) for holds, field, message in checks if holds]
    if wrong:
        return [], wrong[:1]
    return [first + timedelta(days=n) for n in range((last - first).days + 1)], []


def _date(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


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
    except Conflict as refused:
        trouble = Trouble(booking_id, note=_(refused.text))
        return await _affected_page(request, station_id, trouble, status=409)
    return redirect(request, f"{plan_url(station_id)}/affected?told=1")


async def _affected_page(
    request: Req, station_id: UUID, trouble: Trouble | None = None, *, status: int = 200
) -> Response[Any]:
    shown = await station_plan(station_id, request.user)
    return page(
        request,
        "desk/plan_affected.html",
        status=status,
        plan=shown,
        rows=rows_of(await queries.affected_bookings(station_id), trouble),
        trouble=trouble,
        saved=saved_counts(request),
        told=request.query_params.get("told") == "1",
        back=plan_url(station_id),
        cancel_url=f"{plan_url(station_id)}/affected",
        ready_reasons=READY_REASONS,
        service_names=SERVICE_NAMES,
        status_names=STATUS_NAMES,
        status_looks=STATUS_LOOKS,
    )


handlers: list[Any] = [show_plan, show_hours, change_hours, show_days, change_days, show_affected, call_off]
