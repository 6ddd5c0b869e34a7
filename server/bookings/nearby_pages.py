"""The worker's way in: stations nearby, and one station with everything to be had there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec
import segno
from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.models import ServiceKind
from server.bookings.nearby import find_nearby, find_station
from server.bookings.nearby_form import SearchForm
from server.bookings.nearby_list_pages import draw_cards, words
from server.bookings.nearby_schemas import Card, Nearby, Search
from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.etag import with_etag
from server.edge.forms import FieldError, read_query
from server.edge.htmx import page
from server.edge.i18n import _
from server.errors import AppError
from server.kit import clock
from server.kit.calendar import is_holiday, is_worked_weekend
from server.reports.queries import broken_at
from server.reports.words import broken_words
from server.stations.divisions import find_place
from server.stations.photos import photos_of
from server.stations.route_queries import any_road_ahead
from server.stations.ways import map_tiles, ways_to

TILES = (
    ServiceKind.HAIRCUT,
    ServiceKind.HEALTH_CHECK,
    ServiceKind.LEGAL_ADVICE,
    ServiceKind.FREE_CLINIC,
    ServiceKind.HOT_MEAL,
    ServiceKind.FILM,
    ServiceKind.VEHICLE_REPAIR,
    ServiceKind.JOB_ADVICE,
    ServiceKind.COUNSELLING,
    ServiceKind.LECTURE,
    ServiceKind.TICKET_HELP,
)
WEEK = 7
NEAREST_INSTEAD = 3
A_DAY = "public, max-age=86400"
UNPROCESSABLE = 422
GONE = 410


@dataclass(frozen=True)
class DayRow:
    """A line of the week's hours, and what is special about the day."""

    day: date
    ranges: Any
    reason: str
    holiday: bool
    worked_weekend: bool


@get(["/", "/stations"], opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_nearby(request: Request[Any, Any, Any]) -> Response[str]:
    """Home and results are one page; with nothing asked it says what can be asked."""
    form = read_query(request, SearchForm)
    asked = form.value or SearchForm()
    errors = form.errors
    found: Nearby | None = None
    if form.value:
        try:
            found = await find_nearby(form.value.search(), request.user)
        except AppError as error:
            errors = [FieldError("", _(error.text, **error.params))]
            asked = msgspec.structs.replace(asked, lat=None, lng=None, region=None)
    return page(
        request,
        "stations/nearby.html",
        fragment="results",
        status=UNPROCESSABLE if errors else 200,
        ask=asked,
        asked=asked.pairs(),
        errors=errors,
        found=found,
        shown=draw_cards(request.app.state.templates, found) if found else [],
        more_url=asked.url(after=found.more) if found and found.more else "",
        tiles=TILES,
        roads_ahead=not found and not errors and await any_road_ahead(),
        **words(),
    )


@get("/stations/{station_id:uuid}", opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_station(request: Request[Any, Any, Any], station_id: FromPath[UUID]) -> Response[Any]:
    """Everything about one station; a retired one leads to its neighbours."""
    card = await find_station(station_id, request.user)
    if card.retired_at:
        return await _show_retired(request, card)
    wants_map = "map" in request.query_params
    photos, broken = await at_once(photos_of(station_id), broken_at(station_id))
    response = page(
        request,
        "stations/station.html",
        fragment="map" if wants_map else None,
        card=card,
        place=find_place(card.region_code),
        week=_week(card),
        photos=photos,
        broken=broken_words(broken),
        ways=ways_to(card.point, card.name),
        tiles=map_tiles(card.point, request.app.state.settings.tile_url) if wants_map else None,
        **words(),
    )
    return with_etag(request, response.content.encode(), response) if request.user.kind == "visitor" else response


async def _show_retired(request: Request[Any, Any, Any], card: Card) -> Response[str]:
    found = await find_nearby(Search(position=card.point, limit=NEAREST_INSTEAD), request.user)
    return page(
        request,
        "stations/retired.html",
        status=GONE,
        card=card,
        shown=draw_cards(request.app.state.templates, found, limit=2, level=3) if found else [],
        all_url=SearchForm(lat=round(card.lat, 5), lng=round(card.lng, 5)).url(),
        **words(),
    )


@get("/stations/{station_id:uuid}/qr.svg", opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_station_qr(request: Request[Any, Any, Any], station_id: FromPath[UUID]) -> Response[bytes]:
    """The station page's address as a QR code to print or to show."""
    out = BytesIO()
    address = f"{request.app.state.settings.base_url}/stations/{station_id}"
    segno.make(address, error="m").save(out, kind="svg", scale=8, border=2, xmldecl=False)
    return Response(out.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": A_DAY})


def _week(card: Card) -> list[DayRow]:
    rows = []
    first = max(clock.today(), card.season_from or clock.today())
    for day in (first + timedelta(days=n) for n in range(WEEK)):
        special = card.special(day)
        reason = special.reason if special else ""
        rows.append(DayRow(day, card.ranges(day), reason, is_holiday(day), is_worked_weekend(day)))
    return rows


handlers = [show_nearby, show_station, show_station_qr]
