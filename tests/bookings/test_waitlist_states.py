"""Anything may happen to places and to those who wait for them, in any order and at once: what must hold, holds."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from server.bookings import desk, service, slots, waitlist, waitlist_rules
from server.bookings.models import ACTIVE, Booking, Eligibility, Offering, ServiceKind, Slot, WaitEntry, WaitState
from server.bookings.waitlist_offers import expire_holds
from server.errors import AppError
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import Actor
from server.people.models import Person, Role
from server.stations.models import Station
from tests.fixtures.bookings import make_offering
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.machine import DatabaseMachine, play
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

HOURS, MORE_HOURS = [[[540, 570]]] * 8, [[[540, 600]]] * 8
WORKERS = st.integers(0, 4)
CHOICES = st.integers(0, 10_000)
KINDS = st.sampled_from(["slot", "slot", "day", "near"])
MINUTES = st.sampled_from([1, 10, 31, 31, 90, 700])
TERMS = st.sampled_from([{"capacity": 1}, {"capacity": 2}, {"capacity": 3}, {"hours": MORE_HOURS}, {"hours": HOURS}])
VERBS = ["book", "cancel", "cancel", "join", "join", "accept", "refuse", "leave", "move", "decline", "restore", "job"]
# One manager at a time.
RACES = st.lists(st.tuples(st.sampled_from([*VERBS, "terms"]), WORKERS, CHOICES), min_size=2, max_size=5).filter(
    lambda race: sum(verb == "terms" for verb, _, _ in race) <= 1
)


class Waiting(DatabaseMachine):
    """Five workers (two are members), two stations 1 km apart, three offerings, staff, the job and the clock."""

    async def prepare(self) -> None:
        self.shift = timedelta()
        self.since: datetime | None = None  # when the last step began; None where several went on at once
        self.shift = clock.at(clock.today() + timedelta(days=1), 370) - clock.now()
        with clock.travel(self.shift):
            self.stations = [await make_station(hours=HOURS), await make_station(hours=HOURS, lat=22.826, lng=108.366)]
            given = {"horizon_days": 2, "general_days": 1, "cutoff_minutes": 30}
            self.offerings = [
                await make_offering(self.stations[0], **given),
                await make_offering(self.stations[0], eligibility=Eligibility.MEMBERS_FIRST, capacity=2, **given),
                await make_offering(
                    self.stations[1], eligibility=Eligibility.MEMBERS_ONLY, auto_confirm=False, **given
                ),
            ]
            self.workers = [await make_person(is_member=n > 2) for n in range(5)]
            self.staff = await make_staff()
            await make_staff(Role.MANAGER)
            await slots.roll_slots()
            # Everything is full, and everybody waits for something: whatever falls free, there is an order.
            for slot in await Slot.all().order_by("starts_at"):
                for _ in range(slot.capacity):
                    member = await make_person(is_member=True)
                    await service.book_slot(actor=member, slot_id=slot.id, request_key=new_id().hex)
            for n in (4, 0, 3, 1, 2):
                await self._join(self.workers[n], "near" if n else "slot", n)

    def act(self, *coroutines: Any, then_job: bool = False) -> None:
        """Do things at the machine's own time, all at once; a refusal is an answer like any other."""
        then_job = then_job or len(coroutines) > 1

        async def run() -> None:
            with clock.travel(self.shift):
                self.since = None if then_job else clock.now()
                for result in await asyncio.gather(*coroutines, return_exceptions=True):
                    if isinstance(result, BaseException) and not isinstance(result, AppError):
                        raise result
                if then_job:
                    await expire_holds()  # what hands at work passed over, the job brings within seconds

        self.runner.run(run())

    @rule(verb=st.sampled_from(VERBS), worker=WORKERS, choice=CHOICES)
    def one(self, verb: str, worker: int, choice: int) -> None:
        self.act(self._do(verb, worker, choice))

    @rule(kind=KINDS, worker=WORKERS, choice=CHOICES)
    def join(self, kind: str, worker: int, choice: int) -> None:
        self.act(self._join(self.workers[worker], kind, choice))

    @rule(race=RACES)
    def several_at_once(self, race: list[tuple[str, int, int]]) -> None:
        self.act(*(self._do(verb, worker, choice) for verb, worker, choice in race))

    @rule(choice=CHOICES)
    def all_answer_at_once(self, choice: int) -> None:
        self.act(*(self._do("accept" if n != choice % 5 else "refuse", n, choice) for n in range(5)), expire_holds())

    @rule(terms=TERMS, choice=CHOICES)
    def plan(self, terms: dict[str, Any], choice: int) -> None:
        self.act(self._plan(terms, choice), then_job=True)

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.shift += timedelta(minutes=minutes)
        self.act(expire_holds(), then_job=True)

    async def _do(self, verb: str, worker: int, choice: int) -> None:
        actor = self.workers[worker]
        if verb == "job":
            await expire_holds()
        elif verb == "terms":
            await self._plan({"capacity": 1 + choice % 3}, choice)
        elif verb == "join":
            await self._join(actor, ["slot", "day", "near"][choice % 3], choice)
        elif verb == "book" and (slot := await _pick(Slot.filter(starts_at__gt=clock.now()), choice)):
            await service.book_slot(actor=actor, slot_id=slot.id, request_key=new_id().hex)
        elif verb in ("accept", "refuse"):
            entry = await _pick(WaitEntry.filter(person_id=actor.id, state=WaitState.OFFERED), choice)
            act = waitlist.accept if verb == "accept" else waitlist.leave
            if entry:
                await act(actor=actor, entry_id=entry.id)
        elif verb == "leave" and (entry := await _pick(WaitEntry.filter(person_id=actor.id), choice)):
            await waitlist.leave(actor=actor, entry_id=entry.id)
        elif verb in ("cancel", "decline", "move", "restore"):
            await self._change(verb, choice)

    async def _change(self, verb: str, choice: int) -> None:
        waiting = Booking.filter(status="cancelled") if verb == "restore" else Booking.filter(status__in=ACTIVE)
        booking = await _pick(waiting, choice)
        if booking is None:
            return
        person = next((w for w in self.workers if w.id == booking.person_id), None)
        actor = person or Actor("worker", booking.person_id, is_member=True)
        if verb == "decline":
            await desk.decline_booking(actor=self.staff, booking_id=booking.id, reason="师傅病了")
        elif verb == "cancel":
            await service.cancel_booking(actor=actor, booking_id=booking.id)
        elif verb == "restore":
            await service.restore_booking(actor=actor, booking_id=booking.id)
        elif slot := await _pick(Slot.filter(starts_at__gt=clock.now()), choice // 7):
            await service.move_booking(actor=actor, booking_id=booking.id, slot_id=slot.id)

    async def _join(self, actor: Any, kind: str, choice: int) -> None:
        slot = await _pick(Slot.filter(starts_at__gt=clock.now()), choice)
        if slot is None:
            return
        if kind == "slot":
            wish = await waitlist.for_slot(slot.id, actor)
        elif kind == "day":
            wish = await waitlist.for_day(slot.offering_id, clock.local(slot.starts_at).date(), actor)
        else:
            wish = await waitlist.for_nearby(ServiceKind.HAIRCUT, station_id=slot.station_id)
        await waitlist.join(actor=actor, wish=wish)

    async def _plan(self, terms: dict[str, Any], choice: int) -> None:
        offering = self.offerings[choice % 3]

        async def change() -> None:
            await Offering.filter(id=offering.id).update(**terms)

        await slots.apply(offering.station_id, change)

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self._check())

    async def _check(self) -> None:
        with clock.travel(self.shift):
            assert await what_is_wrong() == []
            truth = await Truth().read()
        truth.nobody_is_promised_two_places_at_once()
        if self.since:
            truth.offers_are_right(self.since)
        truth.nothing_free_is_left_unoffered()


