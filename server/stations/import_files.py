"""Files as lines of cells: CSV in the encodings people have, and XLSX, both guarded against bombs."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from server.stations.errors import FileTooLarge, FileUnreadable
from server.stations.import_cells import Column

MOST_ROWS = 300_000
MOST_COLUMNS = 64
MOST_BYTES = 64_000_000
MOST_UNPACKED = 700_000_000
MOST_ENTRIES = 200
LONGEST_CELL = 2_000
EXACT = 1e15
CHUNK = 1 << 20
ZIP = b"PK\x03\x04"
LOCAL_HEADER = 30
# Cells say where they stand; a reader that trusts a far corner would make room for everything before it.
CELL = re.compile(rb'<(?:\w+:)?(?:c|row|dimension)\b[^>]*?\b(?:r|ref)="(?:[A-Z]+\d+:)?([A-Z]*)(\d+)"')

Cells = dict[str, str]
Line = tuple[int, Cells]


def read_lines(
    content: bytes, *, headers: Mapping[str, Column], required: Collection[str], unpacked: int = MOST_UNPACKED
) -> Iterator[Line]:
    """(line number, cell by column key) of every line that is not blank; the first is the header.

    An XLSX file may grow to so many bytes `unpacked`. Raises FileUnreadable, also for a header without the `required`
    columns, and FileTooLarge, also on the way.
    """
    if len(content) > MOST_BYTES:
        raise _too_large()
    rows = _xlsx_rows(content, unpacked) if content.startswith(ZIP) else _csv_rows(content)
    keys: list[str] | None = None
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS + 1:
            raise _too_large()
        if not any(row):
            continue
        if keys is None:
            keys = _keys(row, headers, required)
        else:
            yield number, {key: text[:LONGEST_CELL] for key, text in zip(keys, row, strict=False) if key}
    if keys is None:
        raise FileUnreadable


def _too_large() -> FileTooLarge:
    return FileTooLarge(rows=MOST_ROWS, megabytes=MOST_BYTES // 1_000_000)


def _keys(header: list[str], headers: Mapping[str, Column], required: Collection[str]) -> list[str]:
    """Column keys of a header line; unknown columns are left out. Raises FileUnreadable for a line that is none."""
    known = [headers.get("".join(cell.split()).strip("*＊").lower()) for cell in header[:MOST_COLUMNS]]
    keys = [column.key if column else "" for column in known]
    if not set(required) <= set(keys):
        raise FileUnreadable
    return keys


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    encoding = _encoding(content)
    head = content[:CHUNK].decode(encoding, errors="ignore").split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    try:
        yield from csv.reader((line.replace("\x00", "") for line in text), delimiter=delimiter)
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileUnreadable from error


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            for start in range(0, len(content), CHUNK):
                decoder.decode(content[start : start + CHUNK], final=start + CHUNK >= len(content))
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileUnreadable


def _xlsx_rows(content: bytes, unpacked: int) -> Iterator[list[str]]:
    _refuse_bombs(content, unpacked)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        offset = sheet.start[0] if sheet.start else 0
        yield from ([] for _ in range(offset))
        for row in sheet.iter_rows():
            yield [_cell_text(value) for value in row[:MOST_COLUMNS]]
    except (CalamineError, ValueError, KeyError, IndexError) as error:
        raise FileUnreadable from error


def _cell_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        # Beyond that, digits were lost before we came: nobody shall take what is left for the number.
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if isinstance(value, timedelta) else str(value)


def _refuse_bombs(content: bytes, left: int) -> None:
    """Unpack once, keeping nothing, before a reader does. Raises FileTooLarge or FileUnreadable."""
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
        if len(entries) > MOST_ENTRIES:
            raise _too_large()
        for entry in entries:
            left -= _unpacked(content, entry, left)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise FileUnreadable from error


def _unpacked(content: bytes, entry: zipfile.ZipInfo, most: int) -> int:
    """The true size of an entry, whatever its header says; its cells must lie within a sheet that we read."""
    name_size = int.from_bytes(content[entry.header_offset + 26 : entry.header_offset + 28], "little")
    extra_size = int.from_bytes(content[entry.header_offset + 28 : entry.header_offset + 30], "little")
    start = entry.header_offset + LOCAL_HEADER + name_size + extra_size
    packed = memoryview(content)[start : start + entry.compress_size]
    is_sheet = "worksheets/" in entry.filename
    size, tail = 0, b""
    for chunk in _inflate(packed, entry.compress_type):
        size += len(chunk)
        if size > most:
            raise _too_large()
        if is_sheet:
            _refuse_far_cells(tail + chunk)
            tail = chunk[-100:]
    return size


def _inflate(packed: memoryview, method: int) -> Iterator[bytes]:
    if method == zipfile.ZIP_STORED:
        yield from (bytes(packed[at : at + CHUNK]) for at in range(0, len(packed), CHUNK))
        return
    if method != zipfile.ZIP_DEFLATED:
        raise FileUnreadable
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    data: bytes | memoryview = packed
    while data and not stream.eof:
        yield stream.decompress(data, CHUNK)
        data = stream.unconsumed_tail
    yield stream.flush()


def _refuse_far_cells(xml: bytes) -> None:
    for letters, row in CELL.findall(xml):
        if len(row) > 6 or int(row) > MOST_ROWS + 1 or _column(letters) > MOST_COLUMNS:  # noqa: PLR2004 (no longer number is small)
            raise _too_large()


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number
