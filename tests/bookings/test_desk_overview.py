"""The desk beyond its day: a week and a month at a glance, people found by name, days that are full."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bookings.desk_overview import Load, overview, span_of
from server.bookings.desk_sheet import NEARLY_FULL, fullness
from server.bookings.models import ServiceKind, Slot
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.desk import fill, row_of
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(DAYS, st.sampled_from(["week", "month"]))
def test_every_day_lies_in_one_span_and_the_next_begins_where_it_ends(day, reach):
    first, after = span_of(day, reach)
    assert first <= day < after
    assert span_of(first, reach) == span_of(after - timedelta(days=1), reach) == (first, after)
    assert span_of(after, reach)[0] == after
    assert first.weekday() == 0 if reach == "week" else first.day == 1


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_only_what_is_full_is_called_so(taken, more):
    places = taken + more
    percent = fullness(taken, places)
    assert percent == 0 or NEARLY_FULL <= percent <= 100
    assert (percent == 100) == (places > 0 and taken == places)
    assert (percent > 0) == (places > 0 and taken * 100 >= places * NEARLY_FULL)


async def cut(station):
    """Places on a day in the middle of a month to come; the day."""
    day = (clock.today().replace(day=1) + timedelta(days=75)).replace(day=15)
    haircut = await make_offering(station, capacity=4)
    advice = await make_offering(station, service=ServiceKind.LEGAL_ADVICE, capacity=2)
    first = await make_slot(haircut, clock.at(day, 0))
    await make_slot(haircut, clock.at(day, 1410))
    await make_slot(advice, clock.at(day, 600))
    await make_slot(advice, clock.at(day + timedelta(days=40), 600))
    await Slot.filter(id=first.id).update(taken=3, closed=True)
    return day


@pytest.mark.usefixtures("settings", "db")
class TestOverview:
    @pytest.mark.parametrize("reach", ["week", "month"])
    async def test_counts_places_by_day_and_service(self, reach):
        station = await make_station()
        day = await cut(station)
        staff = await make_staff(station_id=station.id)
        found = await overview(station.id, day, reach, staff)
        assert [one.day for one in found.days] == [
            found.days[0].day + timedelta(days=n) for n in range(len(found.days))
        ]
        (busy,) = [one for one in found.days if one.services]
        assert busy.day == day
        # The closed one takes nobody any more.
        assert busy.services == {ServiceKind.HAIRCUT: Load(3, 7), ServiceKind.LEGAL_ADVICE: Load(0, 2)}
        assert found.total == Load(3, 9)
        assert (await overview(station.id, day, reach, staff, ServiceKind.LEGAL_ADVICE)).total == Load(0, 2)

    async def test_is_for_this_stations_staff(self):
        station = await make_station()
        elsewhere = await make_staff(station_id=(await make_station()).id)
        with pytest.raises(Forbidden):
            await overview(station.id, clock.today(), "week", elsewhere)
        with pytest.raises(NotFound):
            await overview(new_id(), clock.today(), "week", elsewhere)


class TestPages:
    @pytest.mark.parametrize("reach", ["week", "month"])
    async def test_a_day_leads_to_its_sheet(self, desk, reach):
        day = await cut(desk.station)
        page = (await desk.site.open(f"{desk.url}/{reach}", params={"day": day.isoformat()})).text
        assert f'href="{desk.url}?day={day.isoformat()}"' in page
        assert "33%" in page
        narrowed = await desk.site.open(f"{desk.url}/{reach}", params={"day": day.isoformat(), "service": "haircut"})
        assert f'href="{desk.url}?day={day.isoformat()}&amp;service=haircut"' in narrowed.text

    @pytest.mark.parametrize("reach", ["week", "month"])
    @pytest.mark.parametrize("day", ["", "x", "9999-12-31", "0001-01-01", "2026-02-30"])
    async def test_nothing_to_show_is_calm_and_no_day_is_this_one(self, desk, reach, day):
        answer = await desk.site.open(f"{desk.url}/{reach}", params={"day": day, "service": "x"})
        assert answer.status_code == 200
        assert "没有可约的时段" in answer.text

    async def test_the_sheet_says_that_a_day_is_nearly_full_and_then_full(self, desk):
        day = clock.today() + timedelta(days=2)
        slot = await make_slot(desk.haircut, clock.at(day, 600), capacity=10)
        there = f"{desk.url}?day={day.isoformat()}"
        await fill(slot, 8)
        assert "约满" not in (await desk.site.open(there)).text
        await fill(slot, 1)
        assert "已约满 90%" in (await desk.site.open(there)).text
        await fill(slot, 1)
        assert "约满了。来的人可以排候补" in (await desk.site.open(there)).text


class TestNames:
    async def test_somebody_is_found_by_a_part_of_the_name_whatever_the_day(self, desk):
        wei = await desk.booked(at=clock.at(clock.today() + timedelta(days=9), 600), name="韦阿依古丽·买买提")
        other = await desk.booked(name="李师傅")
        page = (await desk.site.submit(f"{desk.url}/check-in", {"code": "古丽买买提"})).text
        assert row_of(page, wei)
        assert not row_of(page, other)

    async def test_a_name_does_not_check_in_and_stands_in_no_address(self, desk):
        booking = await desk.booked(name="李师傅")
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": "李师傅"}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert not {"location", "hx-redirect", "hx-push-url"} & answer.headers.keys()
        assert (await desk.status(booking)) == "confirmed"

    async def test_nobody_of_another_station_is_found(self, desk):
        await desk.booked(name="李师傅")
        other = await make_station()
        site = await desk.colleague(Role.STAFF, station_id=other.id)
        answer = await site.submit(f"/desk/{other.id}/check-in", {"code": "李师傅"})
        assert "没有找到" in answer.text

    @pytest.mark.parametrize(("typed", "status"), [("韦" * 500, 200), ("·", 404), ("🙂", 404), ("％", 404)])
    async def test_strange_names_find_nothing(self, desk, typed, status):
        booking = await desk.booked(name="李师傅")
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": typed})
        assert answer.status_code == status
        if status == 200:
            assert not row_of(answer.text, booking)
        assert (await desk.status(booking)) == "confirmed"

    async def test_a_code_from_a_chinese_keyboard_is_a_code(self, desk):
        await desk.booked(name="李师傅")
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": "ＡＢＣ１２３"})
        assert answer.status_code == 404
