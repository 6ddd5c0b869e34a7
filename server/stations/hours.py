"""When a station is open: weekly hours, public holidays, exceptional days, seasons. Pure.

Ranges are `[opens, closes]` in minutes since midnight, 0..1440, in order and apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from server.kit import clock
from server.kit.calendar import row_of

__all__ = ["OpenState", "Ranges", "common", "open_state", "ranges_on", "row_of"]

Ranges = Sequence[Sequence[int]]
MIDNIGHT = 1440
LOOK_AHEAD_DAYS = 14


@dataclass(frozen=True)
class OpenState:
    """Open until `until`, or closed and opening next at `opens`; None where that is beyond two weeks or never."""

    is_open: bool
    until: datetime | None = None
    opens: datetime | None = None


def ranges_on(
    hours: Sequence[Ranges],
    day: date,
    *,
    special: Ranges | None = None,
    season_from: date | None = None,
    season_until: date | None = None,
) -> Ranges:
    """The ranges of one date: an exceptional day's, else the row of the week; none outside the season."""
    if (season_from and day < season_from) or (season_until and day > season_until):
        return []
    return hours[row_of(day)] if special is None else special


def common(a: Ranges, b: Ranges) -> list[list[int]]:
    """What two lists of ranges share."""
    shared = [[max(x[0], y[0]), min(x[1], y[1])] for x in a for y in b]
    return sorted(r for r in shared if r[0] < r[1])


def open_state(
    hours: Sequence[Ranges],
    now: datetime,
    *,
    specials: Mapping[date, Ranges] | None = None,
    season_from: date | None = None,
    season_until: date | None = None,
) -> OpenState:
    """Whether a station is open at `now`, until when, or when it opens next. `specials` maps dates to ranges."""
    specials = specials or {}
    today, minute = clock.local(now).date(), clock.minute_of_day(now)
    spans = [
        (day, span)
        for day in (today + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS))
        for span in ranges_on(hours, day, special=specials.get(day), season_from=season_from, season_until=season_until)
    ]
    for index, (day, (opens, closes)) in enumerate(spans):
        if day == today and opens <= minute < closes:
            return OpenState(is_open=True, until=_end_of(spans, index, today + timedelta(days=LOOK_AHEAD_DAYS - 1)))
        if day > today or opens > minute:
            return OpenState(is_open=False, opens=clock.at(day, opens))
    return OpenState(is_open=False)


def _end_of(spans: list[tuple[date, Sequence[int]]], index: int, last_day: date) -> datetime | None:
    """When an open span ends, following it over midnight; None for a door that is open as far as one looks."""
    day, (_, closes) = spans[index]
    for next_day, (opens, next_closes) in spans[index + 1 :]:
        if closes != MIDNIGHT or opens != 0 or next_day != day + timedelta(days=1):
            break
        day, closes = next_day, next_closes
    return None if (day, closes) == (last_day, MIDNIGHT) else clock.at(day, closes)
