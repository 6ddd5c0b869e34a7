"""Two roads home in the demo, open all the year so that they can be looked at; kilometres are rough."""

from __future__ import annotations

from datetime import timedelta

from server.db import sql
from server.demo.network import season
from server.kit import clock
from server.kit.ids import new_id
from server.stations.models import Route, RouteStop, Station

GUANGXI = 450000
ROADS = {
    ("肇庆回梧州、贺州", "321 国道、207 国道"): (
        ("demo-warm-441202", 0.0),
        ("demo-441226-rest_stop", 75.0),
        ("demo-441225-rest_stop", 130.0),
        ("demo-warm-450403", 180.0),
        ("demo-warm-451102", 340.0),
    ),
    ("梧州回玉林", "241 国道"): (
        ("demo-warm-450403", 0.0),
        ("demo-450481-rest_stop", 75.0),
        ("demo-450921-rest_stop", 130.0),
        ("demo-warm-450902", 190.0),
    ),
}
FULL = "demo-441226-rest_stop"


async def add_roads() -> None:
    """Add the roads that are not there yet; one of their stops is full today."""
    today = clock.today()
    for (name, road), stops in ROADS.items():
        if await Route.exists(name=name, demo=True):
            continue
        ids = dict(await Station.filter(external_id__in=[stop for stop, _ in stops]).values_list("external_id", "id"))
        async with sql.transaction():
            made = await Route.create(
                name=name,
                road=road,
                region_code=GUANGXI,
                opens_on=today - timedelta(days=7),
                closes_on=season(today)[1],
                demo=True,
            )
            await RouteStop.bulk_create(
                [RouteStop(id=new_id(), route_id=made.id, station_id=ids[stop], km=km) for stop, km in stops]
            )
    await Station.filter(external_id=FULL).update(full_since=clock.now())
