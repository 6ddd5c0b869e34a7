"""The pages that bring members in and take them out, in a browser: accessible on a phone and on a screen."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.people import service as people
from server.people.models import Role
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_staff

HEAD = "工会名称,姓名,证件号\n"
RIGHT = "凤岭街道联合工会,韦秀英,450103199001010024\n"
WRONG = "没有这个工会,4,1\n"


@pytest.fixture
async def session(live):
    assert live
    union = await make_union(name="凤岭街道联合工会")
    reviewer = await make_staff(Role.REVIEWER, union_id=union.id)
    return await people.open_session(staff_id=reviewer.id, device="test")


@pytest.mark.parametrize("size", [PHONE, SCREEN])
@pytest.mark.parametrize("rows", [RIGHT, RIGHT + WRONG])
async def test_upload_and_look_are_accessible(session, open_page, size, rows):
    page = await open_page("/review/members/import", session=session, size=size)
    await check_page(page)
    file = {"name": "members.csv", "mimeType": "text/csv", "buffer": (HEAD + rows).encode()}
    await page.locator("input[type=file]").set_input_files(files=[file])
    await page.get_by_role("button", name="上传并检查").click()
    await expect(page.get_by_text("行数")).to_be_visible()
    await check_page(page)


@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_the_export_asks_why_and_then_downloads(session, open_page, size):
    page = await open_page("/review/members/export", session=session, size=size)
    await page.get_by_role("button", name="导出 XLSX").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await check_page(page)
    await page.get_by_label("为什么导出").fill("年度核对")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="导出 XLSX").click()
    assert (await download.value).suggested_filename.startswith("members-")
