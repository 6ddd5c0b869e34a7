"""One fair order of bookings and walk-ins, and how long it still takes. Pure.

Everybody who is here waits in the queue of an offering: walk-ins with a number, and bookings that have checked in.

1. A booking that checked in by its time is served at that time: from then on it goes before those who wait without
   one. Among such bookings the earlier time goes first.
2. All others are served in the order in which they came: walk-ins, bookings that checked in late, and whoever was
   not there when called and came back.
3. Nobody starves: at most `MOST_PASSES` bookings in a row pass somebody who waits; then he is served, unless the
   booking's time had come before he came. So a punctual booking never waits behind one who came after its time.
4. A booking that checked in early goes before its time only where nobody else waits: a free counter does not idle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.bookings.models import ServiceKind
from server.kit import clock
from server.stations.hours import Ranges

MOST_PASSES = 3
COUNTER_OPEN = timedelta(minutes=30)  # a counter that called nobody for so long is taken for closed
LETTERS = dict(zip(ServiceKind, "ABCDEFGHJKL", strict=True))


@dataclass(frozen=True)
class Waiting:
    """Somebody in the queue; `due_at` is the time of a booking, None for a walk-in."""

    id: UUID
    came_at: datetime
    due_at: datetime | None = None

    @property
    def punctual(self) -> bool:
        return self.due_at is not None and self.came_at <= self.due_at


def next_up(waiting: Iterable[Waiting], now: datetime, calls: Sequence[datetime] = ()) -> Waiting | None:
    """Whose turn it is; None where nobody waits.

    `calls` are the instants at which punctual bookings were called, since somebody else of this queue last was.
    """
    booked, others = _sorted(waiting)
    queue = _turn(booked, others, now, calls)
    return queue[0] if queue else None


def in_order(
    waiting: Iterable[Waiting], now: datetime, calls: Sequence[datetime] = (), pace: timedelta = timedelta()
) -> list[Waiting]:
    """The whole queue as it would be called if somebody were called every `pace` from now on."""
    booked, others = _sorted(waiting)
    order: list[Waiting] = []
    recent = list(calls)
    at = now
    while queue := _turn(booked, others, at, recent):
        order.append(queue.popleft())
        recent = [*recent[1 - MOST_PASSES :], at] if queue is booked else []
        at += pace
    return order


def _sorted(waiting: Iterable[Waiting]) -> tuple[deque[Waiting], deque[Waiting]]:
    """The punctual bookings by their time, and all others by their arrival."""
    here = list(waiting)
    booked = sorted((w for w in here if w.punctual), key=lambda w: (_time_of(w), w.came_at, w.id))
    others = sorted((w for w in here if not w.punctual), key=lambda w: (w.came_at, w.id))
    return deque(booked), deque(others)


def _turn(
    booked: deque[Waiting], others: deque[Waiting], now: datetime, calls: Sequence[datetime]
) -> deque[Waiting] | None:
    """The queue whose head is served next."""
    if not booked or not others:
        return booked or others or None
    if _time_of(booked[0]) > now:
        return others
    came = others[0].came_at
    was_passed = len(calls) >= MOST_PASSES and calls[-MOST_PASSES] >= came
    return others if was_passed and came <= _time_of(booked[0]) else booked


def _time_of(one: Waiting) -> datetime:
    return one.due_at or one.came_at


def estimate(ahead: int, *, median: timedelta, counters: int, in_service: int) -> timedelta:
    """How long somebody with so many ahead still waits; `counters` are those at work now."""
    counters = max(counters, 1)
    pace = median / counters
    return pace * (ahead + (1 if in_service >= counters else 0))


def said_minutes(wait: timedelta) -> int:
    """An estimate as it is said: to five minutes, above an hour to a quarter; 0 for at once."""
    minutes = wait / timedelta(minutes=1)
    step = 5 if minutes < 60 else 15  # noqa: PLR2004 (an hour)
    return round(minutes / step) * step if minutes >= step / 2 else 0


def takes_numbers(station: Ranges, offering: Ranges, now: datetime) -> bool:
    """Whether numbers are given out now: the station is open, and the offering is served now or later today."""
    minute = clock.minute_of_day(now)
    is_open = any(opens <= minute < closes for opens, closes in station)
    return is_open and any(closes > minute for _, closes in offering)
