"""A worker at an unattended door, with one hand: in by one tap, says what is broken with a photo, and is answered."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image
from playwright.async_api import expect

from server.people import service as people
from server.people.models import Role
from server.reports.models import Fault, FaultPhoto, Suggestion
from server.stations.models import Facility
from server.visits.models import VisitDay
from server.visits.service import give_code
from tests.fixtures.browser import SCREEN, check_page
from tests.fixtures.offline import kept
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NANNING, make_station

HERE = {"latitude": NANNING[0], "longitude": NANNING[1]}
# When the phone has put a smaller photo in the place of the one that was chosen.
SHRUNK = """(most) => new Promise((resolve) => {
    const look = () => document.querySelector("#photo").files[0].size < most ? resolve() : setTimeout(look, 20);
    look();
})"""


def large_photo() -> bytes:
    """As a phone's camera makes it: several megabytes of detail, held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = BytesIO()
    Image.effect_noise((2400, 1800), 80).convert("RGB").save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


async def make_door():
    station = await make_station(unattended=True, facilities=[Facility.HOT_WATER, Facility.CHARGING])
    officer = await make_staff(Role.OFFICER)
    return station, officer, f"/door/{await give_code(actor=officer, station_id=station.id)}"


async def test_one_tap_at_the_door_then_something_is_broken(live, open_page):
    assert live
    station, officer, door = await make_door()
    page = await open_page(door)
    await check_page(page)
    await page.get_by_role("button", name="外卖骑手").click()
    await expect(page.get_by_role("heading", name="欢迎，请进！")).to_be_visible()
    await check_page(page)
    assert [(row.occupation, row.visits) for row in await VisitDay.all()] == [("rider", 1)]

    await page.get_by_role("link", name=re.compile("有东西坏了")).click()
    await page.get_by_text("热水", exact=True).click()
    await page.get_by_label(re.compile("怎么个坏法")).fill("不出热水")
    photo = large_photo()
    await page.locator("#photo").set_input_files({"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": photo})
    await page.evaluate(SHRUNK, len(photo) // 2)
    await check_page(page)
    await page.get_by_role("button", name="告诉站点").click()
    await expect(page.get_by_role("heading", name="知道了，谢谢您说一声")).to_be_visible()
    await check_page(page)
    photo = await FaultPhoto.get()
    assert (photo.width, photo.height) == (960, 1280), "upright, as it was seen"
    assert await page.locator("img.photo").evaluate("(photo) => photo.decode().then(() => photo.naturalHeight)") == 1280

    session = await people.open_session(staff_id=officer.id)
    desk = await open_page("/desk/faults", session=session, size=SCREEN)
    await check_page(desk)
    await desk.get_by_role("link", name=re.compile("热水")).click()
    await check_page(desk)
    await desk.get_by_role("button", name="看到了，安排修").click()
    await expect(desk.get_by_text("正在修").first).to_be_visible()
    await page.goto(f"/stations/{station.id}")
    await expect(page.get_by_text("热水坏了，正在修。")).to_be_visible()
    await check_page(page)


async def test_without_scripts_the_door_opens_and_what_is_broken_is_said(live, open_page):
    assert live
    _station, _officer, door = await make_door()
    page = await open_page(door, javascript=False)
    await page.get_by_role("button", name="环卫工人").click()
    await page.get_by_role("link", name=re.compile("有东西坏了")).click()
    await page.get_by_role("button", name="告诉站点").click()
    await expect(page.get_by_role("alert")).to_contain_text("请点一下什么坏了")
    await page.get_by_text("充电", exact=True).click()
    await page.locator("#photo").set_input_files({"name": "1.jpg", "mimeType": "image/jpeg", "buffer": large_photo()})
    await page.get_by_role("button", name="告诉站点").click()
    await expect(page.get_by_role("heading", name="知道了，谢谢您说一声")).to_be_visible()
    assert (await Fault.get()).thing == "charging"
    assert (await FaultPhoto.get()).height == 1280


async def test_a_kept_welcome_is_read_without_a_network(live, open_page):
    assert live
    _station, _officer, door = await make_door()
    page = await open_page(f"{door}/in")
    await page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)")
    await page.reload()
    await kept(page, f"{door}/in")
    await expect(page.get_by_role("heading", name="欢迎，请进！")).to_be_visible()
    await page.context.set_offline(True)
    page.complaints.clear()
    await page.reload()
    await expect(page.get_by_role("heading", name="欢迎，请进！")).to_be_visible()
    await expect(page.get_by_text("没连上网。这是")).to_be_visible()
    page.complaints.clear()


async def test_a_station_is_missed_here(live, open_page):
    assert live
    await make_station()
    session = await people.open_session(person_id=(await make_person()).id)
    page = await open_page("/suggestions", session=session, geolocation=HERE, permissions=["geolocation"])
    await check_page(page)
    await page.get_by_role("button", name="就在我附近").click()
    await expect(page.get_by_text("这一带还没有人提")).to_be_visible()
    await check_page(page)
    await page.get_by_role("link", name="提一个新地方").click()
    await page.get_by_label(re.compile("在哪里")).fill("凤岭北路口")
    await page.get_by_text("厕所", exact=True).click()
    await check_page(page)
    await page.get_by_role("button", name="提出来").click()
    await expect(page.get_by_text("有您一个")).to_be_visible()
    await check_page(page)

    other = await open_page(
        f"/suggestions/{(await Suggestion.get()).id}",
        session=await people.open_session(person_id=(await make_person()).id),
    )
    await other.get_by_role("button", name="我也要，算我一个").click()
    await expect(other.get_by_text("2 人支持")).to_be_visible()
    officer = await people.open_session(staff_id=(await make_staff(Role.OFFICER)).id)
    desk = await open_page("/officer/suggestions", session=officer, size=SCREEN)
    await desk.get_by_role("link", name=re.compile("凤岭北路口")).click()
    await desk.get_by_label("计划中").check()
    await desk.get_by_label("写给工友的话").fill("明年上半年动工。")
    await check_page(desk)
    await desk.get_by_role("button", name="定了").click()
    await expect(desk.get_by_text("明年上半年动工。")).to_be_visible()
    await page.goto("/inbox")
    await expect(page.get_by_text("您支持的建站建议列入计划了")).to_be_visible()
