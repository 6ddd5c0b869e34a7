"""The demo's drive: who joined in the last year, by union and month. The same people every time, dated from today.

One in a thousand of the real one: the region's aim was four million members.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from server.db import sql
from server.demo import invented
from server.demo.invented import made_id
from server.demo.unions import DemoUnion, unions
from server.kit import clock
from server.membership.models import UnionKind

DAY = timedelta(days=1)
HISTORY = 395 * DAY
BEFORE_ALL = 420 * DAY
REGISTERS = 150 * DAY  # since when sites and employers bring their registers in
STOCK = 0.45  # how much of today's members the registers held before the drive
# Few apply while everybody travels at Spring Festival, many when they are back; each month more than the last.
SEASONS = (0.7, 0.4, 1.7, 1.3, 1.1, 1.0, 0.9, 0.9, 1.1, 1.2, 1.1, 1.0)
GROWTH = 0.06
RETURNED, REJECTED, LEFT, MOVED = 0.07, 0.05, 0.02, 0.03
USUAL_WAIT_DAYS, SPREAD = 2.4, 0.7
REASONS = {"returned": "请把工地或单位的名字写全。", "rejected": "没查到您在这里干活，请联系您单位所在地的工会。"}
FIRST = "member-0"


@dataclass
class Rows:
    """What is to be written."""

    people: list[tuple[Any, ...]] = field(default_factory=list)
    members: list[tuple[Any, ...]] = field(default_factory=list)
    applications: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def note(  # noqa: PLR0917 (the columns of an event)
        self, at: datetime, subject: str, of: UUID, step: str, union_id: UUID, actor: UUID | None, reason: str = ""
    ) -> None:
        kind = "worker" if step in ("submitted", "left") else "staff"
        self.events.append((made_id(f"{of}-{step}-{at}"), at, subject, of, step, union_id, kind, actor, reason))


async def add_drive(reviewers: dict[int, UUID]) -> None:
    """A year of members and applications, once; `reviewers` by the province where they decide."""
    if await sql.value("SELECT EXISTS (SELECT FROM member WHERE id = $1)", made_id(FIRST)):
        return
    rows = Rows()
    for number, (union, joined_at) in enumerate(_joinings(clock.now())):
        _add(rows, number, union, joined_at, reviewers[union.region_code // 10_000 * 10_000])
    async with sql.transaction():
        await invented.write(
            people=rows.people, members=rows.members, applications=rows.applications, events=rows.events
        )


def _joinings(now: datetime) -> Iterator[tuple[DemoUnion, datetime | None]]:
    """Every member's union and when the application was sent; None for those of the registers before."""
    for union in unions():
        if union.kind is UnionKind.FEDERATION:
            continue
        dice = random.Random(union.key)  # noqa: S311 (plausible, not secret)
        for place in range(_size(union, dice)):
            yield union, None if place == 0 or dice.random() < STOCK else _moment(dice, now)


def _size(union: DemoUnion, dice: random.Random) -> int:
    """How many members a union has: cities differ, and so do their streets."""
    parent = union.parent or union
    far = random.Random(parent.key if union.kind is UnionKind.STREET else union.key).uniform(0.45, 0.95)  # noqa: S311
    return round(union.own_target * far * dice.uniform(0.8, 1.2))


def _moment(dice: random.Random, now: datetime) -> datetime:
    """A waking hour of some day in the history."""
    while True:
        ago = HISTORY * dice.random()
        day = clock.local(now - ago)
        weight = SEASONS[day.month - 1] * (1 + GROWTH * (HISTORY - ago).days / 30)
        if dice.random() * 2.6 < weight:
            at = clock.at(day.date(), dice.randrange(420, 1350))
            return at if at < now - DAY else at - 2 * DAY


def _add(rows: Rows, number: int, union: DemoUnion, sent_at: datetime | None, reviewer: UUID) -> None:
    """Somebody in the register, with the road there."""
    dice = random.Random(f"joining-{number}")  # noqa: S311
    today = clock.today()
    who = invented.identity(number, invented.grown_up(number, today), union.region_code)
    sealed = invented.sealed_identity(who)
    moved = sent_at is not None and union.kind is UnionKind.STREET and dice.random() < MOVED
    first = union.parent if moved and union.parent else union
    decided_at = sent_at and _decided(rows, number, first, sent_at, sealed, reviewer, dice)
    if sent_at and not decided_at:
        return
    at = decided_at or clock.now() - (REGISTERS if union.works_at else BEFORE_ALL)
    member_id = made_id(f"member-{number}")
    left_at = _some_day_since(at, dice) if number and not moved and dice.random() < LEFT else None
    rows.members.append(
        (
            member_id, invented.member_number(union.region_code // 10_000, number),
            made_id(f"person-{number}") if sent_at else None, union.id, "left" if left_at else "active", *sealed,
            None, None, union.works_at, _joined_on(at, sent_at, dice), 1, left_at, sent_at is None, at,
        )
    )  # fmt: skip
    rows.note(at, "member", member_id, "joined" if sent_at else "imported", first.id, reviewer)
    if moved:
        moved_at = _some_day_since(at, dice)
        rows.note(moved_at, "member", member_id, "moved_out", first.id, reviewer)
        rows.note(moved_at, "member", member_id, "moved_in", union.id, reviewer)
    if sent_at:
        rows.people.append(invented.person_row(number, sent_at, is_member=left_at is None))
    if left_at:
        rows.note(left_at, "member", member_id, "left", union.id, None)


def _joined_on(at: datetime, sent_at: datetime | None, dice: random.Random) -> date:
    """Those of the old registers have been members for years."""
    return clock.local(at if sent_at else at - DAY * dice.randrange(4_000)).date()


def _decided(  # noqa: PLR0917 (the parts of one application)
    rows: Rows,
    number: int,
    union: DemoUnion,
    sent_at: datetime,
    sealed: tuple[bytes, str, str],
    reviewer: UUID,
    dice: random.Random,
) -> datetime | None:
    """The application with its history; when it was approved, or None where it was rejected."""
    application_id, last_sent = made_id(f"application-{number}"), sent_at
    rows.note(sent_at, "application", application_id, "submitted", union.id, None)
    if dice.random() < RETURNED and sent_at < clock.now() - 20 * DAY:
        back = sent_at + _wait(dice)
        rows.note(back, "application", application_id, "returned", union.id, reviewer, REASONS["returned"])
        last_sent = back + _wait(dice)
        rows.note(last_sent, "application", application_id, "submitted", union.id, None)
    state = "rejected" if dice.random() < REJECTED else "approved"
    decided_at = min(last_sent + _wait(dice), clock.now())
    reason = REASONS.get(state, "")
    rows.note(decided_at, "application", application_id, state, union.id, reviewer, reason)
    rows.applications.append(
        (
            application_id, made_id(f"person-{number}"), "join", state, union.id, "place", sealed[0], sealed[2],
            union.works_at, union.region_code, [], reason, None, reviewer, sent_at, last_sent, last_sent, decided_at,
        )
    )  # fmt: skip
    if state == "approved":
        return decided_at
    rows.people.append(invented.person_row(number, sent_at, is_member=False))
    return None


def _wait(dice: random.Random) -> timedelta:
    """Some hours to some days; now and then two weeks."""
    return DAY * min(15.0, USUAL_WAIT_DAYS * dice.lognormvariate(0, SPREAD))


def _some_day_since(at: datetime, dice: random.Random) -> datetime:
    since = max(at, clock.now() - HISTORY)
    return since + (clock.now() - since) * dice.random()
