"""Limits per address count the people behind a proxy, and nobody can claim to be somebody else."""

from dataclasses import replace

import httpx
import pytest

from server.people import service
from server.web import behind_proxies
from tests.fixtures.http import ORIGIN


@pytest.fixture
def ask(app, settings, monkeypatch):
    monkeypatch.setattr(service, "ADDRESS_LIMIT", (service.ADDRESS_LIMIT[0], 3))
    wrapped = behind_proxies(app, replace(settings, proxies=("127.0.0.1", "10.0.0.0/8")))
    numbers = iter(range(100))

    async def send(forwarded="", peer="127.0.0.1"):
        transport = httpx.ASGITransport(app=wrapped, client=(peer, 1234))
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
            phone = f"138001380{next(numbers):02d}"
            return (await client.post("/api/v1/sign-in/codes", json={"phone": phone})).status_code

    return send


async def test_people_behind_one_proxy_do_not_share_its_limit(ask):
    assert [await ask(f"203.0.113.{n}", peer="10.1.2.3") for n in range(6)] == [202] * 6


async def test_one_address_is_limited_whatever_it_claims(ask):
    claims = [await ask(f"203.0.113.{n}", peer="198.51.100.9") for n in range(4)]
    assert claims == [202, 202, 202, 429]


async def test_what_a_client_puts_before_the_proxys_word_is_not_believed(ask):
    claims = [await ask(f"203.0.113.{n}, 198.51.100.9", peer="10.1.2.3") for n in range(4)]
    assert claims == [202, 202, 202, 429]


async def test_one_subscriber_of_ipv6_is_one_address(ask):
    claims = [await ask(f"2001:db8:1:2::{n:x}", peer="10.1.2.3") for n in range(1, 5)]
    assert claims == [202, 202, 202, 429]
    assert await ask("2001:db8:1:3::1", peer="10.1.2.3") == 202


@pytest.mark.parametrize("nonsense", ["x", "unknown", "1.2.3.4.5", ",", "\t", "::1%eth0", "a" * 5_000])
async def test_nonsense_breaks_nothing(ask, nonsense):
    assert await ask(nonsense) in (202, 429)
