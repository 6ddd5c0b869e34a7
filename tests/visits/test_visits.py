"""Who comes in is counted by occupation: once a phone, nobody by name, and nobody is turned away."""

import asyncio
from datetime import timedelta

import pytest

from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_id
from server.people.actors import VISITOR
from server.people.models import Role
from server.stations.errors import StationNotFound
from server.visits import queries, service
from server.visits.errors import DoorUnknown
from server.visits.models import Occupation, VisitDay
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def station():
    return await make_station(unattended=True)


async def come(station, occupation=Occupation.RIDER, **more):
    return await service.count_visit(station_id=station.id, occupation=occupation, **more)


async def counted():
    return {(row.day, row.occupation): row.visits for row in await VisitDay.all()}


async def test_each_tap_adds_one_to_its_day_and_occupation(station):
    today = clock.today()
    for occupation in (Occupation.RIDER, Occupation.RIDER, Occupation.SANITATION):
        assert await come(station, occupation)
    with clock.travel(timedelta(days=1)):
        assert await come(station)
    assert await counted() == {
        (today, Occupation.RIDER): 2,
        (today, Occupation.SANITATION): 1,
        (today + timedelta(days=1), Occupation.RIDER): 1,
    }
    assert {row.region_code for row in await VisitDay.all()} == {station.region_code}


async def test_a_crowd_at_one_instant_is_counted_to_the_last(station):
    await asyncio.gather(*(come(station) for _ in range(30)))
    assert list((await counted()).values()) == [30]


async def test_a_phone_counts_once_in_some_hours_at_one_station(station):
    other = await make_station(unattended=True)
    mark = service.mark_of(station.id, clock.now())
    assert not await come(station, mark=mark)
    assert await come(other, mark=mark)
    with clock.travel(service.ONCE_IN + timedelta(seconds=2)):
        assert await come(station, mark=mark)


@pytest.mark.parametrize("forge", [lambda mark: mark[:-1] + "x", lambda mark: "9999999999" + mark[10:], lambda _: "²."])
async def test_a_mark_that_was_not_given_here_is_none(station, forge):
    mark = service.mark_of(station.id, clock.now())
    assert service.is_counted(station.id, mark)
    assert not service.is_counted(station.id, forge(mark))
    assert mark.partition(".")[0] == str(int(clock.now().timestamp()))


async def test_a_loop_from_one_address_stops_counting_at_that_door_alone(station):
    other = await make_station(unattended=True)
    most = service.FROM_ADDRESS[1]
    done = [await come(station, address="192.0.2.7") for _ in range(most + 3)]
    assert done == [True] * most + [False] * 3
    assert await come(other, address="192.0.2.7")
    assert await come(station, address="192.0.2.8")
    with clock.travel(timedelta(minutes=11)):
        assert await come(station, address="192.0.2.7")


async def test_nothing_but_the_count_is_kept(station):
    await come(station, address="192.0.2.7")
    (row,) = await sql.rows("SELECT * FROM visit_day")
    assert set(dict(row)) == {"id", "station_id", "region_code", "day", "occupation", "visits"}
    (attempt,) = await sql.rows("SELECT * FROM attempt")
    assert "192.0.2.7" not in str(dict(attempt))


async def test_a_station_that_is_gone_counts_nobody(station):
    await sql.run("UPDATE station SET retired_at = now() WHERE id = $1", station.id)
    assert not await come(station)
    with pytest.raises(StationNotFound):
        await service.give_code(actor=await make_staff(Role.OFFICER), station_id=station.id)


async def test_a_new_code_makes_the_old_one_useless(station):
    manager = await make_staff(Role.MANAGER, station_id=station.id)
    old = await service.give_code(actor=manager, station_id=station.id)
    assert await queries.station_of_door(f"{old[:4]}-{old[4:].lower()}") == station.id
    new = await service.give_code(actor=manager, station_id=station.id)
    assert await queries.code_of(station.id) == new != old
    with pytest.raises(DoorUnknown):
        await queries.station_of_door(old)


async def test_only_managers_of_the_station_make_codes(station):
    elsewhere = await make_staff(Role.MANAGER, station_id=(await make_station()).id)
    for actor in (await make_staff(station_id=station.id), elsewhere, await make_person(), VISITOR):
        with pytest.raises(Forbidden):
            await service.give_code(actor=actor, station_id=station.id)
    with pytest.raises(StationNotFound):
        await service.give_code(actor=elsewhere, station_id=new_id())


async def test_the_nearest_station_with_staff_is_named(station):
    lat, lng = station.lat, station.lng
    await make_station(unattended=True, at=(lat + 0.001, lng))
    await make_station(at=(lat + 0.001, lng), season_from=clock.today(), season_until=clock.today())
    await make_station(at=(lat + 0.05, lng))
    near = await make_station(at=(lat + 0.01, lng))
    found = await queries.nearest_staffed(Point(station.lat, station.lng), station.id)
    assert found.id == near.id
