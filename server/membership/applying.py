"""The worker's side of an application: a draft that is kept at every step, sent, taken back, appealed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from server.db import sql
from server.errors import Forbidden, SignInNeeded
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.kit.text import clean
from server.membership.consent_texts import CONSENTS
from server.membership.errors import (
    AlreadyMember,
    AppealEmpty,
    ApplicationMoved,
    ApplyingTooOften,
    ConsentNeeded,
    ConsentOutdated,
    DocumentTaken,
    NoApplication,
    NotAppealable,
    NotComplete,
    UnionUnknown,
)
from server.membership.history import note
from server.membership.identity import Identity, document_index, seal_identity
from server.membership.models import OPEN, ApplicationKind, ApplicationState, ChosenBy
from server.membership.rules import APPEAL_TIME
from server.membership.sealing import APPEAL
from server.membership.unions import UnionView, propose, union_by_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.consents import record_consent
from server.people.models import Purpose
from server.people.queries import reviewers_of

LONGEST_APPEAL = 500
LONGEST_EMPLOYER = 100
SUBMISSIONS = (timedelta(days=1), 10)  # each one tells whether a document is known: not to be guessed at
WRITABLE = (ApplicationState.DRAFT, ApplicationState.RETURNED)
_OPEN_STATES = [state.value for state in OPEN]


async def start(*, actor: Actor, poster: UnionView | None = None) -> UUID:
    """The worker's open application, begun where there is none; a poster's union and place are filled in.

    Raises AlreadyMember.
    """
    _require_worker(actor)
    if actor.is_member:
        raise AlreadyMember
    now = clock.now()
    async with sql.transaction():
        await sql.run(
            """INSERT INTO application (id, person_id, kind, state, employer, fields_wrong, reason,
                created_at, saved_at)
            VALUES ($1, $2, 'join', 'draft', '', '{}', '', $3, $3)
            ON CONFLICT (person_id) WHERE state IN ('draft', 'submitted', 'returned', 'appealed') DO NOTHING""",
            new_id(),
            actor.id,
            now,
        )
        application = await _locked(actor)
        if poster is not None and application["state"] in WRITABLE:
            employer = poster.name if poster.kind in ("employer", "site") else application["employer"]
            await sql.run(
                """UPDATE application SET union_id = $2, chosen_by = 'poster', region_code = $3, employer = $4,
                saved_at = $5 WHERE id = $1""",
                application["id"],
                poster.id,
                poster.region_code,
                employer,
                now,
            )
    found: UUID = application["id"]
    return found


async def save_identity(*, actor: Actor, identity: Identity) -> None:
    """Keep who the worker is. Raises NoApplication, ApplicationMoved."""
    async with sql.transaction():
        application = await _writable(actor)
        await sql.run(
            """UPDATE application SET identity_sealed = $2, document_index = $3, saved_at = $4,
            fields_wrong = array_remove(fields_wrong, 'identity') WHERE id = $1""",
            application["id"],
            seal_identity(identity),
            document_index(identity),
            clock.now(),
        )


async def save_work(*, actor: Actor, employer: str, region_code: int) -> None:
    """Keep where the worker works, and propose a union unless a poster or the worker named one.

    Raises NoApplication, ApplicationMoved.
    """
    employer = clean(employer)[:LONGEST_EMPLOYER]
    proposals = await propose(employer=employer, region_code=region_code)
    first = proposals[0] if proposals else None
    async with sql.transaction():
        application = await _writable(actor)
        keep = application["chosen_by"] in (ChosenBy.POSTER, ChosenBy.WORKER)
        await sql.run(
            """UPDATE application SET employer = $2, region_code = $3, union_id = $4, chosen_by = $5, saved_at = $6,
            fields_wrong = array_remove(fields_wrong, 'work') WHERE id = $1""",
            application["id"],
            employer,
            region_code,
            application["union_id"] if keep else first and first.union.id,
            application["chosen_by"] if keep else first and first.chosen_by,
            clock.now(),
        )


async def choose_union(*, actor: Actor, union_id: UUID) -> None:
    """Another union than the proposed one. Raises UnionUnknown, NoApplication, ApplicationMoved."""
    async with sql.transaction():
        application = await _writable(actor)
        tag = await sql.run(
            """UPDATE application SET union_id = $2, chosen_by = 'worker', saved_at = $3,
            fields_wrong = array_remove(fields_wrong, 'union') WHERE id = $1
            AND EXISTS (SELECT FROM trade_union WHERE id = $2 AND closed_at IS NULL AND kind <> 'federation')""",
            application["id"],
            union_id,
            clock.now(),
        )
        if tag != "UPDATE 1":
            raise UnionUnknown(field="union")


async def submit(*, actor: Actor, consents: dict[Purpose, bool], version: str) -> UUID:
    """Send the application to its union; sending it twice changes nothing more.

    Raises NotComplete, ConsentNeeded, ConsentOutdated, ApplyingTooOften, DocumentTaken, ApplicationMoved.
    """
    _require_worker(actor)
    if not consents.get(Purpose.SENSITIVE):
        raise ConsentNeeded(field="sensitive")
    if version != CONSENTS[Purpose.SENSITIVE].version:
        raise ConsentOutdated
    subject = vault().index(str(actor.id), "apply")
    retry_after = await people.count_try(subject, *SUBMISSIONS)
    if retry_after:
        raise ApplyingTooOften(retry_after=retry_after)
    try:
        async with sql.transaction():
            return await _submit(actor, consents)
    except asyncpg.UniqueViolationError as error:
        raise DocumentTaken(field="number") from error


async def _submit(actor: Actor, consents: dict[Purpose, bool]) -> UUID:
    application = await _locked(actor)
    application_id: UUID = application["id"]
    if application["state"] in (ApplicationState.SUBMITTED, ApplicationState.APPEALED):
        return application_id
    _refuse_incomplete(application)
    member = await sql.row(
        "SELECT id, person_id, union_id FROM member WHERE document_index = $1 AND state <> 'left'",
        application["document_index"],
    )
    if member and member["person_id"]:
        raise DocumentTaken(field="number")
    # An import brought this member: the union connects the entry with the phone.
    kind, union_id = (
        (ApplicationKind.CLAIM, member["union_id"]) if member else (application["kind"], application["union_id"])
    )
    await sql.run(
        """UPDATE application SET state = 'submitted', kind = $2, union_id = $3, submitted_at = $4, saved_at = $4,
        reason = '', fields_wrong = '{}', decided_at = NULL, decided_by = NULL WHERE id = $1""",
        application_id,
        kind,
        union_id,
        clock.now(),
    )
    for purpose, agreed in consents.items():
        await record_consent(actor.id, purpose, CONSENTS[purpose].version, agreed=agreed)  # type: ignore[arg-type]
    union = await union_by_id(union_id)
    await note("application", application_id, ApplicationState.SUBMITTED, actor, union_id=union_id)
    await notices.tell_worker(
        application["person_id"], NoticeKind.APPLICATION_SUBMITTED, {"union": union.name}, push=False
    )
    return application_id


def _refuse_incomplete(application: Any) -> None:
    """Raises NotComplete naming the first step that is not done, or that a reviewer wants done again."""
    missing = {
        "identity": application["identity_sealed"] is None,
        "work": application["region_code"] is None,
        "union": application["union_id"] is None,
    }
    for step, is_missing in missing.items():
        if is_missing or step in application["fields_wrong"]:
            raise NotComplete(field=step)


async def withdraw(*, actor: Actor) -> None:
    """Take the open application back. Raises NoApplication."""
    async with sql.transaction():
        application = await _locked(actor)
        await sql.run(
            "UPDATE application SET state = 'withdrawn', saved_at = $2 WHERE id = $1", application["id"], clock.now()
        )
        await note("application", application["id"], "withdrawn", actor, union_id=application["union_id"])


async def appeal(*, actor: Actor, application_id: UUID, words: str) -> None:
    """Ask the union above to look again. Raises AppealEmpty, NotAppealable, NoApplication, DocumentTaken."""
    _require_worker(actor)
    words = clean(words)[:LONGEST_APPEAL]
    if not words:
        raise AppealEmpty(field="words")
    try:
        async with sql.transaction():
            found = await sql.row(
                "SELECT * FROM application WHERE id = $1 AND person_id = $2 FOR UPDATE", application_id, actor.id
            )
            if found is None:
                raise NoApplication
            too_late = found["decided_at"] is None or clock.now() > found["decided_at"] + APPEAL_TIME
            if found["state"] != ApplicationState.REJECTED or found["appeal_sealed"] or too_late:
                raise NotAppealable
            await sql.run(
                "UPDATE application SET state = 'appealed', appeal_sealed = $2, saved_at = $3 WHERE id = $1",
                application_id,
                vault().seal(words, APPEAL),
                clock.now(),
            )
            union = await union_by_id(found["union_id"])
            await note("application", application_id, "appealed", actor, union_id=union.id)
            for staff_id in await reviewers_of(union.lineage[:-1] or union.lineage):
                await notices.tell_staff(staff_id, NoticeKind.APPEAL_MADE, {"union": union.name})
    except asyncpg.UniqueViolationError as error:
        raise NotAppealable from error


def _require_worker(actor: Actor) -> None:
    if actor.kind == "visitor":
        raise SignInNeeded
    if actor.kind != "worker":
        raise Forbidden


async def _locked(actor: Actor) -> Any:
    """The worker's open application, locked. Raises NoApplication."""
    _require_worker(actor)
    found = await sql.row(
        "SELECT * FROM application WHERE person_id = $1 AND state = ANY($2) FOR UPDATE", actor.id, _OPEN_STATES
    )
    if found is None:
        raise NoApplication
    return found


async def _writable(actor: Actor) -> Any:
    application = await _locked(actor)
    if application["state"] not in WRITABLE:
        raise ApplicationMoved
    return application
