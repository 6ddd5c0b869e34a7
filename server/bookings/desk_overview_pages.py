"""The desk's week and month: how booked each day is; a day leads to its sheet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.desk_overview import Overview, Reach, overview, span_of
from server.bookings.desk_sheet import NEARLY_FULL
from server.bookings.desk_sheet_pages import Asked, desk_url
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.edge.i18n import _
from server.kit import clock

Req = Request[Any, Any, Any]
STAFF = allow(Audience.STAFF)


@get("/desk/{station_id:uuid}/week", opt=STAFF, include_in_schema=False)
async def show_week(request: Req, station_id: FromPath[UUID]) -> Response[str]:
    return await _show(request, station_id, "week")


@get("/desk/{station_id:uuid}/month", opt=STAFF, include_in_schema=False)
async def show_month(request: Req, station_id: FromPath[UUID]) -> Response[str]:
    return await _show(request, station_id, "month")


async def _show(request: Req, station_id: UUID, reach: Reach) -> Response[str]:
    asked = Asked.of(request)
    found = await overview(station_id, asked.day, reach, request.user, asked.service)
    first, after = span_of(asked.day, reach)
    return page(
        request,
        "desk/overview.html",
        found=found,
        reach=reach,
        asked=asked,
        first=first,
        last=after - timedelta(days=1),
        desk_url=desk_url(station_id),
        before=_address(station_id, reach, first - timedelta(days=1), asked),
        next=_address(station_id, reach, after, asked),
        now=_address(station_id, reach, clock.today(), asked),
        reaches=[(one, _address(station_id, one, asked.day, asked)) for one in ("week", "month")],
        weeks=_weeks(found) if reach == "month" else [],
        today=clock.today(),
        nearly_full=NEARLY_FULL,
        service_names=SERVICE_NAMES,
        service_choices=[("", _("全部")), *((kind, _(name)) for kind, name in SERVICE_NAMES.items())],
    )


def _address(station_id: UUID, reach: Reach, day: date, asked: Asked) -> str:
    service = f"&service={asked.service}" if asked.service else ""
    return f"{desk_url(station_id)}/{reach}?day={day.isoformat()}{service}"


def _weeks(found: Overview) -> list[list[Any]]:
    """The days of a month in rows from Monday to Sunday, with gaps where another month is."""
    days: list[Any] = [None] * found.days[0].day.weekday() + list(found.days)
    days += [None] * (-len(days) % 7)
    return [days[at : at + 7] for at in range(0, len(days), 7)]


handlers: list[Any] = [show_week, show_month]
