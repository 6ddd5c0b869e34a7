"""Opening hours as staff type them: `8：30`, `0830`, `８点半` all mean half past eight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from server.kit.text import N_, clean, half_width

RANGES = 3
DAYS = 8
LAST_MINUTE = 1440
MINUTES_PER_HOUR = 60

BAD_TIME = N_("看不懂这个时间，请写成 8:30 这样。")
HALF_RANGE = N_("开门和关门时间要一起填。")
BACKWARDS = N_("关门要比开门晚。过了半夜的，请分两天填。")
OUT_OF_ORDER = N_("几段时间要按先后填，不能重叠。")
EMPTY_DAY = N_("请填开门时间，不开门就勾“休息”。")
REST_WITH_TIMES = N_("勾了“休息”又填了时间，请只留一样。")

_CLOCK = re.compile(r"(\d{1,2})(?:[:.点时](\d{2}|半)?分?)?|(\d{1,2})(\d{2})")

Ranges = list[list[int]]


@dataclass(frozen=True)
class Mistake:
    """A gettext message at a form field."""

    field: str
    message: str


def read_minute(typed: str) -> int | None:
    """Minutes since midnight, 0..1440; None for what is no time of day."""
    found = _CLOCK.fullmatch(half_width(clean(typed)).replace(" ", ""))
    if found is None:
        return None
    hour, minute = found.group(1) or found.group(3), found.group(2) or found.group(4) or "0"
    total = int(hour) * MINUTES_PER_HOUR + (30 if minute == "半" else int(minute))
    whole = minute == "半" or int(minute) < MINUTES_PER_HOUR
    return total if whole and total <= LAST_MINUTE else None


def show_minute(minute: int) -> str:
    """`08:30`; the last minute of a day is `24:00`."""
    return f"{minute // MINUTES_PER_HOUR:02d}:{minute % MINUTES_PER_HOUR:02d}"


def read_ranges(typed: Mapping[str, str], prefix: str = "") -> tuple[Ranges, list[Mistake]]:
    """Up to three ranges from the fields `{prefix}r0a`, `{prefix}r0b` …: in order, apart, within a day."""
    ranges: Ranges = []
    mistakes: list[Mistake] = []
    for number in range(RANGES):
        names = (f"{prefix}r{number}a", f"{prefix}r{number}b")
        texts = [clean(typed.get(name, "")) for name in names]
        if not any(texts):
            continue
        mistake = _mistake(names, texts, ranges[-1][1] if ranges else 0)
        if mistake:
            mistakes.append(mistake)
            continue
        opens, closes = (read_minute(text) or 0 for text in texts)
        if ranges and ranges[-1][1] == opens:
            ranges[-1][1] = closes
        else:
            ranges.append([opens, closes])
    return ranges, mistakes


def _mistake(names: tuple[str, str], texts: list[str], not_before: int) -> Mistake | None:
    minutes = [read_minute(text) for text in texts]
    for name, text, minute in zip(names, texts, minutes, strict=True):
        if not text:
            return Mistake(name, HALF_RANGE)
        if minute is None:
            return Mistake(name, BAD_TIME)
    opens, closes = (minute or 0 for minute in minutes)
    if opens >= closes:
        return Mistake(names[1], BACKWARDS)
    return Mistake(names[0], OUT_OF_ORDER) if opens < not_before else None


def read_week(typed: Mapping[str, str]) -> tuple[list[Ranges], list[Mistake]]:
    """Eight days (Monday … Sunday, public holiday) from the fields `d0off`, `d0r0a`, `d0r0b` …"""
    week: list[Ranges] = []
    mistakes: list[Mistake] = []
    for day in range(DAYS):
        ranges, wrong = read_ranges(typed, f"d{day}")
        if not wrong and typed.get(f"d{day}off") and ranges:
            wrong = [Mistake(f"d{day}off", REST_WITH_TIMES)]
        elif not wrong and not typed.get(f"d{day}off") and not ranges:
            wrong = [Mistake(f"d{day}r0a", EMPTY_DAY)]
        week.append(ranges)
        mistakes += wrong
    return week, mistakes


def show_ranges(ranges: Ranges, prefix: str = "") -> dict[str, str]:
    """The form fields that say these ranges."""
    shown = {f"{prefix}r{number}{edge}": "" for number in range(RANGES) for edge in "ab"}
    for number, (opens, closes) in enumerate(ranges[:RANGES]):
        shown[f"{prefix}r{number}a"] = show_minute(opens)
        shown[f"{prefix}r{number}b"] = show_minute(closes)
    return shown


def show_week(week: list[Ranges]) -> dict[str, str]:
    """The form fields that say this week."""
    shown: dict[str, str] = {}
    for day, ranges in enumerate(week):
        shown |= show_ranges(ranges, f"d{day}") | {f"d{day}off": "" if ranges else "on"}
    return shown


def blank_week() -> dict[str, str]:
    """The form's fields with nothing in them."""
    return dict.fromkeys(show_week([[] for _ in range(DAYS)]), "")


def like_monday(typed: Mapping[str, str]) -> dict[str, str]:
    """The form with Monday's fields on every day of the week; public holidays keep theirs."""
    monday = {
        name.removeprefix("d0"): value for name, value in (blank_week() | dict(typed)).items() if name[:2] == "d0"
    }
    return dict(typed) | {f"d{day}{name}": value for day in range(1, 7) for name, value in monday.items()}
