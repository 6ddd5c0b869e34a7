"""The reviewer's side: approve, return, reject. People decide, one decision holds, and who looked is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from server.audit import service as audit
from server.db import sql
from server.errors import AppError
from server.kit import clock
from server.kit.ids import new_id
from server.kit.text import clean
from server.membership.errors import (
    ApplicationMoved,
    DocumentTaken,
    FieldsNeeded,
    NoApplication,
    OwnDecision,
    ReasonNeeded,
)
from server.membership.history import note
from server.membership.identity import Identity, name_index, open_identity
from server.membership.models import WAITING, ApplicationKind, ApplicationState
from server.membership.rules import new_number
from server.membership.unions import UnionView, union_by_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role

FIELDS = ("identity", "work", "union")
LONGEST_REASON = 300
TRIES = 5


async def approve(*, actor: Actor, application_id: UUID) -> UUID:
    """Make the applicant a member; the member's id.

    Raises NoApplication, Forbidden, ApplicationMoved, DocumentTaken.
    """
    for _ in range(TRIES):
        try:
            async with sql.transaction():
                return await _approve(actor, application_id)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "uid_member_number" and "number" not in str(error.constraint_name):
                raise DocumentTaken from error  # became a member by another road meanwhile
    raise DocumentTaken


async def _approve(actor: Actor, application_id: UUID) -> UUID:
    application, union = await _waiting(actor, application_id)
    if application["kind"] == ApplicationKind.CLAIM:
        member_id, step = await _connect(application), "linked"
    else:
        member_id, step = await _enter(application, union), "joined"
    await _decide(application, ApplicationState.APPROVED, actor)
    await note("member", member_id, step, actor, union_id=union.id)
    await people.set_member(application["person_id"], is_member=True)
    await notices.tell_worker(application["person_id"], NoticeKind.APPLICATION_APPROVED, {"union": union.name})
    return member_id


async def _enter(application: Any, union: UnionView) -> UUID:
    """A new entry in the register."""
    identity, now = open_identity(application["identity_sealed"]), clock.now()
    member_id = new_id()
    await sql.run(
        """INSERT INTO member (id, number, person_id, union_id, state, identity_sealed, name_index, document_index,
            employer, joined_on, card_version, imported, created_at)
        VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, $8, $9, 1, false, $10)""",
        member_id,
        new_number(union.region_code // 10_000),
        application["person_id"],
        union.id,
        application["identity_sealed"],
        name_index(identity.name),
        application["document_index"],
        application["employer"],
        clock.today(),
        now,
    )
    return member_id


async def _connect(application: Any) -> UUID:
    """The entry that an import brought now belongs to this phone. Raises DocumentTaken."""
    found: UUID | None = await sql.value(
        """UPDATE member SET person_id = $2 WHERE document_index = $1 AND state <> 'left' AND person_id IS NULL
        RETURNING id""",
        application["document_index"],
        application["person_id"],
    )
    if found is None:
        raise DocumentTaken
    return found


async def return_to_worker(*, actor: Actor, application_id: UUID, fields: Sequence[str], reason: str) -> None:
    """Ask the worker to correct something. Raises FieldsNeeded, ReasonNeeded and what `approve` raises."""
    wrong = [field for field in FIELDS if field in fields]
    if not wrong:
        raise FieldsNeeded(field="fields")
    reason = _reason(reason)
    async with sql.transaction():
        application, union = await _waiting(actor, application_id)
        if application["state"] == ApplicationState.APPEALED:
            raise ApplicationMoved  # an appeal is decided
        await _decide(application, ApplicationState.RETURNED, actor, reason=reason, fields=wrong)
        params = {"union": union.name, "reason": reason}
        await notices.tell_worker(application["person_id"], NoticeKind.APPLICATION_RETURNED, params)


async def reject(*, actor: Actor, application_id: UUID, reason: str) -> None:
    """Refuse, saying why. Raises ReasonNeeded and what `approve` raises."""
    reason = _reason(reason)
    async with sql.transaction():
        application, union = await _waiting(actor, application_id)
        await _decide(application, ApplicationState.REJECTED, actor, reason=reason)
        params = {"union": union.name, "reason": reason}
        await notices.tell_worker(application["person_id"], NoticeKind.APPLICATION_REJECTED, params)


async def approve_many(*, actor: Actor, application_ids: Sequence[UUID]) -> tuple[int, int]:
    """Approve exactly these, each on its own; how many were, and how many could not be."""
    done = 0
    for application_id in application_ids:
        try:
            await approve(actor=actor, application_id=application_id)
        except AppError:
            continue
        done += 1
    return done, len(application_ids) - done


async def reveal(*, actor: Actor, application_id: UUID, reason: str) -> Identity:
    """The whole document number, for a reason that the applicant can read. Raises ReasonNeeded, NoApplication."""
    reason = _reason(reason)
    async with sql.transaction():
        application, _ = await _in_scope(actor, application_id)
        if application["identity_sealed"] is None:
            raise NoApplication
        await _note_reading(actor, application["person_id"], "application.revealed", reason)
    return open_identity(application["identity_sealed"])


async def open_application(*, actor: Actor, application_id: UUID) -> tuple[Any, UnionView]:
    """One application for its reviewer; the applicant can see that it was opened. Raises NoApplication, Forbidden."""
    async with sql.transaction():
        found = await _in_scope(actor, application_id)
        await _note_reading(actor, found[0]["person_id"], "application.opened", "")
    return found


async def _note_reading(actor: Actor, person_id: UUID, action: str, reason: str) -> None:
    await audit.record(actor.kind, actor.id, action, subject_kind="person", subject_id=str(person_id), reason=reason)


async def _decide(
    application: Any, state: ApplicationState, actor: Actor, *, reason: str = "", fields: Sequence[str] = ()
) -> None:
    await sql.run(
        """UPDATE application SET state = $2, reason = $3, fields_wrong = $4, decided_by = $5, decided_at = $6
        WHERE id = $1""",
        application["id"],
        state,
        reason,
        list(fields),
        actor.id,
        clock.now(),
    )
    await note("application", application["id"], state, actor, union_id=application["union_id"], reason=reason)
    await audit.record(
        actor.kind, actor.id, f"application.{state}", subject_kind="application", subject_id=str(application["id"])
    )


async def _waiting(actor: Actor, application_id: UUID) -> tuple[Any, UnionView]:
    """An application that this reviewer may decide now, locked. Raises NoApplication, Forbidden, ApplicationMoved."""
    application, union = await _in_scope(actor, application_id)
    if application["state"] not in WAITING:
        raise ApplicationMoved
    if application["state"] == ApplicationState.APPEALED:
        # An appeal is for the union above, and not for who decided before.
        actor.require(Role.REVIEWER, lineage=union.lineage[:-1] or union.lineage, region_code=union.region_code)
        if application["decided_by"] == actor.id:
            raise OwnDecision
    return application, union


async def _in_scope(actor: Actor, application_id: UUID) -> tuple[Any, UnionView]:
    """Drafts are nobody's business but the worker's."""
    found = await sql.row(
        "SELECT * FROM application WHERE id = $1 AND submitted_at IS NOT NULL FOR UPDATE", application_id
    )
    if found is None:
        raise NoApplication
    union = await union_by_id(found["union_id"])
    actor.require(Role.REVIEWER, lineage=union.lineage, region_code=union.region_code)
    return found, union


def _reason(typed: str) -> str:
    reason = clean(typed)[:LONGEST_REASON]
    if not reason:
        raise ReasonNeeded(field="reason")
    return reason
