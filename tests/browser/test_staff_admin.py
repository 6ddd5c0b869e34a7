"""An officer invites, another agrees, the newcomer enrols; the log is searched: accessible on a phone and a screen."""

import re

import pyotp
import pytest
from playwright.async_api import Page, expect

from server.people import service as people
from server.people.models import Role
from server.people.two_officers import grant_role
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import NANNING, QINGXIU, officer, role_at
from tests.fixtures.stations import make_station

SIZES = pytest.mark.parametrize("size", [PHONE, SCREEN])


async def session_of(actor):
    return await people.open_session(staff_id=actor.id, device="Chrome")


async def fill_in(page: Page) -> None:
    """As the newcomer reads it from the page: the secret is typed into the app, its first code into the form."""
    secret = re.sub(r"\s", "", await page.locator(".secret").inner_text())
    await page.get_by_label("账号名").fill("xiaoli")
    await page.get_by_label("密码").fill("今天天气真好一起去南宁玩")
    await page.get_by_label("验证器里的 6 位数字").fill(pyotp.TOTP(secret).now())


@SIZES
async def test_from_an_invitation_to_the_desk(live, open_page, size):
    assert live
    await make_station(name="青秀工会驿站", external_id="NN-1", region_code=QINGXIU)
    page = await open_page("/staff/people/invite", session=await session_of(await officer()), size=size)
    await check_page(page)
    await page.get_by_role("button", name="要一个邀请码").click()
    await expect(page.get_by_role("alert")).to_be_focused()
    await check_page(page)
    await page.get_by_label("怎么称呼他").fill("小李")
    await page.get_by_label("站长").check()
    await page.get_by_label("在哪里").fill("nn-1")
    await page.get_by_role("button", name="要一个邀请码").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("给小李的邀请码")
    await check_page(page)
    code = await page.locator("#code").inner_text()

    newcomer = await open_page(f"/staff/invitation?code={code}", size=size)
    await check_page(newcomer)
    await newcomer.get_by_role("button", name="下一步").click()
    await check_page(newcomer)
    await fill_in(newcomer)
    await newcomer.get_by_label("密码").fill("password1234")
    await newcomer.get_by_role("button", name="完成").click()
    await expect(newcomer.get_by_role("alert")).to_contain_text("太多人用")
    await check_page(newcomer)
    await fill_in(newcomer)
    await newcomer.get_by_role("button", name="完成").click()
    await expect(newcomer.locator(".recovery li")).to_have_count(10)
    await check_page(newcomer)
    await newcomer.get_by_role("link", name="收好了").click()
    await check_page(newcomer)
    await newcomer.goto("/desk")
    await expect(newcomer.get_by_role("heading", level=1)).to_have_text("青秀工会驿站")

    await page.goto("/staff/people")
    await page.get_by_role("link", name="小李").click()
    await page.locator("main summary").last.click()
    await check_page(page)
    await page.get_by_role("button", name="停用").click()
    await expect(page.get_by_text("停用了，正在用的页面也退出了。")).to_be_visible()
    await expect(newcomer).to_have_url(re.compile("/staff/sign-in"), timeout=15_000)


@SIZES
async def test_what_waits_for_the_second_officer_and_the_log(live, open_page, size):
    assert live
    station = await make_station(region_code=QINGXIU)
    first, second = await officer(), await officer()
    target = await make_staff(Role.STAFF, station_id=station.id)
    await grant_role(actor=first, staff_id=target.id, role=await role_at(Role.AUDITOR, region_code=NANNING))
    page = await open_page("/staff/people", session=await session_of(second), size=size)
    await check_page(page)
    await page.get_by_role("button", name="同意", exact=True).click()
    await expect(page.get_by_text("同意了，马上生效。")).to_be_visible()
    await page.goto("/audit")
    await expect(page.locator("tbody").get_by_text("同意给角色")).to_be_visible()
    await check_page(page)
    await page.locator("main summary").click()
    await check_page(page)
    await page.get_by_label("做了什么").select_option("grant.asked")
    await page.get_by_role("button", name="查看").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await check_page(page)


async def test_ones_own_account(live, open_page):
    assert live
    page = await open_page("/staff/account", session=await session_of(await officer()))
    await check_page(page)
    await page.get_by_role("link", name="改密码").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("先确认是您")
    await check_page(page)
