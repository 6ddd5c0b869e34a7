"""The demo network: complete, marked, and put there once."""

from datetime import timedelta

import pytest

from server.db import sql
from server.demo import people
from server.demo.load import load_demo
from server.demo.network import DESK_ID, network
from server.kit import clock
from server.kit.geo import distance_m
from server.stations.divisions import find_place, places
from server.stations.models import StationKind

NAMED = ("深圳", "珠海", "中山", "顺德", "东莞", "惠州", "佛山", "番禺", "江门")
WARM = ("梧州", "贺州", "玉林", "百色", "桂林", "肇庆")


@pytest.fixture
def stations():
    return network(clock.today())


def test_every_county_of_guangxi_and_the_delta_has_stations(stations):
    covered = {station.region_code for station in stations}
    counties = {code for code, place in places().items() if place.level == "county"}
    guangxi = {code for code in counties if 450000 <= code < 460000}
    assert len(guangxi) == 111
    assert guangxi <= covered
    delta = {code for code in counties if code // 100 in (4401, 4403, 4404, 4406, 4407, 4412, 4413)}
    assert delta | {441900, 442000} <= covered
    assert len(stations) >= 400


def test_the_published_places_are_there(stations):
    names = " ".join(station.name for station in stations)
    assert "广西总工会驻粤农民工服务总站" in names
    assert all(f"驻{city}农民工服务站" in names for city in NAMED)
    assert all(f"{city}“暖流行动”" in names for city in WARM)
    assert "鹤山" in names
    assert "河池商会" in names


def test_stations_are_of_all_kinds_and_stand_where_they_belong(stations):
    assert {station.kind for station in stations} == set(StationKind)
    assert len({station.external_id for station in stations}) == len(stations)
    for station in stations:
        assert distance_m(station.point, find_place(station.region_code).centre) < 60_000, station.name
        assert station.address.startswith("演示地址")
        assert station.phone in ("", "12351")
    alone = [station for station in stations if station.unattended]
    assert len(alone) >= 5
    assert all(450100 <= station.region_code <= 450199 for station in alone)


def test_the_seasonal_stations_are_open_around_spring_festival(stations):
    for station in stations:
        assert (station.kind is StationKind.SEASONAL) == (station.season is not None)
        if station.season:
            first, last = station.season
            assert timedelta(days=20) < last - first < timedelta(days=60)
            assert last >= clock.today()


async def counts():
    names = (
        "station", "offering", "slot", "staff", "role_grant", "person", "booking", "booking_event", "division",
        "trade_union", "application", "member", "transfer", "membership_event", "union_month",
    )  # fmt: skip
    return {name: await sql.value(f"SELECT count(*) FROM {name}") for name in names}


@pytest.mark.usefixtures("db", "settings")
async def test_loading_fills_the_network_and_a_second_time_changes_nothing():
    lines = await load_demo()
    first = await counts()
    assert first["station"] >= 400
    assert first["slot"] > 10_000
    assert first["booking"] >= 4
    assert first["staff"] == len(lines) == len(people.staff(DESK_ID))
    assert await sql.value("SELECT count(*) FROM station WHERE NOT demo") == 0
    assert await sql.value("SELECT count(DISTINCT service) FROM offering") == 11
    assert await sql.value("SELECT count(DISTINCT eligibility) FROM offering") == 3
    await load_demo()
    assert await counts() == first


@pytest.mark.usefixtures("db", "settings")
@pytest.mark.parametrize("hour", [1, 12, 23])
async def test_the_desk_is_never_empty(hour):
    start = clock.at(clock.today() + timedelta(days=1), hour * 60)
    with clock.travel(start - clock.now()):
        await load_demo()
        today = clock.at(clock.today(), 0)
        found = await sql.rows("SELECT status, count(*) FROM booking WHERE starts_at >= $1 GROUP BY status", today)
        by_status = {row["status"]: row["count"] for row in found}
        assert by_status["requested"] >= 2
        assert await sql.value("SELECT count(*) FROM booking WHERE starts_at < $1", today + timedelta(days=1)) >= 4
        if hour == 23:
            assert by_status["served"] >= 2
            assert by_status["no_show"] == 1
