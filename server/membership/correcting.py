"""A member's entry is to be put right: a name that was misspelt, a document that was renewed."""

from __future__ import annotations

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.membership.applying import writable, write_identity
from server.membership.identity import Identity, document_index, seal_identity
from server.membership.transfers import own_member
from server.people.actors import Actor


async def ask_for_correction(*, actor: Actor, identity: Identity) -> None:
    """Keep what it should say, to be sent to the member's union. Raises NotAMember, ApplicationMoved, NoApplication."""
    async with sql.transaction():
        member = await own_member(actor)
        await sql.run(
            """INSERT INTO application (id, person_id, kind, state, identity_sealed, document_index, union_id, employer,
                fields_wrong, reason, created_at, saved_at)
            VALUES ($1, $2, 'correction', 'draft', $3, $4, $5, '', '{}', '', $6, $6)
            ON CONFLICT (person_id) WHERE state IN ('draft', 'submitted', 'returned', 'appealed') DO NOTHING""",
            new_id(),
            actor.id,
            seal_identity(identity),
            document_index(identity),
            member["union_id"],
            clock.now(),
        )
        await write_identity(await writable(actor, correction=True), identity)
