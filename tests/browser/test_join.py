"""Joining on a phone: from a poster to the card in a few taps, with scripts and without, in large letters too."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.bookings import service as bookings
from server.kit import clock
from server.kit.ids import new_id
from server.membership import reviewing
from server.membership.models import Application, UnionKind
from server.people import service as people
from server.stations.naming import search_words
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import check_page
from tests.fixtures.joining import application_of, make_draft, make_reviewer, make_waiting
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

PHONE = "138 0013 8000"
NAME = "南宁地铁凤岭工地工会"
CHANGAN = {"latitude": 22.8170, "longitude": 113.8030}


@pytest.fixture
async def union(live):
    assert live
    return await make_union(name=NAME, kind=UnionKind.SITE, code="S1TEC0DE", search_text=search_words(NAME))


@pytest.fixture
async def worker(live):
    assert live
    return await make_person()


@pytest.fixture
async def session(worker):
    return await people.open_session(person_id=worker.id, device="test")


class Thumb:
    """Types and taps as a worker does, counts the taps beyond typing, and looks at every page it comes to."""

    def __init__(self, page, *, looks):
        self.page, self.looks, self.taps = page, looks, 0

    async def press(self, name):
        await self.tap(self.page.get_by_role("button", name=name).last)

    async def tap(self, target):
        self.taps += 1
        await target.click()

    async def arrive(self, heading):
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        if self.looks:
            await check_page(self.page)

    async def fill(self, label, text):
        await self.page.get_by_label(label).fill(text)


async def follow(thumb, number):
    """From the poster's address to the application sent."""
    await thumb.arrive("加入工会")
    await thumb.fill("手机号", PHONE)
    await thumb.press("下一步")
    await expect(thumb.page.locator(".demo-code")).to_be_visible()
    await thumb.arrive("加入工会")
    await thumb.fill("短信里的 6 位数字", await thumb.page.locator(".demo-code strong").inner_text())
    await thumb.press("下一步")
    await thumb.arrive("您是谁")
    await thumb.fill("姓名", "韦秀英")
    await thumb.fill("身份证号", number)
    await thumb.press("下一步")
    await thumb.arrive("看一遍，交上去")
    await thumb.tap(thumb.page.locator("#sensitive"))
    await thumb.press("交上去")
    await thumb.arrive("入会申请")
    await expect(thumb.page.locator("#state")).to_have_text("工会在审核")


@pytest.mark.parametrize("look", ["plain", "large", "dark", "without scripts"])
async def test_from_the_poster_to_the_card_in_eight_taps(union, open_page, look):
    scripts = look != "without scripts"
    more = {"color_scheme": "dark"} if look == "dark" else {}
    page = await open_page("/settings", javascript=scripts, **more)
    if look == "large":
        await page.context.add_cookies([{"name": "nj_text", "value": "large", "url": page.url}])
    await page.goto(f"/j/{union.code}")
    thumb = Thumb(page, looks=scripts)
    await follow(thumb, make_id_card())
    assert thumb.taps <= 8
    application = await Application.get(union_id=union.id)
    await reviewing.approve(actor=await make_reviewer(union.id), application_id=application.id)
    if not scripts:
        await page.get_by_role("link", name="看看有没有新消息").click()
    await page.wait_for_url("**/card")
    await expect(page.locator("main .member-name")).to_have_text("韦秀英")
    await expect(page.locator("header.top")).to_have_count(1)
    await expect(page.locator(".ticket")).to_have_count(1)
    await thumb.arrive("会员卡")


async def test_without_a_poster_a_worker_who_booked_gives_no_phone_and_says_where_he_works(
    union, worker, session, open_page
):
    offering = await make_offering(await make_station())
    slot = await make_slot(offering, starts_at=clock.at(clock.today(), 1440))
    made = await bookings.book_slot(actor=worker, slot_id=slot.id, request_key=new_id().hex)
    page = await open_page(f"/tickets/{made.id}", session=session)
    thumb = Thumb(page, looks=True)
    await thumb.tap(page.get_by_role("link", name="加入工会"))
    await thumb.arrive("加入工会")
    await thumb.press("开始填")
    await thumb.arrive("您是谁")
    await thumb.fill("姓名", "韦秀英")
    await thumb.fill("身份证号", make_id_card())
    await thumb.press("下一步")
    await thumb.arrive("在哪里干活")
    await thumb.fill("哪个区县", "南宁青秀区")
    await thumb.fill("工地或单位", "地铁凤岭工地")
    await thumb.press("下一步")
    await thumb.arrive("看一遍，交上去")
    await expect(page.locator("#union")).to_contain_text(union.name)
    await thumb.tap(page.locator("#sensitive"))
    await thumb.press("交上去")
    await expect(page.locator("#state")).to_have_text("工会在审核")
    assert thumb.taps <= 8


async def test_the_place_is_one_of_those_around(worker, session, open_page):
    near = await make_union(name="长安街道联合工会", region_code=441900)
    await make_draft(worker)
    page = await open_page("/join/work", session=session, geolocation=CHANGAN, permissions=["geolocation"])
    await page.get_by_role("button", name="用定位").click()
    await page.wait_for_url("**lat=**")
    await check_page(page)
    await page.get_by_label("东莞").check()
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("#work")).to_contain_text("东莞市")
    await expect(page.locator("#union")).to_contain_text(near.name)


