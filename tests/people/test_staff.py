"""Staff sign in with a name, a password and a time-based code; nothing is learnt by guessing."""

import asyncio
from datetime import timedelta

import pyotp
import pytest

from server.audit.models import AuditEntry
from server.kit import clock
from server.people import service
from server.people.actors import GrantHeld
from server.people.errors import StaffSignInTooMany, StaffSignInWrong
from server.people.models import Role, Staff
from server.people.staff import create_staff, sign_in_staff

pytestmark = pytest.mark.usefixtures("settings", "db")
PASSWORD = "correct horse battery staple"


@pytest.fixture
async def secret():
    grants = [GrantHeld(Role.MANAGER, region_code=450000)]
    _, secret = await create_staff(login="Desk", display_name="小王", password=PASSWORD, grants=grants)
    return secret


def code(secret: str) -> str:
    return pyotp.TOTP(secret).at(clock.now())


async def sign_in(secret, *, login="desk", password=PASSWORD, totp=None, address="10.0.0.1"):
    return await sign_in_staff(
        login=login, password=password, totp=totp or code(secret), address=address, device="test"
    )


async def test_all_three_together_begin_a_session(secret):
    made = await sign_in(secret, login=" DESK ")
    assert made.actor.holds(Role.STAFF)
    assert (await service.find_actor(made.token)).display_name == "小王"


@pytest.mark.parametrize("wrong", [{"login": "nobody"}, {"password": "x"}, {"totp": "000000"}, {"totp": "abc"}])
async def test_one_thing_wrong_is_one_answer(secret, wrong):
    with pytest.raises(StaffSignInWrong) as refused:
        await sign_in(secret, **wrong)
    assert refused.value.text == StaffSignInWrong.message


async def test_a_code_is_not_taken_twice(secret):
    used = code(secret)
    await sign_in(secret, totp=used)
    with pytest.raises(StaffSignInWrong):
        await sign_in(secret, totp=used)


async def test_guessing_is_slowed_down_but_locks_nobody_else_out(secret):
    for _ in range(5):
        with pytest.raises(StaffSignInWrong):
            await sign_in(secret, password="guess")
    with pytest.raises(StaffSignInTooMany) as refused:
        await sign_in(secret)
    assert 0 < refused.value.retry_after <= 300
    assert await sign_in(secret, address="10.0.0.2")
    with clock.travel(timedelta(minutes=6)):
        assert await sign_in(secret)


async def test_guesses_at_the_same_instant_are_counted(secret):
    results = await asyncio.gather(*(sign_in(secret, password="guess") for _ in range(40)), return_exceptions=True)
    assert sum(isinstance(r, StaffSignInWrong) for r in results) == 5
    assert sum(isinstance(r, StaffSignInTooMany) for r in results) == 35


async def test_guessing_from_many_addresses_is_slowed_down_too(secret):
    tries = (sign_in(secret, totp="000000", address=f"10.1.0.{n}") for n in range(60))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(r, StaffSignInWrong) for r in results) == 20


async def test_who_has_signed_in_from_here_is_not_locked_out_by_guesses_elsewhere(secret):
    await sign_in(secret, address="10.0.0.1")
    with clock.travel(timedelta(days=3)):
        guesses = (sign_in(secret, password="guess", address=f"10.1.0.{n}") for n in range(20))
        await asyncio.gather(*guesses, return_exceptions=True)
        with pytest.raises(StaffSignInTooMany):
            await sign_in(secret, address="10.2.0.1")
        assert await sign_in(secret, address="10.0.0.1")


async def test_many_colleagues_behind_one_address_mistype_without_harm(secret):
    results = await asyncio.gather(*(sign_in(secret, login=f"c{n}") for n in range(10)), return_exceptions=True)
    assert all(isinstance(r, StaffSignInWrong) for r in results)
    assert await sign_in(secret)


async def test_a_code_is_not_taken_twice_at_the_same_instant(secret):
    used = code(secret)
    results = await asyncio.gather(*(sign_in(secret, totp=used) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(r, Exception) for r in results) == 1


async def test_a_code_of_the_half_minute_before_is_taken_and_an_older_one_is_not(secret):
    now = clock.now()
    before, older = (pyotp.TOTP(secret).at(now - timedelta(seconds=s)) for s in (30, 90))
    with pytest.raises(StaffSignInWrong):
        await sign_in(secret, totp=older)
    assert await sign_in(secret, totp=before)


async def test_the_audit_knows_of_every_try(secret):
    await sign_in(secret)
    for wrong in ({"password": "x"}, {"login": "nobody"}):
        with pytest.raises(StaffSignInWrong):
            await sign_in(secret, **wrong)
    staff = str((await Staff.get()).id)
    entries = await AuditEntry.all().order_by("id").values_list("action", "subject_id")
    assert entries == [
        ("staff.created", staff),
        ("staff.signed_in", staff),
        ("staff.sign_in_failed", staff),
        ("staff.sign_in_failed", "unknown"),
    ]


async def test_a_disabled_account_and_its_sessions_end(secret):
    made = await sign_in(secret)
    await Staff.all().update(disabled_at=clock.now())
    assert await service.find_actor(made.token) is None
    with clock.travel(timedelta(minutes=2)), pytest.raises(StaffSignInWrong):
        await sign_in(secret)


async def test_staff_sessions_end_when_idle_and_after_a_shift(secret):
    made = await sign_in(secret)
    with clock.travel(timedelta(hours=2, minutes=1)):
        assert await service.find_actor(made.token) is None
    for hours in range(1, 12):
        with clock.travel(timedelta(hours=hours)):
            assert await service.find_actor(made.token)
    with clock.travel(timedelta(hours=12, minutes=1)):
        assert await service.find_actor(made.token) is None
