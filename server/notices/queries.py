"""The inbox: messages of one reader, the latest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.notices.models import NoticeKind

PAGE = 20
LAST_ID = UUID(int=2**128 - 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How many messages wait for the reader of a row `s` (person_id, staff_id); $2 is now.
UNREAD = """(SELECT count(*) FROM notice n WHERE (n.person_id = s.person_id OR n.staff_id = s.staff_id)
    AND n.read_at IS NULL AND n.state <> 'withdrawn' AND n.due_at <= $2)"""


class Message(msgspec.Struct, frozen=True):
    """One message as the inbox shows it; `text` is written by whoever knows the reader."""

    id: UUID
    kind: NoticeKind
    params: dict[str, Any]
    booking_id: UUID | None
    station_id: UUID | None
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
        """SELECT id, kind, params, booking_id, station_id, due_at, read_at IS NOT NULL AS read FROM notice
        WHERE (person_id = $1 OR staff_id = $1) AND state <> 'withdrawn' AND due_at <= $2
          AND (due_at, id) < ($3, $4)
        ORDER BY due_at DESC, id DESC LIMIT $5""",
        reader_id,
        clock.now(),
        before,
        before_id,
        PAGE + 1,
    )
    items = [_message(row) for row in found[:PAGE]]
    return MessagePage(items, _cursor_after(items[-1]) if len(found) > PAGE else "")


def _message(row: Any) -> Message:
    return Message(
        id=row["id"],
        kind=NoticeKind(row["kind"]),
        params=msgspec.json.decode(row["params"]),
        booking_id=row["booking_id"],
        station_id=row["station_id"],
        due_at=row["due_at"],
        read=row["read"],
    )


def _cursor_after(message: Message) -> str:
    return f"{(message.due_at - EPOCH) // timedelta(microseconds=1)}~{message.id}"


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Where the page before ended; anything unreadable starts from the top."""
    at, _, last_id = cursor.partition("~")
    try:
        return EPOCH + timedelta(microseconds=int(at)), UUID(last_id)
    except (ValueError, OverflowError):
        return clock.now() + timedelta(days=1), LAST_ID
