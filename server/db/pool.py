"""The ORM's engine with a pool that makes nobody wait for ever: whoever gets no connection in time is told so.

Without a bound, a slow database fills the process with requests that all wait, long after their people have left.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from asyncpg.exceptions import (
    InsufficientResourcesError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    OperatorInterventionError,
    PostgresConnectionError,
    ReadOnlySQLTransactionError,
)
from tortoise.backends.asyncpg.client import AsyncpgDBClient

MOST_STATEMENTS = 50_000  # of one connection, then it is made anew; asyncpg's own default, as is the next
IDLE_SECONDS = 300.0


class NoConnectionError(Exception):
    """None was free in time, or the database is not to be reached: nothing that a form could say."""


# A lost connection (or one to a server that has just become a standby), a full disk, too many connections, a statement
# that took too long, a server that starts or stops. The internal one: a connection that broke while it was idle; the
# cached one: a release changed a table under a statement that a transaction had prepared before, once per connection.
AWAY = (
    ConnectionError,
    InsufficientResourcesError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    NoConnectionError,
    OperatorInterventionError,
    PostgresConnectionError,
    ReadOnlySQLTransactionError,
)


# Whatever a connection of one's own may break with: one that breaks while it is idle answers with an internal error.
UNREACHABLE = (OSError, asyncpg.PostgresError, InterfaceError, InternalClientError)


class PatientPool(asyncpg.Pool):
    """A pool whose connections are waited for `patience` seconds, making one included."""

    def __init__(self, *, patience: float, **given: Any) -> None:
        super().__init__(
            max_queries=MOST_STATEMENTS,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            loop=None,
            **given,
        )
        self.patience = patience

    async def acquire(self) -> Any:  # type: ignore[override]  # the ORM awaits it, and gives no timeout
        """A connection. Raises NoConnectionError where none is free in time, or the database is not to be reached."""
        try:
            return await super().acquire(timeout=self.patience)
        except OSError as error:  # a timeout is one too
            raise NoConnectionError from error


class PatientClient(AsyncpgDBClient):
    """The ORM's own client on a patient pool."""

    async def create_pool(self, **given: Any) -> asyncpg.Pool:
        """Called by the ORM, once."""
        del given["loop"], given["connection_class"]
        return await PatientPool(**given)


client_class = PatientClient  # where the ORM looks for an engine
