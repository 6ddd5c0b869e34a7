"""`make shots`: the demo in a folder of its own, photographed.

`python -m tests.shots [MODE …]` makes the book under build/shots/, of all modes or of some;
`python -m tests.shots readme` takes the pictures that README shows.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.async_api import async_playwright

from server.config import ROOT, read_settings
from server.db import embedded
from server.db.lifespan import database
from server.process import equip
from tests.fixtures.processes import demo_run
from tests.shots import readme
from tests.shots.book import make_book
from tests.shots.world import demo_places, make_world

BOOK = ROOT / "build" / "shots"


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """The demo's address and its database's, for as long as the block; this process has its keys."""
    with demo_run() as served:
        equip(read_settings(os.environ | {"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": str(served.folder)}))
        yield served.url, embedded.start(served.folder / "postgres")


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
