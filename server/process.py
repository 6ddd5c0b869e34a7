"""What every process of ours does as it starts: keys and senders, logs, the database, leaving with its parent."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from server.config import Settings
from server.db import embedded
from server.kit import clock, crypto
from server.logs import start_logs
from server.notices import sms
from server.notices.aliyun import AliyunSender


class DataInUse(RuntimeError):
    """Another process of ours has started the database of this data folder."""


class CannotServe(RuntimeError):
    """Nobody can be served at HOST and PORT; the message says why in one line."""


def equip(settings: Settings) -> None:
    """Give this process its clock, its keys and its way to send messages."""
    clock.set_shift(settings.clock_shift)
    crypto.install(crypto.Vault(settings.data_keys, settings.data_key, settings.secret))
    sms.install(AliyunSender(settings.sms) if settings.sms else sms.DemoSms(settings))


def start(settings: Settings) -> None:
    """What each command does first."""
    start_logs(settings)
    equip(settings)


def refuse_taken_port(settings: Settings, *, patience: float = 0) -> None:
    """Wait, as long as `patience` says, until nobody else serves at our port. Raises CannotServe."""
    deadline = time.monotonic() + patience
    while not _port_is_free(settings):
        if time.monotonic() >= deadline:
            raise CannotServe(
                f"端口 {settings.port} 已被占用，换一个：make run PORT=8123 (port {settings.port} is taken)"
            )
        time.sleep(0.05)


def _port_is_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise CannotServe(f"HOST, PORT: {settings.host}:{settings.port}: {error.strerror}") from None
    return True


@contextmanager
def database_of(settings: Settings, *, alone: bool = False) -> Iterator[str]:
    """The address of the database: DATABASE_URL, or the embedded server for as long as it is needed.

    Who starts the embedded server stops it; later ones join it, unless they want to be `alone`.
    Raises DataInUse, or StartFailed where the server does not start.
    """
    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.data_dir / "postgres"
    with _held(settings.data_dir) as ours:
        if not ours and (alone or not embedded.is_running(folder)):
            raise DataInUse(f"{settings.data_dir}: already in use by another niangjia process")
        try:
            yield embedded.start(folder)
        finally:
            if ours:
                embedded.stop(folder)


@contextmanager
def hold_data(settings: Settings) -> Iterator[None]:
    """Keep the data folder to oneself while the database stands still. Raises DataInUse."""
    with _held(settings.data_dir) as ours:
        if not ours or embedded.is_running(settings.data_dir / "postgres"):
            raise DataInUse(f"{settings.data_dir}: in use; stop `niangjia run` first")
        yield


@contextmanager
def _held(data_dir: Path) -> Iterator[bool]:
    """Whether the data folder is ours; the kernel takes it back from a process that dies."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def leave_when(gone: Callable[[], object]) -> None:
    """End this process, in its usual way, as soon as `gone` returns: it waits for the parent's end."""

    def wait() -> None:
        gone()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()


def standard_input_closed() -> None:
    """Wait until nobody holds the other end of standard input any more."""
    while os.read(0, 1):
        pass
