"""Moving a membership to another union: one request, both unions told, nothing moves before it is accepted.

The member's row names the one union, and every verb locks it first, so a member is never in two unions nor in none.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from server.audit import service as audit
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.kit.sweep import each
from server.kit.text import clean
from server.membership.consent_texts import TRANSFER
from server.membership.entering import take_correction_along
from server.membership.errors import (
    ConsentOutdated,
    NotAMember,
    SameUnion,
    SharingConsentNeeded,
    TransferMoved,
    TransferOpen,
    UnionUnknown,
)
from server.membership.history import note
from server.membership.identity import open_identity
from server.membership.models import MemberState, TransferState, UnionKind
from server.membership.reasons import read_reason
from server.membership.rules import ANSWER_TIME, ESCALATION_TIME
from server.membership.unions import UnionView, open_union, union_by_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people.actors import SYSTEM, Actor
from server.people.consents import record_consent
from server.people.models import Purpose, Role
from server.people.queries import reviewers_of, staff_with_role

LONGEST_EMPLOYER = 100
BATCH = 100


async def ask_for_transfer(
    *, actor: Actor, to_union_id: UUID, employer: str, agreed: bool, version: str = TRANSFER.version
) -> UUID:
    """Ask another union to take the member over; `version` is that of the consent's words which were agreed to.

    Raises SharingConsentNeeded, ConsentOutdated, NotAMember, SameUnion, UnionUnknown, TransferOpen.
    """
    if not agreed:
        raise SharingConsentNeeded(field="sharing")
    if version != TRANSFER.version:
        raise ConsentOutdated
    transfer_id, now = new_id(), clock.now()
    try:
        async with sql.transaction():
            member = await own_member(actor)
            target = await _target(to_union_id)
            if target.id == member["union_id"]:
                raise SameUnion(field="union")
            await sql.run(
                """INSERT INTO transfer (id, member_id, from_union_id, to_union_id, state, employer, reason, asked_at,
                    answer_by) VALUES ($1, $2, $3, $4, 'requested', $5, '', $6, $7)""",
                transfer_id,
                member["id"],
                member["union_id"],
                target.id,
                clean(employer)[:LONGEST_EMPLOYER],
                now,
                now + ANSWER_TIME,
            )
            await _set_state(member["id"], MemberState.TRANSFERRING)
            await record_consent(member["person_id"], Purpose.SHARING, TRANSFER.version, agreed=True)
            await note("transfer", transfer_id, TransferState.REQUESTED, actor, union_id=target.id)
            await _tell_both(member["union_id"], target, NoticeKind.TRANSFER_LEAVING, NoticeKind.TRANSFER_ASKED)
    except asyncpg.UniqueViolationError as error:
        raise TransferOpen from error
    return transfer_id


async def accept_transfer(*, actor: Actor, transfer_id: UUID) -> None:
    """Take the member over; the years go on counting. Raises NotFound, Forbidden, TransferMoved, UnionUnknown."""
    async with sql.transaction():
        transfer, target = await _to_decide(actor, transfer_id)
        await open_union(target.id)
        await sql.run(
            """UPDATE member SET union_id = $2, state = 'active', employer = $3, card_version = card_version + 1,
            card_revoked_at = $4 WHERE id = $1""",
            transfer["member_id"],
            target.id,
            transfer["employer"],
            clock.now(),
        )
        await take_correction_along(transfer["person_id"], target.id)
        await _end(transfer, TransferState.ACCEPTED, actor)
        await note("member", transfer["member_id"], "moved_out", actor, union_id=transfer["from_union_id"])
        await note("member", transfer["member_id"], "moved_in", actor, union_id=target.id)
        await _tell_member(transfer, NoticeKind.TRANSFER_ACCEPTED, target)
        await _tell_both(transfer["from_union_id"], target, NoticeKind.TRANSFER_GONE)


async def refuse_transfer(*, actor: Actor, transfer_id: UUID, reason: str) -> None:
    """The member stays where he is. Raises ReasonNeeded, ReasonNamesSomebody, NotFound, Forbidden, TransferMoved."""
    async with sql.transaction():
        transfer, target = await _to_decide(actor, transfer_id)
        reason = read_reason(reason, open_identity(transfer["identity_sealed"]))
        await _stay(transfer, TransferState.REFUSED, actor, reason)
        await _tell_member(transfer, NoticeKind.TRANSFER_REFUSED, target, reason)
        await _tell_both(transfer["from_union_id"], target, NoticeKind.TRANSFER_STAYED)


async def withdraw_transfer(*, actor: Actor) -> None:
    """The worker stays after all. Raises NotAMember, TransferMoved where it was decided already."""
    async with sql.transaction():
        member = await own_member(actor)
        transfer = await sql.row(
            "SELECT * FROM transfer WHERE member_id = $1 AND state = 'requested' FOR UPDATE", member["id"]
        )
        if transfer is None:
            raise TransferMoved
        await _stay(transfer, TransferState.WITHDRAWN, actor)
        target = await union_by_id(transfer["to_union_id"])
        await _tell_both(transfer["from_union_id"], target, NoticeKind.TRANSFER_STAYED, NoticeKind.TRANSFER_WITHDRAWN)


async def escalate_transfers() -> int:
    """Job: the union above hears of requests that nobody answered in time; how many."""
    async with sql.transaction():
        late = await sql.rows(
            """UPDATE transfer SET escalated_at = $1 WHERE id IN (
                SELECT id FROM transfer WHERE state = 'requested' AND answer_by <= $1 AND escalated_at IS NULL
                ORDER BY answer_by LIMIT $2 FOR UPDATE SKIP LOCKED)
            RETURNING id, to_union_id""",
            clock.now(),
            BATCH,
        )
        for row in late:
            union = await union_by_id(row["to_union_id"])
            await note("transfer", row["id"], "escalated", SYSTEM, union_id=union.id)
            for staff_id in await _reviewers_above(union):
                await notices.tell_staff(staff_id, NoticeKind.TRANSFER_OVERDUE, {"union": union.name})
    return len(late)


async def _reviewers(union: UnionView) -> list[UUID]:
    """Who looks after a union: the nearest reviewers of its line, else those of its region."""
    return await reviewers_of(union.lineage) or await staff_with_role(Role.REVIEWER, None, union.region_code)


async def _reviewers_above(union: UnionView) -> list[UUID]:
    """Who looks after those that were asked first; they themselves where nobody stands above them."""
    asked, lineage = await _reviewers(union), union.lineage[:-1]
    while lineage:
        above = await reviewers_of(lineage)
        if set(above) != set(asked):
            return above or asked
        lineage = lineage[:-1]
    return asked


async def expire_transfers() -> int:
    """Job: a request that even the union above left unanswered ends; the membership stays. How many.

    Its time begins when it was told, however late that was.
    """
    late = await sql.rows(
        """SELECT id FROM transfer WHERE state = 'requested' AND answer_by <= $1 AND escalated_at <= $1
        ORDER BY answer_by LIMIT $2""",
        clock.now() - ESCALATION_TIME,
        BATCH,
    )
    return await each([row["id"] for row in late], _expire)


async def _expire(transfer_id: UUID) -> bool:
    async with sql.transaction():
        transfer = await _locked(transfer_id)
        if transfer["state"] != TransferState.REQUESTED:
            return False
        await _stay(transfer, TransferState.EXPIRED, SYSTEM)
        target = await union_by_id(transfer["to_union_id"])
        await _tell_member(transfer, NoticeKind.TRANSFER_EXPIRED, target)
        await _tell_both(transfer["from_union_id"], target, NoticeKind.TRANSFER_STAYED, NoticeKind.TRANSFER_LAPSED)
    return True


async def own_member(actor: Actor) -> Any:
    """The worker's entry in the register, locked. Raises NotAMember."""
    member = await sql.row(
        "SELECT * FROM member WHERE person_id = $1 AND state <> 'left' FOR UPDATE",
        actor.id if actor.kind == "worker" else None,
    )
    if member is None:
        raise NotAMember
    return member


