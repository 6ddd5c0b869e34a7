"""The desk over HTTP: every step, who may take it, what a colleague's faster hand looks like, bad input."""

import asyncio
import re
from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings import desk as verbs
from server.bookings.desk_queries import changed_since
from server.bookings.models import BookingEvent, Slot, Status
from server.bookings.service import book_slot
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeState
from server.people import service as people
from server.people.models import Role, Staff
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station


def row_of(html: str, booking) -> str:
    """The part of the page that shows one booking."""
    found = re.search(rf'<article[^>]*id="row-{booking.id}">.*?</article>', html, re.DOTALL)
    return found.group() if found else ""


def htmx() -> dict[str, str]:
    return {"HX-Request": "true"}


async def press(desk, booking, verb: str, data=None, *, site=None, **kwargs):
    """A tap on a row, as a browser without JavaScript sends it."""
    return await (site or desk.site).submit(desk.row_url(booking, verb), data, **kwargs)


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
        await press(desk, arrived, "check-in")
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


async def fill(slot, count: int) -> None:
    """Requests of many people for one slot."""
    for _ in range(count):
        await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)


class TestSteps:
    async def test_confirm_is_one_tap_and_one_undo(self, desk):
        booking = await desk.asked()
        answer = await press(desk, booking, "confirm")
        assert answer.status_code == 303
        page = (await desk.site.open(answer.headers["location"])).text
        assert await desk.status(booking) is Status.CONFIRMED
        assert "已确认：" in page
        assert "data-expires" in page
        back = await desk.site.submit(f"{desk.url}/undo", {"booking": str(booking.id)})
        assert back.status_code == 303
        assert await desk.status(booking) is Status.REQUESTED

    async def test_htmx_gets_the_fresh_sheet_with_the_bar(self, desk):
        booking = await desk.asked()
        answer = await press(desk, booking, "confirm", headers=htmx())
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<div id="desk"')
        assert "撤回" in answer.text
        assert "confirm" not in row_of(answer.text, booking)

    async def test_check_in_then_served(self, desk):
        booking = await desk.booked()
        await press(desk, booking, "check-in")
        assert await desk.status(booking) is Status.ARRIVED
        await press(desk, booking, "served")
        assert await desk.status(booking) is Status.SERVED

    async def test_no_show_only_after_the_start(self, desk):
        soon = await desk.booked(at=clock.now().replace(second=0, microsecond=0) + timedelta(minutes=30))
        early = await press(desk, soon, "no-show")
        assert early.status_code == 409
        assert "还没到时间" in early.text
        assert await desk.status(soon) is Status.CONFIRMED
        begun = await desk.booked()
        assert (await press(desk, begun, "no-show")).status_code == 303
        assert await desk.status(begun) is Status.NO_SHOW

    async def test_all_that_are_shown_are_confirmed_and_taken_back_together(self, desk):
        shown = [await desk.asked() for _ in range(3)]
        unseen = await desk.asked()
        answer = await desk.site.submit(f"{desk.url}/confirm-all", {"booking": [str(b.id) for b in shown]})
        page = (await desk.site.open(answer.headers["location"])).text
        assert "确认了 3 个预约" in page
        assert [await desk.status(b) for b in shown] == [Status.CONFIRMED] * 3
        assert await desk.status(unseen) is Status.REQUESTED
        await desk.site.submit(f"{desk.url}/undo", {"booking": [str(b.id) for b in shown]})
        assert [await desk.status(b) for b in shown] == [Status.REQUESTED] * 3

    async def test_confirming_all_when_all_is_done_says_so(self, desk):
        booking = await desk.asked()
        await press(desk, booking, "confirm")
        answer = await desk.site.submit(f"{desk.url}/confirm-all", {"booking": str(booking.id)})
        assert answer.status_code == 409
        assert "已经有人处理过了" in answer.text

    async def test_undo_ends_after_a_minute(self, desk):
        booking = await desk.asked()
        await press(desk, booking, "confirm")
        with clock.travel(timedelta(seconds=61)):
            answer = await desk.site.submit(f"{desk.url}/undo", {"booking": str(booking.id)})
            page = (await desk.site.open(f"{desk.url}?done=0")).text
        assert answer.status_code == 409
        assert "过了可以撤回的时间" in answer.text
        assert 'class="undo"' not in page
        assert await desk.status(booking) is Status.CONFIRMED

    async def test_the_bar_is_for_whoever_took_the_step(self, desk):
        booking = await desk.asked()
        done = (await press(desk, booking, "confirm")).headers["location"]
        assert 'class="undo"' in (await desk.site.open(done)).text
        assert 'class="undo"' not in (await (await desk.colleague()).open(done)).text

    async def test_steps_keep_the_view(self, desk):
        booking = await desk.asked()
        day = (clock.today() + timedelta(days=2)).isoformat()
        answer = await desk.site.submit(desk.row_url(booking, "confirm") + f"?day={day}&service=legal_advice")
        assert answer.headers["location"].startswith(f"{desk.url}?day={day}&service=legal_advice&done=")


