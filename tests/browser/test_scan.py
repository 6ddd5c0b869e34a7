"""The desk's scanner: cards are judged with the network off, tickets and bookings where there is one."""

from __future__ import annotations

import shutil

import pytest
import segno
from playwright.async_api import Page, async_playwright, expect

from server.bookings.models import Booking, ServiceKind, Status
from server.edge.sessions import COOKIE
from server.membership import members
from server.people import service as people
from server.people.models import Role
from tests.fixtures.bookings import make_offering
from tests.fixtures.browser import SCREEN, check_page
from tests.fixtures.desk import Desk
from tests.fixtures.membership import card_text, make_member, make_union
from tests.fixtures.offline import kept
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station


@pytest.fixture
async def desk(live) -> Desk:
    """A station on the live server, with staff at its desk."""
    assert live
    station = await make_station()
    advice = await make_offering(station, service=ServiceKind.LEGAL_ADVICE, auto_confirm=False, capacity=9)
    haircut = await make_offering(station, capacity=9)
    staff = await make_staff(Role.STAFF, station_id=station.id)
    return Desk(station, advice, haircut, None, staff, None)


@pytest.fixture
async def session(desk) -> str:
    return await people.open_session(staff_id=desk.staff.id, device="test")


@pytest.fixture
async def scanner(session, open_page) -> Page:
    """The scan page at the desk's PC, opened once with the network on."""
    page = await open_page("/desk/scan", session=session, size=SCREEN)
    await expect(page.locator("[data-revoked]")).to_contain_text("作废名单更新到")
    await kept(page, "/desk/scan")
    return page


async def type_code(page: Page, text: str) -> None:
    """As a scanner at the PC does it."""
    await expect(page.locator("#code")).to_be_focused()
    await page.locator("#code").fill(text)
    await page.keyboard.press("Enter")


async def test_cards_are_judged_without_a_network(scanner):
    union = await make_union()
    member = await make_member(person=await make_person(), union=union)
    good, expired = card_text(member), card_text(member, days_ago=31)
    from_tomorrow = card_text(member, days_ago=-3)
    await scanner.context.set_offline(True)
    for text, said in (
        (good, "会员卡有效"),
        (expired, "二维码过期了"),
        (from_tomorrow, "这台设备的日期不对"),
        (good[:-30] + good[-30:][::-1], "可能是假卡"),
        ("NJK1:MFRGG", "可能是假卡"),
        ("https://example.com/other", "不是我们的码"),
        ("K7M2Q9", "凭证要联网才能签到"),
        (good.lower(), "会员卡有效"),
    ):
        await type_code(scanner, text)
        await expect(scanner.locator(".verdict")).to_contain_text(said)
    await expect(scanner.locator(".verdict")).to_contain_text("韦秀英")
    await expect(scanner.locator(".verdict")).to_contain_text("凤岭街道联合工会")
    await expect(scanner.locator(".verdict")).to_contain_text("作废名单更新到")
    await check_page(scanner)


async def test_a_revoked_card_is_known_without_a_network(desk, session, open_page):
    assert desk
    person = await make_person(is_member=True)
    text = card_text(await make_member(person=person))
    await members.leave(actor=person)
    page = await open_page("/desk/scan", session=session)
    await expect(page.locator("[data-revoked]")).to_contain_text("作废名单更新到")
    await page.context.set_offline(True)
    await page.locator("#code").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".verdict")).to_contain_text("这张卡作废了")


async def test_the_page_opens_again_without_a_network_with_its_list(scanner):
    await kept(scanner, "/desk/scan/revoked")
    await scanner.context.set_offline(True)
    await scanner.reload()
    await expect(scanner.locator("[data-kept-line]")).to_be_visible()
    await expect(scanner.locator("[data-revoked]")).to_contain_text("作废名单更新到")
    await type_code(scanner, card_text(await make_member(person=await make_person())))
    await expect(scanner.locator(".verdict")).to_contain_text("会员卡有效")


async def test_the_register_has_the_last_word(scanner):
    """Revoked after the page took its list: only the register knows."""
    person = await make_person(is_member=True)
    text = card_text(await make_member(person=person))
    await members.leave(actor=person)
    await type_code(scanner, text)
    await expect(scanner.locator(".verdict")).to_contain_text("这张卡作废了")


