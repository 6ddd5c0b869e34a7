"""Writing messages, in the transaction of the change they tell about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.notices import rules
from server.notices.models import NoticeKind

# Its kind, whether by SMS too, when it stands in the inbox, when to try sending it.
_Timed = tuple[NoticeKind, bool, datetime, datetime]
GROUP_KINDS = {NoticeKind.BOOKING_AFFECTED: NoticeKind.GROUP_AFFECTED}
REMINDERS = {"evening": NoticeKind.REMINDER_EVENING, "hour": NoticeKind.REMINDER_HOUR}
# Whoever was brought along has no inbox: the one who brought them hears that something is new, once for all of them.
# Reminders are planned for the foreman by the room of groups.
SAID_ONCE = timedelta(minutes=10)
NOT_SAID = """NOT EXISTS (SELECT FROM notice n WHERE n.person_id = who.foreman AND n.kind = $12
    AND n.station_id IS NOT DISTINCT FROM $4 AND n.due_at > $13 AND n.read_at IS NULL AND n.state <> 'withdrawn'
    AND (n.push OR NOT $8))"""
INSERT = f"""INSERT INTO notice (id, person_id, staff_id, station_id, booking_id, kind, params, push, state,
    due_at, next_try_at, tries, receipt, error, created_at)
SELECT $1, coalesce(who.foreman, $2), $3, $4, $5, CASE WHEN who.foreman IS NULL THEN $6 ELSE $12 END, $7, $8, 'due',
    $9, $10, 0, '', '', $11
FROM (SELECT (SELECT brought_by FROM person WHERE id = $2) AS foreman) who
WHERE who.foreman IS NULL OR {NOT_SAID}"""
INSERT_MANY = """INSERT INTO notice (id, person_id, kind, params, push, state,
    due_at, next_try_at, tries, receipt, error, created_at)
SELECT t.id, t.person_id, $3, $4, false, 'due', $5, $5, 0, '', '', $5
FROM unnest($1::uuid[], $2::uuid[]) AS t (id, person_id)"""
INSERT_SERIES = """INSERT INTO notice (id, person_id, station_id, booking_id, kind, params, push, state,
    due_at, next_try_at, tries, receipt, error, created_at)
SELECT t.id, coalesce(who.foreman, $1), $2, $3, CASE WHEN who.foreman IS NULL THEN t.kind ELSE 'group_changed' END,
    $4, t.push, 'due', t.due_at, t.next_try_at, 0, '', '', $5
FROM unnest($6::uuid[], $7::text[], $8::boolean[], $9::timestamptz[], $10::timestamptz[])
  AS t (id, kind, push, due_at, next_try_at), (SELECT (SELECT brought_by FROM person WHERE id = $1) AS foreman) who
WHERE who.foreman IS NULL OR t.kind NOT IN ('reminder_evening', 'reminder_hour')"""
# To people who were brought along themselves, each about his own place; the phone is theirs.
INSERT_PLACES = """INSERT INTO notice (id, person_id, station_id, booking_id, kind, params, push, state,
    due_at, next_try_at, tries, receipt, error, created_at)
SELECT t.id, t.person_id, t.station_id, t.booking_id, $8, t.params::jsonb, true, 'due', $6, t.next_try_at,
    0, '', '', $6
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $7::timestamptz[])
  AS t (id, person_id, station_id, booking_id, params, next_try_at)"""


class Place(NamedTuple):
    """What one who was brought along is told of: the place, and what to say of it."""

    person_id: UUID
    station_id: UUID
    booking_id: UUID
    params: dict[str, Any]


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


async def tell_workers(person_ids: Sequence[UUID], kind: NoticeKind, params: dict[str, Any]) -> None:
    """One message to many workers, in the inbox alone."""
    now = clock.now()
    await sql.run(
        INSERT_MANY,
        [new_id() for _ in person_ids],
        list(person_ids),
        kind,
        msgspec.json.encode(params).decode(),
        now,
    )


async def tell_brought(kind: NoticeKind, places: Sequence[Place]) -> None:
    """One SMS to each of these people who came with a foreman and left a phone: place, time and code."""
    now = clock.now()
    starts = [datetime.fromisoformat(place.params["starts_at"]) for place in places]
    await sql.run(
        INSERT_PLACES,
        [new_id() for _ in places],
        [place.person_id for place in places],
        [place.station_id for place in places],
        [place.booking_id for place in places],
        [msgspec.json.encode(place.params).decode() for place in places],
        now,
        [rules.after_quiet(now, starts_at) for starts_at in starts],
        kind,
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
        GROUP_KINDS.get(kind, NoticeKind.GROUP_CHANGED),
        due_at - SAID_ONCE,
    )


async def tell_worker_of(
    person_id: UUID,
    kind: NoticeKind,
    params: dict[str, Any],
    *,
    booking_id: UUID,
    station_id: UUID,
    remind: bool,
    push: bool = True,
) -> None:
    """A message about a booking, and the reminders of one that is confirmed, in one statement."""
    now, starts_at = clock.now(), datetime.fromisoformat(params["starts_at"])
    told = (kind, push, now, rules.after_quiet(now, starts_at))
    reminders = _reminders(starts_at, now) if remind else []
    await _write_series(person_id, booking_id, station_id, params, [told, *reminders])


async def plan_reminders(person_id: UUID, booking_id: UUID, starts_at: datetime, params: dict[str, Any]) -> None:
    """Remind the evening before and an hour before."""
    await _write_series(person_id, booking_id, None, params, _reminders(starts_at, clock.now()))


def _reminders(starts_at: datetime, now: datetime) -> list[_Timed]:
    return [(REMINDERS[name], True, due, due) for name, due in rules.reminder_times(starts_at, now).items()]


async def _write_series(
    person_id: UUID, booking_id: UUID, station_id: UUID | None, params: dict[str, Any], series: list[_Timed]
) -> None:
    """Several messages about one booking in one statement."""
    if not series:
        return
    kinds, pushes, due_ats, next_try_ats = map(list, zip(*series, strict=True))
    encoded = msgspec.json.encode(params).decode()
    ids = [new_id() for _ in series]
    await sql.run(
        INSERT_SERIES,
        person_id,
        station_id,
        booking_id,
        encoded,
        clock.now(),
        ids,
        kinds,
        pushes,
        due_ats,
        next_try_ats,
    )


async def withdraw_reminders(booking_id: UUID) -> None:
    """Reminders that lost their reason are not sent."""
    await sql.run(
        """UPDATE notice SET state = 'withdrawn' WHERE booking_id = $1 AND state = 'due'
        AND kind IN ('reminder_evening', 'reminder_hour')""",
        booking_id,
    )


async def withdraw(booking_id: UUID, kind: NoticeKind) -> None:
    """A message whose reason was taken back leaves the inbox, unless it went out by SMS before."""
    await sql.run(
        """UPDATE notice SET state = 'withdrawn' WHERE booking_id = $1 AND kind = $2
        AND (state = 'due' OR (state = 'sent' AND NOT push))""",
        booking_id,
        kind,
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
