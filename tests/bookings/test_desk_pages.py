"""The desk's pages over HTTP: where staff go, the sheet, codes at the counter, people nobody reached."""

from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings import desk as verbs
from server.bookings.desk_queries import changed_since
from server.bookings.models import Status
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeState
from server.people import service as people
from server.people.models import Role, Staff
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.desk import fill, row_of
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station

HTMX = {"HX-Request": "true"}


class TestWhereStaffGo:
    async def test_staff_of_one_station_go_straight_to_its_sheet(self, desk):
        answer = await desk.site.open("/desk")
        assert (answer.status_code, answer.headers["location"]) == (303, desk.url)

    async def test_staff_of_several_stations_choose(self, desk):
        other = await make_station(name="柳州驿站", region_code=450202)
        site = await desk.colleague(Role.OFFICER, region_code=450000)
        page = (await site.open("/desk")).text
        assert desk.url in page
        assert f"/desk/{other.id}" in page
        found = (await site.open("/desk", params={"q": "柳州"})).text
        assert f"/desk/{other.id}" in found
        assert desk.url not in found

    async def test_an_officer_sees_no_station_of_another_region(self, desk):
        site = await desk.colleague(Role.OFFICER, region_code=440000)
        answer = await site.open("/desk")
        assert "还没有给您分配站点" in answer.text
        assert (await site.open(desk.url)).status_code == 403

    @pytest.mark.parametrize("typed", ["%", "_", "\\", "' OR 1=1", "\x00", "柳" * 500, "🙂"])
    async def test_strange_searches_find_nothing_and_break_nothing(self, desk, typed):
        site = await desk.colleague(Role.OFFICER, region_code=440000)
        assert (await site.open("/desk", params={"q": typed})).status_code == 200

    async def test_visitors_are_sent_to_sign_in(self, desk):
        answer = await desk.browser_of().open(desk.url)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/sign-in?next={desk.url}")

    async def test_workers_are_refused(self, desk, make_person_session):
        site = desk.browser_of().use_session(await make_person_session())
        assert (await site.open(desk.url)).status_code == 403

    async def test_staff_of_another_station_are_refused(self, desk):
        other = await make_station()
        site = await desk.colleague(station_id=other.id)
        assert (await site.open(desk.url)).status_code == 403
        assert (await site.open(f"{desk.url}/print")).status_code == 403
        assert (await site.open(f"{desk.url}/live")).status_code == 403

    async def test_an_unknown_station_is_not_found(self, desk):
        assert (await desk.site.open(f"/desk/{new_id()}")).status_code == 404
        assert (await desk.site.open("/desk/nonsense")).status_code == 404


class TestSheet:
    async def test_requests_wait_on_top_whatever_their_day(self, desk):
        request = await desk.asked(name="韦姐", phone="+8613800138000")
        today = await desk.booked(name="李师傅")
        page = (await desk.site.open(desk.url)).text
        assert page.index(f"row-{request.id}") < page.index(f"row-{today.id}")
        row = row_of(page, request)
        assert "韦姐" in row
        assert "****8000" in row
        assert "13800138000" not in page
        assert "确认" in row
        assert "签到" in row_of(page, today)

    async def test_a_day_without_bookings_is_calm(self, desk):
        assert "这天还没有预约" in (await desk.site.open(desk.url)).text

    async def test_the_fragment_is_the_sheet_alone(self, desk):
        booking = await desk.booked()
        fragment = (await desk.site.fragment(desk.url)).text
        assert fragment.lstrip().startswith('<div id="sheet"')
        assert row_of(fragment, booking)
        assert "<html" not in fragment

    async def test_too_many_requests_show_the_most_pressing_first(self, desk):
        slot = await make_slot(desk.advice, clock.at(clock.today() + timedelta(days=3), 600), capacity=70)
        people = [await desk.asked(at=clock.at(clock.today() + timedelta(days=2), 600 + 30 * n)) for n in range(3)]
        await fill(slot, 62)
        page = (await desk.site.open(desk.url)).text
        assert page.count('<article class="booking"') == 60
        assert "人多" in page
        assert all(row_of(page, booking) for booking in people)

    async def test_service_state_and_search_narrow_the_day(self, desk):
        arrived, waiting = await desk.booked(phone="+8613800138001"), await desk.booked(phone="+8613800138002")
        await desk.press(arrived, "check-in")
        by_state = (await desk.site.open(desk.url, params={"state": "arrived"})).text
        assert row_of(by_state, arrived)
        assert not row_of(by_state, waiting)
        by_service = (await desk.site.open(desk.url, params={"service": "film"})).text
        assert not row_of(by_service, arrived)
        by_tail = (await desk.site.open(desk.url, params={"q": "8002"})).text
        assert row_of(by_tail, waiting)
        assert not row_of(by_tail, arrived)
        by_code = (await desk.site.open(desk.url, params={"q": arrived.code.lower()})).text
        assert row_of(by_code, arrived)

    async def test_another_day_is_an_address(self, desk):
        booking = await desk.booked(at=clock.at(clock.today() + timedelta(days=5), 600))
        day = (clock.today() + timedelta(days=5)).isoformat()
        assert row_of((await desk.site.open(desk.url, params={"day": day})).text, booking)
        assert not row_of((await desk.site.open(desk.url)).text, booking)

    @pytest.mark.parametrize("day", ["", "x", "2026-13-01", "0001-01-01", "9999-12-31", "2026-02-30", "\x00", "1e9"])
    async def test_a_day_that_is_none_is_today(self, desk, day):
        booking = await desk.booked()
        answer = await desk.site.open(desk.url, params={"day": day, "service": "x", "state": "y", "done": "z"})
        assert answer.status_code == 200
        assert f"{desk.url}?day={clock.today()}" in answer.text
        assert row_of(answer.text, booking)

    async def test_the_day_on_paper(self, desk):
        booking = await desk.booked(name="李师傅")
        page = (await desk.site.open(f"{desk.url}/print")).text
        assert booking.code in page
        assert "李师傅" in page

    async def test_managers_are_told_what_presses(self, desk):
        await desk.asked(at=clock.now().replace(second=0, microsecond=0) + timedelta(hours=1))
        await verbs.escalate_overdue()
        manager = await desk.colleague(Role.MANAGER)
        assert "快到确认期限" in (await manager.open(desk.url)).text
        assert "快到确认期限" not in (await desk.site.open(desk.url)).text


