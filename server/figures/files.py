"""Figures as files, in Chinese: a line for each service, station and day, written as they are read."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook

from server.bookings.words import SERVICE_NAMES
from server.figures.errors import TooManyLines
from server.figures.queries import Line
from server.stations.divisions import find_place
from server.stations.import_cells import guarded

BOM = "\ufeff"  # without it, spreadsheets guess the encoding, and guess wrong
TITLES = (
    "日期", "地区", "站点", "服务项目", "可约名额", "约了", "约了办完", "约了没来", "取消", "婉拒", "过期",
    "取号", "取号办完", "取号走了", "平均等候（分钟）", "平均办理（分钟）", "平均停留（分钟）",
)  # fmt: skip
MOST_LINES = 1_000_000  # what a sheet holds
BATCH = 500
CHUNK = 1 << 18


def _cells(line: Line) -> list[Any]:
    place, sums = find_place(line.region_code), line.sums
    return [
        line.day.isoformat(), place.full_name if place else "", guarded(line.station), SERVICE_NAMES[line.service],
        sums.offered, sums.taken, sums.served, sums.no_show, sums.cancelled, sums.declined, sums.expired,
        sums.walk_in_taken, sums.walk_in_served, sums.walk_in_gone,
        *("" if minutes is None else minutes for minutes in (sums.wait, sums.visit, sums.stay)),
    ]  # fmt: skip


async def csv_lines(lines: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    """As CSV."""
    yield (BOM + _written(TITLES)).encode()
    async for line in lines:
        yield _written(_cells(line)).encode()


def _written(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


async def xlsx_file(lines: AsyncIterator[Line]) -> IO[bytes]:
    """As a spreadsheet without a name, which grows on disk; nothing stays there where it fails. Raises TooManyLines."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet()
    file = tempfile.TemporaryFile()  # noqa: SIM115 (whoever sends it closes it)
    try:
        await _write(sheet, lines)
        await asyncio.to_thread(book.save, file)
    except BaseException:
        file.close()
        _drop(sheet)
        raise
    file.seek(0)
    return file


async def _write(sheet: Any, lines: AsyncIterator[Line]) -> None:
    sheet.append(TITLES)
    count, batch = 0, []
    async for line in lines:
        count += 1
        if count > MOST_LINES:
            raise TooManyLines(most=MOST_LINES)
        batch.append(_cells(line))
        if len(batch) == BATCH:
            await asyncio.to_thread(_append, sheet, batch)
            batch = []
    _append(sheet, batch)


def _drop(sheet: Any) -> None:
    """Remove the file that openpyxl keeps its lines in until the process ends."""
    with contextlib.suppress(Exception):  # on a full disk, the last lines cannot be written either
        sheet.close()
    if Path(sheet._writer.out).exists():  # noqa: SLF001 (there is no other way)
        sheet._writer.cleanup()  # noqa: SLF001


def _append(sheet: Any, batch: list[list[Any]]) -> None:
    for cells in batch:
        sheet.append(cells)


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file piece by piece; closed at the end."""
    with file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
