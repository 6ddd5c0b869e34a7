"""The desk's steps over HTTP: who may take them, what a colleague's faster hand looks like, bad input."""

import asyncio
from datetime import timedelta

import pytest

from server.bookings.models import BookingEvent, Slot, Status
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from tests.fixtures.desk import row_of
from tests.fixtures.stations import make_station

HTMX = {"HX-Request": "true"}


class TestSteps:
    async def test_confirm_is_one_tap_and_one_undo(self, desk):
        booking = await desk.asked()
        answer = await desk.press(booking, "confirm")
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
        answer = await desk.press(booking, "confirm", headers=HTMX)
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<div id="desk"')
        assert "撤回" in answer.text
        assert "confirm" not in row_of(answer.text, booking)

    async def test_check_in_then_served(self, desk):
        booking = await desk.booked()
        await desk.press(booking, "check-in")
        assert await desk.status(booking) is Status.ARRIVED
        await desk.press(booking, "served")
        assert await desk.status(booking) is Status.SERVED

    async def test_no_show_only_after_the_start(self, desk):
        soon = await desk.booked(at=clock.now().replace(second=0, microsecond=0) + timedelta(minutes=30))
        early = await desk.press(soon, "no-show")
        assert early.status_code == 409
        assert "还没到时间" in early.text
        assert await desk.status(soon) is Status.CONFIRMED
        begun = await desk.booked()
        assert (await desk.press(begun, "no-show")).status_code == 303
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
        await desk.press(booking, "confirm")
        answer = await desk.site.submit(f"{desk.url}/confirm-all", {"booking": str(booking.id)})
        assert answer.status_code == 409
        assert "已经有人处理过了" in answer.text

    async def test_undo_ends_after_a_minute(self, desk):
        booking = await desk.asked()
        await desk.press(booking, "confirm")
        with clock.travel(timedelta(seconds=61)):
            answer = await desk.site.submit(f"{desk.url}/undo", {"booking": str(booking.id)})
            page = (await desk.site.open(f"{desk.url}?done=0")).text
        assert answer.status_code == 409
        assert "过了可以撤回的时间" in answer.text
        assert 'class="undo"' not in page
        assert await desk.status(booking) is Status.CONFIRMED

    async def test_the_bar_is_for_whoever_took_the_step(self, desk):
        booking = await desk.asked()
        done = (await desk.press(booking, "confirm")).headers["location"]
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
        await desk.press(booking, "decline", {"ready": "1", "reason": "没写完"})
        assert await desk.status(booking) is Status.DECLINED
        step = await BookingEvent.filter(booking_id=booking.id).order_by("-id").first()
        assert step.reason == "这个时间人太多，忙不过来，请换个时间。"
        assert (await Slot.get(id=booking.slot_id)).taken == 0

    async def test_words_of_ones_own(self, desk):
        booking = await desk.booked()
        await desk.press(booking, "cancel", {"reason": "李师傅今天病了，明天来好吗"})
        assert await desk.status(booking) is Status.CANCELLED
        page = (await desk.site.open(desk.url)).text
        assert "李师傅今天病了，明天来好吗" in row_of(page, booking)

    @pytest.mark.parametrize("data", [{}, {"reason": "   "}, {"reason": "\x00"}, {"ready": "99"}, {"ready": "x"}])
    async def test_without_a_reason_nothing_happens(self, desk, data):
        booking = await desk.asked()
        answer = await desk.press(booking, "decline", data)
        assert answer.status_code == 422
        assert "请写一句理由" in row_of(answer.text, booking)
        assert "<details" in row_of(answer.text, booking)
        assert " open>" in row_of(answer.text, booking)
        assert await desk.status(booking) is Status.REQUESTED

    async def test_what_was_typed_survives_the_mistake(self, desk):
        booking = await desk.asked()
        words = "对不住" * 100
        answer = await desk.press(booking, "decline", {"reason": words}, headers=HTMX)
        assert answer.status_code == 422
        assert words in row_of(answer.text, booking)
        assert "最多 200 个字" in row_of(answer.text, booking)

    async def test_markup_in_a_reason_stays_text(self, desk):
        booking = await desk.booked()
        await desk.press(booking, "cancel", {"reason": "<script>alert(1)</script> 100% (a)s %(b)s"})
        page = await desk.site.open(desk.url)
        assert page.status_code == 200
        assert "&lt;script&gt;alert(1)&lt;/script&gt; 100% (a)s %(b)s" in row_of(page.text, booking)


class TestTwoAtOnce:
    async def test_of_two_confirmations_one_wins_and_the_other_sees_it(self, desk):
        booking = await desk.asked()
        other = await desk.colleague()
        answers = await asyncio.gather(
            desk.press(booking, "confirm", headers=HTMX),
            desk.press(booking, "confirm", site=other, headers=HTMX),
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
            desk.press(booking, "confirm"), desk.press(booking, "decline", {"ready": "0"}, site=other)
        )
        # Declining what was confirmed a moment ago is a step that staff may take; the other order is not.
        ended = await desk.status(booking)
        assert ended is Status.DECLINED
        assert sorted(a.status_code for a in answers) in ([303, 303], [303, 409])
        assert (await Slot.get(id=booking.slot_id)).taken == 0

    async def test_a_row_that_moved_on_shows_who_moved_it(self, desk):
        booking = await desk.booked()
        await desk.press(booking, "check-in", site=await desk.colleague())
        answer = await desk.press(booking, "check-in")
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
        assert (await desk.press(booking, "confirm", site=site)).status_code == 403

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
