"""One's own data on a phone: looked at, taken along, a consent taken back, another number, forgotten."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.kit import clock
from server.people import service
from server.people.models import Person
from tests.fixtures.browser import check_page
from tests.fixtures.people import make_person
from tests.fixtures.whole_life import live as live_through
from tests.fixtures.whole_life import make_places

PHONE, NEW = "+8613900139001", "139 0013 9002"


@pytest.fixture
async def life(live):
    """Somebody's whole life of an hour ago, so that a code may be sent now."""
    assert live
    with clock.travel(timedelta(hours=-1)):
        return await live_through(await make_places(), PHONE)


async def shown_code(page):
    return (await page.locator(".demo-code strong").inner_text()).strip()


async def type_code(page):
    await page.get_by_label("短信里的 6 位数字").fill(await shown_code(page))


async def test_everything_is_read_and_taken_along(open_page, life):
    page = await open_page("/me", session=life.session)
    await page.get_by_role("link", name="我的资料").click()
    await expect(page.get_by_text("看了您的完整证件号")).to_be_visible()
    await check_page(page)
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="下载一份").click()
    file = await (await downloading.value).path()
    assert json.loads(file.read_text("utf-8"))["account"]["phone"] == PHONE
    await page.get_by_role("link", name="看全部").click()
    await expect(page.get_by_text(life.appeal)).to_be_visible()
    await expect(page.get_by_role("button", name="打印")).to_be_visible()
    await check_page(page)


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_consent_is_taken_back_in_three_taps_with_the_consequence_said(open_page, life, javascript):
    page = await open_page("/me", session=life.session, javascript=javascript)
    await page.get_by_role("link", name="我的资料").click()
    card = page.locator("article").filter(has_text="用我的姓名和证件号办入会")
    await card.get_by_text("不想同意了").click()
    await expect(card.get_by_text("收回就等于退会")).to_be_visible()
    if javascript:
        await check_page(page)
    await card.get_by_role("button", name="收回同意并退会").click()
    await expect(page.get_by_text("收回了，马上生效。")).to_be_visible()
    assert not (await Person.get(id=life.actor.id)).is_member


@pytest.mark.parametrize("javascript", [True, False])
async def test_being_forgotten_is_explained_confirmed_and_done(open_page, life, javascript):
    page = await open_page("/me/data", session=life.session, javascript=javascript)
    await page.get_by_role("link", name="删掉我的资料").click()
    await expect(page.get_by_text("同时退会")).to_be_visible()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="发验证码").click()
    await expect(page.locator(".demo-code")).to_be_visible()
    if javascript:
        await check_page(page)
    await type_code(page)
    await page.get_by_role("button", name="全部删掉").click()
    await expect(page.get_by_role("heading", name="删掉了")).to_be_visible()
    if javascript:
        await check_page(page)
    await page.goto("/me/data")
    await expect(page.get_by_label("手机号")).to_be_visible()
    assert (await Person.get(id=life.actor.id)).erased_at


@pytest.mark.parametrize("javascript", [True, False])
async def test_another_number_in_three_short_steps(open_page, live, javascript):
    assert live
    session = await service.open_session(person_id=(await make_person(PHONE)).id)
    page = await open_page("/me/data", session=session, javascript=javascript)
    await page.get_by_role("link", name="手机尾号 9001").click()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="给旧号码发验证码").click()
    await type_code(page)
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_label("新手机号").fill("139")
    await page.get_by_role("button", name="拿验证码").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    if javascript:
        await check_page(page)
    await page.get_by_label("新手机号").fill(NEW)
    await page.get_by_role("button", name="拿验证码").click()
    await type_code(page)
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="换成这个号码").click()
    await expect(page.get_by_text("手机号换好了")).to_be_visible()
    await expect(page.get_by_text("手机尾号 9002")).to_be_visible()
