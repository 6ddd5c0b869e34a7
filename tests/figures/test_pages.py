"""Figures over HTTP: of a station, of regions, as files."""

import csv
import io
import re
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from server.bookings import desk as verbs
from server.bookings.slots import roll_slots
from server.figures import queries
from server.figures.models import DayFigure
from server.figures.periods import Period, span_of
from server.figures.rolling import roll_up
from server.kit import clock
from server.people import service as people
from server.people.models import Role
from server.stations.service import load_divisions
from tests.fixtures.bookings import make_slot
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station

YESTERDAY = timedelta(days=-1)


@pytest.fixture
async def days(desk):
    """Yesterday two had their hair cut and one did not come; today one is done. It is rolled up."""
    with clock.travel(YESTERDAY):
        old = [await desk.booked() for _ in range(3)]
        for booking in old[:2]:
            await verbs.check_in(actor=desk.staff, booking_id=booking.id)
            await verbs.mark_served(actor=desk.staff, booking_id=booking.id)
        await verbs.mark_no_show(actor=desk.staff, booking_id=old[2].id)
    new = await desk.booked()
    await verbs.check_in(actor=desk.staff, booking_id=new.id)
    await verbs.mark_served(actor=desk.staff, booking_id=new.id)
    await load_divisions()
    await roll_up()
    return desk


@pytest.fixture
async def officer(days, browser_of):
    assert days
    made = await make_staff(Role.OFFICER)
    return browser_of().use_session(await people.open_session(staff_id=made.id, device="test"))


def tile(html: str, name: str) -> str:
    return html.split(f"<dt>{name}</dt>")[1].split('<dd class="num">')[1].partition("</dd>")[0]


async def test_a_station_up_to_this_minute(days):
    html = (await days.site.open(f"{days.url}/figures")).text
    assert tile(html, "办完人次") == "3"
    assert tile(html, "约了没来") == "1"
    assert tile(html, "没来的占") == "25%"
    today = clock.today().isoformat()
    html = (await days.site.open(f"{days.url}/figures?from={today}&until={today}")).text
    assert tile(html, "办完人次") == "1"
    html = (await days.site.open(f"{days.url}/figures?service=legal_advice")).text
    assert "这段时间还没有数" in html


async def test_days_of_ones_own_end_where_one_says(days):
    """What was rolled up after the last day asked for is not in the sum, nor in the file."""
    done = clock.today() + YESTERDAY
    with clock.travel(timedelta(days=4)):
        await roll_up()
        station = await queries.station_of(days.staff, days.station.id)
        for until, served in ((done + YESTERDAY, 0), (done, 2)):
            span = span_of(Period.OWN, clock.today(), done - timedelta(days=3), until)
            assert (await queries.station_figures(station.id, span, "")).total.served == served
            assert sum([line.sums.served async for line in queries.station_lines(station, span, "")]) == served


@pytest.mark.parametrize(("since", "until"), [("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31"), ("", "x")])
async def test_any_days_may_be_typed(days, since, until):
    assert (await days.site.open(f"{days.url}/figures?from={since}&until={until}")).status_code == 200


async def test_a_region_as_far_as_it_is_rolled_up(officer, days):
    html = (await officer.open("/figures?region=450000")).text
    assert tile(html, "办完人次") == "2"
    assert "南宁市" in html
    assert "<circle" in html
    html = (await officer.open("/figures?region=450103")).text
    assert f"/desk/{days.station.id}/figures" in html
    assert (await officer.open("/figures?region=440000")).status_code == 403
    assert (await officer.open("/figures?region=999999")).status_code == 404


async def test_files_hold_every_service_and_day(officer, days):
    answer = await officer.open("/figures.csv?region=450100")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    (line,) = [row for row in rows[1:] if row[3] == "理发"]
    assert line[0] == (clock.today() + YESTERDAY).isoformat()
    assert line[6:8] == ["2", "1"]
    sheet = load_workbook(io.BytesIO((await days.site.open(f"{days.url}/figures.xlsx")).content)).active
    done = {row[0]: row[6] for row in sheet.iter_rows(min_row=2, values_only=True) if row[3] == "理发"}
    assert done == {(clock.today() + YESTERDAY).isoformat(): 2, clock.today().isoformat(): 1}


async def test_every_chart_has_its_words_and_its_table(days):
    html = (await days.site.open(f"{days.url}/figures")).text
    charts = html.split('<figure class="chart">')[1:]
    assert len(charts) == html.count('role="img"') == 4
    for chart, title, said, cells in zip(
        charts,
        ("办完人次", "平均等候（分钟）", "约了没来（人次）", "名额约掉（百分之几）"),
        ("约了来的 3，取号来的 0。", "平均等候 ", "约了没来 1 人次，每 100 人次里有 25 次。", "约掉 "),
        (["2", "2", "0"], None, ["1", "2", "33%"], None),
        strict=True,
    ):
        assert f"<span>{title}</span>" in chart
        assert said in chart.split('role="img" aria-label="')[1].partition('"')[0]
        table = chart.split("<tbody>")[1].partition("</tbody>")[0]
        yesterday = table.split("<tr>")[2]
        assert (
            f'<th scope="row">{(clock.today() + YESTERDAY).month}/{(clock.today() + YESTERDAY).day}</th>' in yesterday
        )
        assert cells is None or re.findall("<td>([^<]*)</td>", yesterday) == cells
        assert len(re.findall(r'<rect class="(?:first|second)"', chart)) in {30, 60}


async def test_of_what_nothing_is_known_there_is_no_chart(desk):
    slot = await make_slot(desk.haircut, clock.at(clock.today() + YESTERDAY, 600))
    assert slot.taken == 0
    html = (await desk.site.open(f"{desk.url}/figures")).text
    assert "名额约掉（百分之几）" in html
    assert "平均等候（分钟）" not in html


def circles(html: str) -> list[str]:
    """What the marks of the map are called, as readers of the screen hear it and as a finger sees it."""
    found = re.findall(r'<circle[^>]*role="img" aria-label="([^"]*)"><title>([^<]*)</title></circle>', html)
    assert len(found) == html.count("<circle ")
    assert all(heard == seen for heard, seen in found)
    return [heard for heard, _seen in found]


async def test_every_mark_of_the_map_has_a_name(officer, days):
    assert circles((await officer.open("/figures?region=450103")).text) == [f"{days.station.name}：2 人次"]
    assert circles((await officer.open("/figures?region=450000")).text) == ["青秀：2 人次"]


async def test_many_stations_in_one_mark_are_named_by_district_and_counted(officer, days):
    day = clock.today() + YESTERDAY
    for number in range(queries.STATIONS_ON_MAP):
        station = await make_station(name=f"站{number}", at=(22.5 if number % 2 else 22.9, 108.1))
        await DayFigure.create(
            station_id=station.id, region_code=station.region_code, day=day, service="haircut", taken=5, served=5
        )
    assert days
    names = circles((await officer.open("/figures?region=450103")).text)
    assert sorted(names) == sorted(["青秀 125 个站点：625 人次"] * 2 + [f"{days.station.name}：2 人次"])


async def test_nothing_yet_says_so(desk):
    await roll_slots()
    assert "这段时间还没有数" in (await desk.site.open(f"{desk.url}/figures?period=week&service=film")).text


async def test_a_night_may_run_again(days, officer):
    await roll_up()
    assert days
    assert tile((await officer.open("/figures?region=450000")).text, "办完人次") == "2"
