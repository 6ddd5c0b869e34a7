"""Finding stations: by place, name, sound and service; open now; with the next free time."""

from datetime import date, timedelta

import pytest

from server.bookings.models import Eligibility, ServiceKind
from server.bookings.nearby import find_nearby, find_station
from server.bookings.nearby_schemas import Found, Search
from server.errors import AppError
from server.kit import clock
from server.kit.geo import Point, to_datum
from server.kit.ids import new_id
from server.people.actors import VISITOR, Actor
from server.stations.errors import (
    CursorUnusable,
    DivisionNotFound,
    PositionIncomplete,
    PositionUnusable,
    StationNotFound,
)
from server.stations.models import Facility, StationKind
from server.stations.rules import read_position
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.stations import NANNING, make_station, make_station_day

pytestmark = pytest.mark.usefixtures("db")
HERE = Point(*NANNING)
MEMBER = Actor("worker", new_id(), is_member=True)
WORKDAYS = [[[540, 720], [840, 1080]]] * 5 + [[], [], [[600, 660]]]


def north(kilometres):
    return NANNING[0] + kilometres / 111.2, NANNING[1]


def cards_of(found):
    return [hit.card for hit in found.hits]


async def names(search, actor=VISITOR):
    found = await find_nearby(search, actor)
    return [card.name for card in cards_of(found)]


def at(day, minute):
    """The clock at a minute of a date."""
    return clock.travel(clock.at(day, minute) - clock.now())


# A week without holidays; a holiday; a worked Saturday; all named by the State Council.
TUESDAY, SUNDAY = date(2026, 11, 24), date(2026, 11, 29)
NATIONAL_DAY, WORKED_SATURDAY = date(2026, 10, 1), date(2026, 10, 10)


async def test_the_nearest_come_first_with_their_distance():
    for kilometres in (5, 1, 3):
        await make_station(name=f"{kilometres} 公里", at=north(kilometres))
    found = await find_nearby(Search(HERE), VISITOR)
    assert [card.name for card in cards_of(found)] == ["1 公里", "3 公里", "5 公里"]
    assert [round(hit.far / 1000, 1) for hit in found.hits] == [1.0, 3.0, 5.0]


async def test_a_retired_station_is_not_found_but_its_page_is():
    gone = await make_station(retired_at=clock.now())
    assert await names(Search(HERE)) == []
    assert (await find_station(gone.id, VISITOR)).retired_at is not None
    with pytest.raises(StationNotFound):
        await find_station(new_id(), VISITOR)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_position_of_a_chinese_map_is_converted(datum):
    shown = to_datum(HERE, datum)
    assert read_position(*shown, datum) == pytest.approx(HERE, abs=1e-5)
    assert read_position(*shown, "wgs84") != pytest.approx(HERE, abs=1e-3)


@pytest.mark.parametrize("position", [(0, 0), (91, 0), (22.8, 181), (51.5, -0.1), (float("nan"), 108), (-33.9, 151.2)])
def test_a_position_far_from_china_is_refused(position):
    with pytest.raises(PositionUnusable):
        read_position(*position, "wgs84")


def test_half_a_position_is_refused_and_none_is_none():
    with pytest.raises(PositionIncomplete):
        read_position(22.8, None, "wgs84")
    assert read_position(None, None, "wgs84") is None


async def test_a_district_is_searched_from_its_centre():
    await make_station(name="青秀站")
    await make_station(name="江南站", region_code=450105)
    await make_station(name="广州站", region_code=440104, at=(23.12, 113.27))
    assert await names(Search(region=450103)) == ["青秀站"]
    assert set(await names(Search(region=450100))) == {"青秀站", "江南站"}
    assert set(await names(Search(region=450000))) == {"青秀站", "江南站"}
    found = await find_nearby(Search(region=450103), VISITOR)
    assert found.place.name == "青秀区"
    assert found.from_place
    assert found.way is Found.EXACT


async def test_a_district_without_a_station_shows_the_nearest_outside():
    await make_station(name="青秀站")
    found = await find_nearby(Search(region=450123), VISITOR)
    assert [card.name for card in cards_of(found)] == ["青秀站"]
    assert found.way is Found.WIDER


async def test_an_unknown_district_is_refused():
    with pytest.raises(DivisionNotFound):
        await find_nearby(Search(region=123456), VISITOR)


async def test_nothing_asked_finds_nothing():
    assert await find_nearby(Search(), VISITOR) is None
    assert await find_nearby(Search(text="，。！"), VISITOR) is None


