"""A bad line to a server on this machine: far away, narrow, and it loses packets.

What TCP makes of them: bytes travel in segments, one after the other through a narrow road in each direction; a lost
segment is sent again after the time that Linux waits for it (a round trip and 200 ms, doubled each time), and what
comes behind it waits. A connection costs a round trip to open and one more for TLS 1.3. Not modelled: windows (a page
of ours fits into the first one) and the quicker repair that many packets in flight allow, so it is rather too bad.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

SEGMENT = 1400
ROUND_TRIP, BYTES_A_SECOND, LOSS = 0.4, 50_000, 0.05
AGAIN = ROUND_TRIP + 0.2
HANDSHAKES = 2
AHEAD = 64

Segments = asyncio.Queue[tuple[float, bytes]]


@dataclass
class Road:
    """One direction of the line, shared by all connections: when it is free again."""

    chance: Random
    free: float = 0.0

    def arrival(self, now: float, size: int) -> float:
        """When a segment that is sent now is there."""
        self.free = max(now, self.free) + size / BYTES_A_SECOND
        return self.free + ROUND_TRIP / 2 + self.late()

    def late(self) -> float:
        """How much later a segment comes because it was lost on the way."""
        late, wait = 0.0, AGAIN
        while self.chance.random() < LOSS:
            late, wait = late + wait, 2 * wait
        return late


@dataclass
class BadLine:
    """Forwards connections to `port`; `seed` decides what is lost."""

    port: int
    seed: int = 1
    there: Road = field(init=False)
    back: Road = field(init=False)

    def __post_init__(self) -> None:
        chance = Random(self.seed)
        self.there, self.back = Road(chance), Road(chance)

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        await asyncio.sleep(HANDSHAKES * ROUND_TRIP + self.there.late() + self.back.late())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(carry(self.there, reader, far_writer))
                both.create_task(carry(self.back, far_reader, writer))
        except* (ConnectionError, asyncio.CancelledError):
            pass  # either side went away, or the measuring is over
        finally:
            writer.close()
            far_writer.close()


async def carry(road: Road, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction of a connection: segments arrive late and in order."""
    sent: Segments = asyncio.Queue(AHEAD)
    async with asyncio.TaskGroup() as both:
        both.create_task(_deliver(sent, writer))
        clock, last = asyncio.get_running_loop().time, 0.0
        while True:
            part = await reader.read(SEGMENT)
            last = max(last, road.arrival(clock(), len(part)))
            await sent.put((last, part))
            if not part:
                return


async def _deliver(sent: Segments, writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due, part = await sent.get()
        await asyncio.sleep(due - clock())
        if not part:
            with suppress(OSError):
                writer.write_eof()
            return
        writer.write(part)
        await writer.drain()


async def _serve(line: BadLine, begins: Future[int], ended: Future[None]) -> None:
    async with await asyncio.start_server(line.connect, "127.0.0.1", 0) as server:
        begins.set_result(server.sockets[0].getsockname()[1])
        await asyncio.wrap_future(ended)


@contextmanager
def bad_line(port: int) -> Iterator[int]:
    """The port where the bad line to `port` begins, for as long as the block."""
    begins, ended = Future[int](), Future[None]()
    runner = threading.Thread(target=lambda: asyncio.run(_serve(BadLine(port), begins, ended)))
    runner.start()
    try:
        yield begins.result()
    finally:
        ended.set_result(None)
        runner.join()
