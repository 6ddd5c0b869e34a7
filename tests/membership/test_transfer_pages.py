"""Moving to another union over HTTP: the worker asks on a phone, the unions answer at their desks."""

from datetime import timedelta

import pytest

from server.kit import clock
from server.kit.ids import new_id
from server.membership import transfers
from server.membership.models import Member, Transfer, Union
from server.people import service as people
from tests.fixtures.membership import make_union
from tests.fixtures.moving import make_mover, make_two

pytestmark = pytest.mark.usefixtures("app")
MOVE = "/membership/transfer"


@pytest.fixture
async def two(app):
    assert app
    return await make_two()


@pytest.fixture
async def mover(two):
    return await make_mover(two.nanning)


@pytest.fixture
async def phone(browser_of, mover):
    return browser_of().use_session(await people.open_session(person_id=mover[0].id, device="test"))


@pytest.fixture
def desk_of(browser_of):
    async def make(staff):
        return browser_of().use_session(await people.open_session(staff_id=staff.id, device="test"))

    return make


@pytest.fixture
def agreed(two):
    return {
        "union": str(two.dongguan.id),
        "employer": "长安电子厂",
        "sharing": "true",
        "version": transfers.TRANSFER.version,
    }


async def test_a_worker_searches_checks_agrees_and_sends(two, mover, phone, agreed):
    choice = await phone.open(MOVE)
    assert two.nanning.name in choice.text
    await Union.filter(id=two.dongguan.id).update(search_text="东莞 莞长 长安 安电 电子 子厂 厂工 工会")
    found = await phone.open(f"{MOVE}?q=长安电子")
    assert f"{MOVE}?union={two.dongguan.id}" in found.text
    check = await phone.open(f"{MOVE}?union={two.dongguan.id}")
    assert two.nanning.name in check.text
    assert two.dongguan.name in check.text
    sent = await phone.submit(MOVE, agreed)
    assert (sent.status_code, sent.headers["location"]) == (303, "/card?moved=1")
    assert two.dongguan.name in (await phone.open("/card?moved=1")).text
    again = await phone.submit(MOVE, agreed)
    assert again.headers["location"] == "/card", "a second tap finds it sent"
    assert await Transfer.all().count() == 1
    assert (await phone.open(MOVE)).headers["location"] == "/card"
    back = await phone.submit(f"{MOVE}/withdraw")
    assert back.status_code == 303
    assert (await phone.submit(f"{MOVE}/withdraw")).status_code == 303
    assert (await Member.get(id=mover[1].id)).state == "active"


async def test_a_place_finds_the_unions_that_take_people_there(two, phone):
    holding = await make_union(name="莞邑联合工会", kind="holding", parent=two.guangdong, region_code=441900)
    found = await phone.open(f"{MOVE}?q=东莞长安")
    assert str(holding.id) in found.text
    assert str(two.nanning.id) not in (await phone.open(f"{MOVE}?q=南宁")).text, "he is there already"
    assert "没有找到" in (await phone.open(f"{MOVE}?q=火星")).text


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"sharing": ""}, 422, "要您同意才行"),
        ({"version": "2020-01"}, 409, "授权书刚刚更新了"),
        ({"employer": "厂" * 101}, 422, "单位名字太长了"),
    ],
)
async def test_what_is_missing_is_said_and_what_was_typed_stays(phone, agreed, change, status, says):
    refused = await phone.submit(MOVE, agreed | {"employer": "长安电子厂"} | change)
    assert refused.status_code == status
    assert says in refused.text
    assert (change.get("employer") or "长安电子厂") in refused.text
    assert await Transfer.all().count() == 0


async def test_a_union_that_takes_nobody_leads_back_to_the_choice(two, phone, agreed):
    closed = await make_union(name="撤了的", closed_at=clock.now())
    for union in (new_id(), "x", two.guangdong.id):
        shown = await phone.open(f"{MOVE}?union={union}")
        assert (shown.status_code, "没找到这个工会" in shown.text) == (422, True)
        assert (await phone.submit(MOVE, agreed | {"union": str(union)})).status_code == 422
    assert "没找到这个工会" in (await phone.submit(MOVE, agreed | {"union": str(closed.id)})).text
    assert "已经在这个工会了" in (await phone.open(f"{MOVE}?union={two.nanning.id}")).text
    assert "已经在这个工会了" in (await phone.submit(MOVE, agreed | {"union": str(two.nanning.id)})).text


async def test_who_is_no_member_is_led_to_joining(browser_of, make_person_session, agreed):
    other = browser_of().use_session(await make_person_session())
    for answer in (await other.open(MOVE), await other.submit(MOVE, agreed)):
        assert (answer.status_code, answer.headers["location"]) == (303, "/membership")
    assert (await other.submit(f"{MOVE}/withdraw")).status_code == 409


async def test_each_union_sees_its_side_and_the_asked_one_accepts(two, mover, phone, agreed, desk_of):
    await phone.submit(MOVE, agreed)
    old, new = await desk_of(two.old), await desk_of(two.new)
    leaving, coming = (await old.open("/review/transfers")).text, (await new.open("/review/transfers")).text
    assert mover[1].number in leaving
    assert "收下" in coming
    assert "/accept" not in leaving
    accept = f"/review/transfers/{(await Transfer.get()).id}/accept"
    assert (await old.submit(accept)).status_code == 403
    done = await new.submit(accept)
    assert "收下了" in (await new.open(done.headers["location"])).text
    late = await new.submit(accept)
    assert late.status_code == 409
    assert "刚刚有变化" in late.text
    assert two.dongguan.name in (await phone.open("/card")).text


async def test_a_refusal_asks_why(two, mover, phone, agreed, desk_of):
    await phone.submit(MOVE, agreed)
    new = await desk_of(two.new)
    refuse = f"/review/transfers/{(await Transfer.get()).id}/refuse"
    assert "请写明原因" in (await new.submit(refuse, {"reason": ""})).text
    assert "请不要写姓名" in (await new.submit(refuse, {"reason": "13812345678 打不通"})).text
    done = await new.submit(refuse, {"reason": "厂里没有这个人"})
    assert "没有收" in (await new.open(done.headers["location"])).text
    assert "厂里没有这个人" in (await phone.open("/inbox")).text
    assert (await Member.get(id=mover[1].id)).union_id == two.nanning.id
    assert (await new.submit(f"/review/transfers/{new_id()}/accept")).status_code == 404


async def test_what_nobody_answered_stands_first_for_the_union_above(two, phone, agreed, desk_of):
    await phone.submit(MOVE, agreed)
    with clock.travel(timedelta(days=8)):
        await transfers.escalate_transfers()
    shown = (await (await desk_of(two.above_new)).open("/review/transfers")).text
    assert "1 个过期没答复" in shown
    assert "/accept" in shown
