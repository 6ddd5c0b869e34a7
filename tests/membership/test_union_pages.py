"""The tree of unions over HTTP: who sees which part, and what the forms do."""

import pytest

from server.kit.geo import Point, distance_m
from server.membership.models import Union, UnionKind
from server.membership.union_forms import read_position
from server.people import service as people
from server.people.models import Role
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.moving import make_two
from tests.fixtures.people import GUANGXI, make_staff

pytestmark = pytest.mark.usefixtures("app")
TREE = "/review/unions"
FORM = {"name": "凤岭工地工会", "kind": "site", "place": "南宁青秀区", "target": "60"}


@pytest.fixture
async def two(app):
    assert app
    return await make_two()


@pytest.fixture
def desk_of(browser_of):
    async def make(staff):
        return browser_of().use_session(await people.open_session(staff_id=staff.id, device="test"))

    return make


@pytest.fixture
async def officer(two, desk_of):
    assert two
    return await desk_of(await make_staff(Role.OFFICER, region_code=GUANGXI))


async def test_the_tree_opens_level_by_level(two, officer):
    street = await make_union(name="凤岭街道工会", parent=two.nanning)
    top = (await officer.open(TREE)).text
    assert two.guangxi.name in top
    assert street.name not in top
    assert two.guangdong.name not in top
    level = await officer.open(f"{TREE}/{two.nanning.id}")
    assert street.name in level.text
    part = await officer.fragment(f"{TREE}/{two.nanning.id}")
    assert street.name in part.text
    assert "<html" not in part.text


async def test_a_union_is_made_found_and_changed(two, officer):
    new = f"{TREE}/{two.nanning.id}/new"
    assert "加一个下级工会" in (await officer.open(new)).text
    made = await officer.submit(new, FORM)
    page = (await officer.open(made.headers["location"])).text
    assert "建好了" in page
    assert "广西壮族自治区南宁市青秀区" in page
    union = await Union.get(name=FORM["name"])
    assert (union.kind, union.region_code, union.target, union.parent_id) == ("site", 450103, 60, two.nanning.id)
    assert str(union.id) in (await officer.open(f"{TREE}?q=凤岭")).text
    assert "没有找到" in (await officer.open(f"{TREE}?q=东莞")).text
    edit = f"{TREE}/{union.id}/edit"
    shown = (await officer.open(edit)).text
    assert "凤岭工地工会" in shown
    changed = await officer.submit(
        edit, FORM | {"name": "凤岭北工地工会", "position": "22.82, 108.41", "datum": "wgs84"}
    )
    assert changed.status_code == 303
    union = await Union.get(id=union.id)
    assert (union.name, union.lat, union.lng) == ("凤岭北工地工会", 22.82, 108.41)


async def test_a_position_that_nobody_touched_stays_and_a_new_place_moves_it(two, officer):
    """The form shows what Chinese maps show; sent back unchanged, nothing creeps."""
    await Union.filter(id=two.nanning.id).update(lat=22.8167001, lng=108.3669002)
    edit = f"{TREE}/{two.nanning.id}/edit"
    form = {"name": "改名", "kind": "holding", "place": "南宁", "datum": "gcj02"}
    shown = (await officer.open(edit)).text
    form["position"] = shown.partition('name="position"')[2].partition('value="')[2].partition('"')[0]
    await officer.submit(edit, form)
    union = await Union.get(id=two.nanning.id)
    assert (union.name, union.lat, union.lng) == ("改名", 22.8167001, 108.3669002)
    await officer.submit(edit, form | {"place": "柳州"})
    union = await Union.get(id=two.nanning.id)
    assert distance_m(Point(union.lat, union.lng), Point(24.32, 109.42)) < 20_000


@pytest.mark.parametrize("typed", ["22.82,108.41", "108.41，22.82", "纬度22.82 经度108.41"])
def test_positions_are_read_as_maps_give_them(typed):
    assert read_position(typed, "wgs84") == Point(22.82, 108.41)
    assert 300 < distance_m(read_position(typed, "gcj02"), Point(22.82, 108.41)) < 700


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        ({"name": ""}, 422, "请填工会名称"),
        ({"place": ""}, 422, "请写在哪个市"),
        ({"place": "火星"}, 422, "没认出这个地方"),
        ({"place": "鼓楼区"}, 422, "不止一个"),
        ({"target": "很多"}, 422, "请写数字"),
        ({"target": "-1"}, 422, "请写数字"),
        ({"position": "这里"}, 422, "坐标写成"),
        ({"position": "1, 2"}, 422, "坐标写成"),
        ({"kind": "castle"}, 422, "填得不对"),
        ({"kind": "federation"}, 422, "总工会只能挂在总工会下面"),
        ({"name": "凤岭街道联合工会"}, 409, "已经有一个叫这个名字"),
    ],
)
async def test_mistakes_are_named_and_what_was_typed_stays(two, officer, wrong, status, says):
    await make_union(parent=two.nanning)
    refused = await officer.submit(f"{TREE}/{two.nanning.id}/new", FORM | {"name": "别的工会"} | wrong)
    assert refused.status_code == status
    assert says in refused.text
    assert (wrong.get("name") or "别的工会") in refused.text or wrong.get("name") == ""
    assert await Union.filter(parent_id=two.nanning.id).count() == 1


