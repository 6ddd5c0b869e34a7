"""`niangjia web`: the web processes, each with an application of its own, behind one port."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
from argparse import Namespace
from importlib import import_module
from tempfile import TemporaryDirectory

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer as Server
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar
from litestar.types import ASGIApp

from server import process
from server.config import Settings, read_settings
from server.logs import logging_config, start_logs

MOST_OPEN = 16_384  # requests of one process, open pages with live events included
PORT_PATIENCE = 4.0  # what the children of a killed one may need to leave the port
STOP_SECONDS = 2  # then open pages with live events are cut; they come back by themselves


def web(settings: Settings, given: Namespace) -> int:
    """The command: serve until told to stop."""
    process.refuse_taken_port(settings, patience=PORT_PATIENCE if given.supervised else 0)
    with process.database_of(settings) as url:
        serve(settings, url)
    return 0


def serve(settings: Settings, database_url: str) -> None:
    """Start the processes and wait for their end."""
    _allow_many_files()
    with TemporaryDirectory(prefix="niangjia-metrics-") as counted:
        os.environ["DATABASE_URL"] = database_url  # for the processes that start below
        if settings.web_processes > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted
        # Only now: metrics choose where they count when they are imported. Once here, for all processes.
        import_module("server.app")
        _spare_the_collector()
        _server(settings).serve(target_loader=load, wrap_loader=False)


def _server(settings: Settings) -> Server:
    return Server(
        "server.web",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.web_processes,
        websockets=False,
        backlog=4096,
        backpressure=MOST_OPEN,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=logging_config(settings),
    )


def load() -> ASGIApp:
    """The application of one web process, which ends with the one that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        process.leave_when(parent.join)
    settings = read_settings()
    start_logs(settings)
    app: Litestar = import_module("server.app").create_app(settings, settings.database_url)
    _spare_the_collector()
    return behind_proxies(app, settings)


def _spare_the_collector() -> None:
    """What was made so far stays for good, and requests leave few circles: looking for them took 8 % of a list page.

    Before processes part it also keeps them from writing into all that they share, which would double it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def behind_proxies(app: Litestar, settings: Settings) -> ASGIApp:
    """The application, told by the proxies in front of it where a request comes from; nobody else is believed."""
    wrapped: ASGIApp = wrap_asgi_with_proxy_headers(app, list(settings.proxies))
    return wrapped


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 4 * MOST_OPEN) if hard != resource.RLIM_INFINITY else 4 * MOST_OPEN
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
