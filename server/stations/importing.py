"""Importing stations from a file: look first, then all of it or none of it; the same file twice changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from server.audit import service as audit
from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.kit.text import N_, clean
from server.people.actors import SYSTEM, Actor
from server.people.models import Role
from server.stations import saving
from server.stations.changes import opening_changed
from server.stations.errors import ImportApplied, ImportHasErrors, ImportNotFound
from server.stations.import_cells import CellError
from server.stations.import_columns import HEADERS, REQUIRED, RowReader
from server.stations.import_files import read_lines
from server.stations.models import StationImport
from server.stations.saving import Counts, StationRow

MOST_ERRORS_KEPT = 500
FIRST_ROWS = 5
FORGOTTEN_AFTER = timedelta(days=7)
NOT_YOURS = N_("编号“%(value)s”现在是别的地区的站点，这一行不能由您导入。")
NO_PARENT = N_("上级编号“%(value)s”不存在。")


class Mistake(msgspec.Struct, frozen=True):
    """A mistake as it is kept with an upload; see CellError."""

    line: int
    column: str
    message: str
    params: dict[str, Any]


class Look(msgspec.Struct, frozen=True):
    """What a file would do: counts, mistakes (the first of them kept), the first lines."""

    rows: int
    new: int
    changed: int
    unchanged: int
    error_count: int
    errors: list[Mistake]
    first: list[dict[str, str]]


class ImportView(msgspec.Struct, frozen=True):
    """An upload and what it does or did."""

    id: UUID
    file_name: str
    look: Look
    applied: bool


class _File:
    """Rows of a file while they are staged, and everything found wrong with them."""

    def __init__(self, content: bytes, scope: list[int] | None) -> None:
        self.content = content
        self.reader = RowReader(scope)
        self.count = 0
        self.error_count = 0
        self.errors: list[Mistake] = []
        self.first: list[dict[str, str]] = []

    def rows(self) -> Iterator[StationRow]:
        for number, cells in read_lines(self.content, headers=HEADERS, required=REQUIRED):
            self.count += 1
            if len(self.first) < FIRST_ROWS:
                self.first.append(cells)
            row = self.reader.read(number, cells)
            if isinstance(row, StationRow):
                yield row
            else:
                self.refuse(row)

    def refuse(self, errors: list[CellError]) -> None:
        self.error_count += len(errors)
        room = max(0, MOST_ERRORS_KEPT - len(self.errors))
        self.errors += [Mistake(e.line, e.column, e.message, e.params) for e in errors[:room]]

    async def stage(self) -> Counts:
        """Stage all rows and check what only the database knows."""
        await saving.stage(self.rows())
        seen = self.reader.seen
        if self.reader.spans is not None:
            foreign = await saving.strangers(self.reader.spans)
            self.refuse([CellError(seen[key], N_("编号"), NOT_YOURS, {"value": key}) for key in foreign])
        lost = await saving.orphans()
        self.refuse([CellError(seen[key], N_("上级编号"), NO_PARENT, {"value": parent}) for key, parent in lost])
        self.errors.sort(key=lambda mistake: mistake.line)
        return await saving.count_staged()

    def look(self, counts: Counts) -> Look:
        return Look(
            self.count,
            counts.new,
            counts.changed,
            counts.unchanged,
            self.error_count,
            self.errors,
            self.first,
        )


async def upload(*, actor: Actor, file_name: str, content: bytes) -> UUID:
    """Keep a file and what it would do, until somebody applies it. Raises FileUnreadable, FileTooLarge, Forbidden."""
    file = _File(content, _scope(actor))
    async with sql.transaction():
        look = file.look(await file.stage())
        await sql.run("DROP TABLE incoming")
        await StationImport.filter(staff_id=actor.id, created_at__lt=clock.now() - FORGOTTEN_AFTER).delete()
        made = await StationImport.create(
            staff_id=actor.id,
            file_name=clean(file_name)[:200],
            content=content,
            rows=look.rows,
            summary=msgspec.to_builtins(look),
        )
    return made.id


async def find_import(*, actor: Actor, import_id: UUID) -> ImportView:
    """One's own upload. Raises ImportNotFound."""
    _scope(actor)
    found = await StationImport.get_or_none(id=import_id, staff_id=actor.id).only(
        "id", "file_name", "summary", "applied_at"
    )
    if found is None:
        raise ImportNotFound
    look = msgspec.convert(found.summary, Look)
    return ImportView(found.id, found.file_name, look, applied=found.applied_at is not None)


async def apply_import(*, actor: Actor, import_id: UUID) -> Look:
    """Do what an upload says, all or nothing. Raises ImportNotFound, ImportHasErrors, ImportApplied."""
    scope = _scope(actor)
    async with sql.transaction():
        found = await StationImport.filter(id=import_id, staff_id=actor.id).select_for_update().first()
        if found is None:
            raise ImportNotFound
        if found.applied_at:
            raise ImportApplied
        look = await _apply(_File(found.content, scope), actor, str(import_id))
        if look.error_count:
            raise ImportHasErrors
        await StationImport.filter(id=import_id).update(
            applied_at=clock.now(), content=b"", summary=msgspec.to_builtins(look)
        )
    return look


async def import_file(path: Path | str) -> Look:
    """Import a file for the operator: any region. Nothing is written where `error_count` is not zero."""
    content = await asyncio.to_thread(Path(path).read_bytes)
    async with sql.transaction():
        return await _apply(_File(content, None), SYSTEM, Path(path).name)


async def _apply(file: _File, actor: Actor, subject: str) -> Look:
    look = file.look(await file.stage())
    if not look.error_count:
        await opening_changed(await saving.apply_staged())
        await audit.record(
            actor.kind, actor.id, "stations.imported", subject_kind="station_import", subject_id=subject[:64]
        )
    await sql.run("DROP TABLE incoming")
    return look


def _scope(actor: Actor) -> list[int]:
    """The regions whose stations this officer keeps. Raises Forbidden."""
    regions = [g.region_code for g in actor.grants if g.role is Role.OFFICER and g.region_code is not None]
    if not regions:
        raise Forbidden
    return regions
