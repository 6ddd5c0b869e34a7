"""A phone and a code: once, for five minutes, for five tries, and never too many."""

import asyncio
from datetime import timedelta

import pytest

from server.kit import clock
from server.notices import sms
from server.people import service
from server.people.errors import CodeExpired, CodesTooMany, CodeWrong
from server.people.models import Person, Session, SignInCode

pytestmark = pytest.mark.usefixtures("settings", "db")
PHONE = "+8613800138000"


async def code_for(phone=PHONE, address="10.0.0.1"):
    return await service.request_code(phone=phone, address=address)


async def sign_in(code, phone=PHONE):
    return await service.sign_in(phone=phone, code=code, device="test", locale="zh_CN")


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_right_code_makes_a_person_and_a_session():
    made = await sign_in(await code_for())
    assert made.is_new
    assert (await service.find_actor(made.token)).id == made.actor.id
    with clock.travel(timedelta(minutes=2)):
        again = await sign_in(await code_for())
    assert not again.is_new
    assert again.actor.id == made.actor.id


async def test_typed_with_spaces_and_full_width_digits():
    code = await code_for()
    wide = "".join(chr(ord(ch) + 0xFEE0) for ch in code)
    assert (await sign_in(f" {wide[:3]} {wide[3:]} ")).token


async def test_a_code_works_once():
    code = await code_for()
    results = await asyncio.gather(*(sign_in(code) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(r, Exception) for r in results) == 1


async def test_a_code_is_good_for_five_minutes():
    code = await code_for()
    with clock.travel(timedelta(minutes=5, seconds=1)), pytest.raises(CodeExpired):
        await sign_in(code)


async def test_after_five_tries_even_the_right_code_is_refused():
    code = await code_for()
    for _ in range(5):
        with pytest.raises(CodeWrong):
            await sign_in(other(code))
    with pytest.raises(CodeExpired):
        await sign_in(code)


async def test_a_newer_code_replaces_the_older():
    first = await code_for()
    with clock.travel(timedelta(minutes=2)):
        second = await code_for()
        with pytest.raises(CodeWrong):
            await sign_in(first if first != second else other(second))
        assert await sign_in(second)


async def test_one_code_a_minute_whatever_the_concurrency():
    results = await asyncio.gather(*(code_for() for _ in range(10)), return_exceptions=True)
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert all(isinstance(r, CodesTooMany) and 0 < r.retry_after <= 60 for r in results if isinstance(r, Exception))


async def test_five_an_hour_and_ten_a_day():
    sent = 0
    for minutes in range(0, 24 * 60, 7):
        with clock.travel(timedelta(minutes=minutes)):
            try:
                await code_for()
                sent += 1
            except CodesTooMany:
                continue
        hour_ago = clock.now() + timedelta(minutes=minutes) - timedelta(hours=1)
        assert await SignInCode.filter(created_at__gt=hour_ago).count() <= 5
    assert sent == 10


async def test_a_site_behind_one_address_may_sign_in_together():
    for n in range(30):
        assert await code_for(f"+86138001380{n:02d}")


class Gateway:
    """Stands where the carrier is: notes codes, and answers with `error` where there is one."""

    def __init__(self):
        self.sent, self.error = [], None

    async def send_code(self, phone, code):
        self.sent.append((phone, code))
        if self.error:
            raise self.error


@pytest.fixture
def gateway(settings):
    made = Gateway()
    sms.install(made)
    yield made
    sms.install(sms.DemoSms(settings))


@pytest.mark.parametrize("error", [sms.SmsDown(), sms.SmsRefused(), sms.SmsLimited(retry_after=60), OSError()])
async def test_a_code_that_was_not_sent_does_not_use_up_the_tries(gateway, error):
    gateway.error = error
    for _ in range(12):
        with pytest.raises(type(error)):
            await code_for()
    gateway.error = None
    await code_for()
    assert await sign_in(gateway.sent[-1][1])


async def test_a_code_that_may_have_been_sent_counts_and_works(gateway):
    gateway.error = sms.SmsUnanswered()
    await code_for()
    with pytest.raises(CodesTooMany):
        await code_for()
    assert await sign_in(gateway.sent[0][1])


async def test_many_requests_at_once_send_one_sms(gateway):
    await asyncio.gather(*(code_for() for _ in range(30)), return_exceptions=True)
    assert len(gateway.sent) == 1


async def test_guesses_at_the_same_instant_are_counted():
    code = await code_for()
    results = await asyncio.gather(*(sign_in(other(code)) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(r, CodeWrong) for r in results) == 5
    assert sum(isinstance(r, CodeExpired) for r in results) == 25


async def test_a_day_of_guessing_gets_fifty_tries():
    tried = 0
    for minutes in range(0, 24 * 60, 6):
        with clock.travel(timedelta(minutes=minutes)):
            try:
                code = await code_for()
            except CodesTooMany:
                continue
            for _ in range(10):
                try:
                    await sign_in(other(code))
                except CodeWrong:
                    tried += 1
                except CodeExpired:
                    break
    assert tried == 50


async def test_known_and_unknown_numbers_are_answered_alike():
    known = await sign_in(await code_for())
    assert known
    with clock.travel(timedelta(minutes=2)):
        answers = [await code_for(PHONE), await code_for("+8613900139000")]
        for phone in (PHONE, "+8613900139000"):
            with pytest.raises(CodeExpired):
                await sign_in("1", "+8613700137000")
            assert await Person.all().count() == 1, phone
    assert all(len(code) == 6 for code in answers)


async def test_sessions_end_one_by_one_and_all_together():
    first = await sign_in(await code_for())
    second = await service.open_session(person_id=first.actor.id)
    third = await service.open_session(person_id=first.actor.id)
    await service.sign_out(first.actor)
    assert await service.find_actor(first.token) is None
    assert await service.find_actor(second)
    await service.sign_out_everywhere(await service.find_actor(second))
    assert await service.find_actor(third) is None
    assert await Session.all().count() == 0


async def test_a_session_unused_for_half_a_year_ends():
    made = await sign_in(await code_for())
    with clock.travel(timedelta(days=100)):
        assert await service.find_actor(made.token)
    with clock.travel(timedelta(days=250)):
        assert await service.find_actor(made.token)
    with clock.travel(timedelta(days=250 + 181)):
        assert await service.find_actor(made.token) is None
