"""The register as a spreadsheet that the import reads back. Whoever takes so many names out says why."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.utils import get_column_letter

from server.audit import service as audit
from server.db import sql
from server.kit.crypto import vault
from server.kit.text import N_, clean
from server.membership.errors import ExportReasonNeeded, ExportTooLarge
from server.membership.identity import DOCUMENT_NAMES, Document, open_identity
from server.membership.import_columns import COLUMNS
from server.membership.models import MemberState
from server.membership.reasons import read_reason
from server.membership.scope import IN_SCOPE, Scope, narrowed, scope_codes, scope_of
from server.people.actors import Actor
from server.people.queries import PHONE
from server.stations.import_cells import guarded
from server.stations.import_files import MOST_ROWS

BATCH = 500
CHUNK = 1 << 18
LONGEST_REASON = 150
MAINLAND = "+86"
TEXT = "@"  # how spreadsheets call the format that keeps what is typed
STATE = N_("状态")
STATE_NAMES = {MemberState.ACTIVE: N_("在会"), MemberState.TRANSFERRING: N_("转会中")}
SEX_NAMES = {"male": N_("男"), "female": N_("女")}
# Spreadsheets take long digits for numbers and round them, unless the column is text.
DIGITS = ("union_code", "document_number", "phone", "member_number")
# The union of the example does not exist, so nobody imports a member by mistake.
EXAMPLE = {
    "union_code": N_("示例，导入前请删掉这一行"),
    "name": "张三",
    "document": DOCUMENT_NAMES[Document.ID_CARD],
    "document_number": "11010519491231002X",
    "phone": "13800000000",
    "joined": "2020-05-01",
    "employer": N_("示例建筑公司"),
}
# Whoever left is a member no more: a file with their line would make them one again.
FROM = f"""
FROM member m JOIN trade_union u ON u.id = m.union_id LEFT JOIN person p ON p.id = m.person_id
WHERE m.state <> 'left' AND {IN_SCOPE}
"""
EXPORTED = f"""
SELECT u.code, u.name, m.identity_sealed, coalesce(p.phone_sealed, m.phone_sealed) AS phone_sealed, m.joined_on,
  m.number, m.employer, m.state {FROM} ORDER BY u.code, m.number
"""


class _Book:
    """A spreadsheet that grows on disk, line by line, and never in memory."""

    def __init__(self, *titles: str) -> None:
        self.book = Workbook(write_only=True)
        self.sheet: Any = self.book.create_sheet()
        for at, column in enumerate(COLUMNS, 1):
            if column.key in DIGITS:
                self.sheet.column_dimensions[get_column_letter(at)].number_format = TEXT
        self.sheet.append(titles)

    def add(self, rows: list[sql.Record]) -> None:
        for row in rows:
            self.sheet.append([guarded(cell) for cell in _cells(row)])

    def save(self, file: IO[bytes]) -> None:
        self.book.save(file)
        file.seek(0)

    def drop(self) -> None:
        """Leave no names on disk."""
        self.sheet.close()
        self.sheet._writer.cleanup()  # noqa: SLF001 (else its file stays until the process ends)


async def export_members(*, actor: Actor, reason: str, union_code: str = "") -> IO[bytes]:
    """The members of one's unions, or of one of these with those below it, as a file without a name.

    Raises ExportReasonNeeded, ReasonNamesSomebody, ExportTooLarge, UnionUnknown, Forbidden.
    """
    scope = scope_of(actor)
    if not clean(reason):
        raise ExportReasonNeeded(field="reason")
    reason = read_reason(reason)[:LONGEST_REASON]
    if union_code:
        scope = await narrowed(scope, union_code)
    async with sql.transaction():
        if await sql.value(f"SELECT count(*) {FROM}", *scope.values) > MOST_ROWS:
            raise ExportTooLarge(most=MOST_ROWS, field="union")
        file, count = await _written(scope)
        await audit.record(
            actor.kind,
            actor.id,
            "members.exported",
            subject_kind="members",
            subject_id=" ".join(await scope_codes(scope))[:64],
            region_code=scope.region_code,
            reason=f"{count}: {reason}",
        )
    return file


async def _written(scope: Scope) -> tuple[IO[bytes], int]:
    """The file and how many members stand in it. Names are opened and written in another thread."""
    book = await asyncio.to_thread(_Book, *_titles())
    count = 0
    try:
        async for rows in sql.batches(EXPORTED, *scope.values, size=BATCH):
            count += len(rows)
            await asyncio.to_thread(book.add, rows)
    except BaseException:
        book.drop()
        raise
    file = tempfile.TemporaryFile()  # noqa: SIM115 (whoever sends it closes it)
    await asyncio.to_thread(book.save, file)
    return file, count


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file piece by piece; closed at the end."""
    with file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece


def template_xlsx() -> bytes:
    """An empty file with one example line, which the import refuses."""
    book = _Book(*(column.title for column in COLUMNS))
    book.sheet.append([_text(book.sheet, EXAMPLE.get(column.key, "")) for column in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text(sheet: Any, text: str) -> Cell:
    cell = WriteOnlyCell(sheet, text)
    cell.number_format = TEXT
    return cell


def _titles() -> list[str]:
    return [column.title for column in COLUMNS] + [STATE]


def _cells(row: sql.Record) -> list[str]:
    identity = open_identity(row["identity_sealed"])
    phone = vault().open(row["phone_sealed"], PHONE) if row["phone_sealed"] else ""
    values = {
        "union_code": row["code"],
        "union_name": row["name"],
        "name": identity.name,
        "document": DOCUMENT_NAMES[identity.document],
        "document_number": identity.number,
        "phone": phone.removeprefix(MAINLAND),
        "joined": row["joined_on"].isoformat(),
        "member_number": row["number"],
        "employer": row["employer"],
        "birth": identity.birth.isoformat(),
        "sex": SEX_NAMES[identity.sex],
    }
    return [values[column.key] for column in COLUMNS] + [STATE_NAMES[MemberState(row["state"])]]