class Truth:
    """The whole database as it is, judged in plain words and not by the statements that made it."""

    async def read(self) -> "Truth":
        self.now = clock.now()
        self.slots = {s.id: s for s in await Slot.all()}
        self.offerings = {o.id: o for o in await Offering.all()}
        self.stations = {s.id: s for s in await Station.all()}
        self.entries = await WaitEntry.filter(state__in=[WaitState.WAITING, WaitState.OFFERED])
        self.bookings = await Booking.filter(status__in=ACTIVE)
        members = set(await Person.filter(is_member=True).values_list("id", flat=True))
        self.is_member = lambda entry: entry.person_id in members
        return self

    def fits(self, entry: WaitEntry, slot: Slot) -> bool:
        offering = self.offerings[slot.offering_id]
        if entry.kind == "slot":
            return entry.slot_id == slot.id
        if entry.kind == "day":
            return entry.offering_id == slot.offering_id and entry.day == clock.local(slot.starts_at).date()
        return entry.service == offering.service and slot.starts_at < entry.until  # both stations are near

    def may_book(self, entry: WaitEntry, slot: Slot) -> bool:
        """Whether the rules let this person have it, were it free; the list's own rule about the time included."""
        offering = self.offerings[slot.offering_id]
        day, today = clock.local(slot.starts_at).date(), clock.local(self.now).date()
        if slot.closed or (
            not self.is_member(entry)
            and (
                offering.eligibility is Eligibility.MEMBERS_ONLY
                or (offering.eligibility is Eligibility.MEMBERS_FIRST and (day - today).days > offering.general_days)
            )
        ):
            return False
        return not any(
            b.person_id == entry.person_id and b.starts_at < slot.ends_at and b.ends_at > slot.starts_at
            for b in self.bookings
        )

    def has_other_offer_then(self, entry: WaitEntry, slot: Slot) -> bool:
        held = [self.slots[e.held_slot_id] for e in self.entries if e.person_id == entry.person_id and e.held_slot_id]
        return any(h.starts_at < slot.ends_at and h.ends_at > slot.starts_at for h in held)

    def rank(self, entry: WaitEntry, slot: Slot) -> tuple[bool, datetime, Any]:
        first = self.offerings[slot.offering_id].eligibility is Eligibility.MEMBERS_FIRST
        return first and not self.is_member(entry), entry.joined_at, entry.id

    def nobody_is_promised_two_places_at_once(self) -> None:
        offered = [(e.person_id, self.slots[e.held_slot_id]) for e in self.entries if e.held_slot_id]
        for n, (person, slot) in enumerate(offered):
            for other, theirs in offered[:n]:
                assert person != other or slot.ends_at <= theirs.starts_at or slot.starts_at >= theirs.ends_at

    def offers_are_right(self, since: datetime) -> None:
        """What the last step offered: to somebody who may book it, and to nobody before whom another stood."""
        for entry in self.entries:
            if entry.state != WaitState.OFFERED or entry.changed_at < since:
                continue
            slot = self.slots[entry.held_slot_id]
            assert self.fits(entry, slot)
            assert self.may_book(entry, slot)
            assert entry.held_until > since
            for other in self.waiting_for(slot):
                assert self.rank(entry, slot) < self.rank(other, slot)

    def waiting_for(self, slot: Slot) -> list[WaitEntry]:
        return [
            e
            for e in self.entries
            if e.state == WaitState.WAITING
            and e.until > self.now
            and self.fits(e, slot)
            and self.may_book(e, slot)
            and not self.has_other_offer_then(e, slot)
        ]

    def nothing_free_is_left_unoffered(self) -> None:
        for slot in self.slots.values():
            kept = waitlist_rules.hold_until(slot.starts_at, 0, self.now)
            if slot.taken < slot.capacity and not slot.closed and kept:
                assert self.waiting_for(slot) == []


async def _pick(query: Any, choice: int) -> Any:
    found = await query.order_by("id")
    return found[choice % len(found)] if found else None


@pytest.mark.usefixtures("settings")
def test_whatever_happens_nobody_is_promised_what_another_has(database_server, template):
    play(Waiting, database_server, template, examples=8, steps=25)
