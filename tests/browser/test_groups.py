"""A foreman on a phone books a health check for forty: 28 here, the rest on another day; the desk takes them in."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.bookings.group_models import GroupBooking
from server.bookings.models import Booking, ServiceKind, Slot, Status
from server.groups.lists import Guest
from server.groups.service import book_group
from server.kit import clock
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import SCREEN, check_page
from tests.fixtures.desk import now_today
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station
from tests.groups.test_lists import HEADER, xlsx


@pytest.fixture
async def offering(live):
    """Health checks: 28 places tomorrow, room for twenty more on the next day."""
    assert live
    made = await make_offering(
        await make_station(name="青秀区凤岭职工之家"), service=ServiceKind.HEALTH_CHECK, capacity=14, horizon_days=7
    )
    for day, minute, room in ((1, 540, 14), (1, 570, 14), (2, 540, 20), (2, 600, 20)):
        await make_slot(made, clock.at(clock.today() + timedelta(days=day), minute), capacity=room)
    return made


@pytest.mark.parametrize("javascript", [True, False])
async def test_forty_people_from_the_first_tap_to_the_desk(offering, open_page, javascript, tmp_path):
    foreman = await make_person()
    session = await people.open_session(person_id=foreman.id, device="test")
    page = await open_page(f"/book/{offering.id}", session=session, javascript=javascript)

    async def check():
        if javascript:
            await check_page(page)

    await page.get_by_role("link", name="帮工友一起约").click()
    await expect(page.get_by_label("一共几个人")).to_be_visible()
    await check()
    await page.get_by_text("有名单？").click()
    names = [("李一", "13800138001"), *[("李二", "")] * 38, ("李3", "")]
    wrong, right = tmp_path / "wrong.xlsx", tmp_path / "right.xlsx"
    wrong.write_bytes(xlsx(HEADER, *names))
    right.write_bytes(xlsx(HEADER, *names[:-1], ("李三", "")))
    await page.get_by_label("XLSX 名单").set_input_files(wrong)
    await page.get_by_role("button", name="看约不约得下").click()
    await expect(page.get_by_text("第 41 行 · 姓名")).to_be_visible()
    await check()
    await page.get_by_label("XLSX 名单").set_input_files(right)
    await page.get_by_role("button", name="看约不约得下").click()
    await expect(page.get_by_text("28 人约得上；还有 12 人要另外安排")).to_be_visible()
    await check()
    await page.get_by_role("button", name="就这么约").click()
    await expect(page.get_by_text("请勾一个地方")).to_be_visible()
    await check()
    await page.get_by_role("checkbox", name="能排 12 人").check()
    await page.get_by_role("checkbox", name="我跟名单上的人说过了").check()
    await page.get_by_role("button", name="就这么约").click()
    await expect(page.get_by_role("heading", name="40 个人有位置")).to_be_visible()
    await check()
    assert await Booking.all().count() == 40
    assert sorted(await Slot.all().values_list("taken", flat=True)) == [0, 12, 14, 14]
    await page.get_by_text("有人去不了，要取消").click()
    await page.get_by_role("checkbox", name="40. 李三").check()
    await check()
    await page.get_by_role("button", name="取消勾上的人").click()
    await expect(page.get_by_text("取消了 1 个人的预约")).to_be_visible()
    await page.goto("/tickets")
    await expect(page.get_by_text("39 人一起")).to_be_visible()
    await check()


async def test_the_desk_takes_in_who_came(offering, open_page):
    foreman, slot = await make_person(), await make_slot(offering, now_today())
    guests = [Guest(f"李{n}") for n in "一二三四五六"]
    with clock.travel(slot.starts_at - timedelta(hours=3) - clock.now()):
        await book_group(actor=foreman, guests=guests, places={slot.id: 6}, request_key="k")
    code = (await GroupBooking.get(foreman_id=foreman.id)).code
    staff = await make_staff(station_id=offering.station_id)
    session = await people.open_session(staff_id=staff.id, device="test")
    page = await open_page(f"/desk/{offering.station_id}", session=session, size=SCREEN)
    await expect(page.get_by_text(f"集体 {code} · 1 号")).to_be_visible()
    await check_page(page)
    await page.locator("#code").fill(code.lower())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="今天还要来 6 个人")).to_be_visible()
    await check_page(page)
    for name in ("李一", "李三"):
        await page.get_by_role("checkbox", name=name).check()
    await page.get_by_role("button", name="勾上的到了").click()
    await expect(page.get_by_text("签到了 2 个人")).to_be_visible()
    await check_page(page)
    await page.get_by_role("button", name="4 个人全到了").click()
    await expect(page.get_by_text("签到了 4 个人")).to_be_visible()
    assert {booking.status for booking in await Booking.all()} == {Status.ARRIVED}
