"""Roads home over HTTP: what riders see, what officers keep, what the staff of a stop say."""

from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings.models import ServiceKind
from server.kit import clock
from server.people.models import Role
from server.stations.models import Route, RouteStop, Station
from tests.fixtures.bookings import make_offering
from tests.fixtures.people import GUANGXI
from tests.fixtures.stations import make_station

PLACES = (("端州暖流服务点", 23.05, 112.46), ("德庆暖流服务点", 23.15, 111.80), ("万秀暖流服务点", 23.47, 111.30))


@pytest.fixture
async def officer(browser_of, make_staff_session):
    return browser_of().use_session(await make_staff_session(Role.OFFICER))


@pytest.fixture
def terms():
    today = clock.today()
    return {
        "name": "肇庆回梧州",
        "road": "321 国道",
        "region_code": str(GUANGXI),
        "opens_on": today.isoformat(),
        "closes_on": (today + timedelta(days=30)).isoformat(),
    }


@pytest.fixture
async def stations():
    made = [await make_station(name=name, at=(lat, lng), facilities=["hot_water"]) for name, lat, lng in PLACES]
    await make_offering(made[1], service=ServiceKind.HOT_MEAL)
    return made


@pytest.fixture
async def road(officer, terms, stations):
    """An open road with three stops; its address for riders."""
    kept = (await officer.submit("/officer/routes/new", terms)).headers["location"]
    for number, station in enumerate(stations):
        await officer.submit(f"{kept}/stops", {"station": station.name, "km": str(90 * number)})
    return kept.removeprefix("/officer")


def order_of(html: str) -> list[str]:
    """The stops in the order in which the page names them."""
    strip = html[html.index('class="strip"') :]
    return sorted((name for name, _, _ in PLACES if name in strip), key=strip.index)


