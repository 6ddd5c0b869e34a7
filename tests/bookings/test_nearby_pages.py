"""The worker's way in over HTTP: whole pages, fragments, without JavaScript, with bad input."""

from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from server.app import create_app
from server.bookings.models import Eligibility, ServiceKind
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.stations.models import StationKind
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.stations import make_station, make_station_day

NEAR = "/stations?lat=22.8170&lng=108.3665"


async def test_home_says_what_can_be_asked(site):
    page = await site.open("/")
    assert page.status_code == 200
    for said in (
        "data-locate",
        "位置只用来算远近，不会保存",
        'href="/regions"',
        'href="/stations?service=haircut"',
        'name="q"',
    ):
        assert said in page.text
    assert page.headers["cache-control"] == "private, no-cache"


async def test_a_service_without_a_place_asks_for_the_place(site):
    page = await site.open("/stations?service=haircut")
    assert "先告诉我们您在哪里" in page.text
    assert 'data-href="/stations?service=haircut"' in page.text
    assert 'href="/regions?service=haircut"' in page.text
    assert '<input type="hidden" name="service" value="haircut">' in page.text


async def test_a_card_says_where_when_and_what(site):
    station = await make_station(hours=[[[0, 1440]]] * 8, at=(22.8270, 108.3765), unattended=True, demo=True)
    offering = await make_offering(station)
    await make_slot(offering, clock.at(clock.today() + timedelta(days=1), 570))
    await make_offering(station, service=ServiceKind.FILM, eligibility=Eligibility.MEMBERS_ONLY)
    text = (await site.open(NEAR)).text
    for said in (
        "1.5 公里",
        "东北方向",
        "24 小时开放",
        "扫码自助进门",
        "演示",
        "明天上午 9 点半",
        "会员专享",
        "近期没有空位",
        f'href="/book/{offering.id}"',
        f'href="/stations/{station.id}"',
    ):
        assert said in text


@pytest.mark.parametrize(
    ("hours", "minute", "said"),
    [
        ([[540, 720]], 600, ("开门中", "到中午 12 点关门")),
        ([[540, 720]], 480, ("没开门", "今天上午 9 点开门")),
        ([[540, 720]], 800, ("没开门", "明天上午 9 点开门")),
        ([], 600, ("没开门",)),
        ([[0, 1440]], 600, ("24 小时开放",)),
    ],
)
async def test_a_card_says_until_when_or_from_when(site, hours, minute, said):
    day = date(2026, 11, 24)
    with clock.travel(clock.at(day, minute) - clock.now()):
        await make_station(hours=[hours] * 8)
        text = (await site.open(NEAR)).text
    for words in said:
        assert words in text


async def test_a_closed_day_says_why(site):
    await make_station_day(await make_station(), clock.today(), [], "停电检修")
    text = (await site.open(NEAR)).text
    assert "今天不开门" in text
    assert "停电检修" in text


async def test_htmx_gets_the_results_alone(site):
    await make_station(name="凤岭站")
    part = await site.fragment(NEAR)
    assert part.text.lstrip().startswith('<div id="results"')
    assert "凤岭站" in part.text
    assert "<html" not in part.text
    assert "HX-Request" in part.headers["vary"]


async def test_filters_are_links_that_work_without_javascript(site):
    await make_station(name="没充电", facilities=[])
    await make_station(name="能充电", facilities=["charging"])
    text = (await site.open(NEAR)).text
    assert "facility=charging" in text
    text = (await site.open(f"{NEAR}&facility=charging")).text
    assert "能充电" in text
    assert "没充电" not in text
    assert 'aria-current="true"' in text


async def test_more_leads_to_the_rest(site):
    for number in range(25):
        await make_station(name=f"第{number}站")
    first = (await site.open(NEAR)).text
    link = first.split('class="pager"><a class="button secondary" href="')[1].split('"')[0].replace("&amp;", "&")
    second = (await site.open(link)).text
    assert first.count('class="card station"') == 20
    assert second.count('class="card station"') == 5
    assert 'class="pager"' not in second


async def test_what_was_meant_is_said(site):
    await make_station(name="凤岭工会驿站")
    assert "读音一样" in (await site.open("/stations?q=凤领")).text
    assert "是不是这些" in (await site.open("/stations?q=fenglnig")).text
    assert "没有合适的" in (await site.open("/stations?region=450123")).text
    assert "没有找到" in (await site.open("/stations?q=zzzzqqqq")).text


@pytest.mark.parametrize(
    "asked", ["q=凤岭+理发", "q=青秀区凤岭理发", "q=凤岭&service=haircut&open=true", "q=凤岭+充电"]
)
async def test_where_nothing_fits_the_filters_go_with_one_tap(site, asked):
    await make_station(name="凤岭工会驿站", facilities=[])
    empty = (await site.open(f"/stations?{asked}")).text
    assert "没有找到" in empty
    link = empty.split('class="button secondary" href="')[-1].split('"')[0].replace("&amp;", "&")
    assert "凤岭工会驿站" in (await site.open(link)).text


@pytest.mark.parametrize(
    "query",
    [
        "lat=0&lng=0",
        "lat=91&lng=181",
        "lat=nan&lng=nan",
        "lat=inf&lng=1e999",
        "lat=22.8",
        "lat=abc&lng=1",
        "region=x",
        "service=magic",
        "kind=castle",
        "facility=pool",
        "datum=mars&lat=22&lng=108",
        "q=" + "长" * 61,
        "after=x&lat=22.8&lng=108.3",
        "region=99999999999999999999",
        "region=123456",
    ],
)
async def test_bad_questions_are_answered_with_the_form(site, query):
    page = await site.open(f"/stations?{query}")
    assert page.status_code == 422
    assert "有地方要改一下" in page.text
    assert 'name="q"' in page.text
    part = await site.fragment(f"/stations?{query}")
    assert part.status_code == 422
    assert part.text.lstrip().startswith('<div id="results"')


