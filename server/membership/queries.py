"""Reads of membership: what a worker sees of his own, what waits for a reviewer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.kit.text import clean
from server.membership import rules
from server.membership.identity import ADULT_AGE, Identity, name_index, open_identity
from server.membership.models import (
    OPEN,
    WAITING,
    ApplicationKind,
    ApplicationState,
    ChosenBy,
    MemberState,
)
from server.membership.scope import IN_SCOPE, scope_of
from server.membership.sealing import APPEAL
from server.people.actors import Actor
from server.people.models import Role
from server.stations.divisions import find_place

PAGE = 30
REVIEWERS = (Role.REVIEWER,)
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
            "work": self.region_code is None,
            "union": self.union_id is None,
        }
        return next((step for step, gone in missing.items() if gone or step in self.fields_wrong), "check")

    @property
    def may_appeal(self) -> bool:
        in_time = self.decided_at is not None and clock.now() <= self.decided_at + rules.APPEAL_TIME
        return self.state is ApplicationState.REJECTED and not self.appealed and in_time


async def application_of(actor: Actor) -> ApplicationView | None:
    """The worker's latest application."""
    found = await sql.row(
        """SELECT a.*, u.name AS union_name FROM application a LEFT JOIN trade_union u ON u.id = a.union_id
        WHERE a.person_id = $1 ORDER BY a.created_at DESC, a.id DESC LIMIT 1""",
        actor.id,
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
        union_id=row["union_id"],
        union_name=row["union_name"] or "",
        chosen_by=ChosenBy(row["chosen_by"]) if row["chosen_by"] else None,
        reason=row["reason"],
        fields_wrong=list(row["fields_wrong"]),
        submitted_at=row["submitted_at"],
        decided_at=row["decided_at"],
        appealed=row["appeal_sealed"] is not None,
    )


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


class Waiting(msgspec.Struct, frozen=True):
    """An application in the queue, with what a reviewer should look at twice."""

    id: UUID
    kind: ApplicationKind
    state: ApplicationState
    identity: Identity
    age: int
    phone_tail: str
    employer: str
    place: str
    union_id: UUID
    union_name: str
    chosen_by: ChosenBy | None
    submitted_at: datetime
    reason: str
    appeal: str
    is_minor: bool
    has_twin: bool
    phone_is_anothers: bool
    rejected_before: bool

    @property
    def is_plain(self) -> bool:
        """Nothing to look at twice: may be approved together with others."""
        doubts = self.is_minor or self.has_twin or self.phone_is_anothers or self.rejected_before
        return not doubts and self.state is ApplicationState.SUBMITTED and self.kind is ApplicationKind.JOIN


WAITING_COLUMNS = """a.*, u.name AS union_name, p.phone_tail,
  EXISTS (SELECT FROM application o WHERE o.document_index = a.document_index AND o.person_id <> a.person_id) AS twin,
  EXISTS (SELECT FROM member m WHERE m.phone_index = p.phone_index AND m.state <> 'left'
    AND m.document_index <> a.document_index) AS phone_is_anothers,
  EXISTS (SELECT FROM application o WHERE o.person_id = a.person_id AND o.id <> a.id AND o.state = 'rejected')
    AS rejected_before
FROM application a JOIN trade_union u ON u.id = a.union_id JOIN person p ON p.id = a.person_id"""


async def queue(actor: Actor, *, union_name: str = "", after: str = "") -> tuple[list[Waiting], str]:
    """What waits for this reviewer, the oldest first, and the cursor for more. Raises Forbidden."""
    since, last = _read_cursor(after)
    found = await sql.rows(
        f"""SELECT {WAITING_COLUMNS} WHERE a.state IN ('submitted', 'appealed') AND {IN_SCOPE}
          AND ($4 = '' OR u.name LIKE '%' || $4 || '%') AND (a.submitted_at, a.id) > ($5, $6)
        ORDER BY a.submitted_at, a.id LIMIT $7""",
        *scope_of(actor, REVIEWERS).values,
        clean(union_name)[:60].replace("%", "").replace("_", ""),
        since,
        last,
        PAGE + 1,
    )
    rows = [waiting_of(row) for row in found[:PAGE]]
    more = f"{rows[-1].submitted_at.isoformat()}~{rows[-1].id}" if len(found) > PAGE else ""
    return rows, more


