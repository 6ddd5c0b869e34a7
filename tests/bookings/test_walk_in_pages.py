"""The queue over HTTP, without JavaScript: the desk, the station's code, one's own number, the display."""

import re
from datetime import timedelta

import pytest

from server.bookings import walk_in_queries
from server.bookings.models import QueueStatus, WalkIn
from server.bookings.walk_ins import FROM_BROWSER
from server.kit import clock
from server.people import service as people
from tests.fixtures.http import Site
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station_day


class Queue:
    """The desk's queue and the pages of those who wait, in browsers of their own."""

    def __init__(self, desk):
        self.desk = desk
        self.url = f"{desk.url}/queue"
        self.door = f"/stations/{desk.station.id}/queue"
        self.board = f"/stations/{desk.station.id}/board"
        self.haircut = {"offering_id": str(desk.haircut.id)}

    async def take(self, site: Site, **more) -> str:
        """A number by the code at the door; its page's address."""
        answer = await site.submit(self.door, self.haircut | more)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def press(self, step: str, number: str = "A1", site: Site | None = None):
        row = await WalkIn.get(letter=number[0], number=int(number[1:]))
        return await (site or self.desk.site).submit(f"{self.url}/{row.id}/{step}")

    async def call(self, site: Site | None = None):
        return await (site or self.desk.site).submit(f"{self.url}/next", self.haircut)

    async def seen(self, path: str = "") -> str:
        answer = await self.desk.site.open(path or self.url)
        assert answer.status_code == 200
        return answer.text


@pytest.fixture
def queue(desk):
    return Queue(desk)


async def test_a_visitor_takes_a_number_with_one_tap(queue, site):
    door = (await site.open(queue.door)).text
    assert "理发" in door
    assert "法律咨询" in door
    address = await queue.take(site)
    shown = (await site.open(address)).text
    assert "A1" in shown
    assert "下一个就是您" in shown


async def test_who_scans_the_code_again_keeps_the_number(queue, site, browser_of):
    mine = await queue.take(site)
    assert await queue.take(site) == mine
    assert mine in (await site.open(queue.door)).text
    assert await queue.take(browser_of()) != mine
    assert mine not in (await browser_of().open(queue.door)).text


async def test_a_retry_with_the_same_key_is_one_number(queue, site, browser_of):
    assert await queue.take(site, request_key="k1") == await queue.take(browser_of(), request_key="k1")
    assert await WalkIn.all().count() == 1


async def test_a_browser_cannot_take_them_all(queue, site):
    for _ in range(FROM_BROWSER[1]):
        address = await queue.take(site)
        await site.submit(f"{address}/leave")
    answer = await site.submit(queue.door, queue.haircut)
    assert answer.status_code == 429
    assert "取号太频繁" in answer.text


async def test_a_closed_station_gives_no_numbers(queue, site):
    await make_station_day(queue.desk.station, clock.today())
    assert "现在不取号" in (await site.open(queue.door)).text
    answer = await site.submit(queue.door, queue.haircut)
    assert answer.status_code == 409
    assert "现在不能取号" in answer.text
    assert "今天不取号" in await queue.seen()


async def test_the_desk_learns_by_itself_that_it_opens(queue):
    await queue.desk.station.update_from_dict({"hours": [[[540, 1020]]] * 8}).save()
    minute = clock.minute_of_day(clock.now())
    with clock.travel(timedelta(minutes=530 - minute)):
        staff = await queue.desk.colleague()
        closed = (await staff.open(queue.url)).text
    ask = re.search(r'hx-get="([^"]*\?desk)"', closed)[1]
    assert "give-services" not in closed
    with clock.travel(timedelta(minutes=545 - minute)):
        assert "give-services" in (await staff.fragment(ask)).text


async def test_what_is_not_offered_here_is_not_found(queue, site):
    assert (await site.submit(queue.door, {"offering_id": "no-id"})).status_code == 404
    assert (await site.open("/q/unknown")).status_code == 404
    assert (await site.submit("/q/unknown/leave")).status_code == 404


async def test_a_workers_number_stands_among_his_tickets(queue, site):
    site.use_session(await people.open_session(person_id=(await make_person()).id))
    address = await queue.take(site)
    tickets = (await site.open("/tickets")).text
    assert address in tickets
    assert "A1" in tickets
    await site.submit(f"{address}/leave")
    assert address not in (await site.open("/tickets")).text


