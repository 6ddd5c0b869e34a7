"""Anything may happen to bookings in any order: what must hold, holds after each step."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from server.bookings import desk, plan_days, rules, service, slots
from server.bookings.errors import KeyReused, OverlappingBooking
from server.bookings.models import ACTIVE, Booking, Offering, Slot
from server.bookings.plan_models import OfferingDay
from server.errors import AppError
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Role
from server.stations.models import Station, StationDay
from tests.fixtures.bookings import make_offering
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.machine import DatabaseMachine, play
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

MORNING = [[540, 660]]
SLOTS = st.integers(0, 10_000)
LAST = -1
# The booking that something was done to last, or any.
BOOKINGS = st.just(LAST) | st.integers(0, 10_000)
HOURS = [MORNING, MORNING, [[540, 600]], [[555, 660]], []]
SPECIALS = [[], [[600, 720]], None, None]
TERMS = [{"capacity": 1}, {"capacity": 2}, {"capacity": 3}, {"minutes": 30}, {"minutes": 60}, {"minutes": 20}]
KEYS = st.sampled_from(["new", "new", "new", "k1", "k2"])
STAFF_VERBS = {
    "confirm": desk.confirm_booking,
    "check in": desk.check_in,
    "served": desk.mark_served,
    "no-show": desk.mark_no_show,
    "undo": desk.undo_step,
    "cancel": service.cancel_booking,
}


class Lifecycle(DatabaseMachine):
    """Three workers, two offerings of one service, a desk, a manager and the clock."""

    shift = timedelta()

    async def prepare(self) -> None:
        self.keys: dict[tuple[Any, str], tuple[Any, Any]] = {}
        self.shift = clock.at(clock.today() + timedelta(days=1), 360) - clock.now()
        with clock.travel(self.shift):
            self.station = await make_station(hours=[MORNING] * 8)
            given = {"horizon_days": 1, "cutoff_minutes": 30}
            self.offerings = [
                await make_offering(self.station, capacity=2, **given),
                await make_offering(self.station, auto_confirm=False, **given),
            ]
            self.workers = [await make_person() for _ in range(3)]
            self.staff = await make_staff(station_id=self.station.id)
            self.manager = await make_staff(Role.MANAGER, station_id=self.station.id)
            await slots.roll_slots()
            for number, worker in enumerate(self.workers):
                await self._book(worker, 1 + 3 * number, "k1")

    def act(self, coroutine: Any) -> Any:
        """Run something at the machine's own time; a refusal is an answer like any other."""

        async def run() -> Any:
            with clock.travel(self.shift):
                try:
                    return await coroutine
                except AppError as refused:
                    return refused

        return self.runner.run(run())

    @rule(worker=st.integers(0, 2), choice=SLOTS, key=KEYS)
    def book(self, worker: int, choice: int, key: str) -> None:
        self.act(self._book(self.workers[worker], choice, key if key != "new" else new_id().hex))

    async def _book(self, worker: Any, choice: int, key: str) -> None:
        # Mostly what lies ahead; now and then what is past.
        slot = await _pick(Slot.all() if choice % 10 == 0 else Slot.filter(starts_at__gt=clock.now()), choice)
        if slot is None:
            return
        expected = await self._expected(worker, slot)
        known = self.keys.get((worker.id, key))
        again = known is not None and known[0] == slot.id
        if known and known[0] != slot.id:
            expected = KeyReused
        with pytest.raises(expected) if expected and not again else nullcontext():
            made = await service.book_slot(actor=worker, slot_id=slot.id, request_key=key)
            self.last = made.id
            assert made.id == self.keys.setdefault((worker.id, key), (slot.id, made.id))[1]

    async def _expected(self, worker: Any, slot: Slot) -> type[AppError] | None:
        offering = await Offering.get(id=slot.offering_id)
        refused = rules.refusal(
            starts_at=slot.starts_at,
            closed=slot.closed,
            free=slot.capacity - slot.taken,
            notice_minutes=offering.notice_minutes,
            horizon_days=offering.horizon_days,
            eligibility=offering.eligibility,
            general_days=offering.general_days,
            is_member=False,
            now=clock.now(),
        )
        if refused:
            return type(refused)
        meets = Booking.filter(person_id=worker.id, status__in=ACTIVE, starts_at__lt=slot.ends_at)
        return OverlappingBooking if await meets.filter(ends_at__gt=slot.starts_at).exists() else None

    async def _booking(self, choice: int) -> Booking:
        booking = await (Booking.get(id=self.last) if choice == LAST else _pick(Booking.all(), choice))
        self.last = booking.id
        return booking

    @rule(choice=BOOKINGS)
    def cancel(self, choice: int) -> None:
        self.act(self._by_worker(service.cancel_booking, choice))

    @rule(choice=BOOKINGS)
    def restore(self, choice: int) -> None:
        self.act(self._by_worker(service.restore_booking, choice))

    @rule(choice=BOOKINGS, to=SLOTS)
    def move(self, choice: int, to: int) -> None:
        async def run() -> None:
            slot = await _pick(Slot.all(), to)
            assert slot, "the booking's own, at least"
            await self._by_worker(service.move_booking, choice, slot_id=slot.id)

        self.act(run())

    @rule(choice=BOOKINGS, to=SLOTS)
    def give_another_time(self, choice: int, to: int) -> None:
        async def run() -> None:
            booking, slot = await self._booking(choice), await _pick(Slot.all(), to)
            await service.move_booking(actor=self.staff, booking_id=booking.id, slot_id=slot.id)

        self.act(run())

    @rule(which=st.integers(0, 1), first=st.sampled_from([0, 480, 600]), capacity=st.sampled_from([None, 0, 1, 3]))
    def places_of_a_morning(self, which: int, first: int, capacity: int | None) -> None:
        self.act(
            plan_days.set_capacity(
                actor=self.manager,
                station_id=self.station.id,
                offering_id=self.offerings[which].id,
                day=clock.today(),
                first=first,
                last=720,
                capacity=capacity,
            )
        )

    @rule(verb=st.sampled_from(["confirm", "undo", "check in", "served"]))
    def next_at_the_desk(self, verb: str) -> None:
        self.at_the_desk(verb, LAST)

    async def _by_worker(self, verb: Any, choice: int, **given: Any) -> None:
        booking = await self._booking(choice)
        worker = next(w for w in self.workers if w.id == booking.person_id)
        await verb(actor=worker, booking_id=booking.id, **given)

    @rule(verb=st.sampled_from(sorted(STAFF_VERBS)), choice=BOOKINGS)
    def at_the_desk(self, verb: str, choice: int) -> None:
        async def run() -> None:
            booking = await self._booking(choice)
            await STAFF_VERBS[verb](actor=self.staff, booking_id=booking.id)

        self.act(run())

    @rule(choice=BOOKINGS)
    def decline(self, choice: int) -> None:
        async def run() -> None:
            booking = await self._booking(choice)
            await desk.decline_booking(actor=self.staff, booking_id=booking.id, reason="师傅病了")

        self.act(run())

    @rule()
    def confirm_all(self) -> None:
        self.act(desk.confirm_all(actor=self.staff, station_id=self.station.id))

    @rule(minutes=st.sampled_from([1, 20, 45, 150, 180, 1440]))
    def time_passes(self, minutes: int) -> None:
        self.shift += timedelta(minutes=minutes)
        self.act(desk.expire_overdue())
        self.act(desk.escalate_overdue())
        self.act(slots.roll_slots())

    @rule(
        what=st.sampled_from(["terms", "hours", "day", "rest"]),
        which=st.integers(0, 1),
        terms=st.sampled_from(TERMS),
        hours=st.sampled_from(HOURS),
        special=st.sampled_from(SPECIALS),
    )
    def the_manager_plans(self, what: str, which: int, terms: Any, hours: Any, special: Any) -> None:
        async def change_day() -> None:
            day = {"station_id": self.station.id, "day": clock.today() + timedelta(days=which)}
            await StationDay.filter(**day).delete()
            if special is not None:
                await StationDay.create(**day, hours=special)

        async def change_rest() -> None:
            day = {"offering_id": self.offerings[which].id, "day": clock.today() + timedelta(days=which)}
            await OfferingDay.filter(**day).delete()
            if special is not None:
                await OfferingDay.create(**day, hours=special)

        changes = {
            "terms": lambda: Offering.filter(id=self.offerings[which].id).update(**terms),
            "hours": lambda: Station.filter(id=self.station.id).update(hours=[hours] * 8),
            "day": change_day,
            "rest": change_rest,
        }
        self.replan(changes[what])

    def replan(self, change: Any) -> None:
        """What a preview says is what happens."""

        async def run() -> None:
            assert await slots.preview(self.station.id, change) == await slots.apply(self.station.id, change)

        self.act(run())

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "runner"):
            assert self.act(what_is_wrong()) == []


async def _pick(rows: Any, choice: int) -> Any:
    """One row of many, the same for the same choice; None where there is none."""
    found = await rows.order_by("starts_at", "offering_id", "id")
    return found[choice % len(found)] if found else None


@pytest.mark.usefixtures("settings")
def test_anything_may_happen_in_any_order(database_server, template):
    play(Lifecycle, database_server, template, examples=20, steps=40)
