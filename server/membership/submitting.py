"""An application is sent to its union: complete, agreed to, once per document, and not as a way to guess."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.membership.applying import OPEN_STATES, is_correction, locked, require_worker
from server.membership.consent_texts import CONSENTS, version_of
from server.membership.errors import (
    ApplyingTooOften,
    ConsentNeeded,
    ConsentOutdated,
    DocumentTaken,
    NotAMember,
    NotComplete,
    NothingToCorrect,
)
from server.membership.history import note
from server.membership.identity import open_identity
from server.membership.models import WAITING, ApplicationKind, ApplicationState
from server.membership.unions import open_union
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.consents import record_consent
from server.people.models import Purpose

# Each answer tells whether somebody uses a document: neither one phone may ask about many, nor many about one.
SUBMISSIONS = (timedelta(days=1), 10)
# A whole site joins from one address: this only stops somebody with many phones.
FROM_ADDRESS = (timedelta(hours=1), 300)


class Address(NamedTuple):
    """Where an application goes: as what, who decides, and what the worker chose where that is another union."""

    kind: ApplicationKind
    union_id: UUID
    wished_union_id: UUID | None = None


async def submit(
    *, actor: Actor, consents: dict[Purpose, bool], version: str, correction: bool = False, address: str = ""
) -> None:
    """Send the application to its union; sending it twice changes nothing more.

    Raises NotComplete, ConsentNeeded, ConsentOutdated, ApplyingTooOften, DocumentTaken, UnionUnknown, NothingToCorrect,
    NotAMember, NoApplication.
    """
    require_worker(actor)
    if not consents.get(Purpose.SENSITIVE):
        raise ConsentNeeded(field="sensitive")
    if version != version_of(consents):
        raise ConsentOutdated
    await _count(actor, address)
    try:
        async with sql.transaction():
            application = await locked(actor, correction=correction)
            if application["state"] not in WAITING:
                await _submit(actor, application, consents)
    except asyncpg.UniqueViolationError as error:
        raise DocumentTaken(field="number") from error


async def _count(actor: Actor, address: str) -> None:
    """Count the try, for the phone, the document and the address it comes from. Raises ApplyingTooOften."""
    document = await sql.value(
        "SELECT document_index FROM application WHERE person_id = $1 AND state = ANY($2)", actor.id, OPEN_STATES
    )
    limits = ((str(actor.id), SUBMISSIONS), (document, SUBMISSIONS), (address, FROM_ADDRESS))
    for subject, limit in limits:
        retry_after = await people.count_try(vault().index(subject, "apply"), *limit) if subject else 0
        if retry_after:
            raise ApplyingTooOften(retry_after=retry_after)


async def _submit(actor: Actor, application: Any, consents: dict[Purpose, bool]) -> None:
    _refuse_incomplete(application)
    to = await (_correction_address if is_correction(application) else _address)(application)
    application_id: UUID = application["id"]
    union = await open_union(to.wished_union_id or to.union_id)
    await sql.run(
        """UPDATE application SET state = 'submitted', kind = $2, union_id = $3, wished_union_id = $4, reason = '',
        fields_wrong = '{}', submitted_at = $5, saved_at = $5, decided_at = NULL, decided_by = NULL WHERE id = $1""",
        application_id,
        *to,
        clock.now(),
    )
    for purpose, agreed in consents.items():
        await record_consent(application["person_id"], purpose, CONSENTS[purpose].version, agreed=agreed)
    # What is counted by union are requests to be let in.
    counted = None if is_correction(application) else to.union_id
    await note("application", application_id, ApplicationState.SUBMITTED, actor, union_id=counted)
    params = {"union": union.name}
    await notices.tell_worker(application["person_id"], NoticeKind.APPLICATION_SUBMITTED, params, push=False)


def _refuse_incomplete(application: Any) -> None:
    """Raises NotComplete naming the first step that is not done, or that a reviewer wants done again."""
    missing = {
        "identity": application["identity_sealed"] is None,
        "work": application["region_code"] is None and not is_correction(application),
        "union": application["union_id"] is None,
    }
    for step, is_missing in missing.items():
        if is_missing or step in application["fields_wrong"]:
            raise NotComplete(field=step)


async def _address(application: Any) -> Address:
    """The chosen union; or that of the entry which an import brought, for it to be connected with the phone."""
    chosen: UUID = application["wished_union_id"] or application["union_id"]
    member = await sql.row(
        "SELECT person_id, union_id FROM member WHERE document_index = $1 AND state <> 'left'",
        application["document_index"],
    )
    if member is None:
        return Address(ApplicationKind.JOIN, chosen)
    if member["person_id"]:
        raise DocumentTaken(field="number")
    return Address(ApplicationKind.CLAIM, member["union_id"], chosen)


async def _correction_address(application: Any) -> Address:
    """The union that the member is in now. Raises NotAMember, NothingToCorrect, DocumentTaken."""
    found = await sql.rows(
        """SELECT person_id, union_id, identity_sealed FROM member
        WHERE state <> 'left' AND (person_id = $1 OR document_index = $2)""",
        application["person_id"],
        application["document_index"],
    )
    own = next((member for member in found if member["person_id"] == application["person_id"]), None)
    if own is None:
        raise NotAMember
    if len(found) > 1:
        raise DocumentTaken(field="number")
    if open_identity(own["identity_sealed"]) == open_identity(application["identity_sealed"]):
        raise NothingToCorrect
    return Address(ApplicationKind.CORRECTION, own["union_id"])
