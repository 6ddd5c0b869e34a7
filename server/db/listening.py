"""Hearing what PostgreSQL tells (NOTIFY) for as long as a process lives, through every loss of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import asyncpg
import structlog

from server.db.pool import UNREACHABLE

log = structlog.get_logger()
AGAIN_SECONDS = 1.0


async def listen(
    url: str,
    channels: Iterable[str],
    *,
    began: Callable[[], None],
    heard: Callable[[str, str], None],
    again: float = AGAIN_SECONDS,
) -> NoReturn:
    """Call `heard` with the channel and the text of each word, on one connection, made anew when it is lost.

    `began` is called whenever listening has begun: whatever was said before that went unheard.
    """
    while True:
        try:
            await _listen_once(url, channels, began, heard)
        except UNREACHABLE as error:
            log.warning("listening.again", error=type(error).__name__)
        await asyncio.sleep(again)


async def _listen_once(
    url: str, channels: Iterable[str], began: Callable[[], None], heard: Callable[[str, str], None]
) -> None:
    def _hear(_connection: Any, _pid: int, channel: str, payload: object) -> None:
        heard(channel, str(payload))

    connection = await asyncpg.connect(url)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        for channel in channels:
            await connection.add_listener(channel, _hear)
        began()
        await lost.wait()
    finally:
        await connection.close(timeout=1)