async def test_a_card_checks_in_from_the_scan_page(desk, scanner):
    booking = await desk.booked(name="韦姐")
    member = await make_member(person_id=(await Booking.get(id=booking.id)).person_id)
    await type_code(scanner, card_text(member))
    await scanner.get_by_role("button", name="签到").click()
    await expect(scanner.locator(f"#row-{booking.id}")).to_contain_text("已签到")
    assert await desk.status(booking) is Status.ARRIVED
    assert "NJK1" not in scanner.url


async def test_a_ticket_leads_to_its_step(desk, scanner):
    booking = await desk.booked(name="李师傅")
    await type_code(scanner, booking.code)
    await scanner.get_by_role("button", name="签到").click()
    await expect(scanner.locator(f"#row-{booking.id}")).to_contain_text("已签到")


async def test_one_card_after_another(scanner):
    first = await make_member(person=await make_person())
    second = await make_member(person=await make_person())
    await type_code(scanner, card_text(first, name="莫大哥"))
    await expect(scanner.locator(".verdict-name")).to_have_text("莫大哥")
    await type_code(scanner, card_text(second, name="覃姐"))
    await expect(scanner.locator(".verdict-name")).to_have_text("覃姐")
    await scanner.get_by_role("link", name="扫下一张").click()
    await expect(scanner.locator(".verdict")).to_have_count(0)


async def test_the_scan_page_without_javascript(desk, session, open_page):
    assert desk
    text = card_text(await make_member(person=await make_person()))
    page = await open_page("/desk/scan", session=session, javascript=False)
    await page.locator("#code").fill(text)
    await page.get_by_role("button", name="查").click()
    await expect(page.locator(".verdict")).to_contain_text("会员卡有效")
    await check_page(await open_page("/desk/scan", session=session))


async def test_a_card_scanned_at_the_sheet_checks_in(desk, session, open_page):
    booking = await desk.booked(name="韦姐")
    member = await make_member(person_id=(await Booking.get(id=booking.id)).person_id)
    page = await open_page(desk.url, session=session, size=SCREEN)
    await page.locator("#code").fill(card_text(member))
    await page.keyboard.press("Enter")
    await expect(page.locator(f"#row-{booking.id}")).to_contain_text("已签到")
    await check_page(page)


# The reader that Android's browsers bring along, as its standard says; Chromium on Linux has none.
OWN_READER = """
window.BarcodeDetector = class {
  static getSupportedFormats() { return Promise.resolve(["ean_13", "qr_code"]); }
  constructor({ formats }) { this.formats = formats; }
  async detect(video) {
    const paper = new OffscreenCanvas(video.videoWidth, video.videoHeight), { width, height } = paper;
    const drawn = paper.getContext("2d");
    drawn.drawImage(video, 0, 0);
    const read = jsQR(drawn.getImageData(0, 0, width, height).data, width, height);
    document.documentElement.dataset.readBy = this.formats;
    return read ? [{ rawValue: read.data, format: "qr_code" }] : [];
  }
};
"""


@pytest.mark.parametrize("own_reader", [True, False])
async def test_the_camera_reads_a_card_without_a_network(live, session, tmp_path, own_reader):
    """Chromium's own test camera shows the card's code; the browser reads it itself where it can."""
    text = card_text(await make_member(person=await make_person()))
    film = tmp_path / "card.mjpeg"
    async with async_playwright() as playwright:
        path = shutil.which("chromium")
        drawing = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await drawing.new_page(viewport={"width": 640, "height": 480})
        code = segno.make_qr(text, error="l").svg_inline(scale=6, border=4)
        await page.set_content(f"<style>body{{margin:0;display:grid;place-items:center;height:480px}}</style>{code}")
        film.write_bytes(await page.screenshot(type="jpeg", quality=95))
        await drawing.close()
        browser = await playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                  f"--use-file-for-fake-video-capture={film}"],
        )  # fmt: skip
        context = await browser.new_context(base_url=live.url, locale="zh-CN")
        await context.add_cookies([{"name": COOKIE, "value": session, "url": live.url}])
        page = await context.new_page()
        if own_reader:
            await page.add_init_script(OWN_READER)
        await page.goto("/desk/scan")
        await expect(page.locator("[data-revoked]")).to_contain_text("作废名单更新到")
        await context.set_offline(True)
        await page.get_by_role("button", name="用摄像头扫").click()
        await expect(page.locator(".verdict")).to_contain_text("会员卡有效")
        await expect(page.locator(".verdict-name")).to_have_text("韦秀英")
        assert await page.evaluate("document.documentElement.dataset.readBy") == ("qr_code" if own_reader else None)
        await browser.close()