async def close_transfer(member: Any, actor: Actor) -> None:
    """An open request of a member who leaves ends with it; the member's row is locked already."""
    transfer = await sql.row("SELECT * FROM transfer WHERE member_id = $1 AND state = 'requested'", member["id"])
    if transfer is not None:
        await _end(transfer, TransferState.WITHDRAWN, actor)
        target = await union_by_id(transfer["to_union_id"])
        await _tell(await _reviewers(target), NoticeKind.TRANSFER_WITHDRAWN, target)


async def _target(union_id: UUID) -> UnionView:
    union = await open_union(union_id)
    if union.kind is UnionKind.FEDERATION:
        raise UnionUnknown(field="union")
    return union


async def _locked(transfer_id: UUID) -> Any:
    """A request with its member's row locked before it. Raises NotFound."""
    await sql.row(
        "SELECT id FROM member WHERE id = (SELECT member_id FROM transfer WHERE id = $1) FOR UPDATE", transfer_id
    )
    found = await sql.row(
        """SELECT t.*, m.person_id, m.identity_sealed FROM transfer t JOIN member m ON m.id = t.member_id
        WHERE t.id = $1 FOR UPDATE OF t""",
        transfer_id,
    )
    if found is None:
        raise NotFound
    return found


async def _to_decide(actor: Actor, transfer_id: UUID) -> tuple[Any, UnionView]:
    transfer = await _locked(transfer_id)
    target = await union_by_id(transfer["to_union_id"])
    actor.require(Role.REVIEWER, lineage=target.lineage, region_code=target.region_code)
    if transfer["state"] != TransferState.REQUESTED:
        raise TransferMoved
    return transfer, target


