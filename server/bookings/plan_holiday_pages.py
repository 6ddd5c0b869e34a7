"""The statutory year of a station: which days are holidays or worked in exchange, and how it opens on each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import get, post
from litestar.response import Response

from server.bookings import plan
from server.bookings.plan_flow_pages import (
    APPLY,
    EDIT,
    MANAGER,
    STATION,
    Change,
    Id,
    Req,
    plan_url,
    preview_or_apply,
    read_typed,
    saved_counts,
)
from server.bookings.plan_queries import StationPlan, station_plan
from server.bookings.slots import Plan
from server.bookings.typed_days import CLOSED, OPEN, USUAL
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.kit import clock
from server.kit.calendar import HOLIDAY_ROW, MONDAY, StatutoryRun, row_of, statutory_year
from server.kit.text import N_
from server.stations.hours import Ranges

HOLIDAYS = f"{STATION}/holidays"
# As the notice writes them, for the catalogs.
NAMES = (N_("元旦"), N_("春节"), N_("清明"), N_("劳动节"), N_("端午"), N_("中秋"), N_("国庆节"))


@dataclass(frozen=True)
class RunRow:
    """A run of days with what holds on them: of the week, or arranged for these days."""

    run: StatutoryRun
    usual: Ranges
    arranged: Ranges | None
    mixed: bool
    past: bool

    @property
    def ranges(self) -> Ranges:
        return self.usual if self.arranged is None else self.arranged


@get(HOLIDAYS, opt=MANAGER, include_in_schema=False)
async def show_holidays(request: Req, station_id: Id) -> Response[Any]:
    """This year's holidays and worked weekends; next year's as soon as the notice names them."""
    shown = await station_plan(station_id, request.user)
    return page(
        request,
        "desk/plan_holidays.html",
        plan=shown,
        years=[(year, [_row(shown, run) for run in statutory_year(year)]) for year in _years()],
        saved=saved_counts(request),
        url=f"{plan_url(station_id)}/holidays",
        back=plan_url(station_id),
    )


def _row(shown: StationPlan, run: StatutoryRun) -> RunRow:
    arranged = [_arranged(shown, day) for day in run.days if day >= clock.today()] or [None]
    same = all(one == arranged[0] for one in arranged)
    return RunRow(
        run,
        shown.hours[row_of(run.first)],
        arranged[0] if same else None,
        mixed=not same,
        past=run.last < clock.today(),
    )


def _arranged(shown: StationPlan, day: date) -> Ranges | None:
    return next((one.ranges for one in shown.days if one.first <= day <= one.last), None)


@post(HOLIDAYS, opt=MANAGER, include_in_schema=False)
async def change_holiday(request: Req, station_id: Id) -> Response[Any]:
    """Close or open on a holiday by one tap; where somebody is booked, it is shown first."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    run = _run_of(clock.read_day(typed.get("first", "")))
    kind, url = typed.get("kind"), f"{plan_url(station_id)}/holidays"
    if run is None or kind not in (CLOSED, OPEN, USUAL) or EDIT in typed:
        return redirect(request, url)
    hours = {CLOSED: [], OPEN: shown.hours[HOLIDAY_ROW] or shown.hours[MONDAY], USUAL: None}[kind]

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.change_days(
            actor=request.user,
            station_id=station_id,
            days=[day for day in run.days if day >= clock.today()],
            ranges=hours,
            reason=run.name,
            apply=apply,
        )

    name = _(run.name)
    titles = {
        CLOSED: _("%(holiday)s关门", holiday=name),
        OPEN: _("%(holiday)s开门", holiday=name),
        USUAL: _("%(holiday)s照平时的安排", holiday=name),
    }
    change = Change(titles[kind], url, carry_out, back=url)
    if APPLY not in typed and not (await carry_out(apply=False)).affected:
        await carry_out(apply=True)
        return redirect(request, f"{url}?saved=1#d{run.first}")
    return await preview_or_apply(request, shown, change, typed)


def _run_of(first: date | None) -> StatutoryRun | None:
    """The run of the years shown that begins on a date and is not over."""
    runs = (run for year in _years() for run in statutory_year(year))
    return next((run for run in runs if run.first == first and run.last >= clock.today()), None)


def _years() -> tuple[int, int]:
    this_year = clock.today().year
    return this_year, this_year + 1


handlers: list[Any] = [show_holidays, change_holiday]
