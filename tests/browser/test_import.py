"""The import pages in a browser: accessible on a phone and on a screen, with mistakes and without."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.people import service as people
from server.people.models import Role
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.people import make_staff

HEAD = "编号,名称,类型,地区,纬度,经度,坐标系,开门时间\n"
RIGHT = "A-1,示例驿站,工会驿站,450103,22.8167,108.3669,WGS-84,周一至周日 8:00-18:00\n"
WRONG = "A-2,示例驿站,茶馆,450103,108.3669,22.8167,火星,看情况\n"


@pytest.mark.parametrize("size", [PHONE, SCREEN])
@pytest.mark.parametrize("rows", [RIGHT, RIGHT + WRONG])
async def test_upload_and_look_are_accessible(live, open_page, size, rows):
    assert live
    officer = await make_staff(Role.OFFICER)
    session = await people.open_session(staff_id=officer.id, device="test")
    page = await open_page("/officer/stations/import", session=session, size=size)
    await check_page(page)
    file = {"name": "stations.csv", "mimeType": "text/csv", "buffer": (HEAD + rows).encode()}
    await page.locator("input[type=file]").set_input_files(files=[file])
    await page.get_by_role("button", name="上传并检查").click()
    await expect(page.get_by_text("行数")).to_be_visible()
    await check_page(page)
