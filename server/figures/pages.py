"""Figures of a station, and of a region with all below it, as pages and files: numbers, no names."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response, Stream

from server.bookings.models import ServiceKind
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.edge.i18n import _, ngettext
from server.figures import maps, queries, scopes
from server.figures.chart_pages import charts_of, labels_of
from server.figures.files import chunks, csv_lines, xlsx_file
from server.figures.periods import Period, Span, span_of
from server.figures.queries import Figures, Line, Place
from server.figures.sums import Sums
from server.kit import charts, clock
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
        self.since, self.until = clock.read_day(query.get("from", "")), clock.read_day(query.get("until", ""))
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
    """A station by its name; several that lie together by the district of the busiest, and how many they are."""
    name = place.name
    if place.stations > 1:
        district = divisions.find_place(place.region_code)
        name = ngettext("%(place)s %(num)d 个站点", "%(place)s %(num)d 个站点", place.stations) % {
            "place": district.short if district else "",
            "num": place.stations,
        }
    return maps.Spot(name, place.lat, place.lng, place.sums.people)


def _division_spots(sums: dict[int, Sums]) -> list[maps.Spot]:
    found = ((divisions.find_place(code), one) for code, one in sums.items())
    return [maps.Spot(place.short, place.centre.lat, place.centre.lng, one.people) for place, one in found if place]


def _shown(figures: Figures, asked: Asked, url: str, extra: str = "") -> dict[str, Any]:
    """What both pages show: key numbers, charts with their tables, services, occupations, links."""
    steps = list(figures.steps.items())
    labels = labels_of(steps, asked.span)

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
        "labels": labels,
        "charts": charts_of(steps, asked.span, figures.total),
        "middles": charts.middles(len(labels)),
        "services": sorted(figures.services.items(), key=lambda item: -item[1].people),
        "share": charts.share,
    }


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
