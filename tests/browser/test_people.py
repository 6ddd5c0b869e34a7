"""Signing in, the account, the settings and the inbox on a phone; staff on a screen."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from playwright.async_api import expect

from server.kit import clock
from server.kit.ids import new_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service
from server.people.actors import GrantHeld
from server.people.models import Role
from server.people.staff import create_staff
from tests.fixtures.browser import SCREEN, check_page
from tests.fixtures.people import PASSWORD, make_person, make_staff

PHONE = "138 0013 8000"
NARROW = (320, 640)


async def ask_for_code(page):
    await page.get_by_label("手机号").fill(PHONE)
    await page.get_by_role("button", name="拿验证码").click()
    return (await page.locator(".demo-code strong").inner_text()).strip()


@pytest.mark.parametrize("javascript", [True, False])
async def test_phone_code_account_and_out_again(open_page, javascript):
    page = await open_page("/me", javascript=javascript)
    if javascript:
        await check_page(page)
    code = await ask_for_code(page)
    if javascript:
        await check_page(page)
    await page.get_by_label("短信里的 6 位数字").fill(f"{code[:3]} {code[3:]}")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_text("手机尾号 8000")).to_be_visible()
    await page.get_by_role("button", name="退出登录").click()
    await page.wait_for_url("**/")
    await page.goto("/me")
    await expect(page.get_by_label("手机号")).to_be_visible()


async def test_a_wrong_number_and_a_wrong_code_stay_typed_and_are_said(open_page):
    page = await open_page("/sign-in")
    await page.get_by_label("手机号").fill("138 0013")
    await page.get_by_role("button", name="拿验证码").click()
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("手机号")).to_have_value("138 0013")
    await check_page(page)
    code = await ask_for_code(page)
    await page.get_by_label("短信里的 6 位数字").fill("000001" if code == "000000" else "000000")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_contain_text("验证码不对")
    await expect(page.get_by_label("短信里的 6 位数字")).to_have_attribute("autocomplete", "one-time-code")
    await check_page(page)


async def test_another_code_can_be_asked_for_after_a_minute(open_page):
    page = await open_page("/sign-in")
    await ask_for_code(page)
    again = page.get_by_role("button", name="重新发送")
    await expect(again).to_be_disabled()
    await expect(page.locator("[data-seconds]")).to_have_text(re.compile(r"\d+"))
    await expect(page.get_by_role("link", name="换个号码")).to_be_visible()


async def test_without_scripts_another_code_can_be_asked_for_at_any_time(open_page):
    page = await open_page("/sign-in", javascript=False)
    await ask_for_code(page)
    await page.get_by_role("button", name="重新发送").click()
    await expect(page.get_by_role("alert")).to_contain_text("秒后再试")
    await expect(page.get_by_label("短信里的 6 位数字")).to_be_visible()


@pytest.mark.parametrize("size", [NARROW, (360, 740)])
async def test_account_inbox_and_settings_are_accessible(open_page, live, size):
    assert live
    worker = await make_person()
    await service.set_name(worker, "买买提·吐尔逊江·阿卜杜热合曼")
    for device in ("iPhone", "华为 · Android", ""):
        session = await service.open_session(person_id=worker.id, device=device)
    starts_at = clock.at(clock.today() + timedelta(days=1), 9 * 60)
    params = {"station": "青秀区凤岭园区职工之家", "service": "haircut", "code": "7K3M9Q"}
    for kind in NoticeKind:
        given = params | {"starts_at": starts_at.isoformat(), "reason": "师傅那天有事。"}
        await notices.tell_worker(worker.id, kind, given, booking_id=new_id())
    page = await open_page("/me", session=session, size=size)
    await expect(page.locator(".tabs .badge")).to_contain_text(str(len(NoticeKind)))
    for path in ("/me", "/settings", "/inbox"):
        await page.goto(path)
        await check_page(page)
    await page.goto("/settings")
    await page.get_by_label("大字").check()
    await page.get_by_role("button", name="就用这个").click()
    await page.wait_for_url("**/")
    for path in ("/me", "/settings", "/inbox"):
        await page.goto(path)
        await check_page(page)


async def test_staff_sign_in_and_find_what_waits_for_them(open_page, live):
    assert live
    grants = [GrantHeld(Role.MANAGER, region_code=450000)]
    staff_id, secret = await create_staff(login="desk", display_name="小韦", password=PASSWORD, grants=grants)
    starts_at = clock.at(clock.today() + timedelta(days=1), 9 * 60)
    params = {"station": "示例站", "service": "haircut", "code": "7K3M9Q", "starts_at": starts_at.isoformat()}
    await notices.tell_staff(staff_id, NoticeKind.ESCALATION, params, station_id=new_id())
    page = await open_page("/desk/inbox", size=SCREEN)
    await check_page(page)
    for field, typed in (("账号", "desk"), ("密码", "wrong"), ("动态码", "000000")):
        await page.get_by_label(field).fill(typed)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_contain_text("账号、密码或动态码不对")
    await expect(page.get_by_label("账号")).to_have_value("desk")
    await check_page(page)
    for field, typed in (("密码", PASSWORD), ("动态码", pyotp.TOTP(secret).now())):
        await page.get_by_label(field).fill(typed)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_text("有人等确认")).to_be_visible()
    await check_page(page)


async def test_the_desks_inbox_is_empty_and_accessible_on_a_phone(open_page, live):
    assert live
    staff = await make_staff()
    page = await open_page("/desk/inbox", session=await service.open_session(staff_id=staff.id))
    await expect(page.get_by_text("还没有消息")).to_be_visible()
    await check_page(page)
