"""What this room holds about a worker: applications, entries in the register with their moves, what was done with them.

Erasing ends what is open in the ordinary way, a membership too, and blanks the rest. What stays is what figures are
counted from: that an application was made and decided, and of an entry its number, its unions and its dates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit.crypto import vault
from server.membership import applying, members, transfers
from server.membership.errors import NoApplication, NotAMember, TransferMoved
from server.membership.identity import Identity, open_identity
from server.membership.models import OPEN, ApplicationKind, ApplicationState, MemberState, TransferState
from server.membership.sealing import APPEAL
from server.people.actors import Actor
from server.people.queries import PHONE

# While an application is open its worker is not told what the register holds: they may be somebody who guesses.
APPLICATIONS = """
SELECT a.*, CASE WHEN a.state = ANY($2) THEN coalesce(w.name, u.name, '') ELSE coalesce(u.name, '') END AS union_name,
  CASE WHEN a.kind = 'claim' AND a.state = ANY($2) THEN 'join' ELSE a.kind END AS kind_told
FROM application a LEFT JOIN trade_union u ON u.id = a.union_id LEFT JOIN trade_union w ON w.id = a.wished_union_id
WHERE a.person_id = $1 ORDER BY a.created_at DESC, a.id DESC
"""
MEMBERSHIPS = """
SELECT m.*, u.name AS union_name, u.code, u.region_code, u.lineage,
  (SELECT array_agg(above.code::text) FROM trade_union above WHERE above.id = ANY(u.lineage)) AS codes
FROM member m JOIN trade_union u ON u.id = m.union_id WHERE m.person_id = $1 ORDER BY m.joined_on DESC, m.id DESC
"""
TRANSFERS = """
SELECT t.*, f.name AS from_union, u.name AS to_union FROM transfer t JOIN member m ON m.id = t.member_id
JOIN trade_union f ON f.id = t.from_union_id JOIN trade_union u ON u.id = t.to_union_id
WHERE m.person_id = $1 ORDER BY t.asked_at DESC, t.id DESC
"""
# Everything here that belongs to the person $1, with the kind that histories call it by.
THINGS = """
SELECT 'application' AS kind, id FROM application WHERE person_id = $1
UNION ALL SELECT 'member', id FROM member WHERE person_id = $1
UNION ALL SELECT 'transfer', t.id FROM transfer t JOIN member m ON m.id = t.member_id WHERE m.person_id = $1
"""


class MembershipStep(msgspec.Struct, frozen=True):
    """One step of an application or of an entry; `by` is worker, staff or system."""

    at: datetime
    step: str
    by: str
    reason: str


class ApplicationHeld(msgspec.Struct, frozen=True):
    id: UUID
    kind: ApplicationKind
    state: ApplicationState
    union: str
    identity: Identity | None
    employer: str
    work_region_code: int | None
    to_correct: list[str]
    reason: str
    appeal: str
    created_at: datetime
    saved_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    history: list[MembershipStep]


class TransferHeld(msgspec.Struct, frozen=True):
    from_union: str
    to_union: str
    state: TransferState
    employer: str
    reason: str
    asked_at: datetime
    answer_by: datetime
    decided_at: datetime | None


class MembershipHeld(msgspec.Struct, frozen=True):
    """An entry in a union's register. `register_phone` is the number a file brought, where it is still kept."""

    number: str
    union: str
    state: MemberState
    identity: Identity | None
    register_phone: str
    employer: str
    joined_on: date
    left_at: datetime | None
    imported: bool
    transfers: list[TransferHeld]
    history: list[MembershipStep]


class Kept(msgspec.Struct, frozen=True):
    """When an entry stood in registers that may have been taken out: the codes of its unions and regions."""

    codes: list[str]
    since: datetime
    until: datetime | None


async def copy(person_id: UUID) -> tuple[list[ApplicationHeld], list[MembershipHeld]]:
    """All applications and all entries in the register, opened, the latest first."""
    steps = await _steps(person_id)
    moves = defaultdict(list)
    for row in await sql.rows(TRANSFERS, person_id):
        moves[row["member_id"]].append(_transfer(row))
    applications = await sql.rows(APPLICATIONS, person_id, [state.value for state in OPEN])
    entries = await sql.rows(MEMBERSHIPS, person_id)
    return (
        [_application(row, steps[row["id"]]) for row in applications],
        [_membership(row, moves[row["id"]], steps[row["id"]]) for row in entries],
    )


async def _steps(person_id: UUID) -> dict[UUID, list[MembershipStep]]:
    steps = defaultdict(list)
    for row in await sql.rows(
        f"""SELECT e.subject_id, e.at, e.step, e.actor_kind, e.reason FROM membership_event e
        JOIN ({THINGS}) mine ON mine.id = e.subject_id AND mine.kind = e.subject ORDER BY e.at, e.id""",
        person_id,
    ):
        steps[row["subject_id"]].append(MembershipStep(row["at"], row["step"], row["actor_kind"], row["reason"]))
    return steps


