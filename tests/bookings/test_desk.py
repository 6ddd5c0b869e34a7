"""The desk's verbs, and what the clock does when nobody answers."""

from datetime import timedelta

import pytest

from server.bookings import desk, service
from server.bookings.errors import (
    AlreadyChanged,
    NotStarted,
    NotToday,
    SlotClosed,
    TicketElsewhere,
    UndoTooLate,
)
from server.bookings.models import Booking, BookingEvent, Slot, Status
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from server.people.actors import VISITOR
from server.people.models import Role
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def staff():
    return await make_staff()


async def book(slot, actor=None):
    return await service.book_slot(actor=actor or await make_person(), slot_id=slot.id, request_key=new_id().hex)


async def asked(**offering):
    """A request that staff must answer, for three hours from now."""
    return await book(await make_slot(await make_offering(auto_confirm=False, **offering)))


async def due(booking_id) -> list[NoticeKind]:
    return [n.kind for n in await Notice.filter(booking_id=booking_id, state="due").order_by("id")]


async def taken(booking) -> int:
    return (await Slot.get(id=booking.slot_id)).taken


def at(instant):
    return clock.travel(instant - clock.now())


class TestAnswer:
    async def test_yes_tells_the_worker_and_plans_reminders(self, staff):
        made = await asked()
        assert NoticeKind.REMINDER_HOUR not in await due(made.id)
        assert (await desk.confirm_booking(actor=staff, booking_id=made.id)).status is Status.CONFIRMED
        assert {NoticeKind.BOOKING_CONFIRMED, NoticeKind.REMINDER_HOUR} <= set(await due(made.id))
        assert await what_is_wrong() == []

    async def test_the_message_waits_out_the_undo(self, staff):
        slot = await make_slot(
            await make_offering(auto_confirm=False), starts_at=clock.at(clock.today() + timedelta(days=2), 600)
        )
        with at(clock.at(clock.today() + timedelta(days=1), 600)):
            made = await book(slot)
            await desk.confirm_booking(actor=staff, booking_id=made.id)
            told = await Notice.get(booking_id=made.id, kind=NoticeKind.BOOKING_CONFIRMED)
            assert told.next_try_at - told.due_at == timedelta(seconds=60)

    async def test_no_frees_the_place_and_says_why(self, staff):
        made = await asked()
        await desk.decline_booking(actor=staff, booking_id=made.id, reason=" 师傅\n病了\x00 ")
        assert await taken(made) == 0
        told = await Notice.get(booking_id=made.id, kind=NoticeKind.BOOKING_DECLINED)
        assert told.params["reason"] == (await Booking.get(id=made.id)).reason == "师傅 病了"

    async def test_yes_to_all_of_a_day(self, staff):
        offering = await make_offering(auto_confirm=False, capacity=9)
        tomorrow = clock.today() + timedelta(days=1)
        first, second = [await make_slot(offering, starts_at=clock.at(tomorrow, m)) for m in (600, 660)]
        other_day = await make_slot(offering, starts_at=clock.at(tomorrow + timedelta(days=1), 600))
        made = [await book(slot) for slot in (first, second, other_day)]
        confirmed = await desk.confirm_all(actor=staff, station_id=offering.station_id, day=tomorrow)
        assert confirmed == [made[0].id, made[1].id]
        assert await desk.confirm_all(actor=staff, station_id=offering.station_id) == [made[2].id]

    async def test_who_comes_too_late_learns_what_happened(self, staff):
        made = await asked()
        await desk.decline_booking(actor=staff, booking_id=made.id, reason="师傅病了")
        with pytest.raises(AlreadyChanged) as refused:
            await desk.confirm_booking(actor=await make_staff(), booking_id=made.id)
        assert (refused.value.became, refused.value.by, refused.value.by_id) == (Status.DECLINED, "staff", staff.id)
        assert refused.value.at == (await Booking.get(id=made.id)).changed_at


