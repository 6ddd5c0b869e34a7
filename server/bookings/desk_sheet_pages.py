"""Drawing the sheet: what was asked for, the swapped parts, the answer after a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request
from litestar.response import Response

from server.bookings import desk_queries, no_show_queries, queries, waitlist_queries
from server.bookings.desk_said_pages import READY_REASONS, STATUS_LOOKS, STATUS_NAMES, Flash, undo_for
from server.bookings.desk_sheet import FOLDED_SHOWN, Trouble, make_sheet, rows_shown
from server.bookings.models import ServiceKind, Status
from server.bookings.schemas import DeskDay, DeskLine
from server.bookings.words import SERVICE_NAMES
from server.db.together import at_once
from server.edge.htmx import page, redirect, wants_fragment
from server.edge.i18n import _
from server.kit import clock
from server.kit.text import clean
from server.people.actors import Actor
from server.people.models import Role
from server.stations import route_queries

FURTHEST_DAYS = 400
NEAR_DAYS = (-1, 0, 1)


def desk_url(station_id: UUID) -> str:
    return f"/desk/{station_id}"


@dataclass(frozen=True)
class Asked:
    """Which part of the sheet is looked at; what cannot be read is as if it had not been asked."""

    day: date
    service: ServiceKind | None = None
    status: Status | None = None
    typed: str = ""

    @staticmethod
    def of(request: Request[Any, Any, Any]) -> Asked:
        """What the address asks for."""
        query = request.query_params
        services = {kind.value: kind for kind in ServiceKind}
        statuses = {status.value: status for status in Status}
        return Asked(
            _day(query.get("day", "")),
            services.get(query.get("service", "")),
            statuses.get(query.get("state", "")),
            clean(query.get("q", "")[:60]),
        )

    @property
    def query(self) -> str:
        """The query string that asks for the same again."""
        parts = {
            "day": self.day.isoformat(),
            "service": self.service or "",
            "state": self.status or "",
            "q": self.typed,
        }
        return "?" + urlencode({name: str(value) for name, value in parts.items() if value})

    def looking_for(self, typed: str) -> str:
        return replace(self, service=None, status=None, typed=typed).query

    @property
    def narrowed(self) -> bool:
        return bool(self.service or self.status or self.typed)


def _day(typed: str) -> date:
    day = clock.read_day(typed[:10])
    return day if day and abs((day - clock.today()).days) <= FURTHEST_DAYS else clock.today()


async def answer(
    request: Request[Any, Any, Any], station_id: UUID, since: datetime | None, flash: Flash | None = None
) -> Response[Any]:
    """After a step: the fresh sheet for htmx, else the page again; with the bar that takes it back."""
    if wants_fragment(request):
        return await show_sheet(request, station_id, fragment="desk", since=since, flash=flash)
    done = f"&done={as_millis(since)}" if since else ""
    return redirect(request, desk_url(station_id) + Asked.of(request).query + done)


async def show_sheet(
    request: Request[Any, Any, Any],
    station_id: UUID,
    *,
    fragment: str,
    status: int = 200,
    since: datetime | None = None,
    flash: Flash | None = None,
    trouble: Trouble | None = None,
    typed_code: str = "",
    found: Sequence[DeskLine] | None = None,
) -> Response[Any]:
    """The page of a station's day, or one of its parts; of `found` bookings alone. Raises NotFound or Forbidden."""
    seen, asked = clock.now(), Asked.of(request)
    day, looked_for, unreached, waits, stop_said = await at_once(
        queries.desk_day(station_id, asked.day, request.user),
        _looked_for(station_id, asked.typed if found is None else ""),
        desk_queries.unreached(station_id),
        waitlist_queries.counts(station_id, asked.day),
        route_queries.stop_said(station_id),
    )
    found = found if looked_for is None else looked_for
    sheet = make_sheet(
        day,
        service=asked.service,
        status=asked.status,
        found=found,
        trouble=trouble,
        missed=await _missed(day, found or []),
    )
    since = since or _since(request)
    acts = await desk_queries.recent_acts(station_id, request.user, since) if since and not trouble else []
    return page(
        request,
        "desk/sheet.html",
        fragment=fragment,
        status=status,
        station_id=station_id,
        station_name=day.station_name,
        sheet=sheet,
        rows_shown=rows_shown(len(sheet.groups), narrowed=asked.narrowed),
        seen=as_millis(seen),
        flash=flash,
        undo=undo_for(acts),
        unreached=unreached,
        waits=waits,
        manager=request.user.may(Role.MANAGER, station_id=station_id, region_code=day.region_code),
        stop_said=stop_said,
        several_stations=_has_several_stations(request.user),
        typed_code=typed_code,
        **_ways(station_id, asked),
        **_words(),
    )


def _ways(station_id: UUID, asked: Asked) -> dict[str, Any]:
    """What is shown, and where one goes from there."""
    return {
        "desk_url": desk_url(station_id),
        "asked": asked,
        "query": asked.query,
        "day_before": asked.day - timedelta(days=1),
        "day_after": asked.day + timedelta(days=1),
        "near_days": [clock.today() + timedelta(days=n) for n in NEAR_DAYS],
        "folded_shown": FOLDED_SHOWN,
    }


async def _looked_for(station_id: UUID, typed: str) -> list[DeskLine] | None:
    """The bookings that were asked for by what was typed; None where nothing was."""
    return await desk_queries.find_lines(station_id, typed) if typed else None


async def _missed(day: DeskDay, found: Sequence[DeskLine]) -> dict[UUID, int]:
    """Who of the sheet has one open booking at a time; nothing is asked where the station limits nobody."""
    if not day.limits:
        return {}
    people = {line.person_id for line in (*day.awaiting, *day.lines, *found)}
    return await no_show_queries.limited_of(day.station_id, list(people))


def _has_several_stations(staff: Actor) -> bool:
    return len(staff.grants) > 1 or any(grant.region_code is not None for grant in staff.grants)


def _words() -> dict[str, Any]:
    """What reasons, services and states are called, and the choices of the filters."""
    return {
        "ready_reasons": READY_REASONS,
        "ready_words": {reason: _(reason) for reason in READY_REASONS},
        "service_names": SERVICE_NAMES,
        "status_names": STATUS_NAMES,
        "status_looks": STATUS_LOOKS,
        "service_choices": [("", _("全部")), *((kind, _(name)) for kind, name in SERVICE_NAMES.items())],
        "state_choices": [("", _("全部")), *((state, _(name)) for state, name in STATUS_NAMES.items())],
    }


def _since(request: Request[Any, Any, Any]) -> datetime | None:
    """When the step was done that the page came back from; only its last minute is ever looked at."""
    return None if wants_fragment(request) else read_instant(request.query_params.get("done", ""))


def as_millis(instant: datetime) -> int:
    """An instant as addresses carry it."""
    return int(instant.timestamp() * 1000)


def read_instant(millis: str) -> datetime | None:
    """The instant that an address carries; None for anything else."""
    readable = millis.isascii() and millis.isdigit() and len(millis) <= len("1800000000000")
    return datetime.fromtimestamp(int(millis) / 1000, UTC) if readable else None
