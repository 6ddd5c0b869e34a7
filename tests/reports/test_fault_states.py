"""A fault under any sequence of voices and steps, some at one instant: what must hold, holds after each."""

import asyncio
import itertools
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from server.db import sql
from server.errors import AppError
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice
from server.people.actors import VISITOR
from server.reports import faults, rules
from server.reports.models import Fault, FaultEvent, FaultState, FaultVoice, Thing
from server.reports.queries import broken_at
from tests.fixtures.machine import DatabaseMachine, play
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

THINGS = (Thing.HOT_WATER, Thing.TOILET, Thing.OTHER)
STEPS = {"start": faults.start, "fix": faults.fix, "reopen": faults.reopen}
CLOSED = (FaultState.FIXED, FaultState.CANNOT_FIX)
CHOICES = st.integers(0, 10_000)


class Station(DatabaseMachine):
    """One station, two of its staff, three workers with phones, and whoever passes by."""

    shift = timedelta()

    async def prepare(self) -> None:
        self.secrets: list[str] = []
        self.station = await make_station()
        self.staff = [await make_staff(station_id=self.station.id) for _ in range(2)]
        self.people = [VISITOR, *[await make_person() for _ in range(3)]]
        await self._say(Thing.HOT_WATER, 0)

    def act(self, *coroutines: Any) -> list[Any]:
        """Run something at the machine's own time; a refusal is an answer like any other, a fault of ours is not."""

        async def run() -> list[Any]:
            with clock.travel(self.shift):
                return await asyncio.gather(*coroutines, return_exceptions=True)

        done = self.runner.run(run())
        for one in done:
            if isinstance(one, BaseException) and not isinstance(one, AppError):
                raise one
        return done

    async def _say(self, thing: Thing, who: int) -> None:
        said = await faults.say_broken(
            actor=self.people[who], station_id=self.station.id, thing=thing, request_key=new_id().hex
        )
        self.secrets.append(said.secret)

    async def _some_fault(self, choice: int) -> Fault:
        every = await Fault.all().order_by("id")
        return every[choice % len(every)]

    @rule(thing=st.sampled_from(THINGS), people=st.lists(st.integers(0, 3), min_size=1, max_size=4))
    def somebody_says(self, thing: Thing, people: list[int]) -> None:
        done = self.act(*(self._say(thing, who) for who in people))
        assert not any(isinstance(one, AppError) for one in done)

    @rule(choice=CHOICES, step=st.sampled_from(sorted(STEPS)), several=st.integers(1, 2))
    def staff_take_a_step(self, choice: int, step: str, several: int) -> None:
        async def run(member: int) -> None:
            fault = await self._some_fault(choice)
            await STEPS[step](actor=self.staff[member], fault_id=fault.id)

        done = self.act(*(run(member) for member in range(several)))
        assert sum(one is None for one in done) <= 1, "two took one step"

    @rule(choice=CHOICES)
    def staff_give_up(self, choice: int) -> None:
        async def run() -> None:
            fault = await self._some_fault(choice)
            await faults.give_up(actor=self.staff[0], fault_id=fault.id, reason="没有配件。")

        self.act(run())

    @rule(choice=CHOICES)
    def it_is_still_broken(self, choice: int) -> None:
        secret = self.secrets[choice % len(self.secrets)]

        async def run() -> tuple[Fault, bool]:
            voice = await FaultVoice.get(secret=secret)
            before = await Fault.get(id=voice.fault_id)
            try:
                await faults.still_broken(secret=secret)
            except AppError:
                return before, False
            return before, True

        ((before, opened),) = self.act(run())
        if opened:
            assert before.state in CLOSED
            assert clock.now() + self.shift <= before.closed_at + rules.REOPEN_WITHIN + timedelta(minutes=1)

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.shift += timedelta(days=days)

    @invariant()
    def it_holds(self) -> None:
        if hasattr(self, "runner"):
            self.act(self._check())

    async def _check(self) -> None:
        every = await Fault.all()
        opened = Counter(one.thing for one in every if one.state in rules.OPEN_STATES and one.thing is not Thing.OTHER)
        assert all(count == 1 for count in opened.values()), "a thing is open twice"
        voices = Counter(voice.fault_id for voice in await FaultVoice.all())
        for fault in every:
            assert fault.voices == voices[fault.id]
            assert (fault.closed_at is not None) == (fault.state in CLOSED)
            await self._check_history(fault)
        persons = await sql.rows("SELECT fault_id, person_id FROM fault_voice WHERE person_id IS NOT NULL")
        assert len({tuple(row) for row in persons}) == len(persons), "a person speaks twice of one fault"
        closings = await sql.value(
            """SELECT count(*) FROM fault_event e JOIN fault_voice v ON v.fault_id = e.fault_id AND v.at <= e.at
            WHERE e.to_state IN ('fixed', 'cannot_fix') AND v.person_id IS NOT NULL"""
        )
        assert await Notice.filter(staff_id=None).count() == closings, "each closing tells each of them once"
        said = await FaultEvent.filter(actor_kind="worker").count()
        assert await Notice.exclude(staff_id=None).count() == 2 * said, "what workers open both of its staff hear once"
        shown = {one.thing for one in await broken_at(self.station.id)}
        repaired = {one.thing for one in every if one.state is FaultState.IN_PROGRESS} - {Thing.OTHER}
        assert repaired <= shown, "what is being repaired is not told"

    async def _check_history(self, fault: Fault) -> None:
        events = await FaultEvent.filter(fault_id=fault.id).order_by("id")
        assert events[0].from_state is None
        assert events[-1].to_state is fault.state
        for before, after in itertools.pairwise(events):
            assert after.from_state is before.to_state, "a step out of nowhere"
            assert any(rules.after(after.from_state, step) is after.to_state for step in rules.STEPS)


@pytest.mark.usefixtures("settings")
def test_a_fault_keeps_its_word_whatever_happens(database_server, template):
    play(Station, database_server, template, examples=15, steps=25)
