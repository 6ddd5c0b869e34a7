"""Putting the demo network into the database, once."""

from __future__ import annotations

import json

from server.bookings.models import Offering
from server.bookings.slots import roll_slots
from server.db import sql
from server.demo import people
from server.demo.catalogue import Offer
from server.demo.figures import add_past_figures
from server.demo.groups import add_group
from server.demo.joining import add_drive
from server.demo.network import DESK_ID, DemoStation, network
from server.demo.no_shows import add_no_shows
from server.demo.post import add_post
from server.demo.providers import add_providers
from server.demo.reports import add_reports
from server.demo.routes import add_roads
from server.demo.unions import add_unions
from server.kit import clock
from server.kit.ids import new_id
from server.stations.saving import StationRow, save_stations
from server.stations.service import load_divisions

OFFERING_COLUMNS = (
    "id", "station_id", "region_code", "service", "minutes", "capacity", "notice_minutes", "cutoff_minutes",
    "confirm_minutes", "horizon_days", "general_days", "auto_confirm", "eligibility", "bring", "provider", "hours",
    "active", "created_at",
)  # fmt: skip


async def load_demo() -> list[str]:
    """Stations, services, slots, staff, today's bookings and the unions' year; what a visitor may sign in with.

    Whatever is there already stays as it is, so a second call is quick.
    """
    await load_divisions()
    stations = network(clock.today())
    desk_id = next(station.id for station in stations if station.external_id == DESK_ID)
    if await sql.value("SELECT count(*) FROM station WHERE demo") < len(stations):
        async with sql.transaction():
            await save_stations(map(_row, stations))
            await _add_offerings(stations)
    with people.early():
        await roll_slots()
    await add_providers(desk_id)
    await add_roads()
    await add_unions()
    accounts = people.staff(desk_id)
    await people.add_staff(accounts)
    await people.add_day(desk_id)
    await add_no_shows(desk_id)
    await add_group(desk_id)
    await add_drive(await people.reviewers())
    await add_post(await people.guest_id())
    await add_reports(stations, desk_id, await people.officer())
    await add_past_figures()
    return people.sign_ins(accounts)


def _row(station: DemoStation) -> StationRow:
    season_from, season_until = station.season or (None, None)
    return StationRow(
        id=station.id,
        external_id=station.external_id,
        kind=station.kind,
        name=station.name,
        region_code=station.region_code,
        lat=station.point.lat,
        lng=station.point.lng,
        hours=station.hours,
        facilities=station.facilities,
        parent_external_id=station.parent or None,
        address=station.address,
        landmark=station.landmark,
        phone=station.phone,
        unattended=station.unattended,
        season_from=season_from,
        season_until=season_until,
        demo=True,
    )


async def _add_offerings(stations: list[DemoStation]) -> None:
    known = set(await Offering.all().distinct().values_list("station_id", flat=True))
    now = clock.now()
    records = [
        (*_offering(station, offer), now) for station in stations if station.id not in known for offer in station.offers
    ]
    await sql.copy("offering", OFFERING_COLUMNS, records)


def _offering(station: DemoStation, offer: Offer) -> tuple[object, ...]:
    return (
        new_id(), station.id, station.region_code, offer.service, offer.minutes, offer.capacity, 30, 60, 30,
        offer.horizon_days, offer.general_days, offer.auto_confirm, offer.eligibility, offer.bring, offer.provider,
        json.dumps(offer.hours), True,
    )  # fmt: skip
