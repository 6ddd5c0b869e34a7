"""What happens to an entry in the register: its card is replaced, its member leaves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.membership.history import note
from server.membership.identity import open_identity
from server.membership.models import OPEN
from server.membership.reasons import read_reason
from server.membership.transfers import close_transfer, own_member
from server.membership.unions import UnionView, union_by_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role

OPEN_STATES = [state.value for state in OPEN]


async def leave(*, actor: Actor) -> None:
    """The worker leaves the union; the entry stays, and the number is never given again. Raises NotAMember."""
    async with sql.transaction():
        member = await own_member(actor)
        await close_transfer(member, actor)
        await _strike(member, actor)


async def strike_off(*, actor: Actor, member_id: UUID, reason: str) -> None:
    """A reviewer takes somebody off the register, saying why.

    Raises ReasonNeeded, ReasonNamesSomebody, NotFound, Forbidden.
    """
    async with sql.transaction():
        member, _ = await _in_scope(actor, member_id)
        reason = read_reason(reason, open_identity(member["identity_sealed"]))
        await close_transfer(member, actor)
        await _strike(member, actor, reason)
        await _audit(actor, "member.struck_off", member_id, reason)


async def replace_card(*, actor: Actor, member_id: UUID, reason: str) -> None:
    """The old code stops working, the phone shows a new one.

    Raises ReasonNeeded, ReasonNamesSomebody, NotFound, Forbidden.
    """
    async with sql.transaction():
        member, union = await _in_scope(actor, member_id)
        reason = read_reason(reason, open_identity(member["identity_sealed"]))
        await sql.run(
            "UPDATE member SET card_version = card_version + 1, card_revoked_at = $2 WHERE id = $1",
            member_id,
            clock.now(),
        )
        await note("member", member_id, "card_replaced", actor, union_id=member["union_id"], reason=reason)
        await _audit(actor, "card.replaced", member_id, reason)
        if member["person_id"]:
            await notices.tell_worker(member["person_id"], NoticeKind.CARD_REPLACED, {"union": union.name})


async def open_member(*, actor: Actor, member_id: UUID) -> tuple[Any, UnionView]:
    """One entry for its reviewer; the member can see that it was opened. Raises NotFound, Forbidden."""
    async with sql.transaction():
        member, union = await _in_scope(actor, member_id)
        kind, subject_id = ("person", member["person_id"]) if member["person_id"] else ("member", member_id)
        await audit.record(actor.kind, actor.id, "member.opened", subject_kind=kind, subject_id=str(subject_id))
    return member, union


async def _strike(member: Any, actor: Actor, reason: str = "") -> None:
    now = clock.now()
    await sql.run(
        """UPDATE member SET state = 'left', left_at = $2, card_version = card_version + 1, card_revoked_at = $2
        WHERE id = $1""",
        member["id"],
        now,
    )
    await note("member", member["id"], "left", actor, union_id=member["union_id"], reason=reason)
    if member["person_id"]:
        await _drop_correction(member, actor)
        union = await union_by_id(member["union_id"])
        await people.set_member(member["person_id"], is_member=False)
        await notices.tell_worker(member["person_id"], NoticeKind.MEMBER_LEFT, {"union": union.name})


async def _drop_correction(member: Any, actor: Actor) -> None:
    """Nothing is left to correct."""
    dropped = await sql.row(
        """UPDATE application SET state = 'withdrawn', saved_at = $3
        WHERE person_id = $1 AND kind = 'correction' AND state = ANY($2) RETURNING id, union_id""",
        member["person_id"],
        OPEN_STATES,
        clock.now(),
    )
    if dropped is not None:
        await note("application", dropped["id"], "withdrawn", actor, union_id=dropped["union_id"])


async def _in_scope(actor: Actor, member_id: UUID) -> tuple[Any, UnionView]:
    """An entry that is still in the register, locked."""
    member = await sql.row("SELECT * FROM member WHERE id = $1 AND state <> 'left' FOR UPDATE", member_id)
    if member is None:
        raise NotFound
    union = await union_by_id(member["union_id"])
    actor.require(Role.REVIEWER, lineage=union.lineage, region_code=union.region_code)
    return member, union


async def _audit(actor: Actor, action: str, member_id: UUID, reason: str) -> None:
    await audit.record(actor.kind, actor.id, action, subject_kind="member", subject_id=str(member_id), reason=reason)
