"""The house that benchmarks run in: a database of its own in a temporary folder, and a real server process."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from server.config import ROOT
from server.db import embedded
from server.db.lifespan import database, migrate
from server.kit import crypto
from server.stations.service import load_divisions
from tests.bench.world import World, fill
from tests.fixtures.processes import free_port

# What a machine with 2 cores and 4 GB or more would be given; durable, as everywhere.
POSTGRES = embedded.SETTINGS | {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "effective_cache_size": "4GB",
    "shared_preload_libraries": "pg_stat_statements",
}


@dataclass(frozen=True)
class House:
    """Where the database is, where the server answers, and the process of the server with its children."""

    database_url: str
    port: int
    process: psutil.Process
    started_in: float

    def memory_mb(self) -> float:
        """Of the largest web process: what it does not share with others."""
        children = self.process.children(recursive=True) or [self.process]
        return max(child.memory_full_info().uss for child in children) / 1e6


@contextmanager
def country(world: World) -> Iterator[str]:
    """The address of a filled database; all of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="niangjia-bench-"))
    try:
        url = embedded.start(folder / "postgres", database="bench", settings=POSTGRES)
        asyncio.run(_fill(url, world))
        yield url
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


async def _fill(url: str, world: World) -> None:
    await migrate(url)
    async with database(url):
        await load_divisions()
    await fill(url, world)


@contextmanager
def served(database_url: str, *, processes: int) -> Iterator[House]:
    """`niangjia web` on that database; this process gets its keys, to sign forms as a page would."""
    secret, key = secrets.token_bytes(32), secrets.token_bytes(32)
    crypto.install(crypto.Vault({"b": key}, "b", secret))
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="niangjia-bench-") as folder:
        environment = os.environ | {
            "NIANGJIA_MODE": "demo",
            "NIANGJIA_BASE_URL": "http://localhost",
            "NIANGJIA_DATA_DIR": folder,
            "NIANGJIA_SECRET": base64.b64encode(secret).decode(),
            "NIANGJIA_DATA_KEYS": "b:" + base64.b64encode(key).decode(),
            "NIANGJIA_WEB_PROCESSES": str(processes),
            "NIANGJIA_LOG_LEVEL": "ERROR",
            "DATABASE_URL": database_url,
            "PORT": str(port),
        }
        command = [sys.executable, "-m", "server.cli", "web", "--supervised"]
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE) as server:
            _until_first_page(port)
            yield House(database_url, port, psutil.Process(server.pid), time.perf_counter() - began)
            server.terminate()


def _until_first_page(port: int) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://localhost:{port}/", timeout=30).raise_for_status()
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("no first page within 30 s")
