"""Missed bookings over HTTP: what the worker reads, what the counter and the manager press, what programs are told."""

from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings import desk as verbs
from server.bookings import no_show
from server.bookings.models import Booking, Slot
from server.bookings.no_show_models import NoShowPardon, NoShowPolicy
from server.bookings.no_show_rules import Policy
from server.bookings.service import book_slot
from server.kit import clock
from server.kit.ids import new_id
from server.kit.speech import say_date
from server.people import service as people
from server.people.models import Role
from server.stations.models import Station
from tests.fixtures.bookings import in_hours, make_slot
from tests.fixtures.desk import row_of
from tests.fixtures.people import make_person, make_staff

FREE = "想约几个就约几个"


@pytest.fixture
async def manager(desk):
    return await make_staff(Role.MANAGER, station_id=desk.station.id)


@pytest.fixture
async def worker(desk, manager):
    """Somebody who missed two bookings of this month and has one ahead, at a station that limits at two."""
    person = await make_person()
    await people.set_name(person, "韦没来")
    for days in (2, 9):
        with clock.travel(-timedelta(days=days, hours=1)):
            made = await booked(desk, person, 1)
        with clock.travel(-timedelta(days=days)):
            await verbs.mark_no_show(actor=manager, booking_id=made.id)
    await booked(desk, person, 30)
    await no_show.set_policy(actor=manager, station_id=desk.station.id, policy=Policy(2, 30))
    await Station.filter(id=desk.station.id).update(phone="0771-5550123")
    return person


async def booked(desk, person, hours):
    slot = await make_slot(desk.haircut, in_hours(hours))
    return await book_slot(actor=person, slot_id=slot.id, request_key=new_id().hex)


@pytest.fixture
async def browser(worker, browser_of):
    return browser_of().use_session(await people.open_session(person_id=worker.id))


@pytest.fixture
async def free(desk) -> Slot:
    return await make_slot(desk.haircut, in_hours(40))


async def the_open(person) -> Booking:
    return await Booking.get(person_id=person.id, status="confirmed")


def all_ways(html: str, worker_booking: Booking) -> bool:
    """The page says kindly why, until when, and everything that can still be done."""
    until = say_date(clock.today() + timedelta(days=21))
    said = (f"{until}起自动恢复", "有 2 次约好了没来", "不怪您", f'href="/tickets/{worker_booking.id}"', "取个号")
    return all(part in html for part in said) and 'href="tel:0771-5550123"' in html


class TestWorker:
    async def test_before_choosing_a_time(self, desk, worker, browser):
        page = (await browser.open(f"/book/{desk.haircut.id}")).text
        assert all_ways(page, await the_open(worker))

    async def test_who_is_not_limited_reads_nothing_of_it(self, desk, worker, site, browser_of):
        assert worker
        other = browser_of().use_session(await people.open_session(person_id=(await make_person()).id))
        for reader in (site, other):
            assert "先一次约一个" not in (await reader.open(f"/book/{desk.haircut.id}")).text

    async def test_before_confirming_there_is_no_button_that_would_fail(self, worker, browser, free):
        answer = await browser.open(f"/book/slots/{free.id}")
        assert answer.status_code == 200
        assert all_ways(answer.text, await the_open(worker))
        assert f'action="/book/slots/{free.id}"' not in answer.text

    async def test_the_refusal(self, worker, browser, free):
        answer = await browser.submit(f"/book/slots/{free.id}", {"request_key": "k"})
        assert answer.status_code == 409
        assert all_ways(answer.text, await the_open(worker))
        assert await Booking.filter(person_id=worker.id, status="confirmed").count() == 1

    async def test_with_nothing_open_one_more_is_one_tap(self, desk, worker, browser, free):
        open_one = await the_open(worker)
        await browser.submit(f"/tickets/{open_one.id}/cancel")
        assert "现在可以约一个" in (await browser.open(f"/book/{desk.haircut.id}")).text
        page = (await browser.open(f"/book/slots/{free.id}")).text
        assert f'action="/book/slots/{free.id}"' in page
        answer = await browser.submit(f"/book/slots/{free.id}", {"request_key": "k"})
        assert "/tickets/" in answer.headers["location"]
        back = await browser.submit(f"/tickets/{open_one.id}/restore")
        assert back.status_code == 409
        assert "先一次约一个" in back.text

    async def test_programs_read_a_problem(self, worker, browser_of, free):
        token = await people.open_session(person_id=worker.id)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        answer = await browser_of().client.post("/api/v1/bookings", json={"slot_id": str(free.id)}, headers=headers)
        assert answer.status_code == 409
        problem = answer.json()
        until = clock.today() + timedelta(days=21)
        assert problem["type"] == "/problems/one-at-a-time"
        assert "%" not in problem["title"]
        assert f"{until.month} 月 {until.day} 日起自动恢复" in problem["detail"]