@pytest.fixture
async def town(db):  # noqa: ARG001 (opens the database)
    await make_station(name="青秀凤岭园区职工之家", kind=StationKind.WORKERS_HOME, landmark="万达广场", at=north(1))
    await make_station(name="良庆五象工会驿站", region_code=450108, landmark="体育中心", at=north(8))
    await make_station(name="越秀西门工会驿站", region_code=440104, landmark="火车站", at=(23.12, 113.27))


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("typed", "first", "way"),
    [
        ("凤岭", "青秀凤岭园区职工之家", Found.EXACT),
        ("职工之家", "青秀凤岭园区职工之家", Found.EXACT),
        ("万达", "青秀凤岭园区职工之家", Found.EXACT),
        ("凤领", "青秀凤岭园区职工之家", Found.HEARD),
        ("清秀 凤岭", "青秀凤岭园区职工之家", Found.HEARD),
        ("园区职工之村", "青秀凤岭园区职工之家", Found.ALIKE),
        ("fengling", "青秀凤岭园区职工之家", Found.EXACT),
        ("fenglnig", "青秀凤岭园区职工之家", Found.ALIKE),
        ("ｎｎｑｘ", "青秀凤岭园区职工之家", Found.EXACT),
        ("nnlq", "良庆五象工会驿站", Found.EXACT),
        ("wxghyz", "良庆五象工会驿站", Found.ALIKE),
        ("体育中心", "良庆五象工会驿站", Found.EXACT),
        ("良庆区", "良庆五象工会驿站", Found.EXACT),
        ("guangzhou", "越秀西门工会驿站", Found.EXACT),
        ("南宁市青秀区万达", "青秀凤岭园区职工之家", Found.EXACT),
    ],
)
async def test_a_name_is_found_as_written_as_heard_or_nearly(typed, first, way):
    found = await find_nearby(Search(text=typed), VISITOR)
    assert found.hits[0].card.name == first
    assert found.way is way


@pytest.mark.usefixtures("town")
async def test_a_city_far_away_is_measured_from_its_centre():
    found = await find_nearby(Search(HERE, text="广州"), VISITOR)
    assert [card.name for card in cards_of(found)] == ["越秀西门工会驿站"]
    assert found.hits[0].far < 20_000


@pytest.mark.usefixtures("town")
async def test_a_guess_stands_in_for_a_misspelled_name_only():
    """Whoever names a door that is there is not led to another that sounds alike because it cuts hair."""
    await make_offering(await make_station(name="凤领驿站"))
    await make_offering(await make_station(name="凤鸣岭驿站"))
    as_written = await find_nearby(Search(text="青秀凤岭园区 理发"), VISITOR)
    assert (as_written.hits, as_written.name, as_written.filtered) == ([], "凤岭园区", True)
    misspelled = await find_nearby(Search(text="fenglnig 理发"), VISITOR)
    assert misspelled.way is Found.ALIKE
    assert {card.name for card in cards_of(misspelled)} == {"凤领驿站", "凤鸣岭驿站"}


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("typed", ["不存在的地方", "zzzzqqqq", "%", "_", "\x00", "😀", "'; DROP TABLE station; --"])
async def test_nonsense_finds_nothing_and_breaks_nothing(typed):
    found = await find_nearby(Search(HERE, text=typed), VISITOR)
    assert found is None or len(found.hits) in (0, 3)


async def test_a_service_word_becomes_a_filter():
    near = await make_station(name="只能歇脚", at=north(1))
    shop = await make_station(name="能理发", at=north(2))
    await make_offering(shop)
    await make_offering(near, service=ServiceKind.FILM)
    await make_offering(near, service=ServiceKind.HAIRCUT, active=False)
    for typed in ("理发", "附近理发", "南宁 剪头发"):
        assert await names(Search(HERE, text=typed)) == ["能理发"]
    assert await names(Search(HERE, services=(ServiceKind.HAIRCUT,))) == ["能理发"]


async def test_filters_of_kind_and_facilities_hold_together():
    await make_station(name="驿站", facilities=["wifi"])
    await make_station(name="驿站带厕所", facilities=["toilet", "wifi"])
    await make_station(name="职工之家", kind=StationKind.WORKERS_HOME, facilities=["toilet", "wifi"])
    both = (Facility.WIFI, Facility.TOILET)
    assert set(await names(Search(HERE, facilities=both))) == {"驿站带厕所", "职工之家"}
    assert await names(Search(HERE, facilities=both, kinds=(StationKind.REST_STOP,))) == ["驿站带厕所"]
    assert set(await names(Search(HERE, text="厕所"))) == {"驿站带厕所", "职工之家"}
    assert await names(Search(HERE, kinds=(StationKind.HUB,))) == []


@pytest.mark.parametrize(
    ("day", "minute", "is_open"),
    [
        (TUESDAY, 539, False),
        (TUESDAY, 540, True),
        (TUESDAY, 719, True),
        (TUESDAY, 720, False),
        (TUESDAY, 900, True),
        (SUNDAY, 600, False),
        (NATIONAL_DAY, 540, False),
        (NATIONAL_DAY, 630, True),
        (WORKED_SATURDAY, 540, True),
    ],
)
async def test_open_now_follows_hours_holidays_and_worked_weekends(day, minute, is_open):
    await make_station(hours=WORKDAYS)
    with at(day, minute):
        found = await find_nearby(Search(HERE, open_now=True), VISITOR)
        every = await find_nearby(Search(HERE), VISITOR)
        assert bool(found.hits) is is_open
        assert every.hits[0].card.opening().is_open is is_open


