"""`niangjia run`: database, web and worker on one machine, started together and stopped together.

A child that ends is started again, with growing waits; so is the database, within a second. Children end by
themselves when this process is killed, since the other end of their standard input closes; the database is taken
over by the next start.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from argparse import Namespace
from typing import NoReturn

import httpx
import structlog

from server.config import Settings
from server.db import embedded, lifespan
from server.demo.load import load_demo
from server.process import database_of, refuse_taken_port
from server.stations.service import load_divisions

log = structlog.get_logger()
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
LONG_LIFE = 10.0  # a child that lived so long starts its waits anew
STOP_SECONDS = 5
PORT_PATIENCE = 4.0  # what a killed run's children may need to leave the port
READY_EVERY = 0.05
LOOK_EVERY = 0.5


def run(settings: Settings, _given: Namespace) -> int:
    """The command: start everything and serve until told to stop."""
    refuse_taken_port(settings, patience=PORT_PATIENCE)
    _say("正在启动… (starting)")
    with database_of(settings, alone=True) as url:
        asyncio.run(_serve(settings, url))
    return 0


async def _serve(settings: Settings, url: str) -> None:
    _stop_on_signals()
    try:
        await lifespan.migrate(url)
        async with asyncio.TaskGroup() as group:
            if settings.database_url is None:
                group.create_task(_keep_database(settings))
            group.create_task(_keep("web", url))
            sign_ins = await _fill(settings, url)
            group.create_task(_keep("worker", url))
            if settings.backup_dir:
                group.create_task(_keep("keep-backups", url))
            await _until_ready(settings)
            _greet(settings, sign_ins)
    except asyncio.CancelledError:
        _say("正在停止… (stopping)")


def _stop_on_signals() -> None:
    """The first signal ends the work in good order; more of them change nothing."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()

    def stop() -> None:
        if task is not None and not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)


async def _fill(settings: Settings, url: str) -> list[str]:
    """What ships with this release; in demo mode its network too, and how to sign in to it."""
    async with lifespan.database(url):
        if settings.demo:
            return await load_demo()
        await load_divisions()
        return []


async def _keep_database(settings: Settings) -> NoReturn:
    """Start the embedded server again whenever it ends; where it cannot (a full disk), try until it can."""
    folder = settings.data_dir / "postgres"
    while True:
        await asyncio.sleep(LOOK_EVERY)
        if not embedded.has_ended(folder):
            continue
        log.error("database.ended")
        try:
            await asyncio.to_thread(embedded.start, folder)
        except (OSError, embedded.StartFailed) as error:
            log.error("database.does_not_start", error=str(error))  # noqa: TRY400 (its own words say it all)


async def _keep(name: str, url: str) -> NoReturn:
    """Start a child, and start it again whenever it ends."""
    wait = FIRST_WAIT / 2
    while True:
        began = time.monotonic()
        status = await _live(name, url)
        wait = FIRST_WAIT if time.monotonic() - began > LONG_LIFE else min(wait * 2, LONGEST_WAIT)
        log.error("child.ended", child=name, status=status, again_in=wait)
        await asyncio.sleep(wait)


async def _live(name: str, url: str) -> int:
    """One life of a child, ended with us; its exit status."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", name, "--supervised"),
        stdin=asyncio.subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": url},
        start_new_session=True,
    )
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            await _stop(child)


async def _stop(child: asyncio.subprocess.Process) -> None:
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), STOP_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()


async def _until_ready(settings: Settings) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 (any of ours)
    async with httpx.AsyncClient(base_url=f"http://{host}:{settings.port}") as client:
        while True:
            try:
                if (await client.get("/health/ready")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(READY_EVERY)


def _greet(settings: Settings, sign_ins: list[str]) -> None:
    lines = [
        "",
        f"  娘家人已启动 (ready)：{settings.base_url}",
        f"  工作人员登录 (staff)：{settings.base_url}/staff/sign-in",
    ]
    if sign_ins:
        lines += ["", "  演示账号 (demo sign-ins)，手机号登录时验证码会显示在页面上："]
        lines += [f"    {line}" for line in sign_ins]
    _say("\n".join([*lines, "", "  按 Ctrl-C 停止 (stop with Ctrl-C)", ""]))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