class TestVisit:
    async def test_from_arrival_to_served(self, staff):
        slot = await make_slot()
        made = await book(slot)
        with at(slot.starts_at - timedelta(minutes=5)):
            await desk.check_in(actor=staff, booking_id=made.id)
            await desk.mark_served(actor=staff, booking_id=made.id)
        steps = await BookingEvent.filter(booking_id=made.id).order_by("at", "id")
        assert [s.to_status for s in steps] == [Status.CONFIRMED, Status.ARRIVED, Status.SERVED]
        assert await taken(made) == 1

    async def test_nobody_is_taken_in_before_the_day(self, staff):
        made = await book(await make_slot(starts_at=in_hours(30)))
        for verb in (desk.check_in, desk.mark_served):
            with pytest.raises(NotToday):
                await verb(actor=staff, booking_id=made.id)

    async def test_no_show_only_after_the_start(self, staff):
        slot = await make_slot()
        made = await book(slot)
        with pytest.raises(NotStarted):
            await desk.mark_no_show(actor=staff, booking_id=made.id)
        with at(slot.starts_at):
            assert (await desk.mark_no_show(actor=staff, booking_id=made.id)).status is Status.NO_SHOW

    async def test_by_the_code_as_it_is_said(self, staff):
        slot = await make_slot(starts_at=clock.at(clock.today() + timedelta(days=1), 600))
        made = await book(slot)
        spoken = f" {made.code[:3].lower()}-{made.code[3:]} "
        given = {"actor": staff, "station_id": slot.station_id}
        with pytest.raises(TicketElsewhere):
            await desk.check_in_code(**given, typed=spoken)
        with at(slot.starts_at):
            with pytest.raises(TicketElsewhere):
                await desk.check_in_code(actor=staff, station_id=new_id(), typed=spoken)
            with pytest.raises(NotFound):
                await desk.check_in_code(**given, typed="\x00")
            assert (await desk.check_in_code(**given, typed=spoken)).status is Status.ARRIVED


class TestCancelForAWorker:
    async def test_whoever_phones_after_the_cut_off_is_cancelled_by_staff(self, staff):
        slot = await make_slot()
        made = await book(slot)
        with at(slot.starts_at - timedelta(minutes=5)):
            cancelled = await service.cancel_booking(actor=staff, booking_id=made.id, reason="来电取消")
            assert cancelled.status is Status.CANCELLED
            assert (await desk.undo_step(actor=staff, booking_id=made.id)).status is Status.CONFIRMED
            assert await what_is_wrong() == []


class TestUndo:
    async def test_the_place_is_taken_again_and_nothing_is_sent(self, staff):
        made = await asked()
        await desk.decline_booking(actor=staff, booking_id=made.id, reason="师傅病了")
        colleague = await make_staff()
        assert (await desk.undo_step(actor=colleague, booking_id=made.id)).status is Status.REQUESTED
        assert NoticeKind.BOOKING_DECLINED not in await due(made.id)
        assert await taken(made) == 1
        assert await what_is_wrong() == []

    async def test_not_after_a_minute_not_twice_and_not_what_the_worker_did(self, staff):
        made = await asked()
        given = {"actor": staff, "booking_id": made.id}
        await desk.confirm_booking(**given)
        with clock.travel(timedelta(seconds=61)), pytest.raises(UndoTooLate):
            await desk.undo_step(**given)
        await desk.undo_step(**given)
        with pytest.raises(UndoTooLate):
            await desk.undo_step(**given)

    async def test_not_once_somebody_else_has_the_place(self, staff):
        slot = await make_slot()
        made = await book(slot)
        await desk.decline_booking(actor=staff, booking_id=made.id, reason="师傅病了")
        await book(slot)
        with pytest.raises(UndoTooLate):
            await desk.undo_step(actor=staff, booking_id=made.id)

    async def test_not_once_the_worker_is_elsewhere(self, staff):
        worker = await make_person()
        made = await book(await make_slot(), worker)
        await desk.decline_booking(actor=staff, booking_id=made.id, reason="师傅病了")
        await book(await make_slot(), worker)
        with pytest.raises(UndoTooLate):
            await desk.undo_step(actor=staff, booking_id=made.id)
        assert await taken(made) == 0

    async def test_not_into_a_time_that_was_closed(self, staff):
        made = await book(await make_slot())
        await desk.decline_booking(actor=staff, booking_id=made.id, reason="师傅病了")
        await Slot.filter(id=made.slot_id).update(closed=True)
        with pytest.raises(SlotClosed):
            await desk.undo_step(actor=staff, booking_id=made.id)

    async def test_a_request_taken_back_late_can_still_be_answered(self, staff):
        made = await asked()
        deadline = (await Booking.get(id=made.id)).confirm_by
        with at(deadline - timedelta(seconds=5)):
            await desk.confirm_booking(actor=staff, booking_id=made.id)
        with at(deadline + timedelta(seconds=5)):
            await desk.undo_step(actor=staff, booking_id=made.id)
            assert await desk.expire_overdue() == 0


