"""Figures of a station, and of a region with all below it, as pages and files: numbers, no names."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response, Stream

from server.bookings.models import ServiceKind
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.edge.i18n import _
from server.figures import maps, queries, scopes
from server.figures.files import chunks, csv_lines, xlsx_file
from server.figures.periods import Period, Span, span_of
from server.figures.queries import Figures, Line, Place
from server.figures.sums import Sums
from server.kit import charts, clock
from server.kit.speech import say_month, say_month_day, say_number
from server.kit.text import N_
from server.stations import divisions
from server.visits.words import OCCUPATION_NAMES

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
AT_STATION = allow(Audience.STAFF, Audience.AUDITOR)
OF_REGION = allow(Audience.OFFICER, Audience.AUDITOR)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
STATION_URL, REGION_URL = "/desk/{station_id:uuid}/figures", "/figures"
PERIODS = {
    Period.DAYS: N_("近 30 天"),
    Period.WEEK: N_("本周"),
    Period.MONTH: N_("本月"),
    Period.QUARTER: N_("本季度"),
    Period.YEAR: N_("今年"),
}
STATIONS_SHOWN = 30
DIVISION = re.compile(r"[0-9]{6}")


class Asked:
    """What the address asks for; what cannot be read counts as not asked."""

    def __init__(self, request: Req) -> None:
        query = request.query_params
        self.since, self.until = _day(query.get("from", "")), _day(query.get("until", ""))
        period = query.get("period", "")
        own = Period.OWN if self.since or self.until else Period.DAYS
        self.period = Period(period) if period in set(PERIODS) else own
        service = query.get("service", "")
        self.service = service if service in set(ServiceKind) else ""
        self.span: Span = span_of(self.period, clock.today(), self.since, self.until)

    def query(self, **more: str) -> str:
        """The same question as a query string, with something changed."""
        asked = {"period": self.period.value, "service": self.service}
        if self.period is Period.OWN:
            asked = {"from": self.span.since.isoformat(), "until": self.span.until.isoformat(), "service": self.service}
        if "period" in more:
            asked = {"service": self.service}
        return "&".join(f"{name}={value}" for name, value in (asked | more).items() if value)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


@get(STATION_URL, opt=AT_STATION, include_in_schema=False)
async def show_station(request: Req, station_id: Id) -> Response[str]:
    """One station up to this minute."""
    asked = Asked(request)
    station = await queries.station_of(request.user, station_id)
    figures = await queries.station_figures(station_id, asked.span, asked.service)
    url = f"/desk/{station_id}/figures"
    return page(
        request, "figures/station.html", station=station, back=f"/desk/{station_id}", **_shown(figures, asked, url)
    )


@get(REGION_URL, opt=OF_REGION, include_in_schema=False)
async def show_region(request: Req) -> Response[str]:
    """A region with all below it, as far as days are rolled up."""
    asked = Asked(request)
    region = _region(request)
    tops = [region] if region else scopes.tops(request.user)
    below = divisions.children(region.code) if region else tops
    deeper = [place for one in below for place in divisions.children(one.code)]
    by_station = region is not None and not deeper
    codes = [place.code for place in tops]
    figures = await queries.region_figures(
        codes, [place.code for place in below], [place.code for place in deeper], asked.span, asked.service
    )
    marks: list[Place] = []
    busiest: list[Place] = []
    if by_station:
        inside = [*codes, *(place.code for place in below)]
        marks, busiest = await queries.stations_in(inside, asked.span, asked.service)
    spots = [_spot(place) for place in marks] if by_station else list(_division_spots(figures.marks or figures.below))
    lines = [(place, figures.below.get(place.code, Sums())) for place in below]
    extra = f"region={region.code}" if region else ""
    return page(
        request,
        "figures/region.html",
        region=region,
        above=scopes.above(request.user, region) if region else [],
        region_url=REGION_URL,
        below=sorted(lines, key=lambda line: -line[1].people),
        busiest=busiest[:STATIONS_SHOWN],
        map=maps.draw(spot for spot in spots if spot.people),
        **_shown(figures, asked, REGION_URL, extra),
    )


def _region(request: Req) -> divisions.Place | None:
    typed = request.query_params.get("region", "")
    return scopes.region_for(request.user, int(typed) if DIVISION.fullmatch(typed) else None)


def _spot(place: Place) -> maps.Spot:
    name = place.name if place.stations == 1 else ""
    return maps.Spot(name, place.lat, place.lng, place.sums.people)


def _division_spots(sums: dict[int, Sums]) -> list[maps.Spot]:
    found = ((divisions.find_place(code), one) for code, one in sums.items())
    return [maps.Spot(place.short, place.centre.lat, place.centre.lng, one.people) for place, one in found if place]


def _shown(figures: Figures, asked: Asked, url: str, extra: str = "") -> dict[str, Any]:
    """What both pages show: key numbers, the chart with its table, services, occupations, links."""
    steps = list(figures.steps.items())
    series = [[sums.served for _day, sums in steps], [sums.walk_in_served for _day, sums in steps]]
    scale = charts.scale_for([value for values in series for value in values])
    labels = [_label(day, asked.span) for day, _sums in steps]

    def address(**more: str) -> str:
        query = "&".join(part for part in (extra, asked.query(**more)) if part)
        return f"{url}?{query}"

    return {
        "asked": asked,
        "figures": figures,
        "total": figures.total,
        "address": address,
        "url": url,
        "extra": extra.partition("=")[2],
        "file": lambda ending: address().replace(url, f"{url}.{ending}", 1),
        "periods": [(period.value, _(name)) for period, name in PERIODS.items()],
        "service_names": {kind: _(name) for kind, name in SERVICE_NAMES.items()},
        "occupation_names": {kind: _(name) for kind, name in OCCUPATION_NAMES.items()},
        "steps": list(zip(labels, (sums for _day, sums in steps), strict=True)),
        "labels": labels,
        "scale": scale,
        "columns": charts.columns(series, scale),
        "middles": charts.middles(len(labels)),
        "chart_said": _said(figures.total),
        "services": sorted(figures.services.items(), key=lambda item: -item[1].people),
        "share": charts.share,
    }


def _label(day: date, span: Span) -> str:
    return say_month(day) if span.step == "month" else say_month_day(day)


def _said(total: Sums) -> str:
    """The chart for whoever cannot see it."""
    return _(
        "办完的人次：约了来的 %(booked)s，取号来的 %(numbers)s。每一段的数在下面的表里。",
        booked=say_number(total.served),
        numbers=say_number(total.walk_in_served),
    )


@get(STATION_URL + ".csv", opt=AT_STATION, include_in_schema=False)
async def station_csv(request: Req, station_id: Id) -> Stream:
    return _csv(await _station_lines(request, station_id))


@get(STATION_URL + ".xlsx", opt=AT_STATION, include_in_schema=False)
async def station_xlsx(request: Req, station_id: Id) -> Stream:
    return await _xlsx(await _station_lines(request, station_id))


@get(REGION_URL + ".csv", opt=OF_REGION, include_in_schema=False)
async def region_csv(request: Req) -> Stream:
    return _csv(_region_lines(request))


@get(REGION_URL + ".xlsx", opt=OF_REGION, include_in_schema=False)
async def region_xlsx(request: Req) -> Stream:
    return await _xlsx(_region_lines(request))


async def _station_lines(request: Req, station_id: UUID) -> AsyncIterator[Line]:
    asked, station = Asked(request), await queries.station_of(request.user, station_id)
    return queries.station_lines(station, asked.span, asked.service)


def _region_lines(request: Req) -> AsyncIterator[Line]:
    asked, region = Asked(request), _region(request)
    tops = [region] if region else scopes.tops(request.user)
    return queries.region_lines(scopes.with_all_below(tops), asked.span, asked.service)


def _csv(lines: AsyncIterator[Line]) -> Stream:
    return Stream(csv_lines(lines), media_type=CSV, headers=_file("csv"))


async def _xlsx(lines: AsyncIterator[Line]) -> Stream:
    return Stream(chunks(await xlsx_file(lines)), media_type=XLSX, headers=_file("xlsx"))


def _file(ending: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="figures-{clock.today().isoformat()}.{ending}"',
        "Cache-Control": "private, no-store",
    }


handlers = [show_station, show_region, station_csv, station_xlsx, region_csv, region_xlsx]