class TestScan:
    async def test_a_code_checks_in(self, desk):
        booking = await desk.booked(name="李师傅")
        spoken = f" {booking.code[:3].lower()}-{booking.code[3:]} "
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": spoken})
        page = (await desk.site.open(answer.headers["location"])).text
        assert await desk.status(booking) is Status.ARRIVED
        assert "已签到：" in page
        assert "李师傅" in page

    async def test_the_address_in_a_tickets_qr_is_its_code(self, desk):
        booking = await desk.booked()
        await desk.site.submit(f"{desk.url}/check-in", {"code": f"https://example.org/t/{booking.code}/"})
        assert await desk.status(booking) is Status.ARRIVED

    async def test_four_digits_look_for_a_phone(self, desk):
        booking = await desk.booked(phone="+8613800138765")
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": "8765"})
        assert row_of((await desk.site.open(answer.headers["location"])).text, booking)
        assert await desk.status(booking) is Status.CONFIRMED

    async def test_looking_does_not_check_in(self, desk):
        booking = await desk.booked()
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code, "find": "1"}, headers=HTMX)
        assert f"q={booking.code}" in answer.headers["hx-redirect"]
        assert await desk.status(booking) is Status.CONFIRMED

    async def test_a_used_ticket_says_since_when(self, desk):
        booking = await desk.booked()
        await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code})
        again = await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code})
        assert again.status_code == 409
        assert "已经签过到了" in again.text

    async def test_a_ticket_of_another_station_names_it(self, desk):
        other = await make_station(name="柳州驿站")
        booking = await desk.booked(await make_offering(other))
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code})
        assert answer.status_code == 422
        assert "柳州驿站" in answer.text
        assert await desk.status(booking) is Status.CONFIRMED

    async def test_a_ticket_of_another_day_names_the_day(self, desk):
        booking = await desk.booked(at=clock.at(clock.today() + timedelta(days=1), 600))
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code})
        assert answer.status_code == 422
        assert "明天上午 10 点" in answer.text

    async def test_an_expired_ticket_says_so(self, desk):
        booking = await desk.asked(at=clock.now().replace(second=0, microsecond=0) + timedelta(hours=1))
        with clock.travel(timedelta(hours=1)):
            await verbs.expire_overdue()
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code})
        assert answer.status_code in (409, 422)
        assert "已经过期了" in answer.text

    @pytest.mark.parametrize("code", ["", "ZZZZZZ", "\x00", "x" * 5000, "🙂🙂", "/", "../../etc"])
    async def test_a_wrong_code_is_said_plainly(self, desk, code):
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": code}, headers=HTMX)
        assert answer.status_code in (404, 422)
        assert "notice bad" in answer.text


class TestUnreached:
    async def test_the_number_is_shown_once_a_message_failed_and_that_is_audited(self, desk):
        booking = await desk.asked(phone="+8613800138999")
        assert (await desk.press(booking, "phone")).status_code == 404
        await Notice.filter(booking_id=booking.id).update(state=NoticeState.FAILED)
        assert "1 个人没收到消息" in (await desk.site.open(desk.url)).text
        shown = await desk.press(booking, "phone")
        assert "+8613800138999" in shown.text
        entry = await AuditEntry.get(action="booking.phone_shown")
        assert (entry.actor_id, entry.subject_id) == (desk.staff.id, str(booking.id))
        await desk.press(booking, "phoned")
        assert "没收到消息" not in (await desk.site.open(desk.url)).text
        assert (await desk.press(booking, "phone")).status_code == 404


async def test_an_open_sheet_that_missed_nothing_need_not_look_again(desk):
    before = clock.now()
    assert not await changed_since(desk.station.id, before)
    await desk.asked()
    assert await changed_since(desk.station.id, before)
    assert not await changed_since((await make_station()).id, before)


async def test_staff_of_a_closed_account_are_out(desk):
    made = await make_staff(Role.STAFF, station_id=desk.station.id)
    site = desk.browser_of().use_session(await people.open_session(staff_id=made.id, device="test"))
    await Staff.filter(id=made.id).update(disabled_at=clock.now())
    answer = await site.fragment(desk.url)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/staff/sign-in?next=")
