"""Booking, cancelling, restoring, moving: through the worker's verbs, on a real database."""

from datetime import timedelta

import pytest

from server.bookings import desk, service
from server.bookings.errors import (
    KeyReused,
    MembersOnly,
    OtherService,
    OverlappingBooking,
    SlotClosed,
    SlotFull,
    TooFarAhead,
    TooLate,
    TooLateToChange,
    UndoTooLate,
)
from server.bookings.models import Booking, BookingEvent, Eligibility, ServiceKind, Slot, Status
from server.errors import NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.people import make_person, make_staff

pytestmark = pytest.mark.usefixtures("settings", "db")


async def book(actor, slot, key=""):
    return await service.book_slot(actor=actor, slot_id=slot.id, request_key=key or new_id().hex)


async def taken(slot) -> int:
    return (await Slot.get(id=slot.id)).taken


async def notices_of(booking_id) -> list[NoticeKind]:
    return [n.kind for n in await Notice.filter(booking_id=booking_id).exclude(state="withdrawn").order_by("id")]


class TestBook:
    async def test_an_automatic_offering_confirms_at_once(self):
        slot = await make_slot()
        made = await book(await make_person(), slot)
        assert made.status is Status.CONFIRMED
        assert await taken(slot) == 1
        assert NoticeKind.BOOKING_CONFIRMED in await notices_of(made.id)

    async def test_a_manual_offering_holds_the_place_until_staff_answer(self):
        slot = await make_slot(await make_offering(auto_confirm=False))
        made = await book(await make_person(), slot)
        assert made.status is Status.REQUESTED
        assert await taken(slot) == 1
        booking = await Booking.get(id=made.id)
        assert booking.confirm_by == slot.starts_at - timedelta(minutes=30)

    async def test_a_full_slot_is_refused_and_nothing_is_written(self):
        slot = await make_slot()
        await book(await make_person(), slot)
        with pytest.raises(SlotFull):
            await book(await make_person(), slot)
        assert await Booking.all().count() == 1

    async def test_the_same_key_is_the_same_booking(self):
        worker, slot = await make_person(), await make_slot()
        first = await book(worker, slot, "k")
        assert await book(worker, slot, "k") == first
        assert await taken(slot) == 1

    async def test_a_key_belongs_to_one_slot(self):
        worker, slot = await make_person(), await make_slot()
        other = await make_slot(starts_at=in_hours(9))
        await book(worker, slot, "k")
        with pytest.raises(KeyReused):
            await book(worker, other, "k")
        assert await taken(other) == 0

    async def test_a_key_still_answers_after_cancelling_and_moving(self):
        offering = await make_offering(capacity=2)
        worker, slot = await make_person(), await make_slot(offering)
        later = await make_slot(offering, starts_at=in_hours(9))
        first = await book(worker, slot, "k")
        await service.move_booking(actor=worker, booking_id=first.id, slot_id=later.id)
        assert (await book(worker, slot, "k")).id == first.id
        await service.cancel_booking(actor=worker, booking_id=first.id)
        assert (await book(worker, slot, "k")).status is Status.CANCELLED

    async def test_two_overlapping_bookings_are_refused(self):
        worker = await make_person()
        first = await book(worker, await make_slot())
        slot = await make_slot(starts_at=in_hours(3) + timedelta(minutes=15))
        with pytest.raises(OverlappingBooking) as refused:
            await book(worker, slot)
        assert refused.value.booking_id == first.id
        assert await taken(slot) == 0

    @pytest.mark.parametrize(
        ("offering", "slot", "error"),
        [
            ({"notice_minutes": 240}, {}, TooLate),
            ({}, {"closed": True}, SlotClosed),
            ({"active": False}, {}, SlotClosed),
            ({"eligibility": Eligibility.MEMBERS_ONLY}, {}, MembersOnly),
        ],
    )
    async def test_rules_are_kept_in_the_write(self, offering, slot, error):
        made = await make_slot(await make_offering(**offering), **slot)
        with pytest.raises(error):
            await book(await make_person(), made)
        assert await taken(made) == 0

    async def test_members_book_further_ahead_where_they_go_first(self):
        offering = await make_offering(eligibility=Eligibility.MEMBERS_FIRST, general_days=1)
        slot = await make_slot(offering, starts_at=in_hours(72))
        with pytest.raises(TooFarAhead):
            await book(await make_person(), slot)
        assert (await book(await make_person(is_member=True), slot)).status is Status.CONFIRMED

    async def test_a_slot_of_the_past_is_refused(self):
        slot = await make_slot()
        with clock.travel(timedelta(hours=4)), pytest.raises(TooLate):
            await book(await make_person(), slot)

    async def test_an_unknown_slot_is_not_found(self):
        with pytest.raises(NotFound):
            await service.book_slot(actor=await make_person(), slot_id=new_id(), request_key="k")

    async def test_reminders_are_planned(self):
        slot = await make_slot(starts_at=clock.at(clock.today() + timedelta(days=2), 15 * 60))
        made = await book(await make_person(), slot)
        assert {NoticeKind.REMINDER_EVENING, NoticeKind.REMINDER_HOUR} <= set(await notices_of(made.id))