class TestDecline:
    async def test_a_ready_sentence_is_one_tap(self, desk):
        booking = await desk.asked()
        await press(desk, booking, "decline", {"ready": "1", "reason": "没写完"})
        assert await desk.status(booking) is Status.DECLINED
        step = await BookingEvent.filter(booking_id=booking.id).order_by("-id").first()
        assert step.reason == "这个时间人太多，忙不过来，请换个时间。"
        assert (await Slot.get(id=booking.slot_id)).taken == 0

    async def test_words_of_ones_own(self, desk):
        booking = await desk.booked()
        await press(desk, booking, "cancel", {"reason": "李师傅今天病了，明天来好吗"})
        assert await desk.status(booking) is Status.CANCELLED
        page = (await desk.site.open(desk.url)).text
        assert "李师傅今天病了，明天来好吗" in row_of(page, booking)

    @pytest.mark.parametrize("data", [{}, {"reason": "   "}, {"reason": "\x00"}, {"ready": "99"}, {"ready": "x"}])
    async def test_without_a_reason_nothing_happens(self, desk, data):
        booking = await desk.asked()
        answer = await press(desk, booking, "decline", data)
        assert answer.status_code == 422
        assert "请写一句理由" in row_of(answer.text, booking)
        assert "<details" in row_of(answer.text, booking)
        assert " open>" in row_of(answer.text, booking)
        assert await desk.status(booking) is Status.REQUESTED

    async def test_what_was_typed_survives_the_mistake(self, desk):
        booking = await desk.asked()
        words = "对不住" * 100
        answer = await press(desk, booking, "decline", {"reason": words}, headers=htmx())
        assert answer.status_code == 422
        assert words in row_of(answer.text, booking)
        assert "最多 200 个字" in row_of(answer.text, booking)

    async def test_markup_in_a_reason_stays_text(self, desk):
        booking = await desk.booked()
        await press(desk, booking, "cancel", {"reason": "<script>alert(1)</script> 100% (a)s %(b)s"})
        page = await desk.site.open(desk.url)
        assert page.status_code == 200
        assert "&lt;script&gt;alert(1)&lt;/script&gt; 100% (a)s %(b)s" in row_of(page.text, booking)


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
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code, "find": "1"}, headers=htmx())
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
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": code}, headers=htmx())
        assert answer.status_code in (404, 422)
        assert "notice bad" in answer.text


