"""`make shots`: the demo in a folder of its own, photographed.

`python -m tests.shots [MODE …]` makes the book under build/shots/, of all modes or of some;
`python -m tests.shots readme` takes the pictures that README shows.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from server.config import ROOT, read_settings
from server.db import embedded
from server.db.lifespan import database
from server.process import equip
from tests.shots import readme
from tests.shots.book import make_book
from tests.shots.world import demo_places, make_world

BOOK = ROOT / "build" / "shots"


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """The demo's address and its database's, for as long as the block; this process has its keys."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="niangjia-shots-"))
    environment = os.environ | {"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": str(folder), "PORT": str(port)}
    environment.setdefault("NIANGJIA_LOG_LEVEL", "WARNING")
    command = [sys.executable, "-m", "server.cli", "run"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _until_ready(f"http://localhost:{port}/health/ready", process)
        equip(read_settings(environment))
        yield f"http://localhost:{port}", embedded.start(folder / "postgres")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    while True:
        assert process.poll() is None, "the demo did not start"
        try:
            httpx.get(address, timeout=60).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return


async def photograph(url: str, database_url: str, names: list[str]) -> None:
    """The pictures asked for."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        if names == ["readme"]:
            await readme.take(browser, url)
            return
        async with database(database_url):
            world = await make_world(await demo_places())
        await make_book(browser, url, world, BOOK, names)
        sys.stdout.write(f"{BOOK / 'index.html'}\n")


def main() -> None:
    with demo() as (url, database_url):
        asyncio.run(photograph(url, database_url, sys.argv[1:]))


if __name__ == "__main__":
    main()
