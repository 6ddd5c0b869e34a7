"""A number from the door to the display, in three browsers that follow each other."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from server.people import service as people
from tests.fixtures.bookings import make_offering
from tests.fixtures.browser import SCREEN, check_page
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station

# The display speaks through the browser: what it would say is kept instead.
LISTEN = """() => {
    window.SpeechSynthesisUtterance = function (text) { this.text = text; };
    const say = ({ text }) => { document.body.dataset.spoken = `${document.body.dataset.spoken ?? ""}${text}。`; };
    Object.defineProperty(window, "speechSynthesis", { value: { speak: say, cancel() {}, speaking: false } });
}"""
FIRST = "声音打开了。请 A1 到前台。"


@pytest.mark.parametrize("look", ["", "?dark"])
async def test_a_number_is_called_live(live, open_page, look):
    assert live
    station = await make_station()
    await make_offering(station)
    staff = await make_staff(station_id=station.id)
    worker = await open_page(f"/stations/{station.id}/queue")
    await check_page(worker)
    await worker.get_by_role("button", name=re.compile("理发")).click()
    await expect(worker.locator("#state")).to_contain_text("马上就到")
    await check_page(worker)

    board = await open_page(f"/stations/{station.id}/board{look}", size=SCREEN)
    await expect(board.locator(".live.on")).to_be_visible()
    await board.evaluate(LISTEN)
    await board.get_by_role("button", name="开声音").click()
    desk = await open_page(
        f"/desk/{station.id}/queue", session=await people.open_session(staff_id=staff.id), size=SCREEN
    )
    await expect(desk.locator(".live.on")).to_be_visible()
    await desk.get_by_role("button", name=re.compile("叫下一位：A1")).click()

    await expect(worker.locator("#state")).to_contain_text("叫到您了，请到前台")
    await expect(board.locator(".board-calls li")).to_contain_text("A1")
    await expect(board.locator("body")).to_have_attribute("data-spoken", FIRST)
    await desk.get_by_role("button", name="再叫一遍").press("Enter")
    await expect(board.locator("body")).to_have_attribute("data-spoken", f"{FIRST}请 A1 到前台。")
    for page in (board, desk):
        await check_page(page)
    await desk.get_by_role("button", name="办完了").press("Enter")
    await expect(worker.locator("#state")).to_contain_text("办完了")
