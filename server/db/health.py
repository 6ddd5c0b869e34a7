"""Whether a database can serve this release."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import asyncpg

from server.db import sql
from server.db.lifespan import DatabaseAway, connect

OLDEST = 16
APPLIED = "SELECT name FROM tortoise_migrations WHERE app = 'models'"


class Unusable(RuntimeError):
    """The database cannot serve this release; the message has one line per mistake."""


@cache
def migrations() -> frozenset[str]:
    """The names of all migrations of this release."""
    return frozenset(path.stem for path in (Path(__file__).parent / "migrations").glob("[0-9]*.py"))


async def is_current() -> bool:
    """Whether every migration of this release has been applied; newer ones do no harm."""
    return migrations() <= {row["name"] for row in await sql.rows(APPLIED)}


async def mistakes(url: str) -> list[str]:
    """What keeps the database behind an address from serving this release, one line each."""
    try:
        connection = await connect(url)
    except DatabaseAway as error:
        return [str(error)]
    try:
        return await _look(connection)
    finally:
        await connection.close()


async def _look(connection: asyncpg.Connection) -> list[str]:
    found = []
    version = connection.get_server_version()
    if version.major < OLDEST:
        found.append(f"database: PostgreSQL {version.major} is too old, {OLDEST} or newer is needed")
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return [*found, "database: empty; run `niangjia migrate`"]
    missing = migrations() - {row["name"] for row in await connection.fetch(APPLIED)}
    if missing:
        found.append(f"database: not migrated to {max(missing)}; run `niangjia migrate`")
    # A database whose LC_CTYPE is C drops Chinese from the search index without a word.
    elif not await connection.fetchval("SELECT show_trgm('南宁') <> '{}'"):
        found.append("database: its LC_CTYPE cannot read Chinese; create it with LC_CTYPE 'C.UTF-8'")
    return found
