"""What an approval does to the register: a new entry, an old one connected with a phone, or one put right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.membership.errors import ApplicationMoved, DocumentTaken
from server.membership.history import note
from server.membership.identity import name_index, open_identity
from server.membership.rules import new_number
from server.membership.unions import UnionView
from server.people.actors import Actor


async def enter(application: Any, union: UnionView, actor: Actor) -> UUID:
    """A new entry; its number is never given again."""
    identity, member_id = open_identity(application["identity_sealed"]), new_id()
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
        clock.now(),
    )
    await note("member", member_id, "joined", actor, union_id=union.id)
    return member_id


async def connect(application: Any, actor: Actor) -> UUID:
    """The entry that an import brought now belongs to this phone. Raises DocumentTaken where it has one already."""
    found = await sql.row(
        """UPDATE member SET person_id = $2 WHERE document_index = $1 AND state <> 'left' AND person_id IS NULL
        RETURNING id, union_id""",
        application["document_index"],
        application["person_id"],
    )
    if found is None:
        raise DocumentTaken
    member_id: UUID = found["id"]
    await note("member", member_id, "linked", actor, union_id=found["union_id"])
    return member_id


async def take_correction_along(person_id: UUID, union_id: UUID) -> None:
    """What a member wants put right is for the union that he is in now; his row is locked already."""
    await sql.run(
        """UPDATE application SET union_id = $2 WHERE person_id = $1 AND kind = 'correction'
        AND state IN ('draft', 'submitted', 'returned', 'appealed')""",
        person_id,
        union_id,
    )


async def correct(application: Any, actor: Actor) -> UUID:
    """The member's entry says what the document says; a card with the old name stops working."""
    identity = open_identity(application["identity_sealed"])
    member = await sql.row(
        "SELECT id, union_id, identity_sealed FROM member WHERE person_id = $1 AND state <> 'left' FOR UPDATE",
        application["person_id"],
    )
    if member is None:
        raise ApplicationMoved  # he left meanwhile
    renamed = open_identity(member["identity_sealed"]).name != identity.name
    await sql.run(
        """UPDATE member SET identity_sealed = $2, name_index = $3, document_index = $4,
          card_version = card_version + $5::int,
          card_revoked_at = CASE WHEN $5::int = 1 THEN $6 ELSE card_revoked_at END WHERE id = $1""",
        member["id"],
        application["identity_sealed"],
        name_index(identity.name),
        application["document_index"],
        int(renamed),
        clock.now(),
    )
    await note("member", member["id"], "corrected", actor, union_id=member["union_id"])
    await audit.record(actor.kind, actor.id, "member.corrected", subject_kind="member", subject_id=str(member["id"]))
    member_id: UUID = member["id"]
    return member_id
