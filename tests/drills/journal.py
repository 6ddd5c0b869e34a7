"""What clients were told: each asks under its key until it gets an answer, as a phone does, and writes it down."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from server.kit.ids import new_id
from server.membership.consent_texts import CONSENTS, version_of
from tests.drills.town import Person, Town, dice
from tests.fixtures.membership import make_id_card
from tests.fixtures.stations import QINGXIU

LONGEST = 90.0  # how long a client goes on asking
PAUSE = 0.1  # between two tries, and between what one client does
ONE_ANSWER = 15.0
BUSY = 503


@dataclass(frozen=True)
class Told:
    """A booking that was acknowledged; `tries` were needed."""

    key: str
    person: UUID
    slot: UUID
    id: UUID
    at: float
    tries: int


@dataclass
class Journal:
    """Everything that was acknowledged, by whom it was told; `statuses` counts every answer, lost ones as 0."""

    booked: dict[str, Told] = field(default_factory=dict)
    cancelled: set[UUID] = field(default_factory=set)
    unsure: set[UUID] = field(default_factory=set)  # a cancellation was sent and not answered
    applied: dict[UUID, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    given_up: int = 0
    acks: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def longest_gap(self, since: float) -> float:
        """The longest time, from an instant until now, in which no booking was acknowledged."""
        times = [since, *sorted(at for at in self.acks if at >= since), time.monotonic()]
        return max(b - a for a, b in itertools.pairwise(times))

    def acked_after(self, since: float) -> int:
        return sum(at >= since for at in self.acks)

    def retried(self) -> int:
        return sum(told.tries > 1 for told in self.booked.values())

    def words(self) -> str:
        return f"{len(self.booked):,} booked ({self.retried()} after retries), {len(self.applied)} applied"


class Crowd:
    """Clients who book, cancel and apply; any of `urls` may get any request."""

    def __init__(self, town: Town, journal: Journal, urls: list[str] | None = None) -> None:
        self.town, self.journal = town, journal
        self.urls = urls or [town.url]
        self.turns = itertools.count()

    @asynccontextmanager
    async def at_work(self, clients: int = 12) -> AsyncIterator[Journal]:
        """So many clients as long as the block; what they began they bring to an end."""
        stop = asyncio.Event()
        shares = [self.town.people[n::clients] for n in range(clients)]
        limits = httpx.Limits(max_connections=clients * 2)
        async with httpx.AsyncClient(timeout=ONE_ANSWER, limits=limits) as http:
            tasks = [asyncio.create_task(self._work(http, share, stop)) for share in shares]
            try:
                yield self.journal
            finally:
                stop.set()
                for found in await asyncio.gather(*tasks, return_exceptions=True):
                    if isinstance(found, BaseException):
                        self.journal.wrong.append(f"a client broke: {found!r}")

    async def _work(self, http: httpx.AsyncClient, share: list[Person], stop: asyncio.Event) -> None:
        for person in itertools.cycle(share):
            if stop.is_set():
                return
            made = await self._book(http, person)
            if made and dice.random() < 0.25:
                await self._cancel(http, person, made)
            if person.id not in self.journal.applied and dice.random() < 0.15:
                await self._apply(http, person)
            await asyncio.sleep(PAUSE * dice.random() * 2)

    async def _book(self, http: httpx.AsyncClient, person: Person) -> UUID | None:
        slot, key = dice.choice(self.town.slots[next(person.times)]), new_id().hex
        headers = {"Idempotency-Key": key}
        answer, tries = await self._ask(
            http, person, "POST", "/api/v1/bookings", json={"slot_id": str(slot)}, headers=headers
        )
        if answer is None:
            return None
        if not answer.is_success:
            self.journal.refused[answer.json().get("type", "")] += 1
            return None
        made = UUID(answer.json()["id"])
        now = time.monotonic()
        self.journal.acks.append(now)
        self.journal.booked[key] = Told(key, person.id, slot, made, now, tries)
        if dice.random() < 0.1:  # a phone that missed the answer asks again
            again, _ = await self._ask(
                http, person, "POST", "/api/v1/bookings", json={"slot_id": str(slot)}, headers=headers
            )
            if again is not None and again.json().get("id") != str(made):
                self.journal.wrong.append(f"key {key}: first {made}, then {again.text[:200]}")
        return made

    async def _cancel(self, http: httpx.AsyncClient, person: Person, booking: UUID) -> None:
        self.journal.unsure.add(booking)
        answer, _ = await self._ask(http, person, "POST", f"/api/v1/bookings/{booking}/cancel")
        if answer is not None and answer.is_success:
            self.journal.cancelled.add(booking)
        elif answer is not None:
            self.journal.wrong.append(f"cancelling {booking}: {answer.status_code} {answer.text[:200]}")

    async def _apply(self, http: httpx.AsyncClient, person: Person) -> None:
        draft = {
            "poster": self.town.union,
            "identity": {"name": "莫秀英", "document": "id_card", "number": make_id_card()},
            "work": {"region_code": QINGXIU, "employer": ""},
        }
        kept, _ = await self._ask(http, person, "PUT", "/api/v1/membership/application", json=draft)
        if kept is None:
            return
        consents = {"version": version_of(tuple(CONSENTS)), "sensitive": True, "sharing": True}
        sent, _ = await self._ask(http, person, "POST", "/api/v1/membership/application/submit", json=consents)
        if sent is not None and sent.is_success:
            self.journal.applied[person.id] = sent.json()["state"]
        elif sent is not None:
            self.journal.refused[sent.json().get("type", "")] += 1

    async def _ask(
        self, http: httpx.AsyncClient, person: Person, method: str, path: str, **more: Any
    ) -> tuple[httpx.Response | None, int]:
        """Ask until there is an answer that means something; None where the client gave up."""
        headers = {"Authorization": f"Bearer {person.token}"} | more.pop("headers", {})
        began = time.monotonic()
        for tries in itertools.count(1):
            url = self.urls[next(self.turns) % len(self.urls)]
            try:
                answer = await http.request(method, url + path, headers=headers, **more)
                self.journal.statuses[answer.status_code] += 1
                if answer.status_code < 500:
                    self.journal.waits.append(time.monotonic() - began)
                    return answer, tries
                if answer.status_code != BUSY:
                    self.journal.wrong.append(f"{method} {path} → {answer.status_code}: {answer.text[:300]}")
            except httpx.HTTPError:
                self.journal.statuses[0] += 1
            if time.monotonic() - began > LONGEST:
                self.journal.given_up += 1
                return None, tries
            await asyncio.sleep(PAUSE)
        raise AssertionError
