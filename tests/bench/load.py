"""A load of HTTP requests in one process: on keep-alive connections, closed loop (as fast as answers come) or open
loop (at times that do not wait for answers, so that a slow answer counts for all who would have come meanwhile).

Only loopback addresses are ever asked.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import uvloop

HOST = "127.0.0.1"
LOST = 0  # the status of a request whose connection broke


@dataclass(frozen=True)
class Ask:
    """One request; `kind` is what it counts as, `then` looks at the answer (status, head, body)."""

    kind: str
    data: bytes
    then: Callable[[int, bytes, bytes], None] | None = None


@dataclass
class Result:
    """What came of a load: seconds from when a request was due to its whole answer, by kind."""

    seconds: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def failed(self, *refusals: int) -> int:
        """Answers that are neither a success nor one of the expected refusals."""
        return sum(n for (_, status), n in self.statuses.items() if not 200 <= status < 400 and status not in refusals)

    def quantile(self, share: float, kind: str = "") -> float:
        """Milliseconds within which this share was answered."""
        found = sorted(t for name, times in self.times.items() if not kind or name == kind for t in times)
        return found[min(len(found) - 1, int(len(found) * share))] * 1000 if found else 0.0


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept-Encoding: br", "Accept-Language: zh-CN"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection that asks one thing at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.answer: asyncio.Future[tuple[int, bytes, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        if self.answer and not self.answer.done():
            self.answer.set_result((LOST, b"", b""))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            whole = len(self.buffer) >= end + 4 + length
        else:
            whole = b"transfer-encoding: chunked" not in head or self.buffer.endswith(b"0\r\n\r\n")
        if whole and self.answer and not self.answer.done():
            raw, body = bytes(self.buffer[:end]), bytes(self.buffer[end + 4 :])
            self.buffer.clear()
            self.answer.set_result((int(raw[9:12]), raw, body))

    def ask(self, data: bytes) -> asyncio.Future[tuple[int, bytes, bytes]]:
        self.answer = asyncio.get_running_loop().create_future()
        if self.transport is None:
            self.answer.set_result((LOST, b"", b""))
        else:
            self.transport.write(data)
        return self.answer


class Load:
    """Connections to one port of this machine, and what was answered on them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.result = Result()

    def closed(self, asks: Iterator[Ask], *, clients: int, seconds: float) -> Result:
        """So many clients, each asking again as soon as it is answered, until the time or the asks end."""
        return uvloop.run(self._closed(asks, clients, seconds))

    def open(self, asks: Iterator[Ask], *, rate: float, connections: int, seconds: float) -> Result:
        """So many asks a second, evenly spaced, whether or not answers come; then all answers are waited for."""
        return uvloop.run(self._open(asks, rate, connections, seconds))

    async def _closed(self, asks: Iterator[Ask], clients: int, seconds: float) -> Result:
        end = time.perf_counter() + seconds

        async def client() -> None:
            connection = await self._connect()
            while time.perf_counter() < end:
                ask = next(asks, None)
                if ask is None:
                    return
                connection = await self._ask(connection, ask, time.perf_counter())

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        self.result.seconds = time.perf_counter() - began
        return self.result

    async def _open(self, asks: Iterator[Ask], rate: float, connections: int, seconds: float) -> Result:
        waiting: deque[tuple[float, Ask]] = deque()
        ready, done = asyncio.Semaphore(0), False

        async def client() -> None:
            connection = await self._connect()
            while True:
                await ready.acquire()
                if not waiting:
                    return
                due, ask = waiting.popleft()
                connection = await self._ask(connection, ask, due)

        clients = [asyncio.create_task(client()) for _ in range(connections)]
        await asyncio.sleep(0.2)
        began = time.perf_counter()
        sent = 0
        while not done:
            now = time.perf_counter()
            while sent < (now - began) * rate and not done:
                ask = next(asks, None)
                done = ask is None or sent >= seconds * rate
                if ask is not None and not done:
                    waiting.append((began + sent / rate, ask))
                    ready.release()
                    sent += 1
            await asyncio.sleep(0.001)
        for _ in clients:
            ready.release()
        await asyncio.gather(*clients)
        self.result.seconds = time.perf_counter() - began
        return self.result

    async def _connect(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, HOST, self.port)
        return connection

    async def _ask(self, connection: _Connection, ask: Ask, due: float) -> _Connection:
        if connection.transport is None:
            connection = await self._connect()
        status, head, body = await connection.ask(ask.data)
        self.result.times.setdefault(ask.kind, []).append(time.perf_counter() - due)
        self.result.statuses[ask.kind, status] += 1
        if ask.then:
            ask.then(status, head, body)
        return connection
