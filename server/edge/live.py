"""Live events: what PostgreSQL tells all processes (NOTIFY) reaches open pages (server-sent events).

An event only says that something changed; the page fetches the new state by its ordinary address, so
access is checked where it always is. A page that reconnects is told "changed" at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from litestar.response import ServerSentEvent, ServerSentEventMessage

from server.db.listening import listen
from server.kit.context import session_id

CHANNEL = "live"
KEEP_ALIVE_SECONDS = 20
SESSION = "session-"  # the topic of a session's end (0006)


class _Ended(asyncio.Event):
    """Set when a session has ended; wakes the page that waits on something else."""

    def __init__(self, waking: asyncio.Event) -> None:
        super().__init__()
        self.waking = waking

    def set(self) -> None:
        super().set()
        self.waking.set()


class LiveHub:
    """One LISTEN connection of this process, and the open pages that wait on a station or a booking."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as the process serves."""
        task = asyncio.create_task(listen(self.url, [CHANNEL], began=self._tell_all, heard=self._hear))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _tell_all(self) -> None:
        """Whatever was said while nobody listened: let every open page look again."""
        for topic in list(self.waiting):
            self.tell(topic)

    def _hear(self, _channel: str, said: str) -> None:
        for topic in said.split():
            self.tell(topic)

    def tell(self, topic: str) -> None:
        """Wake the pages that wait on a topic (a station's or a booking's id)."""
        for event in self.waiting.get(topic, ()):
            event.set()

    def stream(self, topic: str, *, is_stale: Callable[[], Awaitable[bool]] | None = None) -> ServerSentEvent:
        """Server-sent `changed` events of a topic.

        `is_stale` says whether the page has already missed one; it is asked after the stream began to listen,
        so that nothing falls in between. Without it the first event is sent at once. The stream ends with the
        session of whoever asked for it: the page then looks again, and is sent to sign in.
        """
        return ServerSentEvent(self._events(topic, is_stale, f"{SESSION}{session_id.get()}"))

    async def _events(
        self, topic: str, is_stale: Callable[[], Awaitable[bool]] | None, session: str
    ) -> AsyncIterator[ServerSentEventMessage]:
        event = asyncio.Event()
        ended = _Ended(event)
        listening: tuple[tuple[str, asyncio.Event], ...] = ((topic, event), (session, ended))
        for name, one in listening:
            self.waiting[name].add(one)
        try:
            stale = is_stale is None or await is_stale()
            yield ServerSentEventMessage(id="0", event="changed" if stale else "ready", data="")
            while True:
                try:
                    await asyncio.wait_for(event.wait(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield ServerSentEventMessage(comment="")
                    continue
                event.clear()
                yield ServerSentEventMessage(id="1", event="changed", data="")
                if ended.is_set():
                    return
        finally:
            for name, one in listening:
                self.waiting[name].discard(one)
                if not self.waiting[name]:
                    del self.waiting[name]
