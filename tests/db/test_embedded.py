"""The embedded PostgreSQL starts, stops, survives being killed, and reads Chinese wherever it starts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from server.config import ROOT
from server.db import embedded
from tests.fixtures.database import data_folder

SETTINGS = {"fsync": "off"}  # the machine goes on living, only the server is killed


@pytest.fixture
def folder():
    with data_folder() as made:
        yield made


def start(folder: Path) -> str:
    return embedded.start(folder, settings=SETTINGS)


def pid(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def leave_behind(folder: Path):
    """Let a process start the server and be killed."""
    script = "import sys; from pathlib import Path; from server.db import embedded; "
    script += "embedded.start(Path(sys.argv[1])); print('started', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:
        assert killed.stdout.readline() == b"started\n"
        killed.kill()


async def ask(url: str, *questions: str):
    """The answer to the last of these statements."""
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(question) for question in questions][-1]
    finally:
        await connection.close()


async def keep_something(url: str):
    await ask(url, "CREATE TABLE kept AS SELECT 1 AS n")


async def is_kept(url: str) -> bool:
    return await ask(url, "SELECT n FROM kept") == 1


async def test_data_are_kept_over_a_restart(folder):
    await keep_something(start(folder))
    embedded.stop(folder)
    assert not embedded.is_running(folder)
    assert await is_kept(start(folder))


async def test_after_being_killed_it_starts_again_with_what_was_committed(folder):
    await keep_something(start(folder))
    os.kill(pid(folder), signal.SIGKILL)
    assert await is_kept(start(folder))


async def test_a_dead_servers_number_may_belong_to_another_server_now(folder):
    """As after a reboot: the locks name a process that lives, but is not ours."""
    await keep_something(start(folder))
    with data_folder() as elsewhere:
        start(elsewhere)
        locks = [folder / "postmaster.pid", folder / ".s.PGSQL.5432.lock"]
        mine, other = str(pid(folder)), str(pid(elsewhere))
        named = [lock.read_text().replace(mine, other, 1) for lock in locks]
        embedded.stop(folder)
        for lock, text in zip(locks, named, strict=True):
            lock.write_text(text)
        assert await is_kept(start(folder))
        for lock, text in zip(locks, named, strict=True):
            lock.write_text(text)
        embedded.stop(folder)
        assert embedded.is_running(elsewhere)


async def test_a_server_that_a_killed_process_left_is_joined_and_stopped(folder):
    leave_behind(folder)
    left = pid(folder)
    await keep_something(start(folder))
    assert pid(folder) == left
    embedded.stop(folder)
    assert not embedded.is_running(folder)
    assert not (folder / "postmaster.pid").exists()


async def test_an_interrupted_making_of_the_folder_is_made_anew(folder):
    half = folder.with_name("postgres.new-0")
    (half / "base").mkdir(parents=True)
    await keep_something(start(folder))
    assert not half.exists()


async def test_a_folder_too_deep_for_a_socket(folder):
    deep = folder.parent / ("deep" * 30) / "postgres"
    url = start(deep)
    await keep_something(url)
    os.kill(pid(deep), signal.SIGKILL)
    assert await is_kept(start(deep))
    embedded.stop(deep)


async def test_nothing_of_the_environment_matters(folder, monkeypatch):
    for name, value in {"LC_ALL": "POSIX", "PGHOST": "nowhere", "PGPORT": "1", "PGDATA": "/", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    url = start(folder)
    assert await ask(url, "CREATE EXTENSION pg_trgm", "SELECT show_trgm('南宁')")
    assert await ask(url, "SHOW server_encoding") == "UTF8"
    assert await ask(url, "SHOW listen_addresses") == ""


async def test_only_its_owner_may_come_in(folder):
    start(folder)
    assert folder.stat().st_mode & 0o077 == 0


def test_what_keeps_it_from_starting_is_said_in_its_own_words(folder):
    start(folder)
    embedded.stop(folder)
    (folder / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(embedded.StartFailed, match=r"incompatible"):
        start(folder)


def test_stopping_what_does_not_run_is_no_mistake(folder):
    embedded.stop(folder)
    assert not embedded.is_running(folder)
