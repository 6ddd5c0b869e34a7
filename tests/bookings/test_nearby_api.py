"""Stations and divisions as JSON."""

import pytest

from server.bookings.models import Eligibility
from server.kit.ids import new_id
from server.stations.service import load_divisions
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

NEAR = "/api/v1/stations?lat=22.8170&lng=108.3665"
PROBLEM = "application/problem+json"


async def test_a_search_gives_stations_with_distance_and_services(site):
    station = await make_station(at=(22.8270, 108.3765))
    slot = await make_slot(await make_offering(station))
    got = await site.open(NEAR)
    (item,) = got.json()["items"]
    assert item["id"] == str(station.id)
    assert item["distance_m"] == pytest.approx(1513, abs=5)
    assert item["direction"] == "NE"
    assert item["opening"] == {"is_open": True, "until": None, "opens": None}
    (service,) = item["services"]
    assert service["offering_id"] == str(slot.offering_id)
    assert service["places"] == 1
    assert service["bookable_by_you"]
    assert got.json()["next"] is None
    assert got.headers["cache-control"] == "public, max-age=30"


async def test_pages_follow_the_cursor(site):
    for _ in range(5):
        await make_station()
    seen, after = [], ""
    for _ in range(3):
        page = (await site.open(f"{NEAR}&limit=2&after={after}")).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
    assert after is None
    assert len(set(seen)) == 5


async def test_filters_may_be_given_once_or_often(site):
    await make_station(name="甲", facilities=["wifi", "toilet"])
    await make_station(name="乙", facilities=["wifi"])
    one = (await site.open(f"{NEAR}&facility=wifi")).json()["items"]
    two = (await site.open(f"{NEAR}&facility=wifi&facility=toilet&kind=rest_stop&open=true")).json()["items"]
    assert {item["name"] for item in one} == {"甲", "乙"}
    assert {item["name"] for item in two} == {"甲"}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "nowhere-to-search"),
        ("lat=0&lng=0", 422, "position-unusable"),
        ("lat=22.8", 422, "position-incomplete"),
        ("lat=x&lng=1", 422, "invalid"),
        ("region=123456", 404, "division-not-found"),
        ("q=a&kind=castle", 422, "invalid"),
        ("q=a&limit=0", 422, "invalid"),
        ("q=a&limit=1000", 422, "invalid"),
        ("q=a&after=x", 422, "cursor-unusable"),
        ("q=" + "a" * 61, 422, "invalid"),
    ],
)
async def test_bad_searches_are_problems(site, query, status, code):
    got = await site.open(f"/api/v1/stations?{query}")
    assert got.status_code == status
    assert got.headers["content-type"].startswith(PROBLEM)
    assert got.json()["type"] == f"/problems/{code}"


async def test_one_station_has_its_week(site):
    station = await make_station()
    got = (await site.open(f"/api/v1/stations/{station.id}")).json()
    assert got["hours"] == [[[0, 1440]]] * 8
    assert got["days"] == []
    assert got["retired_at"] is None
    missing = await site.open(f"/api/v1/stations/{new_id()}")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/station-not-found")


async def test_what_did_not_change_is_not_sent_again(site):
    station = await make_station()
    for path in (f"/api/v1/stations/{station.id}", NEAR, "/api/v1/divisions"):
        tag = (await site.open(path)).headers["etag"]
        assert (await site.open(path, headers={"If-None-Match": tag})).status_code == 304


async def test_members_see_their_own_times_and_no_cache_keeps_them(site, make_person_session):
    offering = await make_offering(eligibility=Eligibility.MEMBERS_ONLY)
    await make_slot(offering)
    path = f"/api/v1/stations/{offering.station_id}"
    assert not (await site.open(path)).json()["services"][0]["bookable_by_you"]
    token = await make_person_session(await make_person(is_member=True))
    got = await site.open(path, headers={"Authorization": f"Bearer {token}"})
    assert got.json()["services"][0]["bookable_by_you"]
    assert got.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in got.headers["vary"]


async def test_divisions_are_a_tree_and_are_searched(site):
    await load_divisions()
    provinces = (await site.open("/api/v1/divisions")).json()
    assert {"code": 450000, "name": "广西壮族自治区"}.items() <= next(
        p for p in provinces if p["code"] == 450000
    ).items()
    cities = (await site.open("/api/v1/divisions?parent=450000")).json()
    assert len(cities) == 14
    assert (await site.open("/api/v1/divisions?q=nnqx")).json()[0]["code"] == 450103
    assert (await site.open("/api/v1/divisions?parent=1")).status_code == 404


async def test_the_documentation_knows_the_search_and_its_problems(site):
    schema = (await site.open("/schema/openapi.json")).json()
    search = schema["paths"]["/api/v1/stations"]["get"]
    assert {p["name"] for p in search["parameters"]} >= {
        "lat",
        "lng",
        "datum",
        "region",
        "q",
        "service",
        "open",
        "after",
    }
    problem = search["responses"]["422"]["content"]["application/problem+json"]
    assert "position-unusable" in problem["examples"]
    assert "404" in schema["paths"]["/api/v1/stations/{station_id}"]["get"]["responses"]
