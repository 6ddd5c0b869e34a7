"""The outbox on a phone: what was sent without a network waits, goes out once, and says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Error, Page, expect

from server.bookings.models import Booking, Status, WaitEntry
from server.bookings.service import book_slot
from server.kit import clock
from server.kit.ids import new_id
from server.membership import applying
from server.membership.models import UnionKind
from server.people import service as people
from server.stations.naming import search_words
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import check_page
from tests.fixtures.joining import application_of, make_identity
from tests.fixtures.membership import make_union
from tests.fixtures.offline import kept
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

WAITS = "没有网，先替您记着，有网了自动发"
STORED = """async () => {
    const db = await new Promise((done) => {
        const asked = indexedDB.open("outbox", 1);
        asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "id", autoIncrement: true });
        asked.onsuccess = () => done(asked.result);
    });
    const all = await new Promise((done) => {
        db.transaction("entries").objectStore("entries").getAll().onsuccess = ({ target }) => done(target.result);
    });
    db.close();
    return all;
}"""
AGE = """async (hours) => {
    const db = await new Promise((done) => {
        indexedDB.open("outbox", 1).onsuccess = ({ target }) => done(target.result);
    });
    const change = db.transaction("entries", "readwrite"), store = change.objectStore("entries");
    store.getAll().onsuccess = ({ target }) => {
        for (const entry of target.result) store.put({ ...entry, created: entry.created - hours * 3600e3 });
    };
    await new Promise((done) => (change.oncomplete = done));
    db.close();
}"""


async def stored(page: Page, holds: Callable[[list[Any]], bool]) -> None:
    """Wait until what the phone has stored is so; Playwright's own wait takes a promise for a yes."""
    async with asyncio.timeout(10):
        while True:
            with suppress(Error):  # the page is leaving
                if holds(await page.evaluate(STORED)):
                    return


@pytest.fixture
async def slot(live):
    assert live
    offering = await make_offering(await make_station(), capacity=1)
    return await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 9 * 60))


@pytest.fixture
async def worker(live):
    assert live
    return await make_person()


@pytest.fixture
async def session(worker):
    return await people.open_session(person_id=worker.id, device="test")


@pytest.fixture
async def booking(worker, slot):
    return await book_slot(actor=worker, slot_id=slot.id, request_key=new_id().hex)


@pytest.fixture
async def draft(worker):
    """An application that comes to the question where its worker works."""
    name = "青秀区总工会环卫工会"
    await make_union(name=name, kind=UnionKind.STREET, search_text=search_words(name))
    await applying.start(actor=worker)
    return worker


def ended(page):
    return page.locator("[data-outbox-ended]")


async def cut(page):
    """Away from the network; the phone has the app already."""
    await kept(page, "/offline")
    await page.context.set_offline(True)


async def mend(page):
    await page.context.set_offline(False)


async def book_without_a_network(page):
    """Tap on the page that asks to book, without a network."""
    await cut(page)
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.locator("[data-outbox-queue]")).to_contain_text(WAITS)


