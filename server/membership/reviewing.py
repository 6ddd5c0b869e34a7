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
from server.kit.text import N_
from server.membership import review_queries
from server.membership.appeals import refuse_to_judge
from server.membership.entering import connect, correct, enter
from server.membership.errors import ApplicationMoved, DocumentTaken, FieldsNeeded, NoApplication, UnionClosed
from server.membership.history import note
from server.membership.identity import Identity, open_identity
from server.membership.models import WAITING, ApplicationKind, ApplicationState
from server.membership.reasons import read_reason
from server.membership.review_queries import WORKERS_OWN
from server.membership.unions import UnionView, view_of
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role

FIELDS = ("identity", "work", "union")
TRIES = 5
TAKEN = N_("这个证件或这个手机号已经是会员了，不能再收一次。请先查会员，看是不是同一个人。")
TOLD = {
    (ApplicationKind.JOIN, ApplicationState.APPROVED): NoticeKind.APPLICATION_APPROVED,
    (ApplicationKind.CLAIM, ApplicationState.APPROVED): NoticeKind.CARD_LINKED,
    (ApplicationKind.CORRECTION, ApplicationState.APPROVED): NoticeKind.CORRECTION_DONE,
    (ApplicationKind.CORRECTION, ApplicationState.RETURNED): NoticeKind.CORRECTION_RETURNED,
    (ApplicationKind.CORRECTION, ApplicationState.REJECTED): NoticeKind.CORRECTION_REJECTED,
}
TOLD_ELSE = {
    ApplicationState.RETURNED: NoticeKind.APPLICATION_RETURNED,
    ApplicationState.REJECTED: NoticeKind.APPLICATION_REJECTED,
}


def fields_of(kind: ApplicationKind) -> tuple[str, ...]:
    """What a worker can be asked to do again: who is in the register already only says who he is."""
    return FIELDS if kind is ApplicationKind.JOIN else FIELDS[:1]


async def approve(*, actor: Actor, application_id: UUID) -> UUID:
    """Make the applicant a member, connect his entry with his phone, or correct it; the member's id.

    Raises NoApplication, Forbidden, ApplicationMoved, OwnDecision, UnionClosed, DocumentTaken.
    """
    for _ in range(TRIES):
        try:
            async with sql.transaction():
                return await _approve(actor, application_id)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "member_number_key":  # else the number was given already: draw another one
                raise DocumentTaken(TAKEN) from error
    raise DocumentTaken(TAKEN)


async def _approve(actor: Actor, application_id: UUID) -> UUID:
    application, union = await _waiting(actor, application_id)
    match application["kind"]:
        case ApplicationKind.CLAIM:
            member_id = await connect(application, actor)
        case ApplicationKind.CORRECTION:
            member_id = await correct(application, actor)
        case _:
            if await _is_closed(union):
                raise UnionClosed
            member_id = await enter(application, union, actor)
    await _decide(application, union, ApplicationState.APPROVED, actor)
    await people.set_member(application["person_id"], is_member=True)
    return member_id


async def return_to_worker(*, actor: Actor, application_id: UUID, fields: Sequence[str], reason: str) -> None:
    """Ask the worker to correct something. An appeal is decided, unless its union takes nobody any more.

    Raises FieldsNeeded, ReasonNeeded, ReasonNamesSomebody and what `approve` raises.
    """
    async with sql.transaction():
        application, union = await _waiting(actor, application_id)
        if application["state"] == ApplicationState.APPEALED and not await _is_closed(union):
            raise ApplicationMoved
        wrong = [field for field in fields_of(ApplicationKind(application["kind"])) if field in fields]
        if not wrong:
            raise FieldsNeeded(field="fields")
        reason = read_reason(reason, open_identity(application["identity_sealed"]))
        await _decide(application, union, ApplicationState.RETURNED, actor, reason=reason, fields=wrong)


async def reject(*, actor: Actor, application_id: UUID, reason: str) -> None:
    """Refuse, saying why. Raises ReasonNeeded, ReasonNamesSomebody and what `approve` raises."""
    async with sql.transaction():
        application, union = await _waiting(actor, application_id)
        reason = read_reason(reason, open_identity(application["identity_sealed"]))
        await _decide(application, union, ApplicationState.REJECTED, actor, reason=reason)


async def approve_many(*, actor: Actor, application_ids: Sequence[UUID]) -> tuple[int, int]:
    """Approve those of these that raise no doubt, each on its own; how many were, and how many were not."""
    done = 0
    for row in await review_queries.ticked(actor, list(application_ids)):
        try:
            await approve(actor=actor, application_id=row.id)
        except AppError:
            continue
        done += 1
    return done, len(set(application_ids)) - done


