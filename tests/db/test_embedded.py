"""The embedded PostgreSQL starts, stops, survives being killed, and reads Chinese."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import asyncpg
import pytest

from server.db import embedded


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="niangjia-embedded-"))
    yield made / "postgres"
    embedded.stop(made / "postgres")
    shutil.rmtree(made, ignore_errors=True)


async def ask(url: str, question: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_data_are_kept_over_a_restart(folder):
    url = embedded.start(folder)
    await ask(url, "CREATE TABLE kept AS SELECT 1 AS n")
    embedded.stop(folder)
    assert await ask(embedded.start(folder), "SELECT n FROM kept") == 1


async def test_after_being_killed_it_starts_again_with_what_was_committed(folder):
    url = embedded.start(folder)
    await ask(url, "CREATE TABLE kept AS SELECT 1 AS n")
    os.kill(int((folder / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    assert await ask(embedded.start(folder), "SELECT n FROM kept") == 1


async def test_a_server_that_runs_is_joined(folder):
    assert embedded.start(folder) == embedded.start(folder)


async def test_chinese_has_trigrams(folder):
    url = embedded.start(folder)
    await ask(url, "CREATE EXTENSION pg_trgm")
    assert await ask(url, "SELECT show_trgm('南宁')")
