"""The one place that knows what time it is. All instants are aware and in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
_shift: ContextVar[timedelta] = ContextVar("clock_shift", default=timedelta())
_of_process = timedelta()


def now() -> datetime:
    """This instant, in UTC."""
    return real() + _of_process + _shift.get()


def real() -> datetime:
    """This instant outside, in UTC, whatever a demonstration or a test says."""
    return datetime.now(UTC)


def set_shift(by: timedelta) -> None:
    """How far this process' clock is from the real one: a demonstration may show another hour of the day."""
    global _of_process  # noqa: PLW0603 (one clock for one process)
    _of_process = by


def today() -> date:
    """The date on the wall of a station."""
    return now().astimezone(CHINA).date()


def local(instant: datetime) -> datetime:
    """An instant as a clock at a station shows it."""
    return instant.astimezone(CHINA)


def at(day: date, minute: int) -> datetime:
    """The instant `minute` minutes after midnight of `day` in China; 1440 is the next midnight."""
    return datetime.combine(day, time(), CHINA) + timedelta(minutes=minute)


def read_day(typed: str) -> date | None:
    """A day as a form or an address carries it; None for what is none, or too far away to count days from."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def minute_of_day(instant: datetime) -> int:
    """Minutes since midnight in China, 0..1439."""
    wall = local(instant)
    return wall.hour * 60 + wall.minute


@contextmanager
def travel(by: timedelta) -> Iterator[None]:
    """Shift the clock for the code inside (simulations, tests and the demo's history)."""
    token = _shift.set(_shift.get() + by)
    try:
        yield
    finally:
        _shift.reset(token)
