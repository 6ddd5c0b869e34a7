"""Suggestions over HTTP, without JavaScript: look around, propose, support, and what officers decide."""

import re

import pytest

from server.kit.geo import Point
from server.kit.ids import new_id
from server.people import service as people
from server.people.models import Role
from server.reports import suggestions
from server.reports.models import Suggestion, SuggestionState
from server.reports.suggestions import Where
from server.stations.models import Facility
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NANNING, QINGXIU, make_station

CENTRE = Point(*NANNING)
HERE = "lat=22.817&lng=108.3665"
NEW = {"lat": "22.818", "lng": "108.367", "region": str(QINGXIU), "landmark": "凤岭北路口", "wants": ["hot_water"]}


@pytest.fixture
async def worker(app, browser_of):
    assert app
    return browser_of().use_session(await people.open_session(person_id=(await make_person()).id))


@pytest.fixture
async def officer(app, browser_of):
    assert app
    staff = await make_staff(Role.OFFICER, region_code=450100)
    return browser_of().use_session(await people.open_session(staff_id=staff.id))


async def suggest(landmark="琅东客运站", point=CENTRE, region=QINGXIU):
    made = await suggestions.propose(
        actor=await make_person(),
        where=Where(region, landmark, point),
        wants=[Facility.TOILET],
        request_key=new_id().hex,
    )
    return f"/suggestions/{made}"


async def test_without_a_place_the_page_asks_for_one(site, app):
    assert app
    shown = (await site.open("/suggestions")).text
    assert "哪里该建站点" in shown
    assert 'name="place"' in shown
    assert "/suggestions/new" not in shown


async def test_a_list_is_found_by_position_or_by_the_name_of_a_district(site, app):
    assert app
    there = await suggest()
    by_district = await suggest("万达广场", None)
    for query in (HERE, "place=南宁青秀区", f"region={QINGXIU}", "region=450000"):
        shown = (await site.open(f"/suggestions?{query}")).text
        assert there in shown
        assert "1 人支持" in shown
    assert by_district in (await site.open(f"/suggestions?region={QINGXIU}")).text
    assert "还没有人提" in (await site.open("/suggestions?region=450107")).text


@pytest.mark.parametrize(
    ("query", "said"),
    [("place=zzzz", "没找到这个地方"), ("place=鼓楼区", "请连城市一起写"), ("lat=0&lng=0", "位置")],
)
async def test_a_place_that_cannot_be_found_says_so(site, app, query, said):
    assert app
    answer = await site.open(f"/suggestions?{query}")
    assert answer.status_code == 422
    assert said in answer.text


async def test_proposing_needs_a_phone(site, app):
    assert app
    answer = await site.open(f"/suggestions/new?{HERE}")
    assert "/sign-in?next" in answer.headers["location"]
    one = await suggest()
    shown = (await site.open(one)).text
    assert f"/sign-in?next={one}" in shown
    assert (await site.submit(f"{one}/support")).status_code == 401


async def test_a_worker_proposes_and_supports_it(worker):
    await make_station()
    form = (await worker.open(f"/suggestions/new?{HERE}")).text
    assert 'name="lat" value="22.817"' in form
    assert re.search(r"<select[^>]*>\s*<option value=\"450103\"[^>]*>南宁青秀区", form), (
        "the stations around come first"
    )
    answer = await worker.submit("/suggestions/new", NEW)
    assert answer.status_code == 303
    shown = (await worker.open(answer.headers["location"])).text
    assert "青秀凤岭北路口" in shown
    assert "有您一个" in shown
    made = await Suggestion.get()
    assert (made.wants, made.supporters, made.by_position) == (["hot_water"], 1, True)


async def test_a_near_one_is_offered_before_a_new_one_is_made(worker):
    there = await suggest()
    answer = await worker.submit("/suggestions/new", NEW)
    assert answer.status_code == 200
    assert "是不是同一个地方" in answer.text
    assert there in answer.text
    assert re.search(r'name="landmark"[^>]* value="凤岭北路口"', answer.text)
    assert await Suggestion.all().count() == 1
    assert (await worker.submit("/suggestions/new", NEW | {"anyway": "true"})).status_code == 303
    assert await Suggestion.all().count() == 2


async def test_a_district_alone_needs_a_landmark(worker):
    form = (await worker.open(f"/suggestions/new?region={QINGXIU}")).text
    assert "南宁青秀区" in form
    answer = await worker.submit("/suggestions/new", {"region": str(QINGXIU), "landmark": ""})
    assert answer.status_code == 422
    assert "请说说在哪里" in answer.text
    answer = await worker.submit("/suggestions/new", {"region": str(QINGXIU), "landmark": "万达广场"})
    assert answer.status_code == 303
    assert (await worker.open("/suggestions/new")).headers["location"] == "/suggestions"


@pytest.mark.parametrize("bent", [{"region": "1"}, {"region": "x"}, {"lat": "x"}, {"wants": ["gold"]}, {"region": ""}])
async def test_a_bent_form_makes_nothing(worker, bent):
    answer = await worker.submit("/suggestions/new", NEW | {"landmark": ""} | bent)
    assert answer.status_code == 422
    assert await Suggestion.all().count() == 0


async def test_one_tap_supports_and_another_takes_it_back(worker):
    one = await suggest()
    for _ in range(2):
        assert (await worker.submit(f"{one}/support")).headers["location"] == one
    assert "2 人支持" in (await worker.open(one)).text
    await worker.submit(f"{one}/take-back")
    shown = (await worker.open(one)).text
    assert "1 人支持" in shown
    assert "我也要" in shown


async def test_an_officer_decides_and_the_worker_reads_it(worker, officer):
    one = await suggest()
    far = await suggest("越秀公园", Point(23.14, 113.26), 440104)
    await worker.submit(f"{one}/support")
    listed = (await officer.open("/officer/suggestions")).text
    assert "青秀琅东客运站" in listed
    assert far.rpartition("/")[2] not in listed
    desk = f"/officer{one}"
    station = await make_station(name="琅东客运站工会驿站")
    shown = (await officer.open(desk)).text
    assert "2 人支持" in shown
    assert station.name in shown
    for data, said in (
        ({}, "请点一个结果"),
        ({"state": "declined"}, "请写一句原因"),
        ({"state": "built"}, "请选建好的是哪一个站点"),
        ({"state": "new"}, "情况刚刚变了"),
    ):
        answer = await officer.submit(desk, data)
        assert answer.status_code in (409, 422)
        assert said in answer.text
    await officer.submit(desk, {"state": "planned", "reason": "明年动工。"})
    inbox = (await worker.open("/inbox")).text
    assert "列入计划了：青秀琅东客运站。明年动工。" in inbox
    assert f'href="{one}"' in inbox
    await officer.submit(desk, {"state": "built", "station_id": str(station.id)})
    built = (await worker.open(one)).text
    assert "建好了" in built
    assert f"/stations/{station.id}" in built
    assert "我也要" not in built
    assert (await worker.submit(f"{one}/take-back")).status_code == 409
    assert (await Suggestion.get(id=one.rpartition("/")[2])).state is SuggestionState.BUILT
    assert "青秀琅东客运站" in (await officer.open("/officer/suggestions?show=decided")).text
    assert (await officer.open(f"/officer{far}")).status_code == 403


async def test_the_list_of_stations_leads_here(site, app):
    assert app
    await make_station()
    shown = (await site.open(f"/stations?{HERE}")).text
    link = re.search(r'href="(/suggestions\?lat=22.817&amp;lng=[\d.]+)"', shown)
    assert link
    assert (await site.open(link[1].replace("&amp;", "&"))).status_code == 200
