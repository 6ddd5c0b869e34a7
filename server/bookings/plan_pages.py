"""A station's plan for its managers: weekly hours, exceptional days, and whom a change touches."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.response import Response

from server.bookings import plan
from server.bookings.desk_sheet_pages import desk_url
from server.bookings.plan_flow_pages import (
    DAY_NAMES,
    EDIT,
    MANAGER,
    STATION,
    Change,
    DaysForm,
    HoursForm,
    Id,
    Req,
    plan_url,
    preview_or_apply,
    read_typed,
    saved_counts,
)
from server.bookings.plan_queries import StationPlan, station_plan
from server.bookings.slots import Plan
from server.bookings.typed_days import CLOSED, OPEN, USUAL, read_days
from server.bookings.typed_hours import Ranges
from server.bookings.words import ELIGIBILITY_NAMES, PROVIDER_NAMES, SERVICE_NAMES
from server.edge.htmx import page
from server.edge.i18n import _
from server.kit import clock


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
        provider_names=PROVIDER_NAMES,
    )


@get(f"{STATION}/hours", opt=MANAGER, include_in_schema=False)
async def show_hours(request: Req, station_id: Id) -> Response[Any]:
    """The week as a form."""
    shown = await station_plan(station_id, request.user)
    return _hours_form(shown).show(request, shown)


@post(f"{STATION}/hours", opt=MANAGER, include_in_schema=False)
async def change_hours(request: Req, station_id: Id) -> Response[Any]:
    """Preview or apply other weekly hours."""
    shown = await station_plan(station_id, request.user)

    async def carry_out(week: list[Ranges], apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.change_hours(actor=request.user, station_id=station_id, hours=week, apply=apply)

    return await _hours_form(shown).change(request, shown, carry_out)


def _hours_form(shown: StationPlan) -> HoursForm:
    url = plan_url(shown.id)
    return HoursForm(_("每周开放时间"), _("改每周开放时间"), f"{url}/hours", url, week=shown.hours)


@get(f"{STATION}/days", opt=MANAGER, include_in_schema=False)
async def show_days(request: Req, station_id: Id) -> Response[Any]:
    """A form for days that are not as usual."""
    shown = await station_plan(station_id, request.user)
    first = clock.read_day(request.query_params.get("from", ""))
    return _days_form(station_id).page(request, shown, {"kind": CLOSED, "from": first.isoformat() if first else ""})


@post(f"{STATION}/days", opt=MANAGER, include_in_schema=False)
async def change_days(request: Req, station_id: Id) -> Response[Any]:
    """Preview or apply a closure, a special opening, or the return to the usual week."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    days, ranges, mistakes = read_days(typed)
    if mistakes or EDIT in typed:
        return _days_form(station_id).page(request, shown, typed, mistakes)

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


def _days_form(station_id: Id) -> DaysForm:
    return DaysForm(
        _("安排关门或特别开放"),
        _("来的人会看到，比如“国庆放假”“周日加开理发”。"),
        [(CLOSED, _("关门")), (OPEN, _("按特别时间开放")), (USUAL, _("恢复平时时间"))],
        f"{plan_url(station_id)}/days",
        plan_url(station_id),
    )


handlers: list[Any] = [show_plan, show_hours, change_hours, show_days, change_days]
