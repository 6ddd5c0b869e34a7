"""China's calendar: public holidays, and weekend days worked in exchange (调休)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
import structlog

log = structlog.get_logger()
HOLIDAY_ROW = 7
MONDAY = 0
SATURDAY = 5


@lru_cache(maxsize=1000)
def is_holiday(day: date) -> bool:
    """Whether `day` is a statutory holiday; an ordinary weekend is not."""
    try:
        _, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        _warn(day.year)
        return False
    return name is not None and chinese_calendar.is_holiday(day)


@lru_cache(maxsize=1000)
def is_worked_weekend(day: date) -> bool:
    """Whether `day` is a Saturday or Sunday that is worked in exchange for a holiday."""
    try:
        return day.weekday() >= SATURDAY and chinese_calendar.is_workday(day)
    except NotImplementedError:
        _warn(day.year)
        return False


@lru_cache(maxsize=10)
def _warn(year: int) -> None:
    log.warning("calendar.year_unknown", year=year)


def row_of(day: date) -> int:
    """Which row of eight-day hours holds: 0..6 Monday to Sunday, 7 on a public holiday.

    A weekend day worked in exchange follows Monday. The yearly notice of the State Council names the
    days; years it has not named yet are plain weeks.
    """
    if is_holiday(day):
        return HOLIDAY_ROW
    if is_worked_weekend(day):
        return MONDAY
    return day.weekday()


@dataclass(frozen=True)
class StatutoryRun:
    """Days in a row that the yearly notice names: a holiday, or weekend days worked in exchange for it."""

    first: date
    last: date
    name: str
    worked: bool

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@lru_cache(maxsize=10)
def statutory_year(year: int) -> tuple[StatutoryRun, ...]:
    """What the notice of a year names, by date; nothing for a year that it has not named yet.

    The names are Chinese, as the notice writes them.
    """
    runs: list[StatutoryRun] = []
    for day in (date(year, 1, 1) + timedelta(days=n) for n in range(366)):
        if day.year != year or not (is_holiday(day) or is_worked_weekend(day)):
            continue
        _, name = chinese_calendar.get_holiday_detail(day)
        run = StatutoryRun(day, day, chinese_calendar.Holiday(name).chinese, is_worked_weekend(day))
        before = runs[-1] if runs else None
        if before and (before.last + timedelta(days=1), before.name, before.worked) == (day, run.name, run.worked):
            runs[-1] = StatutoryRun(before.first, day, run.name, run.worked)
        else:
            runs.append(run)
    return tuple(runs)
