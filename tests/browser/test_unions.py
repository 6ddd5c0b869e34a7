"""The tree of unions, posters and transfers in a browser: accessible on a phone and on a screen, and to be scanned."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from server.config import ROOT
from server.kit import clock
from server.membership.models import Member, Transfer, Union
from server.membership.transfers import ask_for_transfer, escalate_transfers
from server.people import service as people
from server.people.models import Role
from server.stations.naming import search_words
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.membership import make_union
from tests.fixtures.moving import make_mover, make_two
from tests.fixtures.people import GUANGXI, make_staff

SIZES = pytest.mark.parametrize("size", [PHONE, SCREEN])
A4_AT_96_DPI = (794, 1123)
DECODE = """async (picture) => {
  const image = new Image();
  image.src = picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const found = jsQR(pen.getImageData(0, 0, image.width, image.height).data, image.width, image.height);
  return found && found.data;
}"""


@pytest.fixture
async def two(live):
    assert live
    made = await make_two()
    for union in (made.guangxi, made.nanning, made.guangdong, made.dongguan):
        await Union.filter(id=union.id).update(search_text=search_words(union.name), target=2_000)
    return made


async def session_of(actor):
    key = {"staff_id": actor.id} if actor.kind == "staff" else {"person_id": actor.id}
    return await people.open_session(device="test", **key)


async def scan(page: Page, picture: bytes) -> str:
    """What a phone reads from a picture of the paper."""
    source = (ROOT / "web" / "static" / "vendor" / "jsQR.js").read_text("utf-8")
    uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    read: str = await page.evaluate(f"(picture) => {{ {source}; return ({DECODE})(picture); }}", uri)
    return read


@SIZES
async def test_the_tree_opens_in_place_and_leads_to_a_union(two, open_page, size):
    street = await make_union(name="凤岭街道工会", parent=two.nanning, target=60)
    await make_mover(street)
    session = await session_of(await make_staff(Role.OFFICER, region_code=GUANGXI))
    page = await open_page("/review/unions", session=session, size=size)
    await check_page(page)
    for union in (two.guangxi, two.nanning):
        await page.locator("summary").filter(has_text=union.name).click()
    await expect(page.get_by_role("link", name="凤岭街道工会")).to_contain_text("1 / 60 人")
    await check_page(page)
    await page.get_by_role("link", name="凤岭街道工会").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("凤岭街道工会")
    await check_page(page)
    await page.locator("summary").filter(has_text="撤掉").click()
    await page.get_by_role("button", name="撤掉").click()
    await expect(page.get_by_text("还有 1 名会员")).to_be_visible()
    await check_page(page)


async def test_the_tree_without_javascript(two, open_page):
    session = await session_of(two.above_old)
    page = await open_page("/review/unions", session=session, javascript=False)
    await page.locator("main summary").click()
    await page.get_by_role("link", name="看下级工会").click()
    await page.get_by_role("link", name=two.nanning.name).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(two.nanning.name)


@SIZES
async def test_a_union_is_made_and_moved(two, open_page, size):
    city = await make_union(name="广西第二联合工会", parent=two.guangxi, search_text=search_words("广西第二联合工会"))
    session = await session_of(await make_staff(Role.OFFICER, region_code=GUANGXI))
    page = await open_page(f"/review/unions/{two.nanning.id}/new", session=session, size=size)
    await page.get_by_role("button", name="建好").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await check_page(page)
    await page.get_by_label("名称").fill("凤岭工地工会")
    await page.get_by_role("button", name="建好").click()
    await expect(page.get_by_text("建好了")).to_be_visible()
    await page.get_by_role("link", name="移到别的工会下面").click()
    await page.get_by_role("searchbox").fill("第二联合")
    await page.get_by_role("button", name="搜索").click()
    await check_page(page)
    await page.get_by_role("button", name=city.name).click()
    await expect(page.get_by_text("移好了")).to_be_visible()
    assert (await Union.get(name="凤岭工地工会")).parent_id == city.id


@SIZES
async def test_the_poster_on_the_screen_is_accessible(two, open_page, size):
    page = await open_page(f"/review/unions/{two.nanning.id}/poster", session=await session_of(two.old), size=size)
    await check_page(page)
    await page.get_by_role("link", name="一张四份").click()
    await expect(page.locator(".poster")).to_have_count(4)
    await check_page(page)


@pytest.mark.parametrize("per_sheet", [1, 4])
async def test_the_printed_poster_fills_one_sheet_and_scans(two, open_page, live, per_sheet):
    page = await open_page(
        f"/review/unions/{two.nanning.id}/poster?per={per_sheet}",
        session=await session_of(two.old),
        size=A4_AT_96_DPI,
    )
    await page.emulate_media(media="print", color_scheme="dark")
    paper = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert paper[0] == A4_AT_96_DPI[0]
    assert abs(paper[1] - A4_AT_96_DPI[1]) <= 2
    pdf = await page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == 1
    for poster in await page.locator(".poster").all():
        assert await scan(page, await poster.screenshot()) == f"{live.url}/j/{two.nanning.code}"


@SIZES
async def test_a_worker_moves_and_the_new_union_takes_him_over(two, open_page, size):
    person, member = await make_mover(two.nanning)
    phone = await open_page("/membership/transfer", session=await session_of(person))
    await check_page(phone)
    await phone.get_by_role("searchbox").fill("长安电子")
    await phone.get_by_role("button", name="搜索").click()
    await check_page(phone)
    await phone.get_by_role("link", name=two.dongguan.name).click()
    await phone.get_by_role("button", name="申请转会").click()
    await expect(phone.get_by_role("alert")).to_be_visible()
    await check_page(phone)
    await phone.get_by_role("checkbox").check()
    await phone.get_by_role("button", name="申请转会").click()
    await expect(phone.get_by_text("正在转到")).to_be_visible()
    await check_page(phone)
    desk = await open_page("/review/transfers", session=await session_of(two.new), size=size)
    await desk.locator("summary").filter(has_text="不收").click()
    await check_page(desk)
    await desk.get_by_role("button", name="收下").click()
    await expect(desk.get_by_text("收下了")).to_be_visible()
    assert (await Member.get(id=member.id)).union_id == two.dongguan.id
    await expect(phone.get_by_role("heading", name=two.dongguan.name)).to_be_visible()
    await expect(phone.locator(".stays li")).to_have_count(2)
    await check_page(phone)


@SIZES
async def test_what_nobody_answered_lies_before_the_union_above(two, open_page, size):
    person, _ = await make_mover(two.nanning)
    await ask_for_transfer(actor=person, to_union_id=two.dongguan.id, employer="", agreed=True)
    with clock.travel(timedelta(days=8)):
        await escalate_transfers()
    page = await open_page("/review/transfers", session=await session_of(two.above_new), size=size)
    await expect(page.get_by_role("heading", name="1 个过期没答复")).to_be_visible()
    await check_page(page)
    old = await open_page("/review/transfers", session=await session_of(two.old), size=size)
    await expect(old.get_by_text(two.dongguan.name)).to_be_visible()
    await check_page(old)


async def test_a_worker_moves_without_javascript(two, open_page):
    person, _ = await make_mover(two.nanning)
    page = await open_page(
        f"/membership/transfer?union={two.dongguan.id}", session=await session_of(person), javascript=False
    )
    await page.get_by_role("checkbox").check()
    await page.get_by_role("button", name="申请转会").click()
    await page.get_by_role("button", name="不转了，撤回").click()
    await expect(page.get_by_text("撤回了")).to_be_visible()
    assert (await Transfer.get()).state == "withdrawn"