async def test_enter_in_a_field_goes_on(union, worker, session, open_page):
    await make_draft(worker, union=union)
    page = await open_page("/join/work", session=session)
    await page.get_by_label("工地或单位").fill("三队")
    await page.get_by_label("工地或单位").press("Enter")
    await expect(page.locator("#work")).to_contain_text("三队")


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_place_is_tapped_and_the_union_exchanged(union, worker, session, open_page, javascript):
    other = await make_union(name="凤岭街道联合工会", search_text=search_words("凤岭街道联合工会"))
    await make_draft(worker, union=union)
    page = await open_page("/join/check", session=session, javascript=javascript)
    thumb = Thumb(page, looks=javascript)
    await page.locator("#work").click()
    await thumb.arrive("在哪里干活")
    await thumb.press("点选")
    await thumb.arrive("在哪个省干活")
    await page.get_by_role("link", name="广西").click()
    await thumb.arrive("广西的哪里")
    await page.get_by_role("link", name="南宁市").click()
    await thumb.arrive("南宁的哪里")
    await thumb.press("青秀区")
    await thumb.arrive("看一遍，交上去")
    await page.locator("#union").click()
    await thumb.arrive("选工会")
    await page.get_by_label("搜工会").fill("街道")
    await page.get_by_role("button", name="搜索").click()
    await page.wait_for_url("**q=**")
    await thumb.arrive("选工会")
    await thumb.press(other.name)
    await thumb.arrive("看一遍，交上去")
    await expect(page.locator("#union")).to_contain_text(other.name)


@pytest.mark.parametrize("look", ["plain", "large", "dark"])
async def test_mistakes_other_documents_and_every_end_are_accessible(union, worker, session, open_page, look):
    more = {"color_scheme": "dark"} if look == "dark" else {}
    page = await open_page("/join?unknown=1", session=session, **more)
    if look == "large":
        await page.context.add_cookies([{"name": "nj_text", "value": "large", "url": page.url}])
    await check_page(page)
    await make_draft(worker, union=union)
    for path in ("/join/identity?document=other", "/join/identity?document=passport", f"/join?union={union.code}"):
        await page.goto(path)
        await check_page(page)
    await page.goto("/join/identity")
    await page.get_by_label("姓名").fill("韦3")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator(".errors")).to_be_focused()
    await check_page(page)
    await page.goto("/join/check")
    await page.get_by_role("button", name="交上去").click()
    await expect(page.locator(".errors")).to_contain_text("网上没法办入会")
    await check_page(page)
    application = await make_waiting(worker, union=union)
    reviewer = await make_reviewer(union.id)
    await reviewing.return_to_worker(
        actor=reviewer, application_id=application.id, fields=["identity", "union"], reason="名字和证件对不上"
    )
    await page.goto("/membership")
    await check_page(page)
    await page.get_by_role("link", name="姓名和证件").click()
    await expect(page.get_by_text("名字和证件对不上")).to_be_visible()
    await check_page(page)


async def test_rejected_while_the_page_is_open_it_says_so_and_how_to_appeal(union, worker, session, open_page):
    application = await make_waiting(worker, union=union)
    page = await open_page("/membership", session=session)
    await expect(page.locator("#state")).to_have_text("工会在审核")
    await reviewing.reject(actor=await make_reviewer(union.id), application_id=application.id, reason="不在这里干活")
    await expect(page.locator("#state")).to_have_text("没通过")
    await check_page(page)
    await page.get_by_text("不服，要申诉").click()
    await page.get_by_label("说说为什么").fill("我在这里干活")
    await page.get_by_role("button", name="交申诉").click()
    await expect(page.locator("#state")).to_have_text("上级工会在复核")
    await check_page(page)


async def test_an_open_page_asks_again_only_when_something_changed(union, worker, session, open_page):
    await make_waiting(worker, union=union)
    page = await open_page("/membership", session=session)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    async with page.expect_response("**/membership/live**"):
        await page.reload()
    await page.get_by_text("不想办了").click()
    await expect(page.get_by_role("button", name="撤回申请")).to_be_visible()
    assert [url for url in asked if url.endswith("/membership")] == [page.url]


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_member_has_the_name_put_right(union, worker, session, open_page, javascript):
    await make_member(union=union, person=worker)
    await people.set_member(worker.id, is_member=True)
    page = await open_page("/card", session=session, javascript=javascript)
    thumb = Thumb(page, looks=javascript)
    await page.get_by_role("link", name="姓名或证件要改").click()
    await thumb.arrive("改姓名或证件")
    await thumb.fill("姓名", "韦秀芳")
    await thumb.press("下一步")
    await thumb.arrive("看一遍，交上去")
    await page.locator("#sensitive").check()
    await thumb.press("交上去")
    await thumb.arrive("改姓名或证件")
    await expect(page.locator("#state")).to_have_text("工会在核对")
    application = await application_of(worker)
    await reviewing.approve(actor=await make_reviewer(union.id), application_id=application.id)
    if not javascript:
        await page.get_by_role("link", name="看看有没有新消息").click()
    await expect(page.locator("#state")).to_have_text("改好了")
    await thumb.arrive("改姓名或证件")


@pytest.mark.parametrize("path", ["/", "/stations"])
async def test_the_way_in_is_seen_by_all_but_members(union, worker, session, open_page, path):
    station = await make_station()
    path = path if path == "/" else f"/stations/{station.id}"
    page = await open_page(path, session=session)
    await expect(page.locator('main a[href^="/join"]')).to_be_visible()
    await check_page(page)
    await page.locator('main a[href^="/join"]').click()
    await expect(page.get_by_role("button", name="开始填")).to_be_visible()
    await make_member(union=union, person=worker)
    await people.set_member(worker.id, is_member=True)
    await page.goto(path)
    await expect(page.locator('main a[href^="/join"]')).to_have_count(0)
