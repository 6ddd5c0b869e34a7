"""Replay: a code that was shown once more opens nothing: tickets, cards, codes of the phone, forms."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from server.bookings.models import Booking, BookingEvent, Status
from server.kit import clock
from server.membership import members
from server.membership.card import CARD_LIFE
from server.people import service as people
from server.people.models import Session
from tests.fixtures.membership import card_text, make_member
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station


async def show(desk, code):
    return await desk.site.submit(f"{desk.url}/check-in", {"code": code})


async def test_a_ticket_checks_in_once(desk):
    booking = await desk.booked()
    await show(desk, booking.code)
    assert await desk.status(booking) is Status.ARRIVED
    await show(desk, booking.code)
    await desk.press(booking, "served")
    late = await show(desk, booking.code)
    assert late.status_code == 409
    assert await desk.status(booking) is Status.SERVED
    assert await BookingEvent.filter(booking_id=booking.id, to_status=Status.ARRIVED).count() == 1


async def test_a_cancelled_ticket_opens_nothing(desk):
    booking = await desk.booked()
    await desk.press(booking, "cancel", {"reason": "老师傅病了"})
    assert (await show(desk, booking.code)).status_code == 409
    assert await desk.status(booking) is Status.CANCELLED


async def test_a_ticket_of_another_station_opens_nothing_here(desk):
    booking = await desk.booked()
    other = await make_station(name="别处的站")
    there = await desk.colleague(station_id=other.id)
    answer = await there.submit(f"/desk/{other.id}/check-in", {"code": booking.code})
    assert answer.status_code // 100 == 4
    assert await desk.status(booking) is Status.CONFIRMED


async def test_a_ticket_of_another_day_opens_nothing_today(desk):
    booking = await desk.booked(at=clock.at(clock.today() + timedelta(days=1), 600))
    assert (await show(desk, booking.code)).status_code // 100 == 4
    assert (await desk.press(booking, "check-in")).status_code == 409
    assert await desk.status(booking) is Status.CONFIRMED


@pytest.mark.parametrize("how", ["good", "old", "replaced", "left"])
async def test_only_the_card_of_today_checks_in(desk, how):
    booking = await desk.booked()
    person_id = (await Booking.get(id=booking.id)).person_id
    actor = await people.find_actor(await people.open_session(person_id=person_id))
    member = await make_member(person=actor)
    card = card_text(member, days_ago=CARD_LIFE.days + 1 if how == "old" else 0)
    if how == "replaced":
        member.card_version += 1
        await member.save()
    if how == "left":
        await members.leave(actor=actor)
    await show(desk, card)
    assert await desk.status(booking) is (Status.ARRIVED if how == "good" else Status.CONFIRMED)


async def test_a_form_that_was_kept_is_no_use_after_signing_out(site):
    person = await make_person()
    token = await people.open_session(person_id=person.id)
    site.use_session(token)
    kept = await site.submit("/me/name", {"name": "阿强"})
    assert kept.status_code == 303
    form = site.token()
    await site.submit("/sign-out")
    site.use_session(token)
    again = await site.client.post("/me/name", data={"_csrf": form, "name": "别人"})
    assert again.status_code in (401, 403)
    assert await Session.filter(person_id=person.id).count() == 0


async def test_a_code_of_the_phone_signs_in_once(site, browser_of):
    sent = await site.submit("/sign-in/code", {"phone": "13800138000"})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    first = await site.submit("/sign-in", {"phone": "13800138000", "code": code})
    again = await browser_of().submit("/sign-in", {"phone": "13800138000", "code": code})
    assert (first.status_code, again.status_code) == (303, 422)
    assert await Session.all().count() == 1
