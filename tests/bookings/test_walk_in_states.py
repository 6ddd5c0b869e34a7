"""Bookings and walk-ins at several counters, in any order: what must hold of the queue, holds after each step."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from server.bookings import desk, walk_in_queries, walk_ins
from server.bookings.errors import NobodyWaiting
from server.bookings.models import Booking, QueueStatus, Status, WalkIn
from server.bookings.service import book_slot
from server.bookings.walk_in_rules import MOST_PASSES
from server.errors import AppError
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import VISITOR
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.machine import DatabaseMachine, play
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

SLOT_MINUTES = 10
STEPS = {
    "again": walk_ins.call_again,
    "served": walk_ins.mark_served,
    "absent": walk_ins.mark_absent,
    "undo": walk_ins.undo_step,
}
CHOICES = st.integers(0, 10_000)


class Counters(DatabaseMachine):
    """One service, slots that overrun because nobody hurries, three counters, and whoever comes."""

    shift = timedelta()

    async def prepare(self) -> None:
        self.secrets: list[str] = []
        self.shift = clock.at(clock.today() + timedelta(days=1), 540) - clock.now()
        with clock.travel(self.shift):
            self.station = await make_station()
            self.offering = await make_offering(self.station, minutes=SLOT_MINUTES, capacity=2)
            self.where = {"station_id": self.station.id}
            self.staff = [await make_staff(station_id=self.station.id) for _ in range(3)]
            for number in range(12):
                at = clock.at(clock.today(), 550 + SLOT_MINUTES * number)
                slot = await make_slot(self.offering, at)
                await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
            for _ in range(2):
                await self._take(new_id().hex)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.act(self._everybody_ends())
        super().teardown()

    def act(self, coroutine: Any) -> Any:
        """Run something at the machine's own time; a refusal is an answer like any other."""

        async def run() -> Any:
            with clock.travel(self.shift):
                try:
                    return await coroutine
                except AppError as refused:
                    return refused

        return self.runner.run(run())

    async def _take(self, key: str) -> Any:
        where = self.where | {"offering_id": self.offering.id}
        taken = await walk_ins.take_number(actor=VISITOR, request_key=key, **where)
        self.secrets.append(taken.secret)
        return taken

    @rule(several=st.integers(1, 3), key=st.sampled_from(["new", "new", "k1"]))
    def somebody_comes(self, several: int, key: str) -> None:
        async def run() -> None:
            await asyncio.gather(*(self._take(key if key != "new" else new_id().hex) for _ in range(several)))

        self.act(run())

    @rule(choice=CHOICES)
    def somebody_leaves(self, choice: int) -> None:
        self.act(walk_ins.leave(secret=self.secrets[choice % len(self.secrets)]))

    @rule(choice=st.integers(0, 2), counter=st.integers(0, 2))
    def who_booked_checks_in(self, choice: int, counter: int) -> None:
        async def run() -> None:
            ahead = await Booking.filter(status=Status.CONFIRMED).order_by("starts_at").limit(3)
            if ahead:
                booking = ahead[choice % len(ahead)]
                await desk.check_in(actor=self.staff[counter], booking_id=booking.id)

        self.act(run())

    @rule(choice=CHOICES)
    def the_sheet_says_served(self, choice: int) -> None:
        async def run() -> None:
            here = await Booking.filter(status=Status.ARRIVED).order_by("starts_at")
            if here:
                await desk.mark_served(actor=self.staff[0], booking_id=here[choice % len(here)].id)

        self.act(run())

    @rule(minutes=st.sampled_from([1, 5, 10, 25]))
    def time_passes(self, minutes: int) -> None:
        self.shift += timedelta(minutes=minutes)

    @rule(counters=st.sets(st.integers(0, 2), min_size=1))
    def counters_call(self, counters: set[int]) -> None:
        self.act(self._call(sorted(counters)))

    async def _call(self, counters: list[int]) -> list[Any]:
        """Some counters call at one instant: each gets somebody else, in the fair order."""
        before = await self._waiting()
        where = self.where | {"offering_id": self.offering.id}
        called = await asyncio.gather(
            *(walk_ins.call_next(actor=self.staff[n], counter=str(n), **where) for n in counters),
            return_exceptions=True,
        )
        got = [one for one in called if not isinstance(one, BaseException)]
        assert all(isinstance(one, NobodyWaiting) for one in called if isinstance(one, BaseException))
        assert len(got) == len(set(got)) == min(len(counters), len(before)), "each waiting one is called once"
        calls = await WalkIn.filter(called_at__isnull=False).order_by("called_at")
        for at, walk_in in enumerate(calls):
            if walk_in.id in got:
                _check_fair(walk_in, calls[:at], before)
        return got

    async def _waiting(self) -> list[Any]:
        lines = await walk_in_queries.lines_of(self.station.id)
        return [line for line in lines if line.status is QueueStatus.WAITING]

    @rule(step=st.sampled_from(sorted(STEPS)), choice=CHOICES, counter=st.integers(0, 2))
    def a_step(self, step: str, choice: int, counter: int) -> None:
        async def run() -> None:
            rows = await WalkIn.filter(called_at__isnull=False).order_by("-changed_at")
            if rows:
                walk_in = rows[min(choice % 4, len(rows) - 1)]
                await STEPS[step](actor=self.staff[counter], walk_in_id=walk_in.id, **self.where)

        self.act(run())

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "runner"):
            assert self.act(self._wrong()) == []

    async def _wrong(self) -> list[str]:
        rows = await WalkIn.all()
        numbers = [(row.letter, row.number) for row in rows if row.number]
        wrong = [] if len(numbers) == len(set(numbers)) else ["a number was given out twice"]
        lines = await walk_in_queries.lines_of(self.station.id)
        if len({line.id for line in lines}) != len(lines):
            wrong.append("somebody stands in the queue twice")
        day = await walk_in_queries.day_of(self.station.id)
        shown = [line.id for queue in day.queues for line in (*queue.waiting, *queue.called)]
        still = [line.id for line in lines if line.status in (QueueStatus.WAITING, QueueStatus.CALLED)]
        if sorted(shown) != sorted(still):
            wrong.append("the page does not show everybody who is here")
        return wrong + await what_is_wrong()

    async def _everybody_ends(self) -> None:
        """Counters that go on calling serve everybody, and before too long."""
        while await self._waiting():
            self.shift += timedelta(minutes=1)
            for walk_in_id in await self._call([0, 1, 2]):
                await walk_ins.mark_served(actor=self.staff[0], walk_in_id=walk_in_id, **self.where)
        for row in await WalkIn.filter(status=QueueStatus.CALLED, booking_id__isnull=True):
            await walk_ins.mark_served(actor=self.staff[0], walk_in_id=row.id, **self.where)
        ended = {row.status for row in await WalkIn.filter(booking_id__isnull=True)}
        assert ended <= {QueueStatus.SERVED, QueueStatus.LEFT}


def _check_fair(called: WalkIn, earlier: list[WalkIn], waiting: list[Any]) -> None:
    """Whether it was his turn among those who waited; he is taken from them."""
    line = next(ln for ln in waiting if ln.id in (called.id, called.booking_id))
    waiting.remove(line)
    others = [ln for ln in waiting if not ln.waiting.punctual]
    if not line.waiting.punctual:
        assert all(line.came_at <= ln.came_at for ln in others), "walk-ins by arrival"
        due = [ln for ln in waiting if ln.waiting.punctual and ln.due_at <= called.called_at]
        assert all(line.came_at <= ln.due_at for ln in due), "a punctual booking behind one who came after its time"
        return
    if others:
        first = min(others, key=lambda ln: ln.came_at)
        assert line.due_at <= called.called_at, "a booking before its time"
        in_a_row = list(itertools.takewhile(lambda row: row.ahead, reversed(earlier)))
        passed = [row for row in in_a_row if row.called_at >= first.came_at]
        assert len(passed) < MOST_PASSES or first.came_at > line.due_at, "somebody starves"


@pytest.mark.usefixtures("settings")
def test_the_order_holds_whatever_happens(database_server, template):
    play(Counters, database_server, template, examples=12, steps=30)
