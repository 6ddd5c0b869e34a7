"""Which days figures are about, and in what steps they are drawn. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

MOST_DAYS = 731  # two years
BY_DAY, BY_WEEK = 31, 183  # so many days are drawn day by day, and so many week by week
DAY, WEEK = timedelta(days=1), timedelta(days=7)
DECEMBER = 12
Step = Literal["day", "week", "month"]


class Period(StrEnum):
    """Days until today, or a span of one's own."""

    DAYS = "days"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    OWN = "own"


LAST_DAYS = 30


@dataclass(frozen=True)
class Span:
    """Days from `since` to `until`, both included."""

    since: date
    until: date
    period: Period = Period.OWN

    @property
    def step(self) -> Step:
        """How long a column of a chart is."""
        days = (self.until - self.since).days + 1
        return "day" if days <= BY_DAY else "week" if days <= BY_WEEK else "month"

    def steps(self) -> Iterator[date]:
        """The first day of each step; weeks begin on Mondays, and so may lie before `since`."""
        day = begin(self.since, self.step)
        while day <= self.until:
            yield day
            day = after(day, self.step)

    def months(self) -> Iterator[tuple[date, date]]:
        """The same days, cut by month."""
        first = self.since
        while first <= self.until:
            following = after(begin(first, "month"), "month")
            yield first, min(following - DAY, self.until)
            first = following


def span_of(period: Period, today: date, since: date | None = None, until: date | None = None) -> Span:
    """The days of a period; of a span of one's own those named, in whichever order, and at most two years of them."""
    starts = {
        Period.DAYS: today - DAY * (LAST_DAYS - 1),
        Period.WEEK: begin(today, "week"),
        Period.MONTH: begin(today, "month"),
        Period.QUARTER: date(today.year, (today.month - 1) // 3 * 3 + 1, 1),
        Period.YEAR: date(today.year, 1, 1),
    }
    if period is not Period.OWN:
        return Span(starts[period], today, period)
    last = min(max(since or today, until or today), today)
    first = min(since or last, until or last, last)
    longest = min(DAY * (MOST_DAYS - 1), last - date.min)
    return Span(max(first, last - longest), last)


def begin(day: date, step: Step) -> date:
    """The first day of the step that a day lies in."""
    if step == "week":
        return day - DAY * day.weekday()
    return day.replace(day=1) if step == "month" else day


def after(day: date, step: Step) -> date:
    """The first day of the step that follows the one which begins on this day."""
    if step == "month":
        return date(day.year + day.month // DECEMBER, day.month % DECEMBER + 1, 1)
    return day + (WEEK if step == "week" else DAY)