class TestLookingAgain:
    """What an open page asks for every minute."""

    async def look(self, site, road, tag=""):
        headers = {"HX-Request": "true"} | ({"If-None-Match": tag} if tag else {})
        return await site.client.get(road, headers=headers)

    async def test_the_strip_alone_and_nothing_twice(self, site, road, stations):
        first = await self.look(site, road)
        assert first.text.strip().startswith('<div id="strip"')
        assert "</html>" not in first.text
        again = await self.look(site, road, first.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")
        assert "HX-Request" in again.headers["vary"]
        await Station.filter(id=stations[1].id).update(full_since=clock.now())
        now = await self.look(site, road, first.headers["etag"])
        assert (now.status_code, "人太多，请去下一站" in now.text) == (200, True)

    async def test_from_where_one_is(self, site, road):
        page = (await site.open(f"{road}?at=1&back=1")).text
        assert f'hx-get="{road}?at=1&amp;back=1"' in page
        assert (await site.open(road)).headers.get("etag") is None


class TestRiders:
    async def test_the_strip_says_what_is_where(self, site, road):
        page = (await site.open(road)).text
        assert order_of(page) == [name for name, _, _ in PLACES]
        assert "90 公里" in page
        assert "热水" in page
        assert "热饭" in page
        assert "能去" in page
        assert page.count("满了") == 0

    async def test_from_a_position_to_the_next_stop(self, site, road):
        page = (await site.open(f"{road}?lat=23.10&lng=112.13")).text
        assert 'id="ahead"' in page
        assert "约 45 公里" in page
        assert 'aria-current="step"' in page

    async def test_from_the_stop_that_he_says_and_the_way_back(self, site, road):
        page = (await site.open(f"{road}?at=1")).text
        assert "就在这里" in page
        assert "离您约 90 公里" in page
        back = (await site.open(f"{road}?back=1&at=0")).text
        assert order_of(back) == [name for name, _, _ in PLACES][::-1]

    @pytest.mark.parametrize("query", ["?lat=23", "?lat=0&lng=0", "?at=99", "?at=-1", "?at=x", "?lat=x&lng=y"])
    async def test_what_cannot_be_read_shows_the_road_all_the_same(self, site, road, query):
        answer = await site.open(road + query)
        assert answer.status_code == 200
        assert 'id="ahead"' not in answer.text

    async def test_far_from_the_road(self, site, road):
        assert "离这条路比较远" in (await site.open(f"{road}?lat=30.6&lng=104.06")).text

    async def test_a_full_stop_and_where_to_go_instead(self, desk, site, road, stations):
        staff = await desk.colleague(Role.STAFF, station_id=stations[1].id)
        sheet = f"/desk/{stations[1].id}"
        assert "暖流路线上显示：还能来" in (await staff.open(sheet)).text
        await staff.submit(f"{sheet}/full", {"full": "1"})
        page = (await site.open(f"{road}?lat=23.10&lng=112.13")).text
        assert "满了" in page
        assert "再下一个能去的：万秀暖流服务点，约 135 公里" in page
        with clock.travel(timedelta(days=1)):
            assert "满了" not in (await site.open(road)).text
        await staff.submit(f"{sheet}/full")
        assert "满了" not in (await site.open(road)).text
        assert await AuditEntry.filter(action__in=["station.full", "station.open_again"]).count() == 2

    @pytest.mark.usefixtures("road")
    async def test_only_its_own_staff_say_so(self, desk, stations):
        assert (await desk.site.submit(f"/desk/{stations[1].id}/full", {"full": "1"})).status_code == 403
        assert not await Station.filter(full_since__isnull=False).exists()

    async def test_a_closed_stop_says_when_it_opens(self, site, road, stations):
        await Station.filter(id=stations[0].id).update(hours=[[]] * 8)
        assert "没开门" in (await site.open(road)).text

    async def test_home_leads_there_in_season_only(self, site, road):
        assert 'href="/routes"' in (await site.open("/")).text
        assert "肇庆回梧州" in (await site.open("/routes")).text
        await Route.all().update(
            opens_on=clock.today() - timedelta(days=9), closes_on=clock.today() - timedelta(days=1)
        )
        assert 'href="/routes"' not in (await site.open("/")).text
        assert "现在不是返乡的时候" in (await site.open("/routes")).text
        assert "已经结束" in (await site.open(road)).text

    async def test_no_such_road(self, site):
        assert (await site.open("/routes/01a2111a-2988-759b-b23f-96235612b5e8")).status_code == 404


class TestOfficers:
    async def test_kilometres_are_the_order(self, officer, site, road, stations):
        await officer.submit(f"/officer{road}/stops/{stations[0].id}", {"km": "200"})
        assert order_of((await site.open(road)).text)[-1] == PLACES[0][0]
        await officer.submit(f"/officer{road}/stops/{stations[0].id}", {"off": "1"})
        assert await RouteStop.all().count() == 2

    async def test_without_a_kilometre_it_is_guessed_behind_the_last(self, officer, road):
        far = await make_station(name="八步暖流服务点", at=(24.41, 111.55))
        await officer.submit(f"/officer{road}/stops", {"station": far.external_id})
        assert 300 < (await RouteStop.get(station_id=far.id)).km < 350

    async def test_another_name_and_season(self, officer, site, road, terms):
        await officer.submit(f"/officer{road}", terms | {"name": "回家的路"})
        assert "回家的路" in (await site.open("/routes")).text
        assert await AuditEntry.filter(action="route.changed").exists()

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"name": ""}, "要填"),
            ({"closes_on": "2020-01-01"}, "要在开始的后面"),
            ({"region_code": "440000"}, "不归您管"),
            ({"opens_on": "x"}, "填得不对"),
        ],
    )
    async def test_mistakes_are_named(self, officer, terms, wrong, said):
        answer = await officer.submit("/officer/routes/new", terms | wrong)
        assert answer.status_code == 422
        assert said in answer.text
        assert not await Route.exists()

    @pytest.mark.parametrize(
        ("stop", "said"),
        [
            ({"station": "没有这个站"}, "没有找到这个站点"),
            ({"station": ""}, "要填"),
            ({"station": "端州暖流服务点", "km": "5001"}, "0 到 5000"),
            ({"station": "同名驿站"}, "好几个站点"),
        ],
    )
    async def test_a_stop_that_cannot_be(self, officer, road, stop, said):
        for _ in range(2):
            await make_station(name="同名驿站")
        answer = await officer.submit(f"/officer{road}/stops", stop)
        assert answer.status_code == 422
        assert said in answer.text
        assert await RouteStop.all().count() == 3

    async def test_officers_of_another_region_change_nothing(self, browser_of, make_staff_session, road, terms):
        there = browser_of().use_session(await make_staff_session(Role.OFFICER, region_code=440000))
        assert (await there.open(f"/officer{road}")).status_code == 403
        assert (await there.submit(f"/officer{road}", terms | {"name": "别家的"})).status_code == 403
        assert "肇庆回梧州" not in (await there.open("/officer/routes")).text

    async def test_managers_keep_no_roads(self, browser_of, make_staff_session):
        manager = browser_of().use_session(await make_staff_session(Role.MANAGER))
        assert (await manager.open("/officer/routes")).status_code == 403
