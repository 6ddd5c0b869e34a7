"""SQL where a page is hot or a statement must be one: inside the ORM's pool and transactions.

`transaction()` is the ORM's own, so ORM writes and these statements share it. Errors stay asyncpg's,
with `.constraint_name` saying which rule the database kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import structlog
from tortoise import connections
from tortoise.transactions import in_transaction

from server.db.pool import AWAY
from server.db.together import Questions, asking

log = structlog.get_logger()
Record = asyncpg.Record
STANDBY_SECONDS = 3.0  # then the database itself is asked
standbys: list[asyncpg.Pool] = []  # none or one; opened and closed with the database
transaction = in_transaction


async def rows(sql: str, *values: Any) -> list[Record]:
    """All rows of one statement; `$1` … are the values."""
    if asking.get():
        return (await Questions([(sql, values)]))[0]
    async with connections.get("default").acquire_connection() as connection:
        found: list[Record] = await connection.fetch(sql, *values)
        return found


async def row(sql: str, *values: Any) -> Record | None:
    """The first row, or None."""
    if asking.get():
        return next(iter((await Questions([(sql, values)]))[0]), None)
    async with connections.get("default").acquire_connection() as connection:
        found: Record | None = await connection.fetchrow(sql, *values)
        return found


async def old_rows(sql: str, *values: Any) -> list[Record]:
    """All rows, which may be some seconds old: from a standby where NIANGJIA_READ_URL names one that answers."""
    for standby in standbys:
        try:
            async with asyncio.timeout(STANDBY_SECONDS):
                return await _fetch(standby, sql, values)
        except (TimeoutError, *AWAY) as error:
            log.warning("standby.away", error=type(error).__name__)
    return await rows(sql, *values)


async def _fetch(pool: asyncpg.Pool, sql: str, values: Sequence[Any]) -> list[Record]:
    connection = await pool.acquire()
    try:
        found: list[Record] = await connection.fetch(sql, *values)
        return found
    finally:
        await pool.release(connection)


async def row_or_old(sql: str, *values: Any) -> Record | None:
    """The first row, or None; where the database is away, as a standby knows it."""
    try:
        return await row(sql, *values)
    except AWAY:
        if not standbys:
            raise
        return next(iter(await old_rows(sql, *values)), None)


async def value(sql: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    if asking.get():
        return next((next(iter(row.values())) for row in (await Questions([(sql, values)]))[0]), None)
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