async def test_a_booking_waits_and_goes_out_once_there_is_a_network(slot, worker, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await expect(page.locator("[data-outbox-waiting] summary")).to_be_focused()
    await expect(page.get_by_text("理发 · ")).to_be_visible()
    await expect(page.locator("[data-lost]")).to_be_hidden()
    await check_page(page)
    (entry,) = await page.evaluate(STORED)
    assert {name for name, _ in entry["fields"]} == {"request_key"}
    assert not await Booking.exists()
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：约好了")
    booking = await Booking.get(person_id=worker.id, slot_id=slot.id)
    await check_page(page)
    await page.get_by_role("link", name="看凭证").click()
    await page.wait_for_url(f"**/tickets/{booking.id}?new=1")
    await expect(page.locator("#state")).to_have_text("约好了")
    await expect(page.locator("[data-outbox-box]")).to_be_hidden()


async def test_what_waits_is_seen_after_the_page_is_opened_again(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await page.reload()
    await expect(page.get_by_role("heading", name="现在没有网络")).to_be_visible()
    await page.get_by_text("等着发的：1 件").click()
    await expect(page.get_by_text(WAITS)).to_be_visible()
    await page.get_by_role("button", name="现在就发").click()
    await expect(page.get_by_text("还是没连上网")).to_be_visible()
    await check_page(page)
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：约好了")
    assert await Booking.all().count() == 1


async def test_it_goes_out_by_hand_and_leads_on(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session, service_workers="block")
    await page.route("**/book/**", lambda route: route.abort("connectionfailed"))
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_text(WAITS)).to_be_visible()
    await page.unroute_all(behavior="wait")
    await page.get_by_role("button", name="现在就发").click()
    await page.wait_for_url("**/tickets/**")
    await expect(page.locator("[data-outbox-box]")).to_be_hidden()
    assert await Booking.all().count() == 1


@pytest.mark.parametrize("locks", [True, False])
async def test_two_tabs_send_it_once(slot, worker, session, open_page, locks):
    page = await open_page(f"/book/slots/{slot.id}", session=session, service_workers="block")
    if not locks:
        await page.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
        await page.reload()
    other = await page.context.new_page()
    await other.goto("/tickets")
    sent = []
    page.context.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="确认预约").click()
    await expect(other.get_by_text("等着发的：1 件")).to_be_visible()
    sent.clear()
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：约好了")
    await expect(ended(other)).to_contain_text("发出去了：约好了")
    assert await Booking.filter(person_id=worker.id).count() == 1
    assert [url for url in sent if "/book/" in url] == [f"{page.url}"]


async def test_a_full_slot_says_so_and_leads_to_others(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
    await mend(page)
    await expect(ended(page)).to_contain_text("没办成：")
    await expect(ended(page)).to_contain_text("满")
    await check_page(page)
    await page.get_by_role("link", name="再看看").click()
    await page.wait_for_url(f"**/book/{slot.offering_id}?day=*")
    await expect(page.locator("[data-outbox-box]")).to_be_hidden()


async def test_a_cancellation_waits_too(booking, session, open_page):
    page = await open_page(f"/tickets/{booking.id}", session=session)
    await kept(page, f"/tickets/{booking.id}/qr.svg")
    await cut(page)
    await page.reload()
    await expect(page.locator("[data-kept-line]")).to_be_visible()
    await page.get_by_text("去不了，要取消").click()
    await page.get_by_role("button", name="取消这个预约").click()
    await expect(page.locator("[data-outbox-queue]")).to_contain_text("取消：理发")
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：取消了")
    assert (await Booking.get(id=booking.id)).status is Status.CANCELLED


async def test_waiting_for_a_place_waits_and_thinking_better_of_it_too(slot, worker, session, open_page):
    await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
    page = await open_page(f"/wait/{slot.offering_id}?slot={slot.id}", session=session)
    await cut(page)
    await page.get_by_role("button", name="等这个时间").click()
    await page.get_by_role("button", name="附近都行").click()
    await expect(page.locator("[data-outbox-queue] li")).to_have_count(2)
    await check_page(page)
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：排上了")
    await stored(page, lambda entries: all(entry["state"] == "sent" for entry in entries))
    assert await WaitEntry.filter(person_id=worker.id, state="waiting").count() == 2
    await page.get_by_role("link", name="看我的候补").first.click()
    await kept(page, "/offline")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="不等了").first.click()
    await expect(page.locator("[data-outbox-queue]")).to_contain_text("不等了：理发")
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：好，不等了。")
    assert await WaitEntry.filter(person_id=worker.id, state="waiting").count() == 1


async def test_a_step_of_an_application_waits_and_what_is_typed_last_counts(draft, session, open_page):
    await applying.save_identity(actor=draft, identity=make_identity())
    page = await open_page("/join/work", session=session)
    await cut(page)
    for place in ("东莞", "南宁青秀区"):
        await page.get_by_label("哪个区县").fill(place)
        await page.get_by_role("button", name="下一步").last.click()
        await expect(page.locator("[data-outbox-queue] li")).to_have_count(1)
        await expect(page.locator("form[data-sent]")).to_have_count(0)
    await mend(page)
    await expect(ended(page)).to_contain_text("发出去了：记下了")
    assert (await application_of(draft)).region_code == 450103
    await page.get_by_role("link", name="接着填").click()
    await page.wait_for_url("**/join/check")


