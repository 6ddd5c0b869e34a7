"""The history of applications, members and transfers: every step, by whom, why."""

from __future__ import annotations

from uuid import UUID

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import Actor


async def note(
    subject: str, subject_id: UUID, step: str, actor: Actor, *, union_id: UUID | None = None, reason: str = ""
) -> None:
    """Append one step, in the caller's transaction; `union_id` is the union that it counts for."""
    await sql.run(
        """INSERT INTO membership_event (id, at, subject, subject_id, step, union_id, actor_kind, actor_id, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        new_id(),
        clock.now(),
        subject,
        subject_id,
        step,
        union_id,
        actor.kind,
        actor.id,
        reason[:300],
    )
