"""Times, days, distances and directions as people say them, in the reader's language.

Chinese says the part of the day and the hour (今天下午 3 点半); other languages follow their own customs
through CLDR. Templates use these as filters: `say_time`, `say_until`, `say_day`, `say_date`, `say_weekday`,
`say_month`, `say_year_month`, `say_clock`, `say_minute`, `say_hours`, `say_distance`, `say_direction`, `say_number`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time
from babel.numbers import format_decimal

from server.kit import clock
from server.kit.i18n import _, locale
from server.kit.text import N_

# (first hour, what it is called); a day begins in the small hours.
PARTS = ((0, "凌晨"), (5, "早上"), (8, "上午"), (12, "中午"), (13, "下午"), (18, "晚上"))
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
TRADITIONAL = str.maketrans("点周", "點週")
DIRECTIONS = (
    N_("正北方向"),
    N_("东北方向"),
    N_("正东方向"),
    N_("东南方向"),
    N_("正南方向"),
    N_("西南方向"),
    N_("正西方向"),
    N_("西北方向"),
)
RELATIVE = {-1: N_("昨天"), 0: N_("今天"), 1: N_("明天"), 2: N_("后天")}
HALF, HOUR, DAY = 30, 60, 1440
ROUND_DISTANCES_M = (1_000, 10_000)


@cache
def _babel(code: str) -> Locale:
    try:
        return Locale.parse(code)
    except UnknownLocaleError:
        return Locale.parse("en")


def _chinese() -> bool:
    """Zhuang readers get times in Chinese until their catalog is complete."""
    return locale().startswith(("zh", "za"))


def _written(chinese: str) -> str:
    """In the characters that the reader uses."""
    return chinese.translate(TRADITIONAL) if locale() == "zh_HK" else chinese


def say_clock(minute: int) -> str:
    """Minutes since midnight: 下午 3 点半."""
    if minute == DAY:
        return _("半夜 12 点")
    hour, rest = divmod(minute, HOUR)
    if not _chinese():
        return format_time(clock.at(clock.today(), minute), "short", tzinfo=clock.CHINA, locale=_babel(locale()))
    part = next(name for first, name in reversed(PARTS) if hour >= first)
    spoken = {0: "点", HALF: "点半"}.get(rest, f"点 {rest} 分")
    return _written(f"{part} {hour - 12 if hour > 12 else hour} {spoken}")  # noqa: PLR2004 (a clock has twelve hours)


def say_day(day: date | datetime) -> str:
    """今天, 明天, 后天; 周五 within the week to come, else 12 月 4 日周五."""
    day = _wall_date(day)
    away = (day - clock.today()).days
    if away in RELATIVE:
        return _(RELATIVE[away])
    if 0 < away < len(WEEKDAYS):
        return say_weekday(day)
    if _chinese():
        year = f"{day.year} 年 " if day.year != clock.today().year and abs(away) > DAY else ""
        return f"{year}{day.month} 月 {day.day} 日{_written(WEEKDAYS[day.weekday()])}"
    return format_skeleton("MMMEd", day, locale=_babel(locale()))


def say_date(day: date | datetime) -> str:
    """11 月 27 日, without today and tomorrow."""
    day = _wall_date(day)
    return f"{day.month} 月 {day.day} 日" if _chinese() else format_skeleton("MMMd", day, locale=_babel(locale()))


def say_month_day(day: date) -> str:
    """11/27, for the axis of a chart; other languages in their own order."""
    return f"{day.month}/{day.day}" if _chinese() else format_skeleton("Md", day, locale=_babel(locale()))


def say_month(day: date) -> str:
    """11 月, for the axis of a chart; the year stands elsewhere."""
    return f"{day.month} 月" if _chinese() else format_skeleton("MMM", day, locale=_babel(locale()))


def say_year_month(day: date) -> str:
    """2026 年 11 月."""
    if _chinese():
        return f"{day.year} 年 {day.month} 月"
    return format_skeleton("yMMM", day, locale=_babel(locale()))


def say_number(number: float) -> str:
    """28,412; 1.4: whole numbers in groups of three, others to a tenth."""
    return format_decimal(number, "#,##0.#", locale="zh" if _chinese() else _babel(locale()))


def say_weekday(day: date | datetime) -> str:
    """周五."""
    day = _wall_date(day)
    return _written(WEEKDAYS[day.weekday()]) if _chinese() else format_skeleton("EEE", day, locale=_babel(locale()))


def say_time(instant: datetime) -> str:
    """今天下午 3 点; 周五上午 9 点半; 12 月 4 日周五上午 9 点半."""
    return _("%(day)s%(time)s", day=say_day(instant), time=say_clock(clock.minute_of_day(instant)))


def say_until(instant: datetime) -> str:
    """When something ends: the clock alone where that is today, 半夜 12 点 included."""
    minute = clock.minute_of_day(instant)
    days = (_wall_date(instant) - clock.today()).days
    if days == 0 or (days == 1 and minute == 0):
        return say_clock(minute or DAY)
    return say_time(instant)


def say_minute(minute: int) -> str:
    """Digits for tables: 09:30, and 24:00 for the end of a day."""
    return f"{minute // HOUR:02d}:{minute % HOUR:02d}"


def say_wall(instant: datetime) -> str:
    """09:30, as the clock at a station shows it."""
    return say_minute(clock.minute_of_day(instant))


def say_hours(spans: Sequence[Sequence[int]]) -> str:
    """A day's opening hours: 09:00–12:00、14:00–18:00; 全天开放; 休息."""
    if not spans:
        return _("休息")
    if [list(span) for span in spans] == [[0, DAY]]:
        return _("全天开放")
    return _("、").join(f"{say_minute(opens)}–{say_minute(closes)}" for opens, closes in spans)


def say_distance(metres: float) -> str:
    """350 米; 1.2 公里; 12 公里."""
    near, far = ROUND_DISTANCES_M
    if metres < near - 5:
        return _("%(n)d 米", n=max(10, round(metres / 10) * 10))
    if metres < far - 50:
        return _("%(n)s 公里", n=f"{metres / 1000:.1f}")
    return _("%(n)s 公里", n=f"{metres / 1000:.0f}")


def say_direction(eighth: int) -> str:
    """One of eight directions, from `kit.geo.bearing`."""
    return _(DIRECTIONS[eighth % 8])


def _wall_date(day: date | datetime) -> date:
    return clock.local(day).date() if isinstance(day, datetime) else day


FILTERS: dict[str, Callable[..., Any]] = {
    said.__name__: said
    for said in (
        say_clock,
        say_date,
        say_day,
        say_direction,
        say_distance,
        say_hours,
        say_minute,
        say_month,
        say_number,
        say_time,
        say_until,
        say_wall,
        say_weekday,
        say_year_month,
    )
}
