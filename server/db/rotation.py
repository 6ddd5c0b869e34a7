"""Rewriting sealed columns under the current key while everybody goes on working.

A value is read, sealed again, and put back only where it still is what was read: whatever is written meanwhile
stays. A row that somebody holds is left for the next pass, so that nobody waits for us and no deadlock arises.
What was done is seen in the values themselves: a run that broke off is simply begun again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag

from server.db import sql
from server.kit.crypto import UnknownKey, Vault, mark

BATCH = 200
PASSES = 5
PAUSE_SECONDS = 0.5  # between passes: whoever holds a row will have finished
FIRST = UUID(int=0)


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values and what these are for; `batch` rows are read at a time."""

    table: str
    column: str
    purpose: str
    batch: int = BATCH

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Done:
    """Of one batch: how many values were rewritten, and the ids of rows whose value cannot be opened."""

    rewritten: int
    unreadable: Sequence[UUID] = ()


async def rewrite(column: SealedColumn, vault: Vault) -> AsyncIterator[Done]:
    """Rewrite a column, batch by batch and pass by pass, until nothing is left or only what others keep writing."""
    unreadable: set[UUID] = set()
    for number in range(PASSES):
        if number:
            await asyncio.sleep(PAUSE_SECONDS)
        last, seen = FIRST, 0
        while batch := await read_batch(column, vault, after=last):
            last = batch[-1]["id"]
            fresh = [row for row in batch if row["id"] not in unreadable]
            seen += len(fresh)
            done = await rewrite_batch(column, vault, fresh)
            unreadable |= set(done.unreadable)
            yield done
        if not seen:
            return


async def read_batch(column: SealedColumn, vault: Vault, *, after: UUID = FIRST) -> list[sql.Record]:
    """The next rows, by id, whose value is sealed under another key than the current one."""
    return await sql.rows(
        f"""SELECT id, {column.column} AS sealed FROM {column.table}
        WHERE id > $1 AND octet_length({column.column}) > 0
          AND substring({column.column} FROM 1 FOR octet_length($2::bytea)) <> $2
        ORDER BY id LIMIT $3""",
        after,
        mark(vault.current),
        column.batch,
    )


async def newest(column: SealedColumn, most: int) -> list[sql.Record]:
    """The values of the newest rows, by id."""
    return await sql.rows(
        f"""SELECT {column.column} AS sealed FROM {column.table}
        WHERE octet_length({column.column}) > 0 ORDER BY id DESC LIMIT $1""",
        most,
    )


async def rewrite_batch(column: SealedColumn, vault: Vault, batch: Sequence[sql.Record]) -> Done:
    """Seal the values of these rows again, except where one has changed since it was read."""
    resealed, unreadable = await asyncio.to_thread(_reseal, column, vault, batch)
    written = await sql.value(
        f"""WITH again AS (SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS t (id, was, sealed)),
        free AS (SELECT row.id FROM {column.table} row JOIN again ON again.id = row.id
            WHERE row.{column.column} = again.was FOR NO KEY UPDATE OF row SKIP LOCKED),
        written AS (UPDATE {column.table} row SET {column.column} = again.sealed FROM again JOIN free USING (id)
            WHERE row.id = again.id AND row.{column.column} = again.was RETURNING 1)
        SELECT count(*) FROM written""",
        [row["id"] for row, _ in resealed],
        [row["sealed"] for row, _ in resealed],
        [sealed for _, sealed in resealed],
    )
    return Done(written, unreadable)


def _reseal(
    column: SealedColumn, vault: Vault, batch: Sequence[sql.Record]
) -> tuple[list[tuple[sql.Record, bytes]], list[UUID]]:
    resealed, unreadable = [], []
    for row in batch:
        try:
            resealed.append((row, vault.reseal(row["sealed"], column.purpose)))
        except (UnknownKey, InvalidTag):
            unreadable.append(row["id"])
    return resealed, unreadable


async def keys_in_use(columns: Sequence[SealedColumn]) -> Counter[str]:
    """How many values are sealed under which key, over all these columns."""
    found: Counter[str] = Counter()
    for column in columns:
        # An id is at most eight ASCII characters, and what follows is no text.
        for row in await sql.rows(
            f"""SELECT split_part(encode(substring({column.column} FROM 1 FOR 9), 'escape'), '|', 1) AS key_id,
                count(*) AS number
            FROM {column.table} WHERE octet_length({column.column}) > 0 GROUP BY 1"""
        ):
            found[row["key_id"]] += row["number"]
    return found