async def waiting_by_ids(ids: list[UUID]) -> list[Waiting]:
    """Applications by id, in the queue's order; scope is checked where they are decided."""
    found = await sql.rows(f"SELECT {WAITING_COLUMNS} WHERE a.id = ANY($1) ORDER BY a.submitted_at, a.id", ids)
    return [waiting_of(row) for row in found]


def waiting_of(row: Any) -> Waiting:
    """A row of WAITING_COLUMNS, opened."""
    identity = open_identity(row["identity_sealed"])
    age = identity.age(clock.today())
    place = find_place(row["region_code"])
    return Waiting(
        id=row["id"],
        kind=ApplicationKind(row["kind"]),
        state=ApplicationState(row["state"]),
        identity=identity,
        age=age,
        phone_tail=row["phone_tail"],
        employer=row["employer"],
        place=place.full_name if place else "",
        union_id=row["union_id"],
        union_name=row["union_name"],
        chosen_by=ChosenBy(row["chosen_by"]) if row["chosen_by"] else None,
        submitted_at=row["submitted_at"],
        reason=row["reason"],
        appeal=vault().open(row["appeal_sealed"], APPEAL) if row["appeal_sealed"] else "",
        is_minor=age < ADULT_AGE,
        has_twin=row["twin"],
        phone_is_anothers=row["phone_is_anothers"],
        rejected_before=row["rejected_before"],
    )


class TransferWaiting(msgspec.Struct, frozen=True):
    """A request to be taken over, as the asked union sees it."""

    id: UUID
    name: str
    number: str
    from_union: str
    to_union: str
    employer: str
    joined_on: date
    asked_at: datetime
    answer_by: datetime
    escalated: bool


async def transfers_waiting(actor: Actor) -> list[TransferWaiting]:
    """Requests that this reviewer may answer, the most pressing first. Raises Forbidden."""
    found = await sql.rows(
        f"""SELECT t.*, m.identity_sealed, m.number, m.joined_on, f.name AS from_union, u.name AS to_union
        FROM transfer t JOIN trade_union u ON u.id = t.to_union_id JOIN trade_union f ON f.id = t.from_union_id
        JOIN member m ON m.id = t.member_id
        WHERE t.state = 'requested' AND {IN_SCOPE} ORDER BY t.answer_by, t.id LIMIT 100""",
        *scope_of(actor, REVIEWERS).values,
    )
    return [
        TransferWaiting(
            id=row["id"],
            name=open_identity(row["identity_sealed"]).name,
            number=row["number"],
            from_union=row["from_union"],
            to_union=row["to_union"],
            employer=row["employer"],
            joined_on=row["joined_on"],
            asked_at=row["asked_at"],
            answer_by=row["answer_by"],
            escalated=row["escalated_at"] is not None,
        )
        for row in found
    ]


class MemberFound(msgspec.Struct, frozen=True):
    """A member in a reviewer's list."""

    id: UUID
    number: str
    name: str
    union_name: str
    joined_on: date
    has_phone: bool


async def find_members(actor: Actor, typed: str) -> list[MemberFound]:
    """Members of one's unions by number or exact name. Raises Forbidden."""
    typed = clean(typed)[:60]
    found = await sql.rows(
        f"""SELECT m.id, m.number, m.identity_sealed, m.joined_on, m.person_id, u.name AS union_name
        FROM member m JOIN trade_union u ON u.id = m.union_id
        WHERE m.state <> 'left' AND (m.number = $4 OR m.name_index = $5) AND {IN_SCOPE}
        ORDER BY m.joined_on DESC, m.id LIMIT 50""",
        *scope_of(actor, REVIEWERS).values,
        "".join(ch for ch in typed if ch.isdigit()),
        name_index(typed),
    )
    return [
        MemberFound(
            row["id"],
            row["number"],
            open_identity(row["identity_sealed"]).name,
            row["union_name"],
            row["joined_on"],
            row["person_id"] is not None,
        )
        for row in found
    ]


def _read_cursor(typed: str) -> tuple[datetime, UUID]:
    """Where the page before ended; anything unreadable starts from the top."""
    at, _, last = typed.partition("~")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(last)
    except (ValueError, OverflowError):
        return datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0)
