"""The inbox: messages of one reader, the latest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.notices.models import NoticeKind

PAGE = 20
LAST_ID = UUID(int=2**128 - 1)


class Message(msgspec.Struct, frozen=True):
    """One message as the inbox shows it; `text` is written by whoever knows the reader."""

    id: UUID
    kind: NoticeKind
    params: dict[str, Any]
    booking_id: UUID | None
    due_at: datetime
    read: bool


class MessagePage(msgspec.Struct, frozen=True):
    """Messages with a cursor for more; "" at the end."""

    items: list[Message]
    next_cursor: str


async def inbox(reader_id: UUID, cursor: str = "") -> MessagePage:
    """What has been told to a worker or to staff; neither withdrawn nor still to come."""
    before, before_id = _read_cursor(cursor)
    found = await sql.rows(
        """SELECT id, kind, params, booking_id, due_at, read_at IS NOT NULL AS read FROM notice
        WHERE (person_id = $1 OR staff_id = $1) AND state <> 'withdrawn' AND due_at <= $2
          AND (due_at, id) < ($3, $4)
        ORDER BY due_at DESC, id DESC LIMIT $5""",
        reader_id,
        clock.now(),
        before,
        before_id,
        PAGE + 1,
    )
    items = [
        Message(
            r["id"], NoticeKind(r["kind"]), msgspec.json.decode(r["params"]), r["booking_id"], r["due_at"], r["read"]
        )
        for r in found[:PAGE]
    ]
    return MessagePage(items, f"{items[-1].due_at.timestamp()}~{items[-1].id}" if len(found) > PAGE else "")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Where the page before ended; anything unreadable starts from the top."""
    at, _, last_id = cursor.partition("~")
    try:
        return datetime.fromtimestamp(float(at), tz=clock.CHINA), UUID(last_id)
    except (ValueError, OverflowError, OSError):
        return clock.now() + timedelta(days=1), LAST_ID
