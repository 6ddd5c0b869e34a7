"""A foreman's list of people: read from a file or from a form, every mistake named at its cell.

What is said of a mistake never repeats the cell.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from openpyxl import Workbook

from server.groups.errors import ListNotRead, ListUnusable, ListWrongSize
from server.groups.rules import LEAST, MOST
from server.kit.phone import read_phone
from server.kit.text import N_, clean
from server.stations.errors import FileTooLarge, FileUnreadable
from server.stations.import_cells import MISSING, CellError, CellUnusableError, Column, headers_of, unguarded
from server.stations.import_files import read_lines

BAD_NAME = N_("这不像姓名。请只写名字，最多 %(most)d 个字。")
BAD_PHONE = N_("这不是手机号。请写 11 位手机号；没有就空着。")
SAME_PHONE = N_("和第 %(line)d 行是同一个手机号，请改一个，或者空着。")
COLUMNS = (
    Column("name", N_("姓名"), required=True, others=("名字", "工友", "工友姓名")),
    Column("phone", N_("手机号"), others=("手机", "手机号码", "电话", "联系电话")),
)
NAME, PHONE = COLUMNS
HEADERS = headers_of(COLUMNS)
LONGEST_NAME = 30
MOST_BYTES = 1_000_000
MOST_UNPACKED = 20_000_000
MISTAKES_SHOWN = 20
BETWEEN = "|"  # stands in no name


@dataclass(frozen=True)
class Guest:
    """One of the people who come along; what is empty was not said."""

    name: str = ""
    phone: str = ""


def read_file(content: bytes) -> list[Guest]:
    """The people of an XLSX or CSV file. Raises ListNotRead, ListWrongSize, or ListUnusable with every mistake."""
    guests: list[Guest] = []
    errors: list[CellError] = []
    lines_of: dict[str, int] = {}
    try:
        for line, cells in read_lines(content, headers=HEADERS, required=("name",), unpacked=MOST_UNPACKED):
            if not any(map(clean, cells.values())):
                continue
            if len(guests) >= MOST:
                raise ListWrongSize(field="file", least=LEAST, most=MOST)
            guest, wrong = _read_line(line, cells)
            before = lines_of.setdefault(guest.phone, line) if guest.phone else line
            if before != line:
                wrong.append(CellError(line, PHONE.title, SAME_PHONE, {"line": before}))
            guests.append(guest)
            errors += wrong
    except (FileTooLarge, FileUnreadable) as error:
        raise ListNotRead(field="file") from error
    if errors:
        raise ListUnusable(errors[:MISTAKES_SHOWN], len(errors))
    if len(guests) < LEAST:
        raise ListWrongSize(field="file", least=LEAST, most=MOST)
    return guests


def _read_line(line: int, cells: dict[str, str]) -> tuple[Guest, list[CellError]]:
    values: dict[str, str] = {}
    errors: list[CellError] = []
    for column, read in ((NAME, read_name), (PHONE, read_number)):
        try:
            values[column.key] = read(unguarded(clean(cells.get(column.key, ""))))
        except CellUnusableError as error:
            errors.append(CellError(line, column.title, error.message, error.params))
    return Guest(**values), errors


def read_name(typed: str) -> str:
    """A name as people write it: letters, with spaces, dots and hyphens between them. Raises CellUnusableError."""
    if not typed:
        raise CellUnusableError(MISSING)
    letters = "".join(ch for ch in typed if ch not in " ·•.-'’")
    if len(typed) > LONGEST_NAME or not letters.isalpha():
        raise CellUnusableError(BAD_NAME, most=LONGEST_NAME)
    return typed


def read_number(typed: str) -> str:
    """A mobile number in E.164, or nothing. Raises CellUnusableError."""
    number = read_phone(typed) if typed else ""
    if number is None:
        raise CellUnusableError(BAD_PHONE)
    return number


def written(guests: Iterable[Guest]) -> list[str]:
    """People as a form carries them from page to page."""
    return [f"{guest.name}{BETWEEN}{guest.phone}" for guest in guests]


def read_written(texts: Iterable[str]) -> list[Guest]:
    """What `written` wrote. Raises CellUnusableError: somebody has changed it."""
    parts = [text.partition(BETWEEN) for text in texts]
    return [Guest(read_name(name), read_number(phone)) for name, _, phone in parts]


def template_xlsx() -> bytes:
    """An empty list with its two columns, phones as text."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([column.title for column in COLUMNS])
    for letter in "AB":
        sheet.column_dimensions[letter].width = 20
    for row in range(2, MOST + 2):
        sheet.cell(row, 2).number_format = "@"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
