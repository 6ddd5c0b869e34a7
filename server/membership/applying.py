"""The worker's side of an application: a draft that is kept at every step, taken back, appealed."""

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
from server.membership.appeals import tell_judges
from server.membership.errors import (
    AlreadyMember,
    AppealEmpty,
    ApplicationMoved,
    NoApplication,
    NotAppealable,
    UnionUnknown,
)
from server.membership.history import note
from server.membership.identity import Identity, document_index, open_identity, seal_identity
from server.membership.models import OPEN, ApplicationKind, ApplicationState, ChosenBy
from server.membership.rules import APPEAL_TIME
from server.membership.sealing import APPEAL
from server.membership.unions import Proposal, UnionView, propose, union_by_id
from server.people.actors import Actor, region_span

LONGEST_APPEAL = 500
DRAFT_KEPT = timedelta(days=180)
LONGEST_EMPLOYER = 100
WRITABLE = (ApplicationState.DRAFT, ApplicationState.RETURNED)
OPEN_STATES = [state.value for state in OPEN]


async def start(*, actor: Actor, poster: UnionView | None = None, region_code: int | None = None) -> None:
    """Begin, or go on with what is begun. What the worker said in an application before is there already.

    A poster presets its union, with its place; the page of a station presets the place. Raises AlreadyMember.
    """
    require_worker(actor)
    if actor.is_member:
        raise AlreadyMember
    here = await propose(employer="", region_code=region_code) if region_code else []
    async with sql.transaction():
        await _begin(actor)
        application = await locked(actor)
        if application["state"] not in WRITABLE:
            return
        if poster is not None and poster.is_joinable:
            await _take_poster(application, poster)
        elif region_code and application["region_code"] is None:
            await _keep_work(application, application["employer"], region_code, here)


async def _begin(actor: Actor) -> None:
    # Whoever left the union has no entry any more that could be put right.
    await sql.run(
        "UPDATE application SET state = 'withdrawn', saved_at = $3 WHERE person_id = $1 AND state = ANY($2)"
        " AND kind = 'correction'",
        actor.id,
        OPEN_STATES,
        clock.now(),
    )
    await sql.run(
        """INSERT INTO application (id, person_id, kind, state, identity_sealed, document_index, employer, region_code,
            union_id, chosen_by, fields_wrong, reason, created_at, saved_at)
        SELECT $1, $2, 'join', 'draft', before.identity_sealed, before.document_index, coalesce(before.employer, ''),
            before.region_code, u.id, CASE WHEN u.id IS NOT NULL THEN before.chosen_by END, '{}', '', $3, $3
        FROM (SELECT) AS once
        LEFT JOIN LATERAL (
            SELECT * FROM application WHERE person_id = $2 AND kind <> 'correction'
            ORDER BY created_at DESC, id DESC LIMIT 1) AS before ON true
        LEFT JOIN trade_union u ON u.id = coalesce(before.wished_union_id, before.union_id) AND u.closed_at IS NULL
        ON CONFLICT (person_id) WHERE state IN ('draft', 'submitted', 'returned', 'appealed') DO NOTHING""",
        new_id(),
        actor.id,
        clock.now(),
    )


async def _take_poster(application: Any, poster: UnionView) -> None:
    """The poster's union, and its place unless the worker named one within it; a site's or employer's name too."""
    known, (first, last) = application["region_code"], region_span(poster.region_code)
    within = known is not None and first <= known <= last
    await sql.run(
        """UPDATE application SET union_id = $2, wished_union_id = NULL, chosen_by = 'poster', region_code = $3,
        employer = $4, saved_at = $5, fields_wrong = array_remove(fields_wrong, 'union') WHERE id = $1""",
        application["id"],
        poster.id,
        known if within else poster.place_of_work,
        poster.name if poster.is_workplace else application["employer"],
        clock.now(),
    )


async def save_identity(*, actor: Actor, identity: Identity) -> None:
    """Keep who the worker is. Raises NoApplication, ApplicationMoved."""
    async with sql.transaction():
        await write_identity(await writable(actor), identity)


async def write_identity(application: Any, identity: Identity) -> None:
    """Put it into an application that is locked."""
    await sql.run(
        """UPDATE application SET identity_sealed = $2, document_index = $3, saved_at = $4,
        fields_wrong = array_remove(fields_wrong, 'identity') WHERE id = $1""",
        application["id"],
        seal_identity(identity),
        document_index(identity),
        clock.now(),
    )


async def save_employer(*, actor: Actor, employer: str) -> None:
    """Keep where the worker works, as far as he said. Raises NoApplication, ApplicationMoved."""
    async with sql.transaction():
        application = await writable(actor)
        await sql.run(
            "UPDATE application SET employer = $2, saved_at = $3 WHERE id = $1",
            application["id"],
            clean(employer)[:LONGEST_EMPLOYER],
            clock.now(),
        )


