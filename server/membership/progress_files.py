"""The figures of the drive as files, in Chinese: CSV line by line, and a spreadsheet with both tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from openpyxl import Workbook

from server.membership.progress import Flow, Progress, UnionLine
from server.stations.import_cells import guarded

BOM = "\ufeff"  # without it, spreadsheets guess the encoding, and guess wrong
FLOW_TITLES = (
    "申请",
    "通过",
    "退回",
    "没通过",
    "新入会",
    "名册导入",
    "转入",
    "转出",
    "退会",
    "审核天数（中位数）",
)
UNION_TITLES = ("工会", "工会代码", "会员", "目标", "完成（%）")
MONTH_TITLES = ("月份", "月底会员")
Cells = Sequence[Any]


def union_lines(figures: Progress) -> Iterator[bytes]:
    """The unions right below, then all together, as CSV."""
    return _lines(_union_rows(figures))


def month_lines(figures: Progress) -> Iterator[bytes]:
    """The months as CSV."""
    return _lines(_month_rows(figures))


def book(figures: Progress) -> bytes:
    """Both tables as XLSX: as many rows as unions and months, never as members."""
    made = Workbook(write_only=True)
    for title, rows in (("按工会", _union_rows(figures)), ("按月份", _month_rows(figures))):
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _lines(rows: Iterator[Cells]) -> Iterator[bytes]:
    yield BOM.encode()
    for row in rows:
        out = io.StringIO()
        csv.writer(out).writerow(row)
        yield out.getvalue().encode()


def _union_rows(figures: Progress) -> Iterator[Cells]:
    yield [*UNION_TITLES, *FLOW_TITLES]
    for line in figures.unions:
        yield _union_row(line)
    yield ["合计", *_union_row(figures.total)[1:]]


def _union_row(line: UnionLine) -> Cells:
    name = f"{line.union.name}（本级）" if line.is_own else line.union.name
    return [guarded(name), line.union.code, line.members, line.target or "", _blank(line.percent), *_flow(line.flow)]


def _month_rows(figures: Progress) -> Iterator[Cells]:
    yield [*MONTH_TITLES, *FLOW_TITLES]
    for line in figures.months:
        yield [line.month.isoformat()[:7], line.members, *_flow(line.flow)]


def _flow(flow: Flow) -> Cells:
    days = flow.median_days
    return [
        flow.applications, flow.approvals, flow.returned, flow.rejected, flow.joined, flow.imported, flow.moved_in,
        flow.moved_out, flow.departed, "" if days is None else round(days, 1),
    ]  # fmt: skip


def _blank(number: int | None) -> int | str:
    return "" if number is None else number
