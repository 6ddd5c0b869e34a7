"""How long a freed place is kept for whom it is offered to, and how long a wish lasts. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from server.bookings.models import WishKind
from server.kit import clock
from server.kit.geo import Point
from server.notices.rules import after_quiet

HOLD = timedelta(minutes=30)
# Whoever is offered a place must still get there; closer to the start it is free for whoever is there.
NO_OFFER_WITHIN = timedelta(minutes=60)
LEAST_HOLD = timedelta(minutes=10)
MOST_WISHES = 10
NEAR_M = 3000
NEAR_DAYS = 7


def hold_until(starts_at: datetime, notice_minutes: int, now: datetime) -> datetime | None:
    """Until when a place that is free now is kept for the one it is offered to; None where it is free for all.

    Half an hour, or a quarter of what is left before the start if that is less; never beyond the latest time to
    book. Nobody is woken: the time runs from the morning where the message waits for it.
    """
    told_at = after_quiet(now)
    left = starts_at - told_at
    if left < NO_OFFER_WITHIN:
        return None
    until = min(told_at + min(HOLD, left / 4), starts_at - timedelta(minutes=notice_minutes))
    return until if until >= told_at + LEAST_HOLD else None


def wish_ends(kind: WishKind, now: datetime, *, starts_at: datetime | None = None, day: date | None = None) -> datetime:
    """When a wish can no longer come true."""
    if kind is WishKind.SLOT and starts_at:
        return starts_at - NO_OFFER_WITHIN
    if kind is WishKind.DAY and day:
        return clock.at(day, 1440) - NO_OFFER_WITHIN
    return clock.at(clock.local(now).date() + timedelta(days=NEAR_DAYS), 0)


def about(position: Point) -> Point:
    """A position as far as it is stored: to a hundredth of a degree, about a kilometre."""
    return Point(round(position.lat, 2), round(position.lng, 2))
