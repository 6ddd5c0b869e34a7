"""Writing messages, in the transaction of the change they tell about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.notices import rules
from server.notices.models import NoticeKind

INSERT = """INSERT INTO notice (id, person_id, staff_id, station_id, booking_id, kind, params, push, state,
    due_at, next_try_at, tries, receipt, error, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'due', $9, $10, 0, '', '', $11)"""


async def tell_worker(
    person_id: UUID,
    kind: NoticeKind,
    params: dict[str, Any],
    *,
    booking_id: UUID | None = None,
    station_id: UUID | None = None,
    due_at: datetime | None = None,
    hold: timedelta = timedelta(0),
    push: bool = True,
) -> None:
    """One message to a worker: in the inbox from `due_at` (default now), by SMS outside quiet hours.

    `hold` keeps the SMS back for a while, so that `withdraw` can still stop it.
    """
    now = clock.now()
    due = due_at or now
    starts_at = datetime.fromisoformat(params["starts_at"]) if "starts_at" in params else None
    await _write(
        person_id, None, kind, params, booking_id, station_id, due, rules.after_quiet(due + hold, starts_at), push=push
    )


async def tell_staff(
    staff_id: UUID,
    kind: NoticeKind,
    params: dict[str, Any],
    *,
    booking_id: UUID | None = None,
    station_id: UUID | None = None,
) -> None:
    """One message to a member of staff, in the inbox of the desk."""
    now = clock.now()
    await _write(None, staff_id, kind, params, booking_id, station_id, now, now, push=False)


async def _write(  # noqa: PLR0917 (the columns of one row)
    person_id: UUID | None,
    staff_id: UUID | None,
    kind: NoticeKind,
    params: dict[str, Any],
    booking_id: UUID | None,
    station_id: UUID | None,
    due_at: datetime,
    next_try_at: datetime,
    *,
    push: bool,
) -> None:
    encoded = msgspec.json.encode(params).decode()
    await sql.run(
        INSERT,
        new_id(),
        person_id,
        staff_id,
        station_id,
        booking_id,
        kind,
        encoded,
        push,
        due_at,
        next_try_at,
        clock.now(),
    )


async def plan_reminders(person_id: UUID, booking_id: UUID, starts_at: datetime, params: dict[str, Any]) -> None:
    """Remind the evening before and an hour before."""
    kinds = {"evening": NoticeKind.REMINDER_EVENING, "hour": NoticeKind.REMINDER_HOUR}
    for name, due in rules.reminder_times(starts_at, clock.now()).items():
        await _write(person_id, None, kinds[name], params, booking_id, None, due, due, push=True)


async def withdraw_reminders(booking_id: UUID) -> None:
    """Reminders that lost their reason are not sent."""
    await sql.run(
        """UPDATE notice SET state = 'withdrawn' WHERE booking_id = $1 AND state = 'due'
        AND kind IN ('reminder_evening', 'reminder_hour')""",
        booking_id,
    )


async def withdraw(booking_id: UUID, kind: NoticeKind) -> None:
    """A message whose reason was taken back leaves the inbox, and is not sent if it was not yet."""
    await sql.run(
        "UPDATE notice SET state = 'withdrawn' WHERE booking_id = $1 AND kind = $2 AND state = 'due'", booking_id, kind
    )


async def settle_by_phone(booking_id: UUID) -> None:
    """Staff have told the worker what no message could."""
    await sql.run("UPDATE notice SET state = 'withdrawn' WHERE booking_id = $1 AND state = 'failed'", booking_id)


async def mark_read(reader_id: UUID) -> None:
    """Everything in a reader's inbox has been seen."""
    await sql.run(
        "UPDATE notice SET read_at = $2 WHERE (person_id = $1 OR staff_id = $1) AND read_at IS NULL AND due_at <= $2",
        reader_id,
        clock.now(),
    )