class TestCancel:
    async def test_the_place_is_free_again(self):
        worker, slot = await make_person(), await make_slot()
        made = await book(worker, slot)
        cancelled = await service.cancel_booking(actor=worker, booking_id=made.id)
        assert cancelled.status is Status.CANCELLED
        assert await taken(slot) == 0
        assert NoticeKind.REMINDER_HOUR not in await notices_of(made.id)

    async def test_twice_changes_nothing_more(self):
        worker, slot = await make_person(), await make_slot()
        made = await book(worker, slot)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        assert await taken(slot) == 0
        assert await BookingEvent.filter(booking_id=made.id).count() == 2

    async def test_after_the_cut_off_it_is_too_late(self):
        worker, slot = await make_person(), await make_slot(starts_at=in_hours(0.5))
        made = await book(worker, slot)
        with pytest.raises(TooLateToChange):
            await service.cancel_booking(actor=worker, booking_id=made.id)

    async def test_somebody_elses_booking_does_not_exist(self):
        made = await book(await make_person(), await make_slot())
        with pytest.raises(NotFound):
            await service.cancel_booking(actor=await make_person(), booking_id=made.id)


class TestRestore:
    async def test_a_cancellation_is_taken_back(self):
        worker, slot = await make_person(), await make_slot()
        made = await book(worker, slot)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        assert (await service.restore_booking(actor=worker, booking_id=made.id)).status is Status.CONFIRMED
        assert await taken(slot) == 1

    async def test_not_when_the_place_is_gone(self):
        worker, slot = await make_person(), await make_slot()
        made = await book(worker, slot)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        await book(await make_person(), slot)
        with pytest.raises(SlotFull):
            await service.restore_booking(actor=worker, booking_id=made.id)

    async def test_not_when_booked_elsewhere_meanwhile(self):
        worker, slot = await make_person(), await make_slot()
        made = await book(worker, slot)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        await book(worker, await make_slot())
        with pytest.raises(OverlappingBooking):
            await service.restore_booking(actor=worker, booking_id=made.id)
        assert await taken(slot) == 0

    async def test_not_after_ten_minutes_and_not_what_staff_declined(self):
        worker = await make_person()
        first, second = await make_slot(), await make_slot(starts_at=in_hours(8))
        cancelled = await book(worker, first)
        await service.cancel_booking(actor=worker, booking_id=cancelled.id)
        with clock.travel(timedelta(minutes=11)), pytest.raises(UndoTooLate):
            await service.restore_booking(actor=worker, booking_id=cancelled.id)
        declined = await book(worker, second)
        await desk.decline_booking(actor=await make_staff(), booking_id=declined.id, reason="师傅病了")
        with pytest.raises(UndoTooLate):
            await service.restore_booking(actor=worker, booking_id=declined.id)


class TestMove:
    async def test_the_old_place_is_given_back_once_the_new_is_held(self):
        offering = await make_offering()
        worker, slot = await make_person(), await make_slot(offering)
        later = await make_slot(offering, starts_at=in_hours(3) + timedelta(minutes=15))
        made = await book(worker, slot)
        moved = await service.move_booking(actor=worker, booking_id=made.id, slot_id=later.id)
        assert (moved.id, moved.slot_id, moved.code) == (made.id, later.id, made.code)
        assert (await taken(slot), await taken(later)) == (0, 1)

    async def test_a_full_target_leaves_everything_as_it_was(self):
        offering = await make_offering()
        worker, slot = await make_person(), await make_slot(offering)
        later = await make_slot(offering, starts_at=in_hours(9))
        made = await book(worker, slot)
        await book(await make_person(), later)
        with pytest.raises(SlotFull):
            await service.move_booking(actor=worker, booking_id=made.id, slot_id=later.id)
        assert (await taken(slot), await taken(later)) == (1, 1)

    async def test_another_service_is_another_booking(self):
        worker = await make_person()
        made = await book(worker, await make_slot())
        other = await make_slot(await make_offering(service=ServiceKind.FILM), starts_at=in_hours(9))
        with pytest.raises(OtherService):
            await service.move_booking(actor=worker, booking_id=made.id, slot_id=other.id)
        assert await taken(other) == 0

    async def test_moving_to_where_it_is_changes_nothing(self):
        worker, slot = await make_person(), await make_slot()
        made = await book(worker, slot)
        assert (await service.move_booking(actor=worker, booking_id=made.id, slot_id=slot.id)) == made
