"""The inbox: what stations have told a worker, and what waits for staff; each with the way to where it is settled.

It stands in this room because messages speak of services, whose names live here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import FromQuery
from litestar.response import Response

from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.notices import queries, service
from server.notices.models import NoticeKind
from server.notices.texts import write_text

Req = Request[Any, Any, Any]
NAMES = {kind.value: text for kind, text in SERVICE_NAMES.items()}
ICONS = {
    NoticeKind.BOOKING_CONFIRMED: "check",
    NoticeKind.BOOKING_DECLINED: "cross",
    NoticeKind.BOOKING_CANCELLED: "cross",
    NoticeKind.BOOKING_EXPIRED: "warning",
    NoticeKind.BOOKING_AFFECTED: "warning",
    NoticeKind.ESCALATION: "clock",
    NoticeKind.GROUP_BOOKED: "check",
    NoticeKind.GROUP_CANCELLED: "cross",
    NoticeKind.GROUP_AFFECTED: "warning",
    NoticeKind.WAITLIST_OFFERED: "star",
    NoticeKind.WAITLIST_PASSED: "clock",
    NoticeKind.WAITLIST_GONE: "warning",
    NoticeKind.FAULT_SAID: "repair",
    NoticeKind.FAULT_FIXED: "repair",
    NoticeKind.FAULT_CANNOT_FIX: "repair",
    NoticeKind.SUGGESTION_BUILT: "star",
    NoticeKind.SUGGESTION_DECLINED: "cross",
    NoticeKind.APPLICATION_APPROVED: "star",
    NoticeKind.APPLICATION_RETURNED: "edit",
    NoticeKind.APPLICATION_REJECTED: "cross",
    NoticeKind.TRANSFER_ACCEPTED: "check",
    NoticeKind.TRANSFER_REFUSED: "cross",
    NoticeKind.TRANSFER_OVERDUE: "warning",
}


class MessageOut(msgspec.Struct):
    """A message in the reader's language. `station_id` is filled where it is about a station's desk.

    `suggestion_id` names the suggestion of a new station that it is about.
    """

    id: UUID
    kind: NoticeKind
    text: str
    booking_id: UUID | None
    station_id: UUID | None
    at: datetime
    read: bool
    suggestion_id: UUID | None


class MessagesOut(msgspec.Struct):
    """Messages, the latest first; `next_cursor` is empty at the end."""

    items: list[MessageOut]
    next_cursor: Annotated[str, msgspec.Meta(examples=["1795478400000000~0198…"])]


async def _messages(reader_id: UUID, after: str) -> MessagesOut:
    found = await queries.inbox(reader_id, after)
    return MessagesOut(
        [
            MessageOut(
                m.id,
                m.kind,
                write_text(m.kind, m.params, NAMES),
                m.booking_id,
                m.station_id,
                m.due_at,
                m.read,
                UUID(m.params["suggestion"]) if "suggestion" in m.params else None,
            )
            for m in found.items
        ],
        found.next_cursor,
    )


@get("/inbox", opt=allow(Audience.WORKER), include_in_schema=False)
async def show_inbox(request: Req) -> Response[str]:
    return await _inbox(request, "notices/inbox.html")


@get("/desk/inbox", opt=allow(Audience.STAFF, Audience.REVIEWER), include_in_schema=False)
async def show_staff_inbox(request: Req) -> Response[str]:
    return await _inbox(request, "notices/staff_inbox.html")


async def _inbox(request: Req, template: str) -> Response[str]:
    """Opening the inbox reads everything in it; what was new still looks so this once."""
    messages = await _messages(request.user.id, request.query_params.get("after", ""))
    shown = page(request, template, messages=messages, icons=ICONS)
    if request.user.unread:
        await service.mark_read(request.user.id)
    return shown


@get("/api/v1/notices", opt=allow(Audience.WORKER), tags=["notices"])
async def list_notices(request: Req, cursor: FromQuery[str] = "") -> MessagesOut:
    """A worker's messages."""
    return await _messages(request.user.id, cursor)


handlers = [show_inbox, show_staff_inbox, list_notices]
