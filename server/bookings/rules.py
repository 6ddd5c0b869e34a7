"""What may be booked, by whom, when. Pure: plain values in, a decision out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from server.bookings.errors import MembersOnly, SlotClosed, SlotFull, TooFarAhead, TooLate
from server.bookings.models import Eligibility
from server.errors import AppError
from server.kit import clock
from server.kit.text import N_

# A request made late still gives staff a little time to answer.
LEAST_ANSWER_TIME = timedelta(minutes=15)
UNDO_CANCEL = timedelta(minutes=10)
UNDO_DESK = timedelta(seconds=60)
URGENT_LEFT = timedelta(hours=2)
BEYOND_HORIZON = N_("这一天还没开放预约，过几天再来看看。")


def slot_times(ranges: Sequence[Sequence[int]], minutes: int) -> list[tuple[int, int]]:
    """Consecutive intervals of `minutes` inside each range, as minutes since midnight; a rest is left over."""
    return [
        (start, start + minutes) for opens, closes in ranges for start in range(opens, closes - minutes + 1, minutes)
    ]


def last_open_day(eligibility: Eligibility, general_days: int, today: date, *, is_member: bool) -> date | None:
    """The last day somebody may book; None for the horizon, which holds for everybody."""
    if eligibility is Eligibility.MEMBERS_FIRST and not is_member:
        return today + timedelta(days=general_days)
    return None


def refusal(
    *,
    starts_at: datetime,
    closed: bool,
    free: int,
    notice_minutes: int,
    horizon_days: int,
    eligibility: Eligibility,
    general_days: int,
    is_member: bool,
    now: datetime,
) -> AppError | None:
    """Why this slot cannot be booked now; None where it can."""
    if eligibility is Eligibility.MEMBERS_ONLY and not is_member:
        return MembersOnly()
    if closed:
        return SlotClosed()
    if starts_at < now + timedelta(minutes=notice_minutes):
        return TooLate()
    today, day = clock.local(now).date(), clock.local(starts_at).date()
    last = last_open_day(eligibility, general_days, today, is_member=is_member)
    if last and day > last:
        return TooFarAhead()
    if day > today + timedelta(days=horizon_days):
        return TooFarAhead(BEYOND_HORIZON)
    return None if free > 0 else SlotFull()


def confirm_deadline(starts_at: datetime, confirm_minutes: int, now: datetime) -> datetime:
    """Until when staff must answer: some time before the start, yet never at once and never after the start."""
    return min(starts_at, max(starts_at - timedelta(minutes=confirm_minutes), now + LEAST_ANSWER_TIME))


def change_deadline(starts_at: datetime, cutoff_minutes: int, *, slot_closed: bool) -> datetime:
    """Until when a worker may cancel or move by himself: until the start where the station itself closed the time."""
    return starts_at if slot_closed else starts_at - timedelta(minutes=cutoff_minutes)
