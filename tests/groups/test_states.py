"""Foremen and workers book, cancel and tap twice, at once too: no place is given twice, no group is half."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from server.bookings.group_models import GroupBooking, GroupPlace
from server.bookings.models import ACTIVE, Booking, Slot
from server.bookings.service import book_slot, cancel_booking
from server.errors import AppError
from server.groups import queries, service
from server.groups.lists import Guest
from server.groups.rules import OPEN_MOST, together
from server.kit import clock
from server.kit.ids import new_id
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.machine import DatabaseMachine, play
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

FOREMEN = st.integers(0, 2)
SIZES = st.integers(2, 9)
CHOICES = st.integers(0, 10_000)
VERBS = st.sampled_from(["group", "group", "group", "alone", "some", "all", "one"])
RACES = st.lists(st.tuples(VERBS, FOREMEN, SIZES, CHOICES), min_size=2, max_size=5)


class Groups(DatabaseMachine):
    """Three foremen, others, and six times of four places at two stations."""

    async def prepare(self) -> None:
        self.keys: dict[tuple[int, str], set[str]] = {}
        self.offerings = [await make_offering(await make_station(), capacity=4, horizon_days=9) for _ in range(2)]
        self.day = clock.today() + timedelta(days=2)
        for offering in self.offerings:
            for minute in (540, 570, 600):
                await make_slot(offering, clock.at(self.day, minute))
        self.foremen = [await make_person() for _ in range(3)]

    @rule(verb=VERBS, foreman=FOREMEN, size=SIZES, choice=CHOICES)
    def one_thing(self, verb: str, foreman: int, size: int, choice: int) -> None:
        self.runner.run(self._act([(verb, foreman, size, choice)]))

    @rule(race=RACES)
    def several_at_once(self, race: list[tuple[str, int, int, int]]) -> None:
        self.runner.run(self._act(race))

    async def _act(self, race: list[tuple[str, int, int, int]]) -> None:
        done = await asyncio.gather(*(getattr(self, f"_{verb}")(*how) for verb, *how in race), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException) and not isinstance(result, AppError):
                raise result

    async def _group(self, foreman: int, size: int, choice: int) -> None:
        """What the page proposes, all offers ticked; sometimes with a key that was used before."""
        plan = await queries.plan(self.offerings[choice % 2].id, self.day, size)
        places = together(size, [plan.places, *[offer.places for offer in plan.offers]])
        key = f"key-{choice % 12}"
        made = await service.book_group(
            actor=self.foremen[foreman], guests=[Guest("李一")] * size, places=places or {new_id(): 1}, request_key=key
        )
        self.keys.setdefault((foreman, key), set()).add(str(made))

    async def _alone(self, _foreman: int, _size: int, choice: int) -> None:
        slots = await Slot.all().order_by("id")
        await book_slot(actor=await make_person(), slot_id=slots[choice % len(slots)].id, request_key=new_id().hex)

    async def _some(self, foreman: int, size: int, choice: int) -> None:
        await self._cancel(foreman, choice, size)

    async def _all(self, foreman: int, _size: int, choice: int) -> None:
        await self._cancel(foreman, choice, None)

    async def _cancel(self, foreman: int, choice: int, size: int | None) -> None:
        actor = self.foremen[foreman]
        found = await GroupBooking.filter(foreman_id=actor.id).order_by("id")
        if found:
            group = await queries.group_of(found[choice % len(found)].id, actor)
            chosen = None if size is None else [seat.booking_id for seat in group.seats[: size // 2]]
            await service.cancel_places(actor=actor, group_id=group.id, booking_ids=chosen)

    async def _one(self, foreman: int, _size: int, choice: int) -> None:
        """A foreman takes one of his people out by the ticket."""
        actor = self.foremen[foreman]
        found = await GroupBooking.filter(foreman_id=actor.id).order_by("id")
        if found:
            seats = (await queries.group_of(found[0].id, actor)).seats
            await cancel_booking(actor=actor, booking_id=seats[choice % len(seats)].booking_id)

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self._check())

    async def _check(self) -> None:
        bookings: dict[Any, Booking] = {booking.id: booking for booking in await Booking.all()}
        held = Counter(booking.slot_id for booking in bookings.values() if booking.status in ACTIVE)
        for slot in await Slot.all():
            assert slot.taken == held[slot.id] <= slot.capacity
        places = await GroupPlace.all()
        size = Counter(place.group_id for place in places)
        groups = await GroupBooking.all()
        assert {group.id: group.people for group in groups} == size
        assert {place.booking_id for place in places} <= bookings.keys()
        codes = [*(group.code for group in groups), *(booking.code for booking in bookings.values())]
        assert len(codes) == len(set(codes))
        assert all(len(made) == 1 for made in self.keys.values())
        waiting = {place.group_id for place in places if bookings[place.booking_id].status in ACTIVE}
        open_ones = Counter(group.foreman_id for group in groups if group.id in waiting)
        assert all(count <= OPEN_MOST for count in open_ones.values())


@pytest.mark.usefixtures("settings")
def test_whatever_happens_no_place_is_given_twice_and_no_group_is_half(database_server, template):
    play(Groups, database_server, template, examples=8, steps=15)
