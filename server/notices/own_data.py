"""What this room holds about a worker: the messages. Erasing deletes them, the ones still to come too."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.notices.models import NoticeKind, NoticeState


class MessageHeld(msgspec.Struct, frozen=True):
    """A message to the worker; `params` is what it speaks of, `by_sms` whether it goes to the phone too."""

    kind: NoticeKind
    params: dict[str, Any]
    state: NoticeState
    by_sms: bool
    due_at: datetime
    sent_at: datetime | None
    read_at: datetime | None


async def copy(person_id: UUID) -> list[MessageHeld]:
    """All messages, the latest first; withdrawn ones and those still to come too."""
    found = await sql.rows(
        """SELECT kind, params, state, push, due_at, sent_at, read_at FROM notice
        WHERE person_id = $1 ORDER BY due_at DESC, id DESC""",
        person_id,
    )
    return [
        MessageHeld(
            kind=NoticeKind(row["kind"]),
            params=msgspec.json.decode(row["params"]),
            state=NoticeState(row["state"]),
            by_sms=row["push"],
            due_at=row["due_at"],
            sent_at=row["sent_at"],
            read_at=row["read_at"],
        )
        for row in found
    ]


async def erase(person_id: UUID) -> None:
    """Delete all messages, in the caller's transaction."""
    await sql.run("DELETE FROM notice WHERE person_id = $1", person_id)
