"""What staff write to a worker about a booking stays with it, so it holds no numbers of people and no names."""

from __future__ import annotations

import pytest

from server.bookings.models import BookingEvent, Status

NAMING = ["打 13800138000 找我", "证件 45010319900101123X 不对", "韦秀英今天不能来", "电话１３８ ００１３ ８０００"]
PLAIN = ["师傅病了，改天再来", "请打 12351", "2026 年起不办了"]


@pytest.mark.parametrize("verb", ["decline", "cancel"])
@pytest.mark.parametrize("reason", NAMING)
async def test_a_reason_that_names_somebody_is_refused_where_it_was_typed(desk, verb, reason):
    booking = await desk.asked(name="韦秀英")
    answer = await desk.press(booking, verb, {"reason": reason})
    assert answer.status_code == 422
    assert "请不要写姓名、证件号和手机号" in answer.text
    assert reason in answer.text
    assert await desk.status(booking) is Status.REQUESTED
    assert not await BookingEvent.filter(booking_id=booking.id, reason__not="").exists()


@pytest.mark.parametrize("reason", PLAIN)
async def test_other_reasons_are_taken(desk, reason):
    booking = await desk.asked(name="韦秀英")
    assert (await desk.press(booking, "decline", {"reason": reason})).status_code == 303
    assert await desk.status(booking) is Status.DECLINED


async def test_programs_are_refused_too(desk):
    booking = await desk.asked(name="韦秀英")
    answer = await desk.site.client.post(
        f"/api/v1/desk/bookings/{booking.id}/decline",
        json={"reason": NAMING[0]},
        headers={"X-CSRF-Token": desk.site.token()},
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/reason-names-somebody")
