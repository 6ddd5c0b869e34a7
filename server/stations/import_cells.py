"""What the columns and cells of all our imports have in common. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.kit.text import N_, half_width

MISSING = N_("要填。")
TOO_LONG = N_("最多 %(most)d 个字。")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?")


@dataclass(frozen=True)
class Column:
    """A column by its key (also an accepted header), its Chinese header and other headers people use."""

    key: str
    title: str
    required: bool = False
    others: tuple[str, ...] = ()
    most: int = 200


@dataclass(frozen=True)
class CellError:
    """A mistake at one cell; `message` is a gettext id, `column` a header or "" for the whole line."""

    line: int
    column: str
    message: str
    params: dict[str, Any]


class CellUnusableError(ValueError):
    """What is wrong with a cell; `message` is a gettext id."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


def headers_of(columns: Iterable[Column]) -> dict[str, Column]:
    """Columns by every header they are known by."""
    return {name.lower(): column for column in columns for name in (column.key, column.title, *column.others)}


def guarded(text: str) -> str:
    """A cell that a spreadsheet does not run as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def read_date(text: str) -> date:
    """A day as people and spreadsheets write it: 2027-1-18, 2027/01/18, 2027年1月18日, 20270118. Raises ValueError."""
    plain = half_width(text)
    parts = DAY.fullmatch(plain)
    return date(*map(int, parts.groups())) if parts else date.fromisoformat(plain)