async def test_a_name_and_a_number_never_wait(draft, session, open_page):
    assert draft
    page = await open_page("/join/identity", session=session)
    await page.get_by_label("姓名").fill("韦秀英")
    await page.get_by_label("身份证号").fill("450103199001010028")
    await cut(page)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("alert")).to_contain_text("手机现在没有网")
    await expect(page.get_by_label("姓名")).to_have_value("韦秀英")
    assert await page.evaluate(STORED) == []


async def test_one_may_think_better_of_it(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await page.get_by_role("button", name="不发了").click()
    await expect(page.locator("[data-outbox-box]")).to_be_hidden()
    assert await page.evaluate(STORED) == []


@pytest.mark.parametrize("online", [True, False])
async def test_signing_out_leaves_nothing(slot, session, open_page, online):
    page = await open_page("/me", session=session, service_workers="block")
    booking = await page.context.new_page()
    await booking.goto(f"/book/slots/{slot.id}")
    await booking.route("**/book/**", lambda route: route.abort("connectionfailed"))
    await booking.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_text("等着发的：1 件")).to_be_attached()
    await page.context.set_offline(not online)
    await page.get_by_role("button", name="退出登录").click()
    await stored(page, lambda entries: not entries)
    assert not await Booking.exists()


async def test_the_service_worker_forgets_what_waits_with_the_pages(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await page.evaluate("() => fetch('/sign-out', { method: 'POST' }).catch(() => {})")
    await stored(page, lambda entries: not entries)


async def test_who_has_everything_deleted_leaves_nothing(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session, service_workers="block")
    await page.route("**/book/**", lambda route: route.abort("connectionfailed"))
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_text(WAITS)).to_be_visible()
    await page.context.clear_cookies()
    await page.goto("/erased")
    await stored(page, lambda entries: not entries)
    assert not await Booking.exists()


async def test_an_ended_session_shows_nothing_until_its_owner_is_back(slot, worker, session, open_page, live):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await page.context.clear_cookies()
    await mend(page)
    await expect(ended(page)).to_contain_text("还有 1 件没发出去，登录以后接着发")
    await page.goto("/settings")
    await expect(ended(page)).to_contain_text("登录以后接着发")
    assert "理发" not in await page.locator("[data-outbox-box]").inner_text()
    await check_page(page)
    again = await people.open_session(person_id=worker.id, device="test")
    await page.context.add_cookies([{"name": "nj_session", "value": again, "url": live.url}])
    await page.goto("/settings")
    await expect(ended(page)).to_contain_text("发出去了：约好了")
    assert await Booking.filter(person_id=worker.id).count() == 1


async def test_what_another_person_left_goes_with_a_note(slot, session, open_page, live):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    other = await people.open_session(person_id=(await make_person()).id, device="test")
    await page.context.add_cookies([{"name": "nj_session", "value": other, "url": live.url}])
    await mend(page)
    await page.goto("/settings")
    await expect(ended(page)).to_contain_text("换了人登录")
    assert "理发" not in await page.locator("[data-outbox-box]").inner_text()
    await page.get_by_role("button", name="知道了").click()
    await expect(page.locator("[data-outbox-box]")).to_be_hidden()
    assert await page.evaluate(STORED) == []
    assert not await Booking.exists()


async def test_after_three_days_it_is_given_up_and_said(slot, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session)
    await book_without_a_network(page)
    await page.evaluate(AGE, 73)
    await mend(page)
    await expect(ended(page)).to_contain_text("三天都没发出去，不发了")
    await expect(ended(page)).to_contain_text("理发")
    assert not await Booking.exists()


async def test_a_lost_answer_makes_no_second_booking(slot, worker, session, open_page):
    page = await open_page(f"/book/slots/{slot.id}", session=session, service_workers="block")
    reached = asyncio.Event()

    async def lose_the_answer(route):
        await route.fetch(max_redirects=0)
        reached.set()
        await route.abort("connectionreset")

    await page.route("**/book/**", lose_the_answer)
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_text(WAITS)).to_be_visible()
    assert reached.is_set()
    await page.unroute_all(behavior="wait")
    await page.reload()
    await expect(ended(page)).to_contain_text("发出去了：约好了")
    assert await Booking.filter(person_id=worker.id).count() == 1