class TestWho:
    @pytest.mark.parametrize(
        "verb", [desk.confirm_booking, desk.check_in, desk.mark_served, desk.mark_no_show, desk.undo_step]
    )
    async def test_only_staff_of_the_station(self, verb):
        made = await asked()
        elsewhere = await make_staff(station_id=(await make_station()).id)
        for actor in (elsewhere, await make_staff(Role.AUDITOR), await make_person(), VISITOR):
            with pytest.raises(Forbidden):
                await verb(actor=actor, booking_id=made.id)

    async def test_staff_of_another_station_cancel_nothing(self):
        made = await asked()
        elsewhere = await make_staff(station_id=(await make_station()).id)
        with pytest.raises(Forbidden):
            await service.cancel_booking(actor=elsewhere, booking_id=made.id)

    async def test_unknown_bookings(self, staff):
        with pytest.raises(NotFound):
            await desk.confirm_booking(actor=staff, booking_id=new_id())


class TestNobodyAnswers:
    async def test_the_manager_hears_of_it_once_before_it_expires(self):
        made = await asked()
        booking = await Booking.get(id=made.id)
        manager = await make_staff(Role.MANAGER, station_id=booking.station_id)
        await make_staff(Role.MANAGER, station_id=(await make_station()).id)
        with at(booking.created_at + timedelta(minutes=1)):
            assert await desk.escalate_overdue() == 0 or booking.confirm_by - clock.now() < timedelta(hours=2)
        with at(booking.created_at + (booking.confirm_by - booking.created_at) / 2):
            await desk.escalate_overdue()
            assert await desk.escalate_overdue() == 0
        told = await Notice.filter(kind=NoticeKind.ESCALATION)
        assert [n.staff_id for n in told] == [manager.id]

    async def test_far_from_its_deadline_nobody_is_disturbed(self):
        await book(await make_slot(await make_offering(auto_confirm=False), starts_at=in_hours(72)))
        assert await desk.escalate_overdue() == 0
        with clock.travel(timedelta(hours=37)):
            assert await desk.escalate_overdue() == 1

    async def test_after_the_deadline_the_worker_gets_an_apology_and_the_place_is_free(self):
        made = await asked()
        deadline = (await Booking.get(id=made.id)).confirm_by
        with at(deadline - timedelta(seconds=5)):
            assert await desk.expire_overdue() == 0
        with at(deadline):
            assert await desk.expire_overdue() == 1
        assert (await Booking.get(id=made.id)).status is Status.EXPIRED
        assert await taken(made) == 0
        assert NoticeKind.BOOKING_EXPIRED in await due(made.id)
        assert (await BookingEvent.filter(booking_id=made.id).order_by("-at").first()).actor_kind == "system"

    async def test_however_many_are_overdue(self, monkeypatch):
        monkeypatch.setattr(desk, "BATCH", 2)
        slot = await make_slot(await make_offering(auto_confirm=False, capacity=9))
        for _ in range(5):
            await book(slot)
        with at(slot.starts_at):
            assert await desk.escalate_overdue() == 5
            assert await desk.expire_overdue() == 5