async def test_open_now_follows_exceptional_days_and_seasons():
    shut = await make_station(name="检修")
    late = await make_station(name="加开", hours=[[]] * 8)
    await make_station(name="过季", season_from=TUESDAY - timedelta(days=9), season_until=TUESDAY - timedelta(days=1))
    await make_station(name="当季", season_from=TUESDAY, season_until=TUESDAY)
    await make_station_day(shut, TUESDAY, [], "检修")
    await make_station_day(late, TUESDAY, [[600, 700]], "加开")
    with at(TUESDAY, 630):
        assert set(await names(Search(HERE, open_now=True))) == {"加开", "当季"}
        found = await find_nearby(Search(HERE), VISITOR)
        assert {card.name for card in cards_of(found) if card.opening().is_open} == {"加开", "当季"}
        assert {card.special(TUESDAY).reason for card in cards_of(found) if card.special(TUESDAY)} == {"检修", "加开"}


async def next_times(actor=VISITOR, **search):
    found = await find_nearby(Search(HERE, **search), actor)
    return {line.service: line for card in cards_of(found) for line in card.services}


async def test_the_next_free_time_skips_what_cannot_be_booked():
    offering = await make_offering(notice_minutes=60)
    now = clock.now().replace(second=0, microsecond=0)
    await make_slot(offering, now + timedelta(minutes=30))
    await make_slot(offering, now + timedelta(hours=2), closed=True)
    await make_slot(offering, now + timedelta(hours=3), taken=1)
    await make_slot(offering, now + timedelta(hours=4))
    await make_slot(offering, now + timedelta(hours=5))
    line = (await next_times())[ServiceKind.HAIRCUT]
    assert line.starts_at == now + timedelta(hours=4)
    assert line.places == 1
    assert line.for_me


async def test_a_full_service_is_shown_without_a_time():
    offering = await make_offering()
    await make_slot(offering, taken=1)
    assert (await next_times())[ServiceKind.HAIRCUT].starts_at is None


async def test_members_are_told_their_own_times():
    first = await make_offering(eligibility=Eligibility.MEMBERS_FIRST, general_days=1)
    only = await make_offering(service=ServiceKind.FILM, eligibility=Eligibility.MEMBERS_ONLY)
    far = clock.at(clock.today() + timedelta(days=3), 600)
    await make_slot(first, far)
    await make_slot(only, far)
    mine, theirs = await next_times(), await next_times(MEMBER)
    assert not mine[ServiceKind.HAIRCUT].for_me
    assert mine[ServiceKind.HAIRCUT].open_to_all_on == clock.today() + timedelta(days=2)
    assert not mine[ServiceKind.FILM].for_me
    assert mine[ServiceKind.FILM].open_to_all_on is None
    assert theirs[ServiceKind.HAIRCUT].for_me
    assert theirs[ServiceKind.FILM].for_me
    await make_slot(first, clock.at(clock.today() + timedelta(days=1), 600))
    assert (await next_times())[ServiceKind.HAIRCUT].for_me


async def test_the_service_asked_for_stands_first_and_a_card_carries_four():
    station = await make_station()
    for service in list(ServiceKind)[:6]:
        await make_slot(await make_offering(station, service=service))
    found = await find_nearby(Search(HERE, services=(ServiceKind.LECTURE, ServiceKind.FILM)), VISITOR)
    assert found.hits[0].card.services[0].service is ServiceKind.FILM
    assert len(found.hits[0].card.services) == 4
    assert len((await find_station(station.id, VISITOR)).services) == 6


async def test_pages_of_a_text_search_follow_each_other():
    for number in range(45):
        await make_station(name=f"凤岭{number} 号驿站")
    read: list[str] = []
    after = ""
    for size in (20, 20, 5):
        found = await find_nearby(Search(text="fenglig", after=after), VISITOR)
        assert found.way is Found.ALIKE
        assert len(found.hits) == size
        read += [card.name for card in cards_of(found)]
        after = found.more
    assert after == ""
    assert len(set(read)) == 45


@pytest.mark.parametrize(
    "after",
    ["x", "9~0~0~" + "0" * 36, "0~0~0~nothing", "0~e~e~" + "a" * 36, "1~0.0~0.0~01890000-0000-7000-8000-000000000000"],
)
async def test_a_broken_cursor_is_refused(after):
    with pytest.raises(CursorUnusable) as refused:
        await find_nearby(Search(HERE, after=after), VISITOR)
    assert isinstance(refused.value, AppError)
