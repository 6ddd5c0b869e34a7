"""Progress of the drive as pages and files, for reviewers, officers and auditors: numbers, no names."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Request, get
from litestar.response import Response, Stream

from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.edge.i18n import _
from server.kit import charts, clock
from server.kit.speech import say_month, say_number, say_year_month
from server.kit.text import N_
from server.membership.progress import Progress, Range, progress
from server.membership.progress_files import book, month_lines, union_lines

Req = Request[Any, Any, Any]
READERS = allow(Audience.REVIEWER, Audience.OFFICER, Audience.AUDITOR)
URL = "/review/progress"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
RANGE_NAMES = {Range.MONTHS: N_("近 13 个月"), Range.YEAR: N_("今年以来")}
MOST_BARS = 20


async def _figures(request: Req) -> Progress:
    """Of the union and the time in the address; anything else than a range shows the last months."""
    asked = request.query_params.get("range", "")
    reach = Range(asked) if asked in set(Range) else Range.MONTHS
    return await progress(request.user, union_code=request.query_params.get("union", ""), reach=reach)


@get(URL, opt=READERS, include_in_schema=False)
async def show_progress(request: Req) -> Response[str]:
    """Figures, bars by union, columns by month, and the tables behind them."""
    figures = await _figures(request)
    flows = [line.flow for line in figures.months]
    steps = [[flow.applications for flow in flows], [flow.approvals for flow in flows]]
    members = [line.members for line in figures.months]
    step_scale = charts.scale_for([value for values in steps for value in values])
    return page(
        request,
        "review/progress.html",
        figures=figures,
        total=figures.total,
        flow=figures.total.flow,
        bars=[line for line in figures.unions if not line.is_own][:MOST_BARS],
        ranges=[(reach.value, _(name)) for reach, name in RANGE_NAMES.items()],
        range_name=_(RANGE_NAMES[figures.range]),
        here=figures.union.code if figures.union else "",
        share=charts.share,
        labels=_labels([line.month for line in figures.months]),
        middles=charts.middles(len(members)),
        step_scale=step_scale,
        step_columns=charts.columns(steps, step_scale),
        steps_said=_steps_said(figures),
        member_chart=_member_chart(figures, members),
        members_said=_members_said(figures),
        today=clock.today(),
    )


def _labels(months: list[date]) -> list[str]:
    """Months by name, and a year where it begins."""
    return [str(month.year) if month.month == 1 and len(months) > 1 else say_month(month) for month in months]


def _member_chart(figures: Progress, members: list[int]) -> dict[str, Any]:
    """A line of members; the target is drawn where it is near enough to be told from the frame."""
    scale = charts.scale_for([*members, figures.total.target])
    return {
        "scale": scale,
        "line": charts.line(members, scale),
        "target_y": scale.y(figures.total.target) if figures.total.target else None,
        "last_y": scale.y(members[-1]),
    }


def _steps_said(figures: Progress) -> str:
    """The chart of applications for whoever cannot see it."""
    flow = figures.total.flow
    best = max(figures.months, key=lambda line: line.flow.approvals)
    return _(
        "每个月的申请和通过。一共申请 %(applications)s 份，通过 %(approvals)s 份；%(month)s通过最多，有 %(most)s 份。"
        "每个月的数在下面的表里。",
        applications=say_number(flow.applications),
        approvals=say_number(flow.approvals),
        month=say_year_month(best.month),
        most=say_number(best.flow.approvals),
    )


def _members_said(figures: Progress) -> str:
    first, last = figures.months[0], figures.months[-1]
    return _(
        "每个月底的会员人数，从 %(first)s 人到现在 %(last)s 人。每个月的数在下面的表里。",
        first=say_number(first.members),
        last=say_number(last.members),
    )


@get(f"{URL}/unions.csv", opt=READERS, include_in_schema=False)
async def unions_csv(request: Req) -> Stream:
    return Stream(union_lines(await _figures(request)), media_type=CSV, headers=_file("progress-unions", "csv"))


@get(f"{URL}/months.csv", opt=READERS, include_in_schema=False)
async def months_csv(request: Req) -> Stream:
    return Stream(month_lines(await _figures(request)), media_type=CSV, headers=_file("progress-months", "csv"))


@get(f"{URL}/progress.xlsx", opt=READERS, include_in_schema=False)
async def progress_xlsx(request: Req) -> Response[bytes]:
    """Both tables, a sheet each."""
    content = book(await _figures(request))
    return Response(content, media_type=XLSX, headers=_file("progress", "xlsx"))


def _file(name: str, ending: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}-{clock.today().isoformat()}.{ending}"',
        "Cache-Control": "private, no-store",
    }


handlers = [show_progress, unions_csv, months_csv, progress_xlsx]
