"""Dates as managers type them for days that are not as usual: a span, what happens on it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from server.bookings.typed_hours import Mistake, Ranges, read_ranges
from server.kit import clock
from server.kit.text import N_

LONGEST_SPAN = 62
FURTHEST_DAYS = 365
REASON_LONGEST = 60
CLOSED, OPEN, USUAL = "closed", "open", "usual"

NO_DATE = N_("请选日期。")
PAST_DATE = N_("只能改今天和以后的日子。")
FAR_DATE = N_("最远只能安排到一年以内。")
BACKWARDS = N_("结束的日子要在开始的后面。")
LONG_SPAN = N_("一次最多安排 62 天，再长请分几次。")
NO_REASON = N_("请写明原因，来的人会看到。")
LONG_REASON = N_("原因请在 60 个字以内。")
NO_RANGES = N_("请填这几天的开放时间。")


def read_days(typed: Mapping[str, str]) -> tuple[list[date], Ranges | None, list[Mistake]]:
    """The dates, their ranges (none for a closure, None for the usual week), and what is wrong with them."""
    days, mistakes = _read_span(typed)
    kind = typed.get("kind")
    if kind == USUAL:
        return days, None, mistakes
    reason = typed.get("reason", "")
    if not reason or len(reason) > REASON_LONGEST:
        mistakes.append(Mistake("reason", LONG_REASON if reason else NO_REASON))
    if kind != OPEN:
        return days, [], mistakes if kind == CLOSED else [*mistakes, Mistake("kind", NO_DATE)]
    ranges, wrong = read_ranges(typed)
    if not ranges and not wrong:
        wrong = [Mistake("r0a", NO_RANGES)]
    return days, ranges, mistakes + wrong


def _read_span(typed: Mapping[str, str]) -> tuple[list[date], list[Mistake]]:
    first = clock.read_day(typed.get("from", ""))
    last = clock.read_day(typed.get("until", "")) if typed.get("until") else first
    if first is None or last is None:
        return [], [Mistake("until" if first else "from", NO_DATE)]
    today = clock.today()
    checks = (
        (first < today, "from", PAST_DATE),
        (last < first, "until", BACKWARDS),
        (last > today + timedelta(days=FURTHEST_DAYS), "until", FAR_DATE),
        (last - first >= timedelta(days=LONGEST_SPAN), "until", LONG_SPAN),
    )
    wrong = [Mistake(field, message) for holds, field, message in checks if holds]
    if wrong:
        return [], wrong[:1]
    return [first + timedelta(days=n) for n in range((last - first).days + 1)], []