async def _stay(transfer: Any, state: TransferState, actor: Actor, reason: str = "") -> None:
    await _set_state(transfer["member_id"], MemberState.ACTIVE)
    await _end(transfer, state, actor, reason)


async def _set_state(member_id: UUID, state: MemberState) -> None:
    await sql.run("UPDATE member SET state = $2 WHERE id = $1", member_id, state)


async def _end(transfer: Any, state: TransferState, actor: Actor, reason: str = "") -> None:
    await sql.run(
        "UPDATE transfer SET state = $2, reason = $3, decided_at = $4, decided_by = $5 WHERE id = $1",
        transfer["id"],
        state,
        reason,
        clock.now(),
        actor.id if actor.kind == "staff" else None,
    )
    await note("transfer", transfer["id"], state, actor, union_id=transfer["to_union_id"], reason=reason)
    await audit.record(
        actor.kind, actor.id, f"transfer.{state}", subject_kind="transfer", subject_id=str(transfer["id"])
    )


async def _tell_both(
    from_union_id: UUID, target: UnionView, leaving: NoticeKind, coming: NoticeKind | None = None
) -> None:
    """Tell the old union and the asked one; who looks after both hears it once."""
    old = await union_by_id(from_union_id)
    asked = await _reviewers(target) if coming else []
    if coming:
        await _tell(asked, coming, target)
    await _tell([staff_id for staff_id in await _reviewers(old) if staff_id not in asked], leaving, old)


async def _tell(staff_ids: list[UUID], kind: NoticeKind, union: UnionView) -> None:
    for staff_id in dict.fromkeys(staff_ids):
        await notices.tell_staff(staff_id, kind, {"union": union.name})


async def _tell_member(transfer: Any, kind: NoticeKind, union: UnionView, reason: str = "") -> None:
    params = {"union": union.name} | ({"reason": reason} if reason else {})
    await notices.tell_worker(transfer["person_id"], kind, params)
