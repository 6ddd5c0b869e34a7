"""A worker from across the border: the whole journey in Vietnamese on a small phone, with no Chinese of ours in it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.bookings.models import ServiceKind
from server.kit import clock
from server.membership import reviewing
from server.membership.models import Application
from server.stations.divisions import places
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import check_page
from tests.fixtures.joining import make_reviewer
from tests.fixtures.membership import make_id_card, make_union
from tests.fixtures.stations import make_station

HERE = {"latitude": 22.8170, "longitude": 108.3670}
PHONE = "138 0013 8000"
# What was entered by people here, or is nobody's to translate: names of places, of languages, of this product.
DATA = (
    "青秀凤岭工会驿站",
    "凤岭北路地铁站旁",
    "凤岭街道联合工会",
    "韦秀英",
    "覃师傅",
    "娘家人",
    "简体中文",
    "繁體中文",
)
HAN = re.compile(r"[\u3400-\u9fff]+")
# Every word that is read or read aloud: texts, labels, placeholders, and what scripts will say.
WORDS = """() => {
  const words = [document.title];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) if (!texts.currentNode.parentElement.closest("script")) words.push(texts.currentNode.data);
  for (const one of document.querySelectorAll("body, body *"))
    for (const { name, value } of one.attributes)
      if (/^(aria-label|alt|title|placeholder|data-.*)$/.test(name)) words.push(value);
  return words;
}"""


@pytest.fixture
async def union(live):
    assert live
    return await make_union()


@pytest.fixture
async def offering(union):
    assert union
    station = await make_station()
    await make_offering(station, service=ServiceKind.LEGAL_ADVICE)
    made = await make_offering(station, capacity=4, provider="覃师傅")
    for hour in (9, 15):
        await make_slot(made, clock.at(clock.today() + timedelta(days=1), hour * 60))
    return made


class Reader:
    """Reads every page it comes to, to the last label."""

    def __init__(self, page):
        self.page, self.untranslated = page, {}
        names = {name for place in places().values() for name in (place.name, place.short)}
        self.data = re.compile("|".join(sorted((*DATA, *names), key=len, reverse=True)))

    async def read(self):
        await check_page(self.page)
        for words in await self.page.evaluate(WORDS):
            if HAN.search(self.data.sub("", words)):
                self.untranslated.setdefault(words.strip(), self.page.url)

    async def goes(self, path):
        await self.page.goto(path)
        await self.read()

    async def press(self, name, shows):
        await self.page.get_by_role("button", name=name, exact=True).last.click()
        await self.page.locator(shows).first.wait_for()
        await self.read()

    async def fill(self, label, text):
        await self.page.get_by_label(label).fill(text)

    async def type_code(self):
        await self.fill("6 chữ số trong tin nhắn", await self.page.locator(".demo-code strong").inner_text())


@pytest.fixture
async def reader(offering, open_page):
    """A new phone, on whose page of languages Vietnamese is chosen."""
    assert offering
    page = await open_page("/settings", geolocation=HERE, permissions=["geolocation"])
    await page.get_by_label("Tiếng Việt").check()
    await page.get_by_role("button", name="就用这个").click()
    await expect(page.locator("html")).to_have_attribute("lang", "vi")
    made = Reader(page)
    yield made
    assert not made.untranslated, "\n".join(f"{url}: {words}" for words, url in made.untranslated.items())


async def book(reader, offering):
    """From the first page to the ticket."""
    await reader.goes("/")
    await reader.press("Xem trạm gần tôi", ".station")
    await expect(reader.page.locator("main")).to_contain_text(re.compile(r"\d+ m\b"))
    await reader.goes(f"/stations/{offering.station_id}")
    await reader.page.locator(f'a[href^="/book/{offering.id}"]').first.click()
    await reader.page.wait_for_url("**/book/**")
    await reader.read()
    await reader.page.locator(".time").first.click()
    await reader.page.wait_for_url("**/book/slots/**")
    await reader.fill("Số điện thoại", "1380013")
    await reader.press("Tiếp theo", ".errors")
    await reader.fill("Số điện thoại", PHONE)
    await reader.press("Tiếp theo", ".demo-code")
    await reader.type_code()
    await reader.press("Xác nhận hẹn", "#state")


async def test_from_the_language_to_a_ticket_cancelled_and_taken_back(reader, offering):
    await book(reader, offering)
    await expect(reader.page.locator("#state")).to_have_text("Đã hẹn xong")
    # Tomorrow at nine, as one writes it there.
    await expect(reader.page.locator(".ticket-when")).to_contain_text(re.compile("(09:00|9:00).*mai|mai.*(09:00|9:00)"))
    await reader.page.get_by_text("Không đi được, muốn hủy").click()
    await reader.page.get_by_role("button", name="Hủy lịch hẹn này").click()
    await expect(reader.page.locator("#state")).to_have_text("Đã hủy")
    await reader.read()
    await reader.page.get_by_role("button", name="Rút lại").click()
    await expect(reader.page.locator("#state")).to_have_text("Đã hẹn xong")
    for path in ("/tickets", "/inbox", "/me", "/me/data", "/me/data/all", "/me/data/erase", "/me/phone", "/settings"):
        await reader.goes(path)
    for path in ("/regions", "/regions/450000", "/offline", "/no-such-page", "/desk"):
        await reader.goes(path)


async def test_waiting_for_a_place_and_taking_a_number(reader, offering):
    await book(reader, offering)
    await reader.goes(f"/wait/{offering.id}?day={clock.today() + timedelta(days=1)}")
    await reader.press("Chờ ngày này", 'form[action^="/waiting/"]')
    await reader.goes(f"/stations/{offering.station_id}/queue")
    await reader.page.locator("main form button").first.click()
    await reader.page.wait_for_url("**/q/*")
    await reader.read()


async def test_joining_from_the_first_page_to_the_card(reader, union):
    await reader.goes(f"/j/{union.code}")
    await reader.fill("Số điện thoại", PHONE)
    await reader.press("Tiếp theo", ".demo-code")
    await reader.type_code()
    await reader.press("Tiếp theo", "#name")
    await reader.press("Tiếp theo", ".errors")
    await reader.fill("Họ tên", "韦秀英")
    await reader.fill("Số căn cước", make_id_card())
    await reader.press("Tiếp theo", "#sensitive")
    for path in ("/join/work", "/join/place", "/join/union", "/join/check"):
        await reader.goes(path)
    await reader.page.locator("#sensitive").check()
    await reader.press("Gửi đi", "#state")
    await expect(reader.page.locator("#state")).to_have_text("Công đoàn đang duyệt")
    application = await Application.get(union_id=union.id)
    await reviewing.approve(actor=await make_reviewer(union.id), application_id=application.id)
    await reader.page.wait_for_url("**/card")
    await expect(reader.page.locator("main .member-name")).to_have_text("韦秀英")
    # The month of entry, as one writes it there.
    joined = f"tháng {clock.today().month} năm {clock.today().year}"
    await expect(reader.page.locator("main")).to_contain_text(re.compile(joined, re.IGNORECASE))
    for path in ("/card", "/membership/correct", "/membership/transfer", "/inbox", "/me/data"):
        await reader.goes(path)
