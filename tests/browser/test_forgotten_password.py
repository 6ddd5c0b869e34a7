"""A forgotten password: the code handed over, another one chosen; accessible on a phone and a screen."""

import re

import pytest
from playwright.async_api import expect

from server.people import service as people
from server.people.models import Role
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import joined, role_at, staff_id_of
from tests.fixtures.stations import make_station


@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_from_the_code_to_ones_own_account(live, open_page, size):
    assert live
    station = await make_station(name="青秀工会驿站")
    manager = await make_staff(Role.MANAGER, station_id=station.id)
    made = await joined(manager, await role_at(Role.STAFF, station_id=station.id))
    session = await people.open_session(staff_id=manager.id, device="Chrome")
    page = await open_page(f"/staff/people/{await staff_id_of(made.token)}", session=session, size=size)
    await page.get_by_text("他忘了密码").click()
    await check_page(page)
    await page.get_by_role("button", name="给他一个码").click()
    await expect(page.get_by_role("heading", name="设新密码的码")).to_be_visible()
    await check_page(page)
    code = await page.locator("#code").inner_text()

    own = await open_page(f"/staff/invitation?code={code}", size=size)
    await own.get_by_role("button", name="下一步").click()
    await expect(own.get_by_role("heading", level=1)).to_have_text("设新密码")
    await own.get_by_role("button", name="设好了").click()
    await expect(own.get_by_role("alert")).to_be_focused()
    await check_page(own)
    await own.get_by_label("新密码").fill("今天天气真好一起去南宁玩")
    await own.get_by_label("验证器里的 6 位数字").fill(made.codes[0])
    await own.get_by_role("button", name="设好了").click()
    await expect(own).to_have_url(re.compile("/staff/account$"))
