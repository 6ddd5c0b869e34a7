"""A folder of backups: base backups and the stream of changes (WAL) between them, and a data folder made of both.

    DIR/base/20261125T031500Z/data, about.json    a whole copy, consistent, with PostgreSQL's own manifest
    DIR/wal/0001/                                 what changed since, received as it happens (pg_receivewal)

A stream (`0001`) goes on as long as the database does, on whichever server. A restore to an earlier time begins
another one: from there on the history is a different one, and its first base backup is made at once.
PostgreSQL's own tools do the work, through an ordinary address with the right to replicate.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from server.db import embedded

SLOT = "niangjia_backup"
SYSTEM = "system"  # in a stream's folder: which database system it comes from
SEGMENT = 24  # hexadecimal digits of a segment's name, the first eight of them its timeline's
STAMP = "%Y%m%dT%H%M%SZ"
HALF = ".half"
HINT = "DATABASE_URL: its account needs REPLICATION, and pg_hba.conf a line for `replication` (docs/operations.md)"


class BackupFailed(RuntimeError):
    """A backup or a restore cannot be made; the message says why in one line or two."""


@dataclass(frozen=True)
class Base:
    """One base backup. `at` is when it was complete: from then on, every instant can be restored."""

    folder: Path
    at: datetime
    stream: str
    version: int
    counts: Mapping[str, int]

    @property
    def name(self) -> str:
        return self.folder.name

    def first_segment(self) -> str:
        """The first segment of WAL that it needs."""
        label = (self.folder / "data" / "backup_label").read_text("utf-8")
        return label.partition("(file ")[2].partition(")")[0]


def bases(folder: Path) -> list[Base]:
    """All complete base backups, the oldest first."""
    complete = (about for about in sorted(folder.glob("base/*/about.json")) if about.parent.suffix != HALF)
    return [_read(about) for about in complete]


def _read(about: Path) -> Base:
    told = msgspec.json.decode(about.read_bytes())
    at = datetime.fromisoformat(told.pop("at"))
    return Base(about.parent, at, **told)


def streams(folder: Path) -> list[Path]:
    return sorted(folder.glob("wal/[0-9]*"))


def stream_of(folder: Path, system: str) -> Path:
    """The stream that this database system continues; a new one where there is none."""
    known = streams(folder)
    if known and (known[-1] / SYSTEM).read_text("utf-8") == system:
        return known[-1]
    return begin_stream(folder, system)


def begin_stream(folder: Path, system: str) -> Path:
    made = folder / "wal" / f"{len(streams(folder)) + 1:04}"
    made.mkdir(parents=True, mode=0o700)
    (made / SYSTEM).write_text(system, "utf-8")
    return made


def take(url: str, folder: Path, stream: Path, version: int, counts: Mapping[str, int]) -> Base:
    """Make a base backup while everybody works, and prove its checksums. Raises BackupFailed."""
    folder.joinpath("base").mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time; the kernel lets go of it with the process
        return _take(url, folder, stream, version, counts)


def _take(url: str, folder: Path, stream: Path, version: int, counts: Mapping[str, int]) -> Base:
    for left in folder.glob(f"base/*{HALF}"):
        shutil.rmtree(left)
    stamp = datetime.now(UTC)
    half = folder / "base" / f"{stamp.strftime(STAMP)}{HALF}"
    _tool("pg_basebackup", url, "-D", half / "data", "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256")
    _run("pg_verifybackup", "--quiet", half / "data")
    about = {"at": datetime.now(UTC).isoformat(), "stream": stream.name, "version": version, "counts": dict(counts)}
    (half / "about.json").write_bytes(msgspec.json.encode(about))
    return _read(half.rename(half.with_suffix("")) / "about.json")


def receive(url: str, stream: Path) -> subprocess.Popen[bytes]:
    """Start receiving changes, flushed as they come; the process ends when it cannot go on. Raises BackupFailed."""
    _tool("pg_receivewal", url, "--slot", SLOT, "--create-slot", "--if-not-exists")
    command, environment = _command("pg_receivewal", url)
    options = ["-D", str(stream), "--slot", SLOT, "--synchronous", "--no-loop", "-s", "1"]
    return subprocess.Popen([*command, *options], env=environment, stdin=subprocess.DEVNULL, cwd="/")


def prune(folder: Path, keep: int) -> list[Base]:
    """Remove all but the newest base backups, and the changes that only the removed ones needed; what was removed."""
    known = bases(folder)
    gone, kept = known[:-keep], known[-keep:]
    for base in gone:
        shutil.rmtree(base.folder)
    if gone and kept:
        for stream in streams(folder):
            if stream.name < kept[0].stream:
                shutil.rmtree(stream)
            elif stream.name == kept[0].stream:
                _run("pg_archivecleanup", stream, kept[0].first_segment())
    return gone


def choose(folder: Path, until: datetime | None) -> Base:
    """The base backup to begin with. Raises BackupFailed where there is none that early."""
    known = bases(folder)
    fit = [base for base in known if until is None or base.at <= until]
    if not fit:
        first = f"; the first is of {known[0].at.isoformat()}" if known else ""
        raise BackupFailed(
            f"{folder}: no complete base backup" + (f" before {until.isoformat()}{first}" if until else "")
        )
    return fit[-1]


def restore(folder: Path, into: Path, until: datetime | None = None) -> Base:
    """Make a data folder as it was at an instant, or as late as is known. Raises BackupFailed.

    `into` must not exist. It appears complete or not at all, and is the embedded server's: not started.
    """
    base = choose(folder, until)
    ours = _major()
    if base.version != ours:
        raise BackupFailed(f"{base.name}: a backup of PostgreSQL {base.version}; this release brings {ours}")
    if into.exists():
        raise BackupFailed(f"{into}: exists already")
    into.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f"{into.name}.restored-", dir=into.parent))
    try:
        shutil.copytree(base.folder / "data", half, dirs_exist_ok=True)
        # A base backup brings along the lock of the socket that stands in a running server's folder.
        for lock in half.glob(embedded.SOCKET_LOCKS):
            lock.unlink()
        with tempfile.TemporaryDirectory(prefix="niangjia-wal-", dir=into.parent) as copied:
            _copy_streams(folder, base, Path(copied))
            _recover(half, Path(copied), until)
        half.rename(into)
    except (OSError, embedded.StartFailed) as error:
        raise BackupFailed(str(error)) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return base


def _copy_streams(folder: Path, base: Base, to: Path) -> None:
    """All changes that may follow a base backup, in one folder that the server's account may read.

    Of a segment that two streams hold, the newer one's is whole.
    """
    first = base.first_segment()[8:]
    to.chmod(0o755)
    system = (folder / "wal" / base.stream / SYSTEM).read_text("utf-8")
    for stream in streams(folder):
        if stream.name < base.stream or (stream / SYSTEM).read_text("utf-8") != system:
            continue
        for file in stream.iterdir():
            name = file.name.removesuffix(".partial")
            early = len(name) == SEGMENT and name[8:] < first
            if name == SYSTEM or early or (file.suffix == ".partial" and (stream / name).exists()):
                continue
            shutil.copyfile(file, to / name)
            (to / name).chmod(0o644)


def _recover(folder: Path, changes: Path, until: datetime | None) -> None:
    settings = {
        "restore_command": f"cp {shlex.quote(str(changes))}/%f %p",
        "recovery_target_action": "promote",
        "archive_mode": "off",
    }
    if until:
        try:
            embedded.recover(folder, settings | {"recovery_target_time": until.astimezone(UTC).isoformat()})
        except embedded.StartFailed as error:
            # Nothing is known from after that time: then all that is known is from before.
            if "before configured recovery target" not in str(error):
                raise
        else:
            return
    embedded.recover(folder, settings)


def _major() -> int:
    said = subprocess.run([embedded.BIN / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.rpartition(" ")[2].partition(".")[0])


def _tool(program: str, url: str, *arguments: str | Path) -> None:
    command, environment = _command(program, url)
    _run(*command, *arguments, environment=environment, hint=HINT)


def _command(program: str, url: str) -> tuple[list[str], dict[str, str]]:
    """How to call a tool: the password goes where the list of processes does not show it."""
    parts = urlsplit(url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
        user, _, host = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=f"{user.partition(':')[0]}@{host}")
    return [str(embedded.BIN / program), "-d", urlunsplit(parts), "--no-password"], environment


def _run(program: str, *arguments: Any, environment: Mapping[str, str] | None = None, hint: str = "") -> None:
    path = embedded.BIN / Path(program).name
    done = subprocess.run(
        [path, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        start_new_session=True,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise BackupFailed(f"{path.name}: {' '.join(said[-2:])}" + (f"\n{hint}" if hint else ""))
