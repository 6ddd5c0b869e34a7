"""Reads of membership: what a worker sees of his own, which transfers wait for a union."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.membership import rules
from server.membership.identity import Identity, open_identity
from server.membership.models import (
    OPEN,
    WAITING,
    ApplicationKind,
    ApplicationState,
    ChosenBy,
    MemberState,
)
from server.people.actors import Actor
from server.stations.divisions import find_place

MEASURED = timedelta(days=90)


class ApplicationView(msgspec.Struct, frozen=True):
    """A worker's own application, with who he is as far as he said."""

    id: UUID
    kind: ApplicationKind
    state: ApplicationState
    identity: Identity | None
    employer: str
    region_code: int | None
    union_id: UUID | None
    union_name: str
    chosen_by: ChosenBy | None
    reason: str
    fields_wrong: list[str]
    submitted_at: datetime | None
    decided_at: datetime | None
    saved_at: datetime
    appealed: bool

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING

    @property
    def place(self) -> str:
        """Where the worker works, as the division is called in full."""
        found = find_place(self.region_code)
        return found.full_name if found else ""

    @property
    def next_step(self) -> str:
        """What is to be filled in next; "check" when all is there."""
        missing = {
            "identity": self.identity is None,
            "work": self.region_code is None and not self.is_correction,
            "union": self.union_id is None,
        }
        return next((step for step, gone in missing.items() if gone or step in self.fields_wrong), "check")

    @property
    def is_correction(self) -> bool:
        return self.kind is ApplicationKind.CORRECTION

    @property
    def is_complete(self) -> bool:
        """Whether only the last look is left; also where a reviewer sent it back."""
        return self.next_step == "check" or self.state is ApplicationState.RETURNED

    @property
    def seen(self) -> str:
        """What changes when anything happens to it."""
        return f"{self.state}.{int(self.saved_at.timestamp() * 1000)}"

    @property
    def may_appeal(self) -> bool:
        in_time = self.decided_at is not None and clock.now() <= self.decided_at + rules.APPEAL_TIME
        return self.state is ApplicationState.REJECTED and not self.appealed and in_time


async def application_of(actor: Actor, *, correction: bool = False) -> ApplicationView | None:
    """The worker's latest application to join, or the latest to have the entry put right.

    While it waits it names the union that the worker chose, even where the register names another one.
    """
    found = await sql.row(
        """SELECT a.*, u.id AS shown_union_id, u.name AS union_name FROM application a
        LEFT JOIN trade_union u ON u.id = coalesce(a.wished_union_id, a.union_id)
        WHERE a.person_id = $1 AND (a.kind = 'correction') = $2 ORDER BY a.created_at DESC, a.id DESC LIMIT 1""",
        actor.id,
        correction,
    )
    return _application(found) if found else None


def _application(row: Any) -> ApplicationView:
    return ApplicationView(
        id=row["id"],
        kind=ApplicationKind(row["kind"]),
        state=ApplicationState(row["state"]),
        identity=open_identity(row["identity_sealed"]) if row["identity_sealed"] else None,
        employer=row["employer"],
        region_code=row["region_code"],
        union_id=row["shown_union_id"],
        union_name=row["union_name"] or "",
        chosen_by=ChosenBy(row["chosen_by"]) if row["chosen_by"] else None,
        reason=row["reason"],
        fields_wrong=list(row["fields_wrong"]),
        submitted_at=row["submitted_at"],
        decided_at=row["decided_at"],
        saved_at=row["saved_at"],
        appealed=row["appeal_sealed"] is not None,
    )


async def identity_of_member(actor: Actor) -> Identity | None:
    """What the register says about the worker; None where he is no member."""
    sealed = await sql.value("SELECT identity_sealed FROM member WHERE person_id = $1 AND state <> 'left'", actor.id)
    return open_identity(sealed) if sealed else None


async def usual_days(union_id: UUID) -> int:
    """Days within which the union decided half of the last months' applications."""
    median = await sql.value(
        """SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at))
        FROM application WHERE union_id = $1 AND decided_at > $2""",
        union_id,
        clock.now() - MEASURED,
    )
    return max(1, round(median / 86_400)) if median is not None else rules.USUAL_DAYS


class Card(msgspec.Struct, frozen=True):
    """A member's own card; `moving_to` is the union that was asked to take him over."""

    member_id: UUID
    number: str
    name: str
    union_id: UUID
    union_name: str
    state: MemberState
    version: int
    joined_on: date
    moving_to: str
    answer_by: datetime | None


async def card_of(actor: Actor) -> Card | None:
    """The worker's card; None where he is no member."""
    row = await sql.row(
        """SELECT m.*, u.name AS union_name, v.name AS moving_to, t.answer_by FROM member m
        JOIN trade_union u ON u.id = m.union_id
        LEFT JOIN transfer t ON t.member_id = m.id AND t.state = 'requested'
        LEFT JOIN trade_union v ON v.id = t.to_union_id
        WHERE m.person_id = $1 AND m.state <> 'left'""",
        actor.id,
    )
    if row is None:
        return None
    return Card(
        member_id=row["id"],
        number=row["number"],
        name=open_identity(row["identity_sealed"]).name,
        union_id=row["union_id"],
        union_name=row["union_name"],
        state=MemberState(row["state"]),
        version=row["card_version"],
        joined_on=row["joined_on"],
        moving_to=row["moving_to"] or "",
        answer_by=row["answer_by"],
    )