class TestTwoAtOnce:
    async def test_of_two_confirmations_one_wins_and_the_other_sees_it(self, desk):
        booking = await desk.asked()
        other = await desk.colleague()
        answers = await asyncio.gather(
            press(desk, booking, "confirm", headers=htmx()),
            press(desk, booking, "confirm", site=other, headers=htmx()),
        )
        assert sorted(a.status_code for a in answers) == [200, 409]
        late = next(a for a in answers if a.status_code == 409)
        assert "小王已经确认了这个预约" in late.text
        steps = await BookingEvent.filter(booking_id=booking.id).count()
        assert steps == 2

    async def test_confirm_against_decline_ends_in_one_history(self, desk):
        booking = await desk.asked()
        other = await desk.colleague()
        answers = await asyncio.gather(
            press(desk, booking, "confirm"), press(desk, booking, "decline", {"ready": "0"}, site=other)
        )
        # Declining what was confirmed a moment ago is a step that staff may take; the other order is not.
        ended = await desk.status(booking)
        assert ended is Status.DECLINED
        assert sorted(a.status_code for a in answers) in ([303, 303], [303, 409])
        assert (await Slot.get(id=booking.slot_id)).taken == 0

    async def test_a_row_that_moved_on_shows_who_moved_it(self, desk):
        booking = await desk.booked()
        await press(desk, booking, "check-in", site=await desk.colleague())
        answer = await press(desk, booking, "check-in")
        assert answer.status_code == 409
        assert "小王已经给这个预约签到了" in row_of(answer.text, booking)
        assert "办完了" in row_of(answer.text, booking)


class TestScope:
    @pytest.mark.parametrize(
        "verb", ["confirm", "check-in", "served", "no-show", "decline", "cancel", "phone", "phoned"]
    )
    async def test_no_step_at_another_stations_booking(self, desk, verb):
        booking = await desk.asked()
        other = await make_station()
        site = await desk.colleague(station_id=other.id)
        own_address = await site.submit(f"/desk/{other.id}/bookings/{booking.id}/{verb}", {"ready": "0"})
        assert own_address.status_code == 404
        its_address = await site.submit(desk.row_url(booking, verb), {"ready": "0"})
        assert its_address.status_code in (403, 404)
        assert await desk.status(booking) is Status.REQUESTED

    async def test_lists_hold_only_bookings_of_this_station(self, desk):
        booking = await desk.asked()
        other = await make_station()
        site = await desk.colleague(station_id=other.id)
        for verb in ("confirm-all", "undo"):
            answer = await site.submit(f"/desk/{other.id}/{verb}", {"booking": str(booking.id)})
            assert answer.status_code == 404
            answer = await site.submit(f"{desk.url}/{verb}", {"booking": str(booking.id)})
            assert answer.status_code in (403, 409)
        assert await desk.status(booking) is Status.REQUESTED

    async def test_an_auditor_takes_no_step(self, desk):
        site = await desk.colleague(Role.AUDITOR, region_code=450000)
        booking = await desk.asked()
        assert (await press(desk, booking, "confirm", site=site)).status_code == 403

    async def test_a_form_without_its_token_is_refused(self, desk):
        booking = await desk.asked()
        answer = await desk.site.client.post(desk.row_url(booking, "confirm"))
        assert answer.status_code == 403
        assert await desk.status(booking) is Status.REQUESTED

    @pytest.mark.parametrize(
        "data", [{}, {"booking": "x"}, {"booking": ["x", "y"]}, {"booking": "01890000-0000-7000-8000-000000000000"}]
    )
    async def test_lists_that_hold_nothing_of_ours(self, desk, data):
        for verb in ("confirm-all", "undo"):
            assert (await desk.site.submit(f"{desk.url}/{verb}", data)).status_code in (404, 409, 422)

    async def test_unknown_bookings_are_not_found(self, desk):
        for verb in ("confirm", "decline"):
            answer = await desk.site.submit(f"{desk.url}/bookings/{new_id()}/{verb}", {"ready": "0"})
            assert answer.status_code == 404


class TestUnreached:
    async def test_the_number_is_shown_once_a_message_failed_and_that_is_audited(self, desk):
        booking = await desk.asked(phone="+8613800138999")
        assert (await press(desk, booking, "phone")).status_code == 404
        await Notice.filter(booking_id=booking.id).update(state=NoticeState.FAILED)
        assert "1 个人没收到消息" in (await desk.site.open(desk.url)).text
        shown = await press(desk, booking, "phone")
        assert "+8613800138999" in shown.text
        entry = await AuditEntry.get(action="booking.phone_shown")
        assert (entry.actor_id, entry.subject_id) == (desk.staff.id, str(booking.id))
        await press(desk, booking, "phoned")
        assert "没收到消息" not in (await desk.site.open(desk.url)).text
        assert (await press(desk, booking, "phone")).status_code == 404


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