async def test_a_union_moves_is_closed_and_opened_again(two, officer):
    street = await make_union(name="凤岭街道工会", parent=two.guangxi, search_text="凤岭 岭街 街道 道工 工会")
    await Union.filter(id=two.nanning.id).update(search_text="南宁 宁农 农民 民工 工联 联合 合工 工会")
    url = f"{TREE}/{street.id}"
    choice = (await officer.open(f"{url}/move?q=南宁农民工")).text
    assert f'value="{two.nanning.id}"' in choice
    moved = await officer.submit(f"{url}/move", {"parent": str(two.nanning.id)})
    assert two.nanning.name in (await officer.open(moved.headers["location"])).text
    loop = await officer.submit(f"{TREE}/{two.nanning.id}/move", {"parent": str(street.id)})
    assert (loop.status_code, "自己的下级" in loop.text) == (422, True)
    member = await make_member(union=street)
    refused = await officer.submit(f"{url}/close")
    assert refused.status_code == 409
    assert "还有 1 名会员" in refused.text
    await member.delete()
    closed = await officer.submit(f"{url}/close")
    page = (await officer.open(closed.headers["location"])).text
    assert "恢复这个工会" in page
    assert "打印入会海报" not in page
    assert (await officer.open(f"{url}/poster")).status_code == 409
    assert (await officer.submit(f"{url}/edit", FORM)).status_code == 409
    await officer.submit(f"{url}/reopen")
    assert (await Union.get(id=street.id)).closed_at is None


async def test_a_reviewer_keeps_what_is_below_and_not_his_own_union(two, desk_of):
    reviewer = await desk_of(two.old)
    own = (await reviewer.open(f"{TREE}/{two.nanning.id}")).text
    assert "加一个下级工会" in own
    assert "撤掉这个工会" not in own
    assert (await reviewer.submit(f"{TREE}/{two.nanning.id}/new", FORM)).status_code == 303
    made = await Union.get(name=FORM["name"])
    assert "撤掉这个工会" in (await reviewer.open(f"{TREE}/{made.id}")).text
    for path in ("edit", "move"):
        assert (await reviewer.open(f"{TREE}/{two.nanning.id}/{path}")).status_code == 403
    for path in ("close", "reopen"):
        assert (await reviewer.submit(f"{TREE}/{two.nanning.id}/{path}")).status_code == 403
    assert (await reviewer.open(f"{TREE}/new")).status_code == 403


async def test_others_unions_are_closed_to_look_at(two, officer):
    url = f"{TREE}/{two.dongguan.id}"
    for path in (url, f"{url}/new", f"{url}/edit", f"{url}/move", f"{url}/poster"):
        assert (await officer.open(path)).status_code == 403
    assert (await officer.submit(f"{url}/new", FORM)).status_code == 403
    assert (await officer.submit(f"{url}/close")).status_code == 403
    move = await officer.submit(f"{TREE}/{two.nanning.id}/move", {"parent": str(two.guangdong.id)})
    assert move.status_code == 403
    assert (await Union.get(id=two.nanning.id)).parent_id == two.guangxi.id


async def test_an_officer_begins_with_a_federation(app, desk_of):
    assert app
    site = await desk_of(await make_staff(Role.OFFICER, region_code=440000))
    assert "这里还没有工会" in (await site.open(TREE)).text
    form = {"name": "广东总工会", "kind": "federation", "place": "广东"}
    assert (await site.submit(f"{TREE}/new", form | {"place": "广西"})).status_code == 403
    assert (await site.submit(f"{TREE}/new", form | {"kind": "site"})).status_code == 422
    assert (await site.submit(f"{TREE}/new", form)).status_code == 303
    assert (await Union.get()).kind is UnionKind.FEDERATION
