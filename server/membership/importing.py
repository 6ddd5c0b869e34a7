"""Importing members from a file: look first, then all of it or none of it; the same file twice changes nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from server.audit import service as audit
from server.db import sql
from server.errors import Conflict
from server.kit import clock
from server.kit.crypto import vault
from server.kit.text import clean
from server.membership import import_saving
from server.membership.import_columns import HEADERS, REQUIRED, MemberRow, RowReader
from server.membership.import_saving import Counts
from server.membership.import_unions import UnionFinder
from server.membership.models import MemberImport
from server.membership.scope import EVERYWHERE, Scope, scope_of
from server.membership.sealing import IMPORT
from server.people.actors import SYSTEM, Actor
from server.stations.errors import ImportApplied, ImportHasErrors, ImportNotFound
from server.stations.import_cells import CellError
from server.stations.import_files import Line, read_lines

BATCH = 1_000
MOST_ERRORS_KEPT = 500
LONGEST_FILE_NAME = 200
FORGOTTEN_AFTER = timedelta(days=1)


class Look(msgspec.Struct, frozen=True):
    """What a file would do: counts, and the first of its mistakes. Kept in plain text, so nobody is named."""

    rows: int
    new: int
    changed: int
    unchanged: int
    error_count: int
    errors: list[CellError]


class ImportView(msgspec.Struct, frozen=True):
    """An upload and what it does or did; its name is forgotten once it is applied."""

    id: UUID
    file_name: str
    look: Look
    applied: bool


class _File:
    """Lines of a file while they are staged, and everything found wrong with them."""

    def __init__(self, content: bytes, scope: Scope) -> None:
        self.lines = read_lines(content, headers=HEADERS, required=REQUIRED)
        self.unions = UnionFinder(scope)
        self.reader = RowReader(self.unions, clock.today())
        self.count = 0
        self.error_count = 0
        self.errors: list[CellError] = []

    async def stage(self) -> Look:
        """Stage all lines and check what only the database knows. Call inside a transaction.

        Reading and sealing happen in another thread, batch by batch, so that this process keeps answering.
        """
        await import_saving.open_staging()
        while batch := await asyncio.to_thread(self._next_batch):
            await self.unions.learn(batch)
            await import_saving.stage(await asyncio.to_thread(self._records, batch))
        self._refuse(*await import_saving.staged_mistakes(MOST_ERRORS_KEPT))
        self.errors.sort(key=lambda error: error.line)
        return self._look(await import_saving.count_staged())

    def _next_batch(self) -> list[Line]:
        return list(islice(self.lines, BATCH))

    def _records(self, batch: list[Line]) -> list[tuple[Any, ...]]:
        records = []
        for number, cells in batch:
            self.count += 1
            row = self.reader.read(number, cells)
            if isinstance(row, MemberRow):
                records.append(import_saving.sealed(row))
            else:
                self._refuse(len(row), row)
        return records

    def _refuse(self, count: int, errors: list[CellError]) -> None:
        self.error_count += count
        self.errors += errors[: max(0, MOST_ERRORS_KEPT - len(self.errors))]

    def _look(self, counts: Counts) -> Look:
        return Look(self.count, counts.new, counts.changed, counts.unchanged, self.error_count, self.errors)


async def upload(*, actor: Actor, file_name: str, content: bytes) -> UUID:
    """Keep a file and what it would do, until somebody applies it. Raises FileUnreadable, FileTooLarge, Forbidden."""
    file = _File(content, scope_of(actor))
    async with sql.transaction():
        look = await file.stage()
        await forget_old_imports()
        made = await MemberImport.create(
            staff_id=actor.id,
            # Files are called after people, too.
            file_name_sealed=vault().seal(clean(file_name)[:LONGEST_FILE_NAME], IMPORT),
            content_sealed=await asyncio.to_thread(_seal, content),
            summary=msgspec.to_builtins(look),
            created_at=clock.now(),
        )
    return made.id


async def forget_old_imports() -> int:
    """Delete files that nobody applied within a day; how many."""
    return await MemberImport.filter(applied_at=None, created_at__lt=clock.now() - FORGOTTEN_AFTER).delete()


async def find_import(*, actor: Actor, import_id: UUID) -> ImportView:
    """One's own upload. Raises ImportNotFound, Forbidden."""
    scope_of(actor)
    found = await MemberImport.get_or_none(id=import_id, staff_id=actor.id).only(
        "id", "file_name_sealed", "summary", "applied_at"
    )
    if found is None:
        raise ImportNotFound
    look = msgspec.convert(found.summary, Look)
    name = vault().open(found.file_name_sealed, IMPORT) if found.file_name_sealed else ""
    return ImportView(found.id, name, look, applied=found.applied_at is not None)


async def apply_import(*, actor: Actor, import_id: UUID) -> Look:
    """Do what an upload says, all or nothing.

    Raises ImportNotFound, ImportHasErrors, ImportApplied, Conflict where somebody else wrote the same, Forbidden.
    """
    scope = scope_of(actor)
    async with sql.transaction():
        found = await MemberImport.filter(id=import_id, staff_id=actor.id).select_for_update().first()
        if found is None:
            raise ImportNotFound
        if found.applied_at:
            raise ImportApplied
        content = await asyncio.to_thread(_open, found.content_sealed)
        look = await _apply(_File(content, scope), actor, str(import_id), scope)
        if look.error_count:
            raise ImportHasErrors
        await MemberImport.filter(id=import_id).update(
            applied_at=clock.now(), content_sealed=b"", file_name_sealed=None, summary=msgspec.to_builtins(look)
        )
    return look


async def import_file(path: Path | str) -> Look:
    """Import a file for the operator: any union. Nothing is written where `error_count` is not zero."""
    content = await asyncio.to_thread(Path(path).read_bytes)
    async with sql.transaction():
        # A file's name may name somebody; its digest does not.
        return await _apply(_File(content, EVERYWHERE), SYSTEM, hashlib.sha256(content).hexdigest(), EVERYWHERE)


async def _apply(file: _File, actor: Actor, subject: str, scope: Scope) -> Look:
    await import_saving.take_turns()
    look = await file.stage()
    if look.error_count:
        return look
    try:
        await import_saving.apply_staged(actor)
    except asyncpg.UniqueViolationError as error:
        raise Conflict from error
    await audit.record(
        actor.kind,
        actor.id,
        "members.imported",
        subject_kind="member_import",
        subject_id=subject,
        region_code=scope.region_code,
    )
    return look


def _seal(content: bytes) -> bytes:
    return vault().seal(base64.b64encode(content).decode(), IMPORT)


def _open(sealed: bytes) -> bytes:
    return base64.b64decode(vault().open(sealed, IMPORT))
