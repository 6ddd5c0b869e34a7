"""Anything may happen to members on the move, in any order and at once: nobody is in two unions, nobody is lost."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from server.db import sql
from server.errors import AppError
from server.kit import clock
from server.membership import members, transfers, union_admin
from server.membership.models import Member, Transfer, Union, UnionKind
from server.people.models import Role
from tests.fixtures.machine import DatabaseMachine, play
from tests.fixtures.membership import make_union
from tests.fixtures.moving import DONGGUAN, GUANGDONG, enter, make_two
from tests.fixtures.moving_truth import what_is_wrong
from tests.fixtures.people import GUANGXI, make_person, make_staff

JOINED = date(2024, 3, 1)
WORKERS = st.integers(0, 1)
UNIONS = st.integers(0, 4)
REVIEWERS = st.integers(0, 3)
CHOICES = st.integers(0, 50)
DAYS = st.sampled_from([1, 3, 6, 7, 8])
LAST = 49
VERBS = ["ask", "ask", "ask", "accept", "accept", "refuse", "withdraw", "leave", "strike off", "close"]
RACES = st.sampled_from(
    [
        ("withdraw", "accept"),
        ("accept", "refuse"),
        ("accept", "accept", "strike off"),
        ("leave", "accept"),
        ("accept", "ask", "ask"),
        ("withdraw", "accept", "close"),
        ("refuse", "ask", "leave"),
    ]
).flatmap(st.permutations)
LATE_RACES = st.sampled_from(
    [
        ("accept", "expire"),
        ("withdraw", "expire"),
        ("refuse", "expire", "accept"),
        ("expire", "expire", "leave"),
        ("expire", "ask", "close"),
    ]
).flatmap(st.permutations)
TARGETS = st.sampled_from([0, 1, 2])


class Moving(DatabaseMachine):
    """Two workers, five unions in two provinces, their reviewers, an officer, two jobs and the clock."""

    async def prepare(self) -> None:
        self.shift = timedelta()
        two = await make_two()
        site = await make_union(name="虎门工地工会", kind=UnionKind.SITE, parent=two.dongguan, region_code=DONGGUAN)
        self.unions = [two.nanning, two.dongguan, site, two.guangdong, two.guangxi]
        self.reviewers = [two.new, two.above_new, two.old, two.above_old]
        self.officers = [
            await make_staff(Role.OFFICER, region_code=GUANGXI),
            await make_staff(Role.OFFICER, region_code=GUANGDONG),
        ]
        self.workers = [await make_person() for _ in range(2)]
        # Who is a member, as whoever watches would say.
        self.members: set[int] = set()
        for worker in range(2):
            await self._join(worker)

    async def _join(self, worker: int) -> None:
        await enter(self.unions[0], self.workers[worker], joined_on=JOINED)
        self.members.add(worker)

    def act(self, *coroutines: Any) -> list[Any]:
        """Run one thing, or several at once, at the machine's own time; a refusal is an answer like any other."""

        async def run() -> list[Any]:
            with clock.travel(self.shift):
                results = await asyncio.gather(*coroutines, return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, AppError):
                    raise result
            return results

        return self.runner.run(run())

    async def verb(self, name: str, worker: int, union: int, by: int, choice: int) -> None:
        """One thing that somebody may try; most of the time it is sensible."""
        person, target = self.workers[worker], self.unions[union]
        match name:
            case "ask":
                await self._ask(worker, target.id)
            case "accept":
                found = await self._transfer(choice)
                await transfers.accept_transfer(actor=await self._reviewer(found, by, choice), transfer_id=found)
            case "refuse":
                found = await self._transfer(choice)
                staff = await self._reviewer(found, by, choice)
                await transfers.refuse_transfer(actor=staff, transfer_id=found, reason="没有这个人")
            case "withdraw":
                await transfers.withdraw_transfer(actor=person)
            case "leave":
                await members.leave(actor=person)
                self.members.discard(worker)
            case "strike off":
                await self._strike_off(worker, self.reviewers[by])
            case "escalate":
                await transfers.escalate_transfers()
            case "expire":
                await transfers.expire_transfers()
            case _:
                await self._open_or_close(target)

    async def _ask(self, worker: int, union_id: Any) -> None:
        await transfers.ask_for_transfer(actor=self.workers[worker], to_union_id=union_id, employer="新厂", agreed=True)

    async def _strike_off(self, worker: int, staff: Any) -> None:
        found = await Member.get_or_none(person_id=self.workers[worker].id, state__not="left")
        if found:
            await members.strike_off(actor=staff, member_id=found.id, reason="重复登记")
            self.members.discard(worker)

    async def _transfer(self, choice: int) -> Any:
        """Mostly one that waits, the latest or another."""
        found = await Transfer.filter(**({} if choice % 5 == 0 else {"state": "requested"})).order_by("-id")
        return found[0 if choice == LAST else choice % len(found)].id if found else self.unions[0].id

    async def _reviewer(self, transfer_id: Any, by: int, choice: int) -> Any:
        """Mostly one who may answer."""
        lineage = await sql.value(
            "SELECT u.lineage FROM transfer t JOIN trade_union u ON u.id = t.to_union_id WHERE t.id = $1", transfer_id
        )
        may = [staff for staff in self.reviewers if staff.may(Role.REVIEWER, lineage=lineage or ())]
        return self.reviewers[by] if choice % 5 == 0 or not may else may[by % len(may)]

    async def _open_or_close(self, union: Union) -> None:
        officer = next(o for o in self.officers if o.may(Role.OFFICER, region_code=union.region_code))
        closed = await sql.value("SELECT closed_at IS NOT NULL FROM trade_union WHERE id = $1", union.id)
        await (union_admin.reopen_union if closed else union_admin.close_union)(actor=officer, union_id=union.id)

    @rule(verb=st.sampled_from(VERBS), worker=WORKERS, union=UNIONS, by=REVIEWERS, choice=CHOICES)
    def one_thing(self, verb: str, worker: int, union: int, by: int, choice: int) -> None:
        self.act(self.verb(verb, worker, union, by, choice))

    @rule(verbs=RACES, worker=WORKERS, by=REVIEWERS, to=TARGETS)
    def at_once(self, verbs: list[str], worker: int, by: int, to: int) -> None:
        """Several things happen to one open request in the same moment."""
        self._request(worker, to)
        self.act(*(self.verb(verb, worker, to, by, LAST) for verb in verbs))

    @rule(verbs=LATE_RACES, worker=WORKERS, by=REVIEWERS, to=TARGETS)
    def at_once_when_time_is_up(self, verbs: list[str], worker: int, by: int, to: int) -> None:
        self._request(worker, to)
        self.time_passes(8)
        self.the_jobs_run()
        self.time_passes(8)
        self.act(*(self.verb(verb, worker, to, by, LAST) for verb in verbs))

    def _request(self, worker: int, to: int) -> None:
        """Have a request open, unless the worker is there already."""
        self.who_left_joins_again(worker)
        self.act(union_admin.reopen_union(actor=self.officers[1], union_id=self.unions[1].id))
        self.act(union_admin.reopen_union(actor=self.officers[1], union_id=self.unions[2].id))
        self.act(self._ask(worker, self.unions[to].id))

    @rule(days=DAYS)
    def time_passes(self, days: int) -> None:
        self.shift += timedelta(days=days)

    @rule()
    def the_jobs_run(self) -> None:
        self.act(transfers.escalate_transfers())
        self.act(transfers.expire_transfers())

    @rule(worker=WORKERS)
    def who_left_joins_again(self, worker: int) -> None:
        if worker not in self.members:
            self.act(union_admin.reopen_union(actor=self.officers[0], union_id=self.unions[0].id))
            self.act(self._join(worker))

    @rule(union=st.sampled_from([1, 2]), below=st.sampled_from([0, 1, 2, 3]))
    def a_union_moves(self, union: int, below: int) -> None:
        self.act(
            union_admin.move_union(
                actor=self.officers[1], union_id=self.unions[union].id, parent_id=self.unions[below].id
            )
        )

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "runner"):
            assert self.runner.run(what_is_wrong()) == []
            assert self.runner.run(self._members_by_the_book()) == self.members

    async def _members_by_the_book(self) -> set[int]:
        """Nobody is lost: whoever joined and did not leave is in the register."""
        found = await sql.rows("SELECT person_id FROM member WHERE state <> 'left'")
        return {[worker.id for worker in self.workers].index(row["person_id"]) for row in found}


@pytest.mark.usefixtures("settings")
def test_nobody_is_ever_in_two_unions_or_in_none(database_server, template):
    play(Moving, database_server, template, examples=20, steps=40)
