"""Opening, closing and migrating the database for one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from tortoise import Tortoise, connections
from tortoise.migrations.api import migrate as apply_migrations

from server.db import sql
from server.db.config import keep_session, orm_config
from server.db.pool import UNREACHABLE, PatientPool

MIGRATION_LOCK = 0x6E69616E67  # any number that nothing else locks


class DatabaseAway(RuntimeError):
    """No connection can be made; the message says to what and why, in one line."""


async def connect(url: str) -> asyncpg.Connection:
    """One connection outside the pool. Raises DatabaseAway."""
    try:
        return await asyncpg.connect(url)
    except (*UNREACHABLE, ValueError) as error:
        raise DatabaseAway(f"DATABASE_URL: {error or type(error).__name__}") from None


class MigrationBlocked(DatabaseAway):
    """Somebody holds what has to change; nothing was changed, and the traffic goes on."""


@asynccontextmanager
async def standby(url: str | None, *, pool_size: int, patience: int) -> AsyncIterator[None]:
    """Ask this address too for what may be some seconds old (`sql.old_rows`), as long as the block; None for none."""
    if url is None:
        yield
        return
    session = orm_config(url)["connections"]["default"]["credentials"]["server_settings"]
    bounds = {"statement_timeout": f"{patience}s"}
    # Opened without a connection: it may be away when we start.
    pool = PatientPool(
        dsn=url, patience=patience, min_size=0, max_size=pool_size, reset=keep_session, server_settings=session | bounds
    )
    async with pool:
        sql.standbys[:] = [pool]
        try:
            yield
        finally:
            sql.standbys.clear()


@asynccontextmanager
async def database(url: str, *, pool_size: int = 5, pool_min: int = 1, patience: int = 0) -> AsyncIterator[None]:
    """Open the ORM and its pool; close both at the end.

    With `patience`, neither a statement nor the wait for a connection takes longer than so many seconds.
    """
    bounds: dict[str, Any] = {"patience": patience, "statements_end": True} if patience else {}
    config = orm_config(url, pool_size=pool_size, pool_min=pool_min, **bounds)
    opened = await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        yield
    finally:
        await opened.close_connections()


def pool_use() -> dict[str, int]:
    """How many connections of this process work, and how many wait for work."""
    pool = connections.get("default")._pool  # noqa: SLF001 (the ORM shows no figures)
    idle = pool.get_idle_size()
    return {"busy": pool.get_size() - idle, "idle": idle}


async def migrate(url: str) -> None:
    """Bring the database to the newest migration; processes that start together take turns.

    A migration that cannot get its table within five seconds fails instead of blocking the traffic behind it.
    Raises DatabaseAway, MigrationBlocked.
    """
    guard = await connect(url)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        config = orm_config(url, pool_size=1)
        config["connections"]["default"]["credentials"]["server_settings"]["lock_timeout"] = "5s"
        await apply_migrations(config=config, direction="forward")
        await connections.close_all()
    except asyncpg.LockNotAvailableError as error:
        raise MigrationBlocked(
            "a long transaction holds a table that has to change; end it and migrate again"
        ) from error
    finally:
        await guard.close()