class TestCounter:
    async def test_the_sheet_shows_it_and_the_desk_begins_anew(self, desk, worker):
        made = await the_open(worker)
        url = f"{desk.url}/bookings/{made.id}"
        day = clock.local(made.starts_at).date()
        sheet = (await desk.site.open(f"{desk.url}?day={day}")).text
        assert f'href="{url}/missed"' in row_of(sheet, made)
        assert "最近没来 2 次" in row_of(sheet, made)
        page = (await desk.site.open(f"{url}/missed")).text
        assert "韦没来" in page
        assert page.count('class="row-line"') == 2
        assert f'href="{desk.url}?day={day}"' in page
        assert f'action="{url}/begin-anew"' in page
        answer = await desk.site.submit(f"{url}/begin-anew")
        assert answer.headers["location"] == f"{url}/missed?begun=1"
        assert FREE in (await desk.site.open(answer.headers["location"])).text
        assert "最近没来" not in row_of((await desk.site.open(f"{desk.url}?day={day}")).text, made)
        assert (await NoShowPardon.get(person_id=worker.id)).staff_id == desk.staff.id

    async def test_no_link_where_nothing_is_limited(self, desk, worker, manager):
        await no_show.end_policy(actor=manager, station_id=desk.station.id)
        made = await the_open(worker)
        assert "最近没来" not in (await desk.site.open(f"{desk.url}?day={clock.local(made.starts_at).date()}")).text
        assert FREE in (await desk.site.open(f"{desk.url}/bookings/{made.id}/missed")).text

    async def test_another_stations_booking_is_not_found(self, desk, worker):
        assert worker
        elsewhere = await make_slot()
        made = await book_slot(actor=await make_person(), slot_id=elsewhere.id, request_key="k")
        for answer in (
            await desk.site.open(f"{desk.url}/bookings/{made.id}/missed"),
            await desk.site.submit(f"{desk.url}/bookings/{made.id}/begin-anew"),
        ):
            assert answer.status_code == 404
        assert await NoShowPardon.all().count() == 0


class TestManager:
    @pytest.fixture
    async def site(self, desk):
        return await desk.colleague(Role.MANAGER)

    @pytest.fixture
    def url(self, desk):
        return f"{desk.url}/plan/no-show"

    async def test_seen_first_then_set_then_off_in_one_tap(self, desk, worker, site, url):
        assert worker
        await NoShowPolicy.all().delete()
        assert f'href="{url}"' in (await site.open(f"{desk.url}/plan")).text
        typed = {"misses": "２", "days": "30"}
        preview = await site.submit(url, typed)
        assert "最近 30 天里，有 1 位工友碰到这条。" in preview.text
        assert await NoShowPolicy.all().count() == 0
        answer = await site.submit(url, typed | {"apply": "1"})
        assert (await NoShowPolicy.get(station_id=desk.station.id)).misses == 2
        assert "定好了" in (await site.open(answer.headers["location"])).text
        assert "30 天里没来满 2 次的工友" in (await site.open(f"{desk.url}/plan")).text
        off = await site.submit(f"{url}/off")
        assert FREE in (await site.open(off.headers["location"])).text
        assert await NoShowPolicy.all().count() == 0
        assert await AuditEntry.filter(action__startswith="no_show.").count() == 3

    async def test_a_gentle_one_meets_nobody(self, site, url):
        assert "没有人碰到这条" in (await site.submit(url, {"misses": "20", "days": "180"})).text

    async def test_back_to_typing_keeps_what_was_typed(self, site, url):
        page = (await site.submit(url, {"misses": "5", "days": "60", "edit": "1"})).text
        assert 'name="misses" type="text" value="5"' in page
        assert 'name="days" type="text" value="60"' in page

    @pytest.mark.parametrize(
        ("misses", "days", "said"),
        [
            ("1", "90", "没来几次，要填 2 到 20。"),
            ("21", "90", "没来几次，要填 2 到 20。"),
            ("三", "90", "没来几次，要填 2 到 20。"),
            ("3", "6", "多少天里，要填 7 到 180。"),
            ("3", "181", "多少天里，要填 7 到 180。"),
            ("3", "", "多少天里，要填 7 到 180。"),
        ],
    )
    async def test_mistakes(self, site, url, misses, days, said):
        answer = await site.submit(url, {"misses": misses, "days": days, "apply": "1"})
        assert answer.status_code == 422
        assert said in answer.text
        assert await NoShowPolicy.all().count() == 0