@pytest.mark.parametrize("typed", ["%00", "%F0%9F%98%80", "<script>", "%ff%fe", "'%22%3E", "{{7*7}}", "\\", "%25%5F"])
async def test_odd_letters_find_nothing_and_break_nothing(site, typed):
    page = await site.open(f"/stations?q={typed}")
    assert page.status_code == 200
    assert "<script>" not in page.text.replace('<script src="', "")


async def test_districts_lead_from_province_to_county(site):
    provinces = (await site.open("/regions")).text
    assert provinces.index("广西壮族自治区") < provinces.index("广东省") < provinces.index("北京市")
    assert 'href="/regions/450100?service=haircut"' in (await site.open("/regions/450000?service=haircut")).text
    assert 'href="/stations?region=450103"' in (await site.open("/regions/450100")).text
    assert 'href="/stations?region=441900"' in (await site.open("/regions/440000")).text
    assert 'href="/stations?region=110101"' in (await site.open("/regions/110000")).text
    assert (await site.open("/regions/123456")).status_code == 404


async def test_a_station_page_has_hours_ways_services_and_a_code(site):
    station = await make_station(
        name="凤岭&驿站",
        at=(22.817, 108.3665),
        phone="12351",
        facilities=["hot_water", "wifi"],
        hours=[[[540, 720], [840, 1080]]] * 7 + [[]],
    )
    await make_station_day(station, clock.today() + timedelta(days=1), [], "停电")
    await make_slot(await make_offering(station))
    page = await site.open(f"/stations/{station.id}")
    assert page.status_code == 200
    for said in (
        "凤岭&amp;驿站",
        'href="tel:12351"',
        "https://uri.amap.com/marker?position=108.37",
        "coord%3A22.81",
        "https://api.map.baidu.com/marker?location=22.8",
        "geo:22.817,108.3665",
        "09:00–12:00",
        "14:00–18:00",
        "停电",
        "热水",
        "无线网",
        f'src="/stations/{station.id}/qr.svg"',
        "理发",
    ):
        assert said in page.text, said
    code = await site.open(f"/stations/{station.id}/qr.svg")
    assert code.headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in code.content


async def test_holidays_and_worked_weekends_are_marked(site):
    station = await make_station(hours=[[[540, 720]]] * 7 + [[]])
    with clock.travel(clock.at(date(2026, 9, 30), 600) - clock.now()):
        assert "节假日" in (await site.open(f"/stations/{station.id}")).text
    with clock.travel(clock.at(date(2026, 10, 8), 600) - clock.now()):
        assert "调休上班" in (await site.open(f"/stations/{station.id}")).text


async def test_unattended_and_seasonal_stations_say_so(site):
    open_door = await make_station(unattended=True)
    assert "到门口扫码就开门" in (await site.open(f"/stations/{open_door.id}")).text
    day = clock.today()
    season = {"season_from": day + timedelta(days=30), "season_until": day + timedelta(days=60)}
    warm = await make_station(kind=StationKind.SEASONAL, **season)
    await make_offering(warm)
    text = (await site.open(f"/stations/{warm.id}")).text
    assert "还没开放" in text
    assert "临时服务点" in text
    assert "开放后可约" in text


async def test_a_retired_station_leads_to_its_neighbours(site):
    gone = await make_station(name="撤了", retired_at=clock.now())
    await make_station(name="邻居")
    page = await site.open(f"/stations/{gone.id}")
    assert page.status_code == 410
    assert "已经撤下了" in page.text
    assert "邻居" in page.text


async def test_an_unknown_station_is_not_found(site):
    assert (await site.open(f"/stations/{new_id()}")).status_code == 404
    assert (await site.open("/stations/none")).status_code == 404


async def test_a_page_that_did_not_change_is_not_sent_again(site):
    station = await make_station()
    path = f"/stations/{station.id}"
    tag = (await site.open(path)).headers["etag"]
    again = await site.open(path, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""
    await sql.run("UPDATE station SET name = '改了名' WHERE id = $1", station.id)
    assert (await site.open(path, headers={"If-None-Match": tag})).status_code == 200


async def test_a_map_is_shown_on_demand_where_a_tile_server_is_set_up(settings, database_url):
    tiled = create_app(replace(settings, tile_url="https://tiles.example.org/{z}/{x}/{y}.png"), database_url)
    transport = httpx.ASGITransport(app=tiled, raise_app_exceptions=False)
    async with tiled.lifespan(), httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        path = f"/stations/{(await make_station()).id}"
        plain, mapped = await client.get(path), await client.get(f"{path}?map=1")
        part = await client.get(f"{path}?map=1", headers={"HX-Request": "true"})
    assert 'href="?map=1#map"' in plain.text
    assert "tiles.example.org" not in plain.text
    assert "https://tiles.example.org/16/52496/" in mapped.text
    assert "img-src 'self' data: https://tiles.example.org" in mapped.headers["content-security-policy"]
    assert part.text.lstrip().startswith('<div id="map"')


async def test_without_a_tile_server_there_is_no_map(site):
    assert "小地图" not in (await site.open(f"/stations/{(await make_station()).id}")).text


async def test_no_page_puts_a_position_into_the_database(site):
    await make_station()
    await site.open("/stations?lat=22.123456&lng=108.654321")
    tables = [
        row["relname"]
        for row in await sql.rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    ]
    for table in tables:
        assert await sql.value(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%22.1234%'") == 0
