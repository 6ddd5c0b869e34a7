"""Writing the audit log."""

from __future__ import annotations

from uuid import UUID

from server.db import sql
from server.kit import clock
from server.kit.context import request_id
from server.kit.ids import new_id


async def record(
    actor_kind: str,
    actor_id: UUID | None,
    action: str,
    *,
    subject_kind: str,
    subject_id: str,
    region_code: int | None = None,
    reason: str = "",
) -> None:
    """Append one act, in the caller's transaction. Texts name nobody: subjects are ids.

    Whoever audits a region reads the entries of it; an act that lies nowhere lies where its staff work.
    """
    await sql.run(
        """INSERT INTO audit_entry
            (id, at, actor_kind, actor_id, action, subject_kind, subject_id, region_code, reason, request_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, (SELECT region_code FROM staff WHERE id = $4)), $9, $10)""",
        new_id(),
        clock.now(),
        actor_kind,
        actor_id,
        action,
        subject_kind,
        subject_id,
        region_code,
        reason[:200],
        request_id.get(),
    )
