"""`niangjia backup`, `keep-backups`, `restore` and `verify-backup`: the operator's hands on server.db.backups."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from argparse import Namespace
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import structlog

from server import job_runs
from server.backup_check import COUNTED, what_is_wrong
from server.config import Settings
from server.db import backups, embedded, health
from server.db.backups import BackupFailed, Base
from server.db.lifespan import DatabaseAway, connect, database
from server.db.pool import UNREACHABLE
from server.kit import clock
from server.process import database_of, hold_data

log = structlog.get_logger()
LOOK_EVERY = 5.0
AGAIN_AFTER = 5.0
TELL_EVERY = 30.0
STOP_SECONDS = 5
MOST_BEHIND = 64 << 20  # bytes: what is received is the newest, but for what is on its way
SYSTEM = "SELECT system_identifier::text FROM pg_control_system()"
MAY_REPLICATE = "SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user"
VERSION = "SELECT current_setting('server_version_num')::int / 10000"
RECEIVED = """SELECT count(*) FROM pg_stat_replication WHERE application_name = 'pg_receivewal'
  AND state = 'streaming' AND pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) < $1"""
BASE, CHANGES = "backup.base", "backup.changes"  # as jobs: /metrics shows how old they are


def backup(settings: Settings, given: Namespace) -> int:
    """One base backup now."""
    folder = _folder(settings, given)
    with database_of(settings) as url:
        made = asyncio.run(_take(url, folder))
        _say(f"{made.folder}: complete at {made.at.isoformat(timespec='seconds')}")
    return 0


async def _take(url: str, folder: Path) -> Base:
    """A base backup, with how much was there when it began."""
    began = time.monotonic()
    if mistakes := await health.mistakes(url):
        raise health.Unusable("\n".join(mistakes))
    connection = await connect(url)
    try:
        if not await connection.fetchval(MAY_REPLICATE):
            raise BackupFailed(backups.HINT)
        version = await connection.fetchval(VERSION)
        system = await connection.fetchval(SYSTEM)
        counts = {table: await connection.fetchval(statement) for table, statement in COUNTED.items()}
    finally:
        await connection.close()
    stream = backups.stream_of(folder, system)
    made = await asyncio.to_thread(backups.take, url, folder, stream, version, counts)
    async with database(url):
        await job_runs.note(BASE, time.monotonic() - began)
    return made


def keep_backups(settings: Settings, given: Namespace) -> int:
    """Receive changes without end, and make a base backup whenever the newest is old."""
    folder = _folder(settings, given)
    every = timedelta(hours=given.every)
    with database_of(settings) as url:
        asyncio.run(_keep(url, folder, every, given.keep))
    return 0


async def _keep(url: str, folder: Path, every: timedelta, keep: int) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    receiver: Popen[bytes] | None = None
    told = 0.0
    try:
        while not stop.is_set():
            wait = LOOK_EVERY
            try:
                if receiver is None or receiver.poll() is not None:
                    receiver = await _receive(url, folder)
                if await _is_due(url, folder, every):
                    made = await _take(url, folder)
                    gone = await asyncio.to_thread(backups.prune, folder, keep)
                    log.info("backup.made", name=made.name, removed=[base.name for base in gone])
                if time.monotonic() - told > TELL_EVERY and await _is_received(url):
                    told = time.monotonic()
            except (BackupFailed, DatabaseAway, health.Unusable, *UNREACHABLE) as error:
                log.error("backup.failed", error=str(error))  # noqa: TRY400 (its own words say it all)
                wait = AGAIN_AFTER
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
    finally:
        if receiver is not None and receiver.poll() is None:
            receiver.terminate()
            await asyncio.to_thread(receiver.wait, STOP_SECONDS)


async def _receive(url: str, folder: Path) -> Popen[bytes]:
    stream = backups.stream_of(folder, await _system(url))
    return await asyncio.to_thread(backups.receive, url, stream)


async def _system(url: str) -> str:
    connection = await connect(url)
    try:
        return str(await connection.fetchval(SYSTEM))
    finally:
        await connection.close()


async def _is_due(url: str, folder: Path, every: timedelta) -> bool:
    """A restored or new database has none of its own yet."""
    known = backups.bases(folder)
    stream = backups.stream_of(folder, await _system(url))
    return not known or known[-1].stream != stream.name or known[-1].at + every <= clock.real()


async def _is_received(url: str) -> bool:
    """Note that the newest changes have been received, where they have."""
    async with database(url):
        connection = await connect(url)
        try:
            if not await connection.fetchval(RECEIVED, MOST_BEHIND):
                return False
        finally:
            await connection.close()
        await job_runs.note(CHANGES, 0)
    return True


def restore(settings: Settings, given: Namespace) -> int:
    """Put the embedded database back as it was at a time; what is there now is set aside, not deleted."""
    folder = _folder(settings, given)
    if given.into:
        base = backups.restore(folder, given.into, _until(given))
        _say(f"{given.into}: restored from {base.name}; start a PostgreSQL {base.version} on it")
        return 0
    if settings.database_url:
        raise BackupFailed("DATABASE_URL is set: restore into a folder with --into, and start your own server on it")
    with hold_data(settings):
        place = settings.data_dir / "postgres"
        aside = place.with_name(f"postgres.before-{datetime.now(UTC).strftime(backups.STAMP)}")
        made = place.with_name("postgres.restored")
        base = backups.restore(folder, made, _until(given))
        if place.exists():
            place.rename(aside)
            _say(f"what was there is now {aside}")
        made.rename(place)
    # Another history begins here: what follows goes into a stream of its own.
    backups.begin_stream(folder, (folder / "wal" / base.stream / backups.SYSTEM).read_text("utf-8"))
    _say(f"restored from {base.name}; start it with `niangjia run`")
    return 0


def verify_backup(settings: Settings, given: Namespace) -> int:
    """Restore into a temporary folder and look whether everything is there and can be read."""
    folder = _folder(settings, given)
    with tempfile.TemporaryDirectory(prefix="niangjia-verify-", dir=given.work) as work:
        place = Path(work) / "postgres"
        base = backups.restore(folder, place, _until(given))
        try:
            url = embedded.start(place, given.database)
            wrong, seen = asyncio.run(_look(url, base))
        finally:
            embedded.stop(place)
    for line in seen:
        _say(line)
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


async def _look(url: str, base: Base) -> tuple[list[str], list[str]]:
    async with database(url):
        return await what_is_wrong(base.counts)


def _folder(settings: Settings, given: Namespace) -> Path:
    folder: Path | None = given.folder.absolute() if given.folder else settings.backup_dir
    if folder is None:
        raise BackupFailed("DIR: name the folder of the backups, here or by NIANGJIA_BACKUP_DIR")
    return folder


def _until(given: Namespace) -> datetime | None:
    """The time that was asked for; without an offset it is the time in China."""
    until: datetime | None = given.until
    return until.replace(tzinfo=clock.CHINA) if until and not until.tzinfo else until


def _say(line: Any) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