def _application(row: Any, steps: list[MembershipStep]) -> ApplicationHeld:
    return ApplicationHeld(
        id=row["id"],
        kind=ApplicationKind(row["kind_told"]),
        state=ApplicationState(row["state"]),
        union=row["union_name"],
        identity=open_identity(row["identity_sealed"]) if row["identity_sealed"] else None,
        employer=row["employer"],
        work_region_code=row["region_code"],
        to_correct=list(row["fields_wrong"]),
        reason=row["reason"],
        appeal=vault().open(row["appeal_sealed"], APPEAL) if row["appeal_sealed"] else "",
        created_at=row["created_at"],
        saved_at=row["saved_at"],
        submitted_at=row["submitted_at"],
        decided_at=row["decided_at"],
        history=steps,
    )


def _transfer(row: Any) -> TransferHeld:
    return TransferHeld(
        from_union=row["from_union"],
        to_union=row["to_union"],
        state=TransferState(row["state"]),
        employer=row["employer"],
        reason=row["reason"],
        asked_at=row["asked_at"],
        answer_by=row["answer_by"],
        decided_at=row["decided_at"],
    )


def _membership(row: Any, moves: list[TransferHeld], steps: list[MembershipStep]) -> MembershipHeld:
    return MembershipHeld(
        number=row["number"],
        union=row["union_name"],
        state=MemberState(row["state"]),
        identity=open_identity(row["identity_sealed"]) if row["identity_sealed"] else None,
        register_phone=vault().open(row["phone_sealed"], PHONE) if row["phone_sealed"] else "",
        employer=row["employer"],
        joined_on=row["joined_on"],
        left_at=row["left_at"],
        imported=row["imported"],
        transfers=moves,
        history=steps,
    )


async def subjects(person_id: UUID) -> dict[str, list[UUID]]:
    """What the audit may speak of."""
    found = defaultdict(list)
    for row in await sql.rows(THINGS, person_id):
        found[row["kind"]].append(row["id"])
    return found


async def kept_in_registers(person_id: UUID) -> list[Kept]:
    """Which registers hold the worker, and since when: whoever took one out, took them out too."""
    return [
        Kept([*row["codes"], *_regions(row["region_code"])], row["created_at"], row["left_at"])
        for row in await sql.rows(MEMBERSHIPS, person_id)
    ]


def _regions(code: int) -> Iterable[str]:
    """A division with those above it, as the audit names the scope of an officer; 0 is the whole country."""
    return dict.fromkeys(str(part) for part in (code, code // 100 * 100, code // 10_000 * 10_000, 0))


async def imports_of(person_id: UUID) -> list[tuple[datetime, UUID]]:
    """When a file brought an entry of the worker's into the register, and which member of staff it was."""
    found = await sql.rows(
        """SELECT e.at, e.actor_id FROM membership_event e JOIN member m ON m.id = e.subject_id
        WHERE m.person_id = $1 AND e.subject = 'member' AND e.step = 'imported' AND e.actor_kind = 'staff'""",
        person_id,
    )
    return [(row["at"], row["actor_id"]) for row in found]


async def union_names(union_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What unions are called."""
    found = await sql.rows("SELECT id, name FROM trade_union WHERE id = ANY($1)", list(union_ids))
    return {row["id"]: row["name"] for row in found}


async def forget_register_phone(person_id: UUID) -> None:
    """The number that a file brought is not the worker's any more: the one they proved holds alone."""
    await sql.run("UPDATE member SET phone_sealed = NULL, phone_index = NULL WHERE person_id = $1", person_id)


async def hold(person_id: UUID) -> None:
    """Lock entries and applications, members first as everybody does: reviewers decide before or not at all."""
    await sql.rows("SELECT id FROM member WHERE person_id = $1 ORDER BY id FOR UPDATE", person_id)
    await sql.rows("SELECT id FROM application WHERE person_id = $1 ORDER BY id FOR UPDATE", person_id)


async def stop_sharing(actor: Actor) -> None:
    """Nothing more is passed on: a transfer that waits for its answer is taken back."""
    with suppress(NotAMember, TransferMoved):
        await transfers.withdraw_transfer(actor=actor)


async def erase(actor: Actor) -> None:
    """Leave the union, take back what is open, blank everything; in the caller's transaction.

    After `hold` and `sql.blank_histories`. Drafts that were never sent are deleted.
    """
    with suppress(NotAMember):
        await members.leave(actor=actor)
    with suppress(NoApplication):
        await applying.withdraw(actor=actor)
    await sql.run("DELETE FROM application WHERE person_id = $1 AND submitted_at IS NULL", actor.id)
    await _blank(actor.id)


async def _blank(person_id: UUID | None) -> None:
    await sql.run(
        f"""UPDATE membership_event e SET reason = '' FROM ({THINGS}) mine
        WHERE mine.id = e.subject_id AND mine.kind = e.subject AND e.reason <> ''""",
        person_id,
    )
    await sql.run(
        """UPDATE application SET identity_sealed = NULL, document_index = NULL, employer = '', region_code = NULL,
            fields_wrong = '{}', reason = '', appeal_sealed = NULL WHERE person_id = $1""",
        person_id,
    )
    await sql.run(
        """UPDATE transfer t SET employer = '', reason = '' FROM member m
        WHERE m.id = t.member_id AND m.person_id = $1""",
        person_id,
    )
    await sql.run(
        """UPDATE member SET person_id = NULL, identity_sealed = NULL, name_index = NULL, document_index = NULL,
            phone_sealed = NULL, phone_index = NULL, employer = '' WHERE person_id = $1""",
        person_id,
    )