async def save_work(*, actor: Actor, region_code: int, employer: str | None = None) -> None:
    """Keep where the worker works, and propose a union unless a poster or the worker named one.

    An employer of None stays as it was. Raises NoApplication, ApplicationMoved.
    """
    async with sql.transaction():
        application = await writable(actor)
        named = application["employer"] if employer is None else clean(employer)[:LONGEST_EMPLOYER]
        origin = open_identity(application["identity_sealed"]).origin_code if application["identity_sealed"] else None
        await _keep_work(
            application, named, region_code, await propose(employer=named, region_code=region_code, origin_code=origin)
        )


async def _keep_work(application: Any, employer: str, region_code: int, proposals: list[Proposal]) -> None:
    first = proposals[0] if proposals else None
    keep = application["union_id"] and application["chosen_by"] in (ChosenBy.POSTER, ChosenBy.WORKER)
    await sql.run(
        """UPDATE application SET employer = $2, region_code = $3, saved_at = $4,
        fields_wrong = array_remove(fields_wrong, 'work'), union_id = CASE WHEN $5 THEN union_id ELSE $6 END,
        wished_union_id = CASE WHEN $5 THEN wished_union_id END,
        chosen_by = CASE WHEN $5 THEN chosen_by ELSE $7 END WHERE id = $1""",
        application["id"],
        employer,
        region_code,
        clock.now(),
        bool(keep),
        first and first.union.id,
        first and first.chosen_by,
    )


async def choose_union(*, actor: Actor, union_id: UUID) -> None:
    """Another union than the proposed one. Raises UnionUnknown, NoApplication, ApplicationMoved."""
    async with sql.transaction():
        application = await writable(actor)
        tag = await sql.run(
            """UPDATE application SET union_id = $2, wished_union_id = NULL, chosen_by = 'worker', saved_at = $3,
            fields_wrong = array_remove(fields_wrong, 'union') WHERE id = $1
            AND EXISTS (SELECT FROM trade_union WHERE id = $2 AND closed_at IS NULL AND kind <> 'federation')""",
            application["id"],
            union_id,
            clock.now(),
        )
        if tag != "UPDATE 1":
            raise UnionUnknown(field="union")


async def withdraw(*, actor: Actor) -> None:
    """Take the open application back; of a draft that nobody was sent nothing is kept. Raises NoApplication."""
    async with sql.transaction():
        application = await locked(actor, correction=None)
        if application["submitted_at"] is None:
            await sql.run("DELETE FROM application WHERE id = $1", application["id"])
            return
        await sql.run(
            "UPDATE application SET state = 'withdrawn', saved_at = $2 WHERE id = $1", application["id"], clock.now()
        )
        await note("application", application["id"], "withdrawn", actor, union_id=application["union_id"])


async def forget_drafts() -> None:
    """Job: a draft that its worker has not touched for so long is deleted; nobody was sent it."""
    await sql.run(
        "DELETE FROM application WHERE state = 'draft' AND submitted_at IS NULL AND saved_at < $1",
        clock.now() - DRAFT_KEPT,
    )


async def appeal(*, actor: Actor, application_id: UUID, words: str) -> None:
    """Ask the union above to look again. Raises AppealEmpty, NotAppealable, NoApplication."""
    require_worker(actor)
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
            _refuse_appeal(found)
            await sql.run(
                "UPDATE application SET state = 'appealed', appeal_sealed = $2, saved_at = $3 WHERE id = $1",
                application_id,
                vault().seal(words, APPEAL),
                clock.now(),
            )
            union = await union_by_id(found["union_id"])
            await note("application", application_id, "appealed", actor, union_id=union.id)
            await tell_judges(application_id, union)
    except asyncpg.UniqueViolationError as error:
        # Another application is open, or somebody else's with the same document.
        raise NotAppealable from error


def _refuse_appeal(application: Any) -> None:
    """Raises NotAppealable."""
    too_late = application["decided_at"] is None or clock.now() > application["decided_at"] + APPEAL_TIME
    if application["state"] != ApplicationState.REJECTED or application["appeal_sealed"] or too_late:
        raise NotAppealable


def require_worker(actor: Actor) -> None:
    """Raises SignInNeeded, Forbidden."""
    if actor.kind == "visitor":
        raise SignInNeeded
    if actor.kind != "worker":
        raise Forbidden


async def locked(actor: Actor, *, correction: bool | None = False) -> Any:
    """The worker's open application, locked; `correction` says which kind, None any. Raises NoApplication."""
    require_worker(actor)
    found = await sql.row(
        """SELECT * FROM application WHERE person_id = $1 AND state = ANY($2)
        AND ($3::bool IS NULL OR (kind = 'correction') = $3) FOR UPDATE""",
        actor.id,
        OPEN_STATES,
        correction,
    )
    if found is None:
        raise NoApplication
    return found


async def writable(actor: Actor, *, correction: bool = False) -> Any:
    """The worker's open application where it can be filled in, locked. Raises NoApplication, ApplicationMoved."""
    application = await locked(actor, correction=correction)
    if application["state"] not in WRITABLE:
        raise ApplicationMoved
    return application


def is_correction(application: Any) -> bool:
    """Whether it asks to put an entry right rather than to be let in."""
    return bool(application["kind"] == ApplicationKind.CORRECTION)
