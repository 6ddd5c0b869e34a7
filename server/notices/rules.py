"""When messages go out: quiet hours, reminders, waits between tries. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from server.kit import clock
from server.notices.models import NoticeKind

QUIET_FROM, QUIET_UNTIL = time(22), time(7)
EVENING = time(19)
REMINDERS = {NoticeKind.REMINDER_EVENING, NoticeKind.REMINDER_HOUR}
# A message that cannot be delivered for a day is told to staff instead.
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 20, 60, 180, 360, 720))


def after_quiet(due: datetime, starts_at: datetime | None = None) -> datetime:
    """When a message that is due may be sent: not between 22:00 and 7:00, unless its booking starts before it could."""
    wall = clock.local(due)
    if QUIET_UNTIL <= wall.time() < QUIET_FROM:
        return due
    morning = clock.at(wall.date() + timedelta(days=wall.time() >= QUIET_FROM), QUIET_UNTIL.hour * 60)
    too_late = starts_at is not None and starts_at <= morning + timedelta(hours=1)
    return due if too_late else morning


def reminder_times(starts_at: datetime, now: datetime) -> dict[str, datetime]:
    """When to remind: the evening before at seven, and an hour before; only what still lies ahead."""
    eve = clock.at(clock.local(starts_at).date() - timedelta(days=1), EVENING.hour * 60)
    hour = starts_at - timedelta(hours=1)
    times = {"evening": eve, "hour": after_quiet(hour, starts_at)}
    return {name: at for name, at in times.items() if now < at < starts_at}


def next_try(tries: int, now: datetime, starts_at: datetime | None = None, *, luck: float = 0) -> datetime | None:
    """When to try again after this many failed tries, not at night; None gives up.

    `luck`, from 0 to 1, spreads the tries of many messages that failed together.
    """
    if tries > len(WAITS):
        return None
    return after_quiet(now + WAITS[tries - 1] * (1 + luck / 4), starts_at)


def comes_too_late(kind: NoticeKind, starts_at: datetime | None, now: datetime) -> bool:
    """Whether nobody needs the message any more: a reminder of what has begun."""
    return kind in REMINDERS and starts_at is not None and starts_at <= now
