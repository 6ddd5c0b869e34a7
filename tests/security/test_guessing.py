"""Guessing: across processes it is counted once, and how long an answer takes tells nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from argon2 import PasswordHasher

from server.people import passwords, service
from server.people.actors import GrantHeld
from server.people.errors import StaffSignInWrong
from server.people.models import Role
from server.people.staff import create_staff, sign_in_staff
from tests.bench.house import served
from tests.fixtures.database import copy_of
from tests.fixtures.people import PASSWORD

PHONE = "13800138000"
PROCESSES, AT_ONCE = 2, 24
GUESSES_OF_A_CODE, ROUNDS = 5, 7


@pytest.fixture
def house(database_server: str, template: str, old_key: Any) -> Iterator[str]:
    """Two web processes behind one port."""
    assert old_key
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(copy_of(database_server, template)) as url,
        served(url, processes=PROCESSES) as made,
    ):
        yield f"http://localhost:{made.port}"


def test_a_code_is_guessed_five_times_whichever_process_is_asked(house: str) -> None:
    sent = httpx.post(f"{house}/api/v1/sign-in/codes", json={"phone": PHONE}).json()
    right = sent["demo_code"]
    wrong = [f"{number:06d}" for number in range(AT_ONCE + 1) if f"{number:06d}" != right][:AT_ONCE]

    async def guess_all() -> Counter[str]:
        async with httpx.AsyncClient() as client:

            async def one(code: str) -> str:
                # A connection each: they spread over the processes.
                body = {"phone": PHONE, "code": code}
                answer = await client.post(
                    f"{house}/api/v1/sessions", json=body, headers={"Connection": "close"}, timeout=30
                )
                return f"{answer.status_code} {answer.json()['type']}"

            return Counter(await asyncio.gather(*map(one, wrong)))

    said = asyncio.run(guess_all())
    assert set(said) <= {"422 /problems/code-wrong", "422 /problems/code-expired"}, said
    assert said["422 /problems/code-wrong"] <= GUESSES_OF_A_CODE
    late = httpx.post(f"{house}/api/v1/sessions", json={"phone": PHONE, "code": right})
    assert late.status_code == 422, "the right code after five guesses"


async def test_a_name_that_nobody_has_takes_as_long_as_one_that_somebody_has(settings, db, monkeypatch) -> None:
    assert settings
    assert db
    monkeypatch.setattr(passwords, "hasher", PasswordHasher())  # as slow as the product's
    await create_staff(
        login="desk", display_name="小王", password=PASSWORD, grants=[GrantHeld(Role.MANAGER, region_code=450000)]
    )
    took: dict[str, list[float]] = {"desk": [], "nobody": []}
    for at in range(ROUNDS):
        for login, times in took.items():
            began = time.perf_counter()
            with pytest.raises(StaffSignInWrong):
                await sign_in_staff(login=login, password="wrong", totp="000000", address=f"10.0.{at}.1", device="test")
            times.append(time.perf_counter() - began)
    known, unknown = (min(times) for times in took.values())  # what a busy machine adds is left out
    # Without a hash for unknown names, they are answered ten times as fast.
    assert 0.6 < known / unknown < 1.7, took


async def test_for_a_number_that_is_known_the_same_is_done_as_for_one_that_is_not(site, sent) -> None:
    """Step by step, in the same order: so it takes as long, too."""
    done: dict[str, list[str]] = {}
    await site.submit("/sign-in/code", {"phone": "13900000000"})  # what a connection asks only once
    await service.ensure_person("+8613800000001", "zh_CN")
    for phone in ("13800000001", "13800000002"):
        sent.clear()
        assert (await site.submit("/sign-in/code", {"phone": phone})).status_code == 200
        done[phone] = [*sent]
    known, unknown = done.values()
    assert len(known) > 1
    assert known == unknown
