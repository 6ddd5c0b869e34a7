"""What may be booked, by whom, when. Pure: plain values in, a decision out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from server.bookings.errors import MembersOnly, SlotClosed, SlotFull, TooFarAhead, TooLate
from server.bookings.models import Eligibility
from server.errors import AppError
from server.kit import clock

# A request made late still gives staff a little time to answer.
LEAST_ANSWER_TIME = timedelta(minutes=15)
UNDO_CANCEL = timedelta(minutes=10)
UNDO_DESK = timedelta(seconds=60)


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
    last = last_open_day(eligibility, general_days, clock.local(now).date(), is_member=is_member)
    if last and clock.local(starts_at).date() > last:
        return TooFarAhead()
    return None if free > 0 else SlotFull()


def confirm_deadline(starts_at: datetime, confirm_minutes: int, now: datetime) -> datetime:
    """Until when staff must answer: some time before the start, yet never at once and never after the start."""
    return min(starts_at, max(starts_at - timedelta(minutes=confirm_minutes), now + LEAST_ANSWER_TIME))


def is_urgent(created_at: datetime, confirm_by: datetime, now: datetime) -> bool:
    """Whether an unanswered request must be told to the manager: half its time is gone, or two hours are left."""
    return now >= created_at + (confirm_by - created_at) / 2 or now >= confirm_by - timedelta(hours=2)


def change_deadline(starts_at: datetime, cutoff_minutes: int) -> datetime:
    """Until when a worker may cancel or move by himself."""
    return starts_at - timedelta(minutes=cutoff_minutes)
