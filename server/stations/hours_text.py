"""Weekly hours in one cell of a spreadsheet, read and written: `周一至周五 8:30-12:00、14:00-18:00；周日 9:00-12:00`.

Parts stand behind each other with `；`. Days that no part names are closed; `每天` includes public holidays,
which otherwise have a part of their own (`节假日`).
"""

from __future__ import annotations

import itertools
import re

from server.kit.text import N_, clean, half_width

DAY_LETTERS = "一二三四五六日"
HOLIDAY = 7
MIDNIGHT = 1440
EVERY_DAY = range(8)
NAMED = {"每天": EVERY_DAY, "全年": EVERY_DAY, "工作日": range(5), "周末": range(5, 7), "节假日": (HOLIDAY,)}
CLOSED = {"休息", "不开放", "关门", "不开门"}
ALL_DAY = {"全天", "24小时", "全天24小时", "全天开放"}

UNREADABLE = N_("看不懂“%(part)s”，请写成“周一至周五 8:30-12:00、14:00-18:00；周日 休息”这样。")
BACKWARDS = N_("“%(part)s”关门要比开门晚；过了半夜的请分到第二天。")
OVERLAPPING = N_("“%(part)s”几段时间要按先后写，不能重叠。")
TWICE = N_("“%(part)s”里的日子前面已经写过了。")

_DAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_SPAN = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])[至到\-~—–]+(?:周|星期|礼拜)([一二三四五六日天])")
_RANGE = re.compile(r"(\d{1,2}):(\d{2})[\-~—–至到]+(\d{1,2}):(\d{2})")
_HEAD = re.compile(
    r"^((?:(?:周|星期|礼拜)[一二三四五六日天](?:[至到\-~—–]+(?:周|星期|礼拜)[一二三四五六日天])?|每天|全年|工作日|周末|节假日)[、,和及]?)+"
)

Week = list[list[list[int]]]


class HoursUnreadableError(ValueError):
    """Which part of the text cannot be used, and why (a gettext id with `part`)."""

    def __init__(self, message: str, part: str) -> None:
        super().__init__(message)
        self.message = message
        self.part = part


def read_hours(text: str) -> Week:
    """Eight days of ranges. Raises HoursUnreadableError."""
    week: Week = [[] for _ in EVERY_DAY]
    seen: set[int] = set()
    for part in re.split(r"[;\n]", half_width(text)):
        plain = clean(part).replace(" ", "")
        if not plain:
            continue
        head = _HEAD.match(plain)
        days = _days(head.group(0) if head else "每天")
        if seen & days:
            raise HoursUnreadableError(TWICE, clean(part))
        seen |= days
        ranges = _ranges(plain[head.end() :] if head else plain, clean(part))
        for day in days:
            week[day] = ranges
    if not seen:
        raise HoursUnreadableError(UNREADABLE, text[:20])
    return week


def _days(head: str) -> set[int]:
    days = {day for name, named in NAMED.items() if name in head for day in named}
    for first, last in _SPAN.findall(head):
        start, end = _number(first), _number(last)
        days |= set(range(start, end + 1)) if start <= end else {*range(start, 7), *range(end + 1)}
    return days | {_number(letter) for letter in _DAY.findall(head)}


def _number(letter: str) -> int:
    return DAY_LETTERS.index(letter.replace("天", "日"))


def _ranges(body: str, part: str) -> list[list[int]]:
    if body in CLOSED:
        return []
    if body in ALL_DAY:
        return [[0, MIDNIGHT]]
    found = _RANGE.findall(body)
    if not found or re.sub(r"[、,和]", "", _RANGE.sub("", body)):
        raise HoursUnreadableError(UNREADABLE, part)
    ranges = [[int(a) * 60 + int(b), int(c) * 60 + int(d)] for a, b, c, d in found]
    if any(int(b) > 59 or int(d) > 59 for _, b, _, d in found) or any(end > MIDNIGHT for _, end in ranges):  # noqa: PLR2004
        raise HoursUnreadableError(UNREADABLE, part)
    if any(start >= end for start, end in ranges):
        raise HoursUnreadableError(BACKWARDS, part)
    if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(ranges)):
        raise HoursUnreadableError(OVERLAPPING, part)
    return _joined(ranges)


def _joined(ranges: list[list[int]]) -> list[list[int]]:
    """Ranges that touch as one: the database keeps them apart."""
    joined: list[list[int]] = []
    for start, end in ranges:
        if joined and joined[-1][1] == start:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return joined


def write_hours(week: Week) -> str:
    """What `read_hours` reads back as the same week."""
    if all(day == week[0] for day in week):
        return f"每天 {_write_ranges(week[0])}"
    parts = []
    day = 0
    while day < HOLIDAY:
        last = day
        while last + 1 < HOLIDAY and week[last + 1] == week[day]:
            last += 1
        name = f"周{DAY_LETTERS[day]}" + (f"至周{DAY_LETTERS[last]}" if last > day else "")
        parts.append(f"{name} {_write_ranges(week[day])}")
        day = last + 1
    return "；".join([*parts, f"节假日 {_write_ranges(week[HOLIDAY])}"])


def _write_ranges(ranges: list[list[int]]) -> str:
    if not ranges:
        return "休息"
    if ranges == [[0, MIDNIGHT]]:
        return "全天"
    return "、".join(f"{a // 60}:{a % 60:02d}-{b // 60}:{b % 60:02d}" for a, b in ranges)