async def reveal(*, actor: Actor, application_id: UUID, reason: str) -> Identity:
    """The whole document number, for a reason that the applicant can read.

    Raises ReasonNeeded, ReasonNamesSomebody, NoApplication, Forbidden.
    """
    async with sql.transaction():
        application, union = await _in_scope(actor, application_id)
        if not _is_shown(application):
            raise NoApplication
        identity = open_identity(application["identity_sealed"])
        await _note_reading(actor, application, union, "application.revealed", read_reason(reason, identity))
    return identity


async def open_application(*, actor: Actor, application_id: UUID) -> AppError | None:
    """A reviewer opens one application, which the applicant can see; why he may not decide it, if so.

    Raises NoApplication, Forbidden.
    """
    async with sql.transaction():
        application, union = await _in_scope(actor, application_id)
        if _is_shown(application):
            await _note_reading(actor, application, union, "application.opened")
        try:
            await _refuse_to_decide(actor, application, union)
        except AppError as error:
            return error
    return None


def _is_shown(application: Any) -> bool:
    return application["identity_sealed"] is not None and application["state"] not in WORKERS_OWN


async def _note_reading(actor: Actor, application: Any, union: UnionView, action: str, reason: str = "") -> None:
    await audit.record(
        actor.kind,
        actor.id,
        action,
        subject_kind="person",
        subject_id=str(application["person_id"]),
        region_code=union.region_code,
        reason=reason,
    )


async def _decide(
    application: Any,
    union: UnionView,
    state: ApplicationState,
    actor: Actor,
    *,
    reason: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Write the decision and tell the worker. Whoever is sent to another union may appeal against that one again."""
    await sql.run(
        """UPDATE application SET state = $2, reason = $3, fields_wrong = $4, decided_by = $5, decided_at = $6,
        appeal_sealed = CASE WHEN $7 THEN NULL ELSE appeal_sealed END WHERE id = $1""",
        application["id"],
        state,
        reason,
        list(fields),
        actor.id,
        clock.now(),
        state is ApplicationState.RETURNED,
    )
    # What is counted by union are requests to be let in.
    counted = None if application["kind"] == ApplicationKind.CORRECTION else union.id
    await note("application", application["id"], state, actor, union_id=counted, reason=reason)
    await audit.record(
        actor.kind,
        actor.id,
        f"application.{state}",
        subject_kind="application",
        subject_id=str(application["id"]),
        region_code=union.region_code,
        reason=reason,
    )
    kind = TOLD.get((application["kind"], state)) or TOLD_ELSE[state]
    params = {"union": await _name_told(application, union, state)} | ({"reason": reason} if reason else {})
    await notices.tell_worker(application["person_id"], kind, params)


async def _name_told(application: Any, union: UnionView, state: ApplicationState) -> str:
    """Until a claim is approved its worker hears of the union that he chose, not of the one that the register names."""
    if state is ApplicationState.APPROVED or application["wished_union_id"] is None:
        return union.name
    return str(await sql.value("SELECT name FROM trade_union WHERE id = $1", application["wished_union_id"]))


async def _waiting(actor: Actor, application_id: UUID) -> tuple[Any, UnionView]:
    """An application that this reviewer may decide now, locked.

    Raises NoApplication, Forbidden, ApplicationMoved, OwnDecision.
    """
    # A correction is about a member, and whoever changes members locks them first.
    await sql.row(
        """SELECT m.id FROM member m JOIN application a ON a.person_id = m.person_id AND a.kind = 'correction'
        WHERE a.id = $1 AND m.state <> 'left' FOR UPDATE OF m""",
        application_id,
    )
    await sql.row("SELECT id FROM application WHERE id = $1 FOR UPDATE", application_id)
    application, union = await _in_scope(actor, application_id)
    await _refuse_to_decide(actor, application, union)
    return application, union


async def _refuse_to_decide(actor: Actor, application: Any, union: UnionView) -> None:
    if application["state"] not in WAITING:
        raise ApplicationMoved
    if application["state"] == ApplicationState.APPEALED:
        await refuse_to_judge(actor, application["id"], union)


async def _in_scope(actor: Actor, application_id: UUID) -> tuple[Any, UnionView]:
    """Drafts are nobody's business but the worker's. Raises NoApplication, Forbidden."""
    found = await sql.row(
        "SELECT * FROM application WHERE id = $1 AND submitted_at IS NOT NULL AND identity_sealed IS NOT NULL",
        application_id,
    )
    if found is None:
        raise NoApplication
    union = view_of(await sql.row("SELECT * FROM trade_union WHERE id = $1", found["union_id"]))
    actor.require(Role.REVIEWER, lineage=union.lineage, region_code=union.region_code)
    return found, union


async def _is_closed(union: UnionView) -> bool:
    """Whether the union was closed; from here on it stays as it is until the decision stands."""
    closed = await sql.value("SELECT closed_at IS NOT NULL FROM trade_union WHERE id = $1 FOR SHARE", union.id)
    return bool(closed)
