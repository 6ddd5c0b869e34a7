"""Roads home and their stops: officers keep them, the staff of a stop say whether anybody more fits in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from server.audit import service as audit
from server.db import sql
from server.errors import Invalid, NotFound
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_id
from server.kit.text import N_
from server.people.actors import Actor
from server.people.models import Role
from server.stations.errors import StationNotFound
from server.stations.models import Route, RouteStop
from server.stations.route_rules import guessed_km

BACKWARDS = N_("结束的日子要在开始的后面。")
NOT_YOURS = N_("这个地区不归您管，请选自己管的地区。")
NO_STATION = N_("没有找到这个站点，请写站点编号或者全名。")
SEVERAL = N_("有好几个站点叫这个名字，请写站点编号。")
MOST_STOPS = 40
FULL_ROAD = N_("一条路线最多 40 个站点。")
FIND = "SELECT id, lat, lng FROM station WHERE retired_at IS NULL AND (external_id = $1 OR name = $1) LIMIT 2"


class RouteTerms(msgspec.Struct, frozen=True):
    """What officers decide about a road."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    region_code: int
    opens_on: date
    closes_on: date
    road: Annotated[str, Meta(max_length=120)] = ""


async def create_route(*, actor: Actor, terms: RouteTerms) -> UUID:
    """A road without stops yet. Raises Invalid."""
    _require_sane(actor, terms)
    async with sql.transaction():
        made = await Route.create(**asdict(terms))
        await _record(actor, "route.created", made)
    return made.id


async def change_route(*, actor: Actor, route_id: UUID, terms: RouteTerms) -> None:
    """Another name, road, region or season. Raises NotFound, Forbidden, Invalid."""
    async with sql.transaction():
        route = await kept_route(actor, route_id)
        _require_sane(actor, terms)
        await Route.filter(id=route_id).update(**asdict(terms))
        await _record(actor, "route.changed", route)


async def add_stop(*, actor: Actor, route_id: UUID, station: str, km: float | None) -> None:
    """One more stop, by the station's number or full name; without `km` it is guessed behind the last one.

    A station that stops there already is moved. Raises NotFound, Forbidden, Invalid.
    """
    async with sql.transaction():
        route = await kept_route(actor, route_id)
        found = await sql.rows(FIND, station)
        if len(found) != 1:
            raise Invalid(SEVERAL if found else NO_STATION, field="station")
        stops = await sql.rows(
            """SELECT r.km, s.lat, s.lng FROM route_stop r JOIN station s ON s.id = r.station_id
            WHERE r.route_id = $1 ORDER BY r.km DESC LIMIT $2""",
            route_id,
            MOST_STOPS,
        )
        if len(stops) == MOST_STOPS:
            raise Invalid(FULL_ROAD, field="station")
        if km is None:
            here, last = found[0], stops[0] if stops else None
            point = Point(here["lat"], here["lng"])
            km = guessed_km(Point(last["lat"], last["lng"]), last["km"], point) if last else 0.0
        await sql.run(
            """INSERT INTO route_stop (id, route_id, station_id, km) VALUES ($1, $2, $3, $4)
            ON CONFLICT (route_id, station_id) DO UPDATE SET km = excluded.km""",
            new_id(),
            route_id,
            found[0]["id"],
            km,
        )
        await _record(actor, "route.changed", route)


async def change_stop(*, actor: Actor, route_id: UUID, station_id: UUID, km: float | None) -> None:
    """Another place along the road, which is its place in the order; None takes it off. Raises NotFound, Forbidden."""
    async with sql.transaction():
        route = await kept_route(actor, route_id)
        stop = RouteStop.filter(route_id=route_id, station_id=station_id)
        if not await (stop.delete() if km is None else stop.update(km=km)):
            raise NotFound
        await _record(actor, "route.changed", route)


async def say_full(*, actor: Actor, station_id: UUID, full: bool) -> None:
    """Nobody more fits in today, or somebody does again. Raises StationNotFound, Forbidden."""
    async with sql.transaction():
        region = await sql.value("SELECT region_code FROM station WHERE id = $1 FOR NO KEY UPDATE", station_id)
        if region is None:
            raise StationNotFound
        actor.require(Role.STAFF, station_id=station_id, region_code=region)
        since = clock.now() if full else None
        await sql.run("UPDATE station SET full_since = $2 WHERE id = $1", station_id, since)
        action = "station.full" if full else "station.open_again"
        await audit.record(
            actor.kind, actor.id, action, subject_kind="station", subject_id=str(station_id), region_code=region
        )


async def kept_route(actor: Actor, route_id: UUID) -> Route:
    """A road that this officer keeps, locked where a transaction is open. Raises NotFound, Forbidden."""
    route = await Route.get_or_none(id=route_id)
    if route is None:
        raise NotFound
    actor.require(Role.OFFICER, region_code=route.region_code)
    return route


def _require_sane(actor: Actor, terms: RouteTerms) -> None:
    if terms.closes_on < terms.opens_on:
        raise Invalid(BACKWARDS, field="closes_on")
    if not actor.may(Role.OFFICER, region_code=terms.region_code):
        raise Invalid(NOT_YOURS, field="region_code")


async def _record(actor: Actor, action: str, route: Any) -> None:
    await audit.record(
        actor.kind, actor.id, action, subject_kind="route", subject_id=str(route.id), region_code=route.region_code
    )
