"""One's own password, authenticator and codes on paper change only after both were given again."""

import asyncio
from datetime import timedelta

import pytest

from server.kit import clock
from server.people import service
from server.people.actors import GrantHeld
from server.people.errors import (
    PasswordCommon,
    PasswordLikeLogin,
    ProofNeeded,
    StaffSignInTooMany,
    StaffSignInWrong,
)
from server.people.models import Role
from server.people.staff import create_staff, sign_in_staff
from server.people.staff_account import (
    change_authenticator,
    change_password,
    change_recovery_codes,
    own_account,
    prove,
)
from tests.fixtures.staffing import NANNING, PASSWORD, SECRET, totp_code

pytestmark = pytest.mark.usefixtures("settings", "db")
OTHER_SECRET = SECRET[::-1]


@pytest.fixture
async def me():
    """Signed in, long ago enough for another code."""
    grants = [GrantHeld(Role.OFFICER, region_code=NANNING)]
    staff_id, _ = await create_staff(
        login="xiaoli", display_name="小李", password=PASSWORD, grants=grants, totp_secret=SECRET
    )
    return await service.find_actor(await service.open_session(staff_id=staff_id))


async def sign_in(totp, password=PASSWORD):
    return await sign_in_staff(login="xiaoli", password=password, totp=totp, address="10.0.0.1", device="test")


async def test_nothing_changes_without_proof(me):
    for act in (
        change_password(actor=me, password="another long enough one"),
        change_authenticator(actor=me, secret=OTHER_SECRET, totp=totp_code(OTHER_SECRET)),
        change_recovery_codes(actor=me),
    ):
        with pytest.raises(ProofNeeded):
            await act


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"totp": "000000"}, {"totp": "ABCDE-FGHJK"}])
async def test_half_a_proof_is_none_and_guessing_is_slowed_down(me, wrong):
    given = {"password": PASSWORD, "totp": totp_code()} | wrong
    for _ in range(5):
        with pytest.raises(StaffSignInWrong):
            await prove(actor=me, **given)
    with pytest.raises(StaffSignInTooMany):
        await prove(actor=me, password=PASSWORD, totp=totp_code())
    assert not (await own_account(me)).proved


async def test_a_proof_holds_for_ten_minutes_in_this_session_only(me):
    await prove(actor=me, password=PASSWORD, totp=totp_code())
    elsewhere = await service.find_actor(await service.open_session(staff_id=me.id))
    with pytest.raises(ProofNeeded):
        await change_recovery_codes(actor=elsewhere)
    with clock.travel(timedelta(minutes=9)):
        assert len(await change_recovery_codes(actor=me)) == 10
    with clock.travel(timedelta(minutes=11)), pytest.raises(ProofNeeded):
        await change_recovery_codes(actor=me)


async def test_another_password_ends_the_other_sessions(me):
    elsewhere = await service.open_session(staff_id=me.id)
    await prove(actor=me, password=PASSWORD, totp=totp_code())
    for unfit, refusal in (("password1234", PasswordCommon), ("my xiaoli 2027 x", PasswordLikeLogin)):
        with pytest.raises(refusal):
            await change_password(actor=me, password=unfit)
    await change_password(actor=me, password="another long enough one")
    assert await service.find_actor(elsewhere) is None
    assert await own_account(me)
    with clock.travel(timedelta(minutes=2)):
        with pytest.raises(StaffSignInWrong):
            await sign_in(totp_code())
        assert await sign_in(totp_code(), "another long enough one")


async def test_another_authenticator_takes_the_place_of_the_old_one(me):
    await prove(actor=me, password=PASSWORD, totp=totp_code())
    codes, token = await change_authenticator(actor=me, secret=OTHER_SECRET, totp=totp_code(OTHER_SECRET))
    assert await service.find_actor(token)
    with pytest.raises(Exception, match="没有权限"):
        await own_account(me)
    with clock.travel(timedelta(minutes=2)):
        with pytest.raises(StaffSignInWrong):
            await sign_in(totp_code(SECRET))
        assert await sign_in(totp_code(OTHER_SECRET))
        assert await sign_in(codes[3])


async def test_a_code_on_paper_signs_in_once_even_at_the_same_instant(me):
    await prove(actor=me, password=PASSWORD, totp=totp_code())
    before = await change_recovery_codes(actor=me)
    codes = await change_recovery_codes(actor=me)
    results = await asyncio.gather(*(sign_in(codes[0].lower()) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert (await own_account(me)).codes_left == 9
    for used in (codes[0], before[0]):
        with pytest.raises(StaffSignInWrong):
            await sign_in(used)
