"""The statutory year of a station over HTTP."""

import itertools
from datetime import date, timedelta

import pytest

from server.bookings.models import Slot
from server.bookings.slots import roll_slots
from server.kit import clock
from server.kit.calendar import is_holiday, is_worked_weekend, statutory_year
from server.people.models import Role
from server.stations.models import Station, StationDay

NATIONAL_DAY = date(2026, 10, 1)


@pytest.fixture
def september():
    with clock.travel(clock.at(date(2026, 9, 28), 480) - clock.now()):
        yield


@pytest.fixture
async def manager(desk, september):
    """The manager's browser in the week before National Day, at a station that is closed on holidays."""
    assert september is None
    await Station.filter(id=desk.station.id).update(hours=[[[540, 1020]]] * 7 + [[]])
    await roll_slots()
    return await desk.colleague(Role.MANAGER)


@pytest.fixture
def url(desk) -> str:
    return f"{desk.url}/plan/holidays"


async def slots_on(desk, day: date) -> int:
    return await Slot.filter(
        offering_id=desk.haircut.id, closed=False, starts_at__gte=clock.at(day, 0), starts_at__lt=clock.at(day, 1440)
    ).count()


async def test_the_year_is_shown_with_what_holds_on_it(manager, url):
    page = (await manager.open(url)).text
    assert "国庆节" in page
    assert "国庆节调休上班" in page
    assert "10 月 10 日" in page
    assert "春节" not in page  # is over
    assert "还没出来" in page  # next year's


@pytest.mark.parametrize("first", ["", "no date", "9999-12-31", "0001-01-01", "2026-10-02", "2026-05-01"])
async def test_a_day_on_which_no_holiday_begins_leads_back(manager, url, first):
    answer = await manager.submit(url, {"first": first, "kind": "closed"})
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    assert await StationDay.all().count() == 0


async def test_one_tap_opens_and_one_takes_it_back(desk, manager, url):
    assert await slots_on(desk, NATIONAL_DAY) == 0
    answer = await manager.submit(url, {"first": NATIONAL_DAY.isoformat(), "kind": "open"})
    assert answer.status_code == 303
    assert await StationDay.all().count() == 7
    assert (await StationDay.filter(day=NATIONAL_DAY).get()).reason == "国庆节"
    assert await slots_on(desk, NATIONAL_DAY) == 16
    await manager.submit(url, {"first": NATIONAL_DAY.isoformat(), "kind": "usual"})
    assert not await StationDay.exists()
    assert await slots_on(desk, NATIONAL_DAY) == 0


async def test_where_somebody_is_booked_it_is_shown_first(desk, manager, url):
    worked = date(2026, 10, 10)
    booking = await desk.booked(at=clock.at(worked, 600), name="韦姐")
    close = {"first": worked.isoformat(), "kind": "closed"}
    preview = await manager.submit(url, close)
    assert "韦姐" in preview.text
    assert not await StationDay.exists()
    await manager.submit(url, close | {"apply": "1"})
    assert (await Slot.get(id=booking.slot_id)).closed


@pytest.mark.parametrize("wrong", [{"first": "x"}, {"kind": "x"}, {"first": "2026-10-02"}, {"first": "2026-02-15"}])
async def test_what_is_no_holiday_ahead_changes_nothing(manager, url, wrong):
    await manager.submit(url, {"first": NATIONAL_DAY.isoformat(), "kind": "closed"} | wrong)
    assert not await StationDay.exists()


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_runs_of_a_year_are_its_days(year):
    runs = statutory_year(year)
    assert all(a.last < b.first for a, b in itertools.pairwise(runs))
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {d for run in runs if not run.worked for d in run.days} == {d for d in days if is_holiday(d)}
    assert {d for run in runs if run.worked for d in run.days} == {d for d in days if is_worked_weekend(d)}


def test_a_year_without_its_notice_names_nothing():
    assert statutory_year(2031) == ()