async def test_the_desk_gives_a_number_with_a_name_that_only_the_desk_sees(queue, site):
    given = await queue.desk.site.submit(f"{queue.url}/numbers", queue.haircut | {"name": "老周"})
    assert given.status_code == 303
    page = await queue.seen(given.headers["location"])
    assert "取好了：A1" in page
    assert "老周" in page
    await queue.call()
    assert "A1" in (await site.open(queue.board)).text
    assert "老周" not in (await site.open(queue.board)).text


async def test_a_form_without_a_service_says_so(queue):
    answer = await queue.desk.site.submit(f"{queue.url}/numbers", {"name": "老周"})
    assert answer.status_code == 422
    assert "请点一项服务" in answer.text


async def test_a_number_is_called_to_the_counter_that_this_browser_remembers(queue, site, browser_of):
    address = await queue.take(site)
    assert (await queue.desk.site.submit(f"{queue.url}/counter", {"counter": "2 号窗口"})).status_code == 303
    await queue.call()
    assert "叫到您了，请到2 号窗口" in (await site.open(address)).text
    board = (await browser_of().open(queue.board)).text
    assert re.search(r'data-say="请 A1 到2 号窗口"', board)
    assert await WalkIn.filter(counter="2 号窗口").count() == 1


async def test_call_again_is_another_call_for_the_display(queue, site):
    await queue.take(site)
    await queue.call()
    first = re.findall(r'data-call="([^"]+)"', (await site.open(queue.board)).text)
    await queue.press("again")
    again = re.findall(r'data-call="([^"]+)"', (await site.open(queue.board)).text)
    assert len(first) == len(again) == 1
    assert first != again


async def test_served_absent_and_undo(queue, site, browser_of):
    first, second = await queue.take(site), await queue.take(browser_of())
    await queue.call()
    await queue.press("absent")
    assert "A1 没到" in await queue.seen()
    assert "刚才叫过您" in (await site.open(first)).text
    await queue.press("undo")
    assert "叫到您了" in (await site.open(first)).text
    await queue.press("served")
    assert "办完了" in (await site.open(first)).text
    assert "A1 办完了" in await queue.seen()
    assert "下一个就是您" in (await site.open(second)).text
    gone = await queue.press("served")
    assert gone.status_code == 409
    assert "已经有人处理过了" in gone.text


async def test_nobody_waits(queue):
    answer = await queue.call()
    assert answer.status_code == 409
    assert "现在没有人在等" in answer.text


async def test_htmx_gets_the_parts_alone(queue, site):
    address = await queue.take(site)
    for page, part in ((queue.board, "board"), (address, "number")):
        answer = await site.fragment(page)
        assert answer.text.lstrip().startswith(f'<div id="{part}"') or f'id="{part}"' in answer.text[:200]
        assert "<html" not in answer.text
    sheet = await queue.desk.site.fragment(queue.url)
    assert "<html" not in sheet.text
    assert "A1" in sheet.text
    stepped = await queue.desk.site.submit(f"{queue.url}/next", queue.haircut, headers={"HX-Request": "true"})
    assert stepped.status_code == 200
    assert "叫了 A1" in stepped.text


async def test_the_waiting_is_said_in_words(queue, site, browser_of):
    assert "现在来马上就办" in (await site.open(queue.door)).text
    await queue.take(browser_of())
    address = await queue.take(site)
    assert "大约还要等 30 分钟" in (await site.open(address)).text
    assert "前面还有 1 人" in (await site.open(address)).text
    assert "现在来大约等 1 小时" in (await site.open(queue.board)).text


async def test_a_number_of_yesterday_is_gone(queue, site):
    address = await queue.take(site)
    await WalkIn.all().update(day=clock.today().replace(year=clock.today().year - 1))
    assert (await site.open(address)).status_code == 404
    assert address not in (await site.open(queue.door)).text


async def test_the_code_at_the_door_can_be_printed(queue, site):
    answer = await site.open(f"{queue.door}/qr.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert f"{queue.url}" in (await queue.desk.site.open(queue.desk.url)).text


async def test_a_page_that_missed_a_call_hears_of_it(queue, site):
    before = clock.now()
    assert not await walk_in_queries.changed_since(queue.desk.station.id, before)
    await queue.take(site)
    assert await walk_in_queries.changed_since(queue.desk.station.id, before)
    assert (await WalkIn.get()).status is QueueStatus.WAITING
