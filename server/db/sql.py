"""SQL where a page is hot or a statement must be one: inside the ORM's pool and transactions.

`transaction()` is the ORM's own, so ORM writes and these statements share it. Errors stay asyncpg's,
with `.constraint_name` saying which rule the database kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
from tortoise import connections
from tortoise.transactions import in_transaction

Record = asyncpg.Record
transaction = in_transaction


async def rows(sql: str, *values: Any) -> list[Record]:
    """All rows of one statement; `$1` … are the values."""
    async with connections.get("default").acquire_connection() as connection:
        found: list[Record] = await connection.fetch(sql, *values)
        return found


async def row(sql: str, *values: Any) -> Record | None:
    """The first row, or None."""
    async with connections.get("default").acquire_connection() as connection:
        found: Record | None = await connection.fetchrow(sql, *values)
        return found


async def value(sql: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    async with connections.get("default").acquire_connection() as connection:
        return await connection.fetchval(sql, *values)


async def batches(sql: str, *values: Any, size: int) -> AsyncIterator[list[Record]]:
    """All rows of one statement, `size` of them at a time; the rest waits in the database. Inside a transaction."""
    async with connections.get("default").acquire_connection() as connection:
        cursor = await connection.cursor(sql, *values)
    while batch := await cursor.fetch(size):
        yield batch


async def run(sql: str, *values: Any) -> str:
    """A statement without rows; the server's tag, such as `UPDATE 3`."""
    async with connections.get("default").acquire_connection() as connection:
        tag: str = await connection.execute(sql, *values)
        return tag


async def take_time() -> None:
    """From here to the end of the transaction, statements may take as long as they need: a file is being imported."""
    await run("SET LOCAL statement_timeout = 0")


async def blank_histories() -> None:
    """From here to the end of the transaction, histories let the words in them be blanked (0004), nothing else."""
    await run("SELECT set_config('niangjia.erasing', 'on', true)")


async def copy(table: str, columns: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
    """COPY many rows into a table."""
    async with connections.get("default").acquire_connection() as connection:
        await connection.copy_records_to_table(table, records=records, columns=list(columns))
