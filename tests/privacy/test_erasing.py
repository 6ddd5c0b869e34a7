"""Being forgotten: nothing of a worker is found any more, and what is counted counts on."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from server.bookings import desk
from server.bookings.models import Booking, Slot
from server.bookings.service import book_slot, cancel_booking
from server.db import sql
from server.errors import SignInNeeded
from server.kit import clock
from server.kit.ids import new_id
from server.membership import applying, members, reviewing
from server.membership.errors import NoApplication
from server.membership.models import Application
from server.notices import service as notices
from server.notices.models import Notice, NoticeKind
from server.people import phones
from server.people import service as people
from server.people.errors import CodeExpired, CodeWrong
from server.privacy import service
from tests.fixtures.bookings import in_hours, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.whole_life import FORGOTTEN_LATER, everything, figures, live, make_places

pytestmark = pytest.mark.usefixtures("settings", "db")
PHONE, OTHER_PHONE = "+8613900139001", "+8613900139002"
LATER = timedelta(minutes=5)  # another code may be sent


async def code_for(actor):
    return str(await phones.send_own_code(actor=actor, address="192.0.2.8"))


async def forget(actor):
    with clock.travel(LATER):
        await service.erase(actor=actor, code=await code_for(actor))


async def test_nothing_of_them_is_found_and_others_keep_theirs():
    places = await make_places()
    life, other = await live(places, PHONE), await live(places, OTHER_PHONE)
    other.called = other.name = "韦阿依古丽"
    before = await everything()
    assert [word for word in life.words + life.digests if word not in before] == []
    await forget(life.actor)
    after = await everything(besides=FORGOTTEN_LATER)
    mine = [life.phone, life.phone[3:], life.card, *life.digests[:2]]
    assert [word for word in mine if word in after] == []
    assert [word for word in [other.phone, other.card, *other.digests[:2]] if word not in after] == []
    await forget(other.actor)
    after = await everything(besides=FORGOTTEN_LATER)
    assert [word for word in life.words + life.digests + other.words + other.digests if word in after] == []
    with clock.travel(timedelta(days=31)):
        await people.forget_old()
    after = await everything()
    assert [word for word in life.words + life.digests if word in after] == []


async def test_figures_change_as_by_cancelling_and_leaving_and_not_otherwise():
    places = await make_places()
    by_hand, erased = await live(places, PHONE), await live(places, OTHER_PHONE)
    at_first = await figures()
    ahead = await Booking.get(person_id=by_hand.actor.id, status="confirmed")
    await cancel_booking(actor=by_hand.actor, booking_id=ahead.id)
    await members.leave(actor=by_hand.actor)
    between = await figures()
    await forget(erased.actor)
    at_last = await figures()
    assert at_last - between == between - at_first
    assert between - at_last == at_first - between
    assert between != at_first


async def test_the_desk_sees_the_place_fall_free_and_can_go_on():
    places = await make_places()
    life = await live(places, PHONE)
    ahead = await Booking.get(person_id=life.actor.id, status="confirmed")
    taken = (await Slot.get(id=ahead.slot_id)).taken
    await forget(life.actor)
    assert (await Slot.get(id=ahead.slot_id)).taken == taken - 1
    assert (await Booking.get(id=ahead.id)).status == "cancelled"


async def test_two_at_once_forget_once():
    life = await live(await make_places(), PHONE)
    with clock.travel(LATER):
        code = await code_for(life.actor)
        await asyncio.gather(*(service.erase(actor=life.actor, code=code) for _ in range(2)))
    assert await sql.value("SELECT count(*) FROM audit_entry WHERE action = 'person.erased'") == 1
    assert await sql.value("SELECT count(*) FROM booking_event WHERE to_status = 'cancelled'") == 1
    assert await sql.value("SELECT count(*) FROM membership_event WHERE step = 'left'") == 1


async def test_only_whoever_holds_the_phone_is_forgotten():
    life = await live(await make_places(), PHONE)
    before = await everything(besides=FORGOTTEN_LATER)
    with pytest.raises(CodeExpired):
        await service.erase(actor=life.actor, code="123456")
    with clock.travel(LATER):
        code = await code_for(life.actor)
        for _ in range(people.CODE_TRIES):
            with pytest.raises(CodeWrong):
                await service.erase(actor=life.actor, code="000001" if code == "000000" else "000000")
        with pytest.raises(CodeExpired):
            await service.erase(actor=life.actor, code=code)
    assert sorted((await everything(besides=FORGOTTEN_LATER)).split("\n")) == sorted(before.split("\n"))


async def test_the_number_signs_in_anew_as_somebody_new():
    life = await live(await make_places(), PHONE)
    await forget(life.actor)
    assert await people.find_actor(life.session) is None
    with clock.travel(LATER * 2):
        sent = await people.request_code(phone=PHONE, address="192.0.2.9")
        again = await people.sign_in(phone=PHONE, code=str(sent), device="", locale="zh_CN")
    assert again.is_new
    assert again.actor.id != life.actor.id
    assert not again.actor.is_member


async def test_erasing_does_not_lift_the_limit_on_codes():
    worker = await make_person(PHONE)
    await service.erase(actor=worker, code=await code_for(worker))
    with pytest.raises(people.CodesTooMany):
        await people.request_code(phone=PHONE, address="192.0.2.9")


async def test_what_was_under_way_adds_nothing_afterwards():
    places = await make_places()
    life = await live(places, PHONE)
    done = await Booking.get(person_id=life.actor.id, status="served")
    await forget(life.actor)
    slot = await make_slot(places.haircut, in_hours(8))
    with pytest.raises(SignInNeeded):
        await book_slot(actor=life.actor, slot_id=slot.id, request_key=new_id().hex)
    assert (await Slot.get(id=slot.id)).taken == 0
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await applying.start(actor=life.actor)
    await people.set_name(life.actor, life.called)
    await notices.tell_worker(life.actor.id, NoticeKind.BOOKING_CONFIRMED, {"reason": life.called})
    await desk.undo_step(actor=places.at_desk, booking_id=done.id)
    assert await Notice.filter(person_id=life.actor.id).count() == 0
    assert life.called not in await everything()


async def test_booking_at_the_same_moment_is_either_cancelled_or_refused():
    places = await make_places()
    life = await live(places, PHONE)
    slot = await make_slot(places.haircut, in_hours(8))
    with clock.travel(LATER):
        code = await code_for(life.actor)
        booked = book_slot(actor=life.actor, slot_id=slot.id, request_key=new_id().hex)
        await asyncio.gather(service.erase(actor=life.actor, code=code), booked, return_exceptions=True)
    assert (await Slot.get(id=slot.id)).taken == 0
    assert await Booking.filter(person_id=life.actor.id, status__in=["requested", "confirmed"]).count() == 0


async def test_reviewers_open_nothing_of_somebody_who_is_forgotten():
    places = await make_places()
    life = await live(places, PHONE)
    application = await Application.get(person_id=life.actor.id, kind="join")
    await forget(life.actor)
    with pytest.raises(NoApplication):
        await reviewing.open_application(actor=places.reviewer, application_id=application.id)
    with pytest.raises(NoApplication):
        await reviewing.reveal(actor=places.reviewer, application_id=application.id, reason="核对")


@pytest.mark.parametrize("table", ["audit_entry", "booking_event", "membership_event"])
async def test_histories_can_be_blanked_and_not_rewritten(table):
    await live(await make_places(), PHONE)
    for change in ("reason = 'x'", "actor_id = NULL, reason = ''"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await _in_erasing(f"UPDATE {table} SET {change}")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await _in_erasing(f"DELETE FROM {table}")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await sql.run(f"UPDATE {table} SET reason = ''")


async def _in_erasing(statement):
    async with sql.transaction():
        await sql.blank_histories()
        await sql.run(statement)
