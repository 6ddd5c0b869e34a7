"""Keys at the desk, for whoever has a PC and no hand free for the mouse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from server.kit import clock
from server.people import service as people
from server.people.models import Role
from tests.fixtures.bookings import make_offering
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station


@pytest.fixture
async def sheet(live, open_page) -> Page:
    """The sheet of a station on a PC."""
    assert live
    station = await make_station()
    await make_offering(station)
    staff = await make_staff(Role.STAFF, station_id=station.id)
    session = await people.open_session(staff_id=staff.id, device="test")
    return await open_page(f"/desk/{station.id}", session=session, size=SCREEN)


async def on_day(page: Page, away: int) -> None:
    """The page shows the day so many days from now, and is ready for keys: its field has the focus."""
    day = page.get_by_role("navigation", name="哪天").locator("[aria-current=date]")
    await expect(day).to_have_attribute("href", re.compile(f"day={clock.today() + timedelta(days=away)}"))
    await expect(page.locator("#code")).to_be_focused()


async def press(page: Page, *keys: str) -> None:
    """Keys on the page, out of the field that has the focus."""
    await page.keyboard.press("Escape")
    await expect(page.locator("#code")).not_to_be_focused()
    for key in keys:
        await page.keyboard.press(key)


async def test_days_go_by_with_the_arrows_and_t_comes_home(sheet):
    await on_day(sheet, 0)
    await press(sheet, "ArrowLeft")
    await on_day(sheet, -1)
    await press(sheet, "ArrowLeft")
    await on_day(sheet, -2)
    await press(sheet, "t")
    await on_day(sheet, 0)
    await press(sheet, "ArrowRight")
    await on_day(sheet, 1)


async def test_a_slash_leads_to_the_field(sheet):
    await press(sheet, "/")
    field = sheet.locator("#code")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("")


async def test_what_is_typed_is_no_key(sheet):
    before = sheet.url
    field = sheet.locator("#code")
    await expect(field).to_be_focused()
    await sheet.keyboard.type("t/?T")
    await sheet.keyboard.press("ArrowLeft")
    await sheet.keyboard.press("ArrowRight")
    await expect(field).to_have_value("t/?T")
    await expect(sheet.get_by_role("dialog")).to_be_hidden()
    assert sheet.url == before


async def test_the_list_of_keys(sheet):
    await press(sheet, "?")
    table = sheet.get_by_role("dialog", name="快捷键")
    await expect(table).to_contain_text("前一天")
    await check_page(sheet)
    before = sheet.url
    await sheet.keyboard.press("t")
    await sheet.get_by_role("checkbox", name="在这台电脑上用快捷键").uncheck()
    await sheet.keyboard.press("Escape")
    await expect(table).to_be_hidden()
    await press(sheet, "/", "?")
    await expect(table).to_be_hidden()
    await expect(sheet.locator("#code")).not_to_be_focused()
    await sheet.get_by_role("button", name="快捷键").click()
    await expect(table).to_be_visible()
    assert sheet.url == before


async def test_a_phone_has_no_keys_to_tell_of(sheet):
    await sheet.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await expect(sheet.get_by_role("button", name="快捷键")).to_be_hidden()
    await check_page(sheet)
