"""What workers agreed to: written down when it was said, with the version of the words; the latest word holds."""

from __future__ import annotations

from uuid import UUID

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.people.models import Purpose


async def record_consent(person_id: UUID, purpose: Purpose, version: str, *, agreed: bool) -> None:
    """Append one word of a worker, in the caller's transaction."""
    await sql.run(
        "INSERT INTO consent (id, person_id, purpose, version, agreed, at) VALUES ($1, $2, $3, $4, $5, $6)",
        new_id(),
        person_id,
        purpose,
        version,
        agreed,
        clock.now(),
    )


async def withdraw_consent(person_id: UUID, purpose: Purpose) -> bool:
    """Append that the worker agrees no more, where the last word was yes; whether it was. In the caller's transaction.

    What was agreed before stays written down: it was lawful then.
    """
    last = await sql.row(
        "SELECT version, agreed FROM consent WHERE person_id = $1 AND purpose = $2 ORDER BY at DESC, id DESC LIMIT 1",
        person_id,
        purpose,
    )
    if last is None or not last["agreed"]:
        return False
    await record_consent(person_id, purpose, last["version"], agreed=False)
    return True
