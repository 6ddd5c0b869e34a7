"""The SMS gateway is down for an hour and comes back: every message arrives, none twice.

The gateway is a server of this machine that speaks what Aliyun's does (server/notices/aliyun.py); the outbox' clock is
moved a minute at a time. One row that cannot be read stands among the others all the while.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from server.bookings.service import book_slot
from server.config import AliyunSms, read_settings
from server.db import embedded, sql
from server.db.lifespan import database, migrate
from server.jobs import deliver_notices
from server.kit import clock
from server.notices import sms
from server.notices.aliyun import AliyunSender
from server.people.models import Person
from server.process import equip
from tests.drills.table import Line, say
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person

MESSAGES = 120
ACCOUNT = AliyunSms("id", "secret", "娘家人", "SMS_1", "SMS_2", "SMS_3")
OK = json.dumps({"Code": "OK", "Message": "OK", "BizId": "900619746936498440^0"}).encode()
DOWN = b"<html>502 Bad Gateway</html>"
HOURS = (1, 4)  # down for the first, watched for so many


@dataclass
class Gateway:
    """What it took, by whom it was for and which booking; while `down` it is refusing or answering nonsense."""

    took: Counter[tuple[str, str]] = field(default_factory=Counter)
    port: int = 0
    down: bool = False
    asked_while_down: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        query = parse_qs(urlsplit(head.split(" ", 2)[1]).query)
        said, status = OK, "200 OK"
        if self.down:
            self.asked_while_down += 1
            said, status = DOWN, "502 Bad Gateway"
        else:
            self.took[query["PhoneNumbers"][0], json.loads(query["TemplateParam"][0])["code"]] += 1
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n".encode() + said)
        await writer.drain()
        writer.close()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request for Aliyun's address here."""
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        async with httpx.AsyncHTTPTransport() as wire:
            answer = await wire.handle_async_request(httpx.Request(request.method, url, headers=request.headers))
            return httpx.Response(answer.status_code, content=await answer.aread())


class Wire(httpx.AsyncBaseTransport):
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.gateway.handle_async_request(request)


async def drill() -> list[Line]:
    with tempfile.TemporaryDirectory(prefix="niangjia-drill-") as folder:
        settings = read_settings({"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": folder})
        equip(settings)
        place = Path(folder) / "postgres"
        try:
            url = embedded.start(place)
            await migrate(url)
            gateway = Gateway()
            async with database(url, pool_size=8), gateway.running():
                sms.install(AliyunSender(ACCOUNT, Wire(gateway)))
                return await an_hour(gateway)
        finally:
            embedded.stop(place)


async def an_hour(gateway: Gateway) -> list[Line]:
    """Bookings are made at noon; the gateway is down until one."""
    noon = clock.at(clock.today() + timedelta(days=1), 720) - clock.now()
    gateway.down = True
    with clock.travel(noon):
        slot = await make_slot(await make_offering(capacity=MESSAGES), clock.now() + timedelta(hours=30))
        made = []
        for _ in range(MESSAGES):
            worker = await make_person()
            made.append(await book_slot(actor=worker, slot_id=slot.id, request_key=worker.id.hex))
    broken = await sql.value("SELECT person_id FROM booking WHERE id = $1", made[0].id)
    await Person.filter(id=broken).update(phone_sealed=b"nothing that can be opened")
    for minute in range(HOURS[1] * 60):
        gateway.down = minute < HOURS[0] * 60
        with clock.travel(noon + timedelta(minutes=minute)):
            await deliver_notices()
    arrived = {code: count for (_, code), count in gateway.took.items()}
    lost = [booking.code for booking in made[1:] if booking.code not in arrived]
    twice = [code for code, count in arrived.items() if count > 1]
    sent = await sql.value("SELECT count(*) FROM notice WHERE state = 'sent' AND kind = 'booking_confirmed'")
    result = f"{len(arrived)} of {MESSAGES - 1} arrived, {len(lost)} lost, {len(twice)} twice"
    result += f"; asked {gateway.asked_while_down} times while down"
    say(f"gateway: {result}")
    good = not lost and not twice and sent == MESSAGES - 1 and gateway.asked_while_down > 0
    return [
        Line("the SMS gateway is down for an hour", "no message lost, none twice", result, good=good),
        Line(
            "one message that cannot be read stands among them",
            "it keeps no other waiting, and is kept",
            f"{sent} others sent; it waits: {await _waits(made[0].id)}",
            good=sent == MESSAGES - 1 and await _waits(made[0].id),
        ),
    ]


async def _waits(booking_id: object) -> bool:
    state = "SELECT state = 'due' AND tries > 0 FROM notice WHERE booking_id = $1 AND kind = 'booking_confirmed'"
    return bool(await sql.value(state, booking_id))
