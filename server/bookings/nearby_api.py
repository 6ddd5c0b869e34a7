"""Stations for other programs: the same search as the pages, as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Response
from msgspec import Meta

from server.bookings.models import Eligibility, ServiceKind
from server.bookings.nearby import find_nearby, find_station
from server.bookings.nearby_form import SearchForm
from server.bookings.nearby_schemas import (
    KEPT,
    PAGE,
    Card,
    DayLine,
    Found,
    Hit,
    Mark,
    Nearby,
    ServiceLine,
    turn_of,
)
from server.edge.access import Audience, allow
from server.edge.etag import with_etag
from server.edge.openapi import problems
from server.errors import Invalid
from server.kit import clock
from server.kit.geo import Datum, bearing, distance_m
from server.kit.shelf import Pieces, Shelf, pieces_of
from server.stations.errors import (
    CursorUnusable,
    DivisionNotFound,
    NowhereToSearch,
    PositionIncomplete,
    PositionUnusable,
    StationNotFound,
)
from server.stations.models import Facility, StationKind

UNPLACED = b'"distance_m":null,"direction":null}'
DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
SHARED = "public, max-age=30"
PRIVATE = "private, no-cache"


def example(value: Any, description: str) -> Meta:
    """How a field reads in the documentation."""
    return Meta(description=description, extra_json_schema={"examples": [value]})


class Opening(msgspec.Struct, frozen=True):
    """Whether it is open now; `until` is null for a door that never closes, `opens` where that is unknown."""

    is_open: Annotated[bool, example(value=True, description="open at this moment")]
    until: datetime | None
    opens: datetime | None


class ServiceItem(msgspec.Struct, frozen=True):
    """A service and its next free time."""

    offering_id: UUID
    service: ServiceKind
    minutes: Annotated[int, example(30, "how long it takes")]
    eligibility: Eligibility
    auto_confirm: Annotated[bool, example(value=True, description="false: staff answer first")]
    next_free_at: Annotated[datetime | None, example("2027-01-18T15:00:00+08:00", "null: none within the horizon")]
    places: int | None
    bookable_by_you: Annotated[bool, example(value=True, description="false: members only, or members first")]


class StationItem(msgspec.Struct, frozen=True):
    """A station in a list. Position is WGS-84."""

    id: UUID
    name: Annotated[str, example("青秀区凤岭园区职工之家", "as on the sign")]
    kind: StationKind
    region_code: Annotated[int, example(450103, "GB/T 2260")]
    address: str
    landmark: str
    phone: str
    lat: Annotated[float, example(22.8170, "degrees north")]
    lng: Annotated[float, example(108.3665, "degrees east")]
    facilities: list[Facility]
    unattended: bool
    season_from: date | None
    season_until: date | None
    demo: bool
    version: int
    updated_at: datetime
    opening: Opening
    services: list[ServiceItem]
    distance_m: Annotated[int | None, example(1240, "great-circle distance; null without an origin")] = None
    direction: Annotated[str | None, example("NE", "from the origin, one of eight")] = None


class StationList(msgspec.Struct, frozen=True):
    """A page of stations, nearest first. `next` is the value of `after` for the following page."""

    items: list[StationItem]
    found: Annotated[Found, example("exact", "how generous the search was: written, by sound, nearly, or wider")]
    next: str | None = None


class StationDetail(StationItem, frozen=True, kw_only=True):
    """A station with its week: eight lists of [opens, closes] in minutes (Monday … Sunday, public holiday)."""

    hours: Annotated[list[list[list[int]]], example([[[540, 720]]] * 8, "minutes since midnight in China")]
    days: list[DayLine]
    retired_at: datetime | None


@get(
    "/api/v1/stations",
    opt=allow(Audience.VISITOR),
    tags=["stations"],
    operation_id="listStations",
    summary="Stations near a position, in a division, or by text",
    responses=problems(
        Invalid, DivisionNotFound, PositionUnusable, PositionIncomplete, CursorUnusable, NowhereToSearch
    ),
)
async def list_stations(
    request: Request[Any, Any, Any],
    *,
    lat: Annotated[float | None, QueryParameter(description="degrees north")] = None,
    lng: Annotated[float | None, QueryParameter(description="degrees east")] = None,
    datum: Annotated[Datum, QueryParameter(description="of lat and lng: GPS, Chinese maps, Baidu")] = "wgs84",
    region: Annotated[int | None, QueryParameter(description="GB/T 2260 code; its subtree is searched")] = None,
    q: Annotated[str, QueryParameter(max_length=60, description="name, district, landmark, pinyin, service")] = "",
    service: Annotated[list[ServiceKind] | None, QueryParameter(max_items=20)] = None,
    kind: Annotated[list[StationKind] | None, QueryParameter(max_items=20)] = None,
    facility: Annotated[list[Facility] | None, QueryParameter(max_items=20, description="all of them")] = None,
    open_now: Annotated[bool, QueryParameter(name="open", description="open at this moment")] = False,
    after: Annotated[str, QueryParameter(max_length=120, description="`next` of the page before")] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = PAGE,
) -> Response[StationList]:
    asked = SearchForm(
        lat=lat, lng=lng, datum=datum, region=region, q=q, service=service or [], kind=kind or [],
        facility=facility or [], open=open_now, after=after,
    )  # fmt: skip
    found = await find_nearby(asked.search(limit=limit), request.user)
    if found is None:
        raise NowhereToSearch
    today, minute = clock.today(), clock.minute_of_day(clock.now())
    items = [_placed(hit, found, today, minute) for hit in found.hits]
    return _answer(request, _Page(items, found.way, found.more or None))


@get(
    "/api/v1/stations/{station_id:uuid}",
    opt=allow(Audience.VISITOR),
    tags=["stations"],
    operation_id="showStation",
    summary="One station with its hours and services; a retired one too",
    responses=problems(StationNotFound),
)
async def show_station(request: Request[Any, Any, Any], station_id: FromPath[UUID]) -> Response[StationDetail]:
    card = await find_station(station_id, request.user)
    more = {"hours": card.hours, "days": card.days, "retired_at": card.retired_at}
    return _answer(request, msgspec.convert(_fields(card) | more, StationDetail))


class _Page(msgspec.Struct):
    """A StationList whose items are written already."""

    items: list[msgspec.Raw]
    found: Found
    next: str | None


def _placed(hit: Hit, found: Nearby, today: date, minute: int) -> msgspec.Raw:
    """A station as JSON, with its way from the origin."""
    mark = hit.mark
    turn = turn_of(hit, mark, today, minute)
    item = b"".join(_items.get((mark, today, turn)) or _items.put((mark, today, turn), _item(hit)))
    if found.origin is None:
        return msgspec.Raw(item + UNPLACED)
    metres, way = round(distance_m(found.origin, hit.point)), DIRECTIONS[bearing(found.origin, hit.point)]
    return msgspec.Raw(item + b'"distance_m":%d,"direction":"%s"}' % (metres, way.encode()))


# What a card says of opening holds until the station opens or closes.
_items: Shelf[tuple[Mark, date, int], Pieces] = Shelf(KEPT)


def _item(hit: Hit) -> Pieces:
    """A StationItem as JSON up to its distance."""
    item = msgspec.convert(_fields(hit.card), StationItem)
    return pieces_of(msgspec.json.encode(item).removesuffix(UNPLACED))


def _fields(card: Card) -> dict[str, Any]:
    fields = {name: getattr(card, name) for name in StationItem.__struct_fields__ if hasattr(card, name)}
    state = card.opening()
    fields["opening"] = Opening(state.is_open, state.until, state.opens)
    fields["services"] = [_service(line) for line in card.services]
    return fields


def _service(line: ServiceLine) -> ServiceItem:
    return ServiceItem(
        offering_id=line.id,
        service=line.service,
        minutes=line.minutes,
        eligibility=line.eligibility,
        auto_confirm=line.auto_confirm,
        next_free_at=line.starts_at,
        places=line.places,
        bookable_by_you=line.for_me,
    )


def _answer(request: Request[Any, Any, Any], content: Any) -> Response[Any]:
    body = msgspec.json.encode(content)
    cache = SHARED if request.user.kind == "visitor" else PRIVATE
    headers = {"Cache-Control": cache, "Vary": "Cookie, Authorization"}
    return with_etag(request, body, Response(body, media_type="application/json", headers=headers))


handlers = [list_stations, show_station]
