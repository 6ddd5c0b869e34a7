"""A code from hand to hand makes an account, once; nobody gives more than they have."""

import asyncio
from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.people import staff_admin
from server.people.errors import (
    FirstCodeWrong,
    InvitationTooMany,
    InvitationUnusable,
    LoginTaken,
    LoginUnfit,
    PasswordCommon,
    PasswordLikeLogin,
    PasswordShort,
    PasswordWrong,
)
from server.people.inviting import invite, own_invitations, read_invitation, withdraw_invitation
from server.people.models import Invitation, RecoveryCode, Role, Staff
from server.people.staff import sign_in_staff
from server.people.totp import offer, taken
from server.people.two_officers import reset_second_factor
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import (
    GUANGXI,
    GUILIN,
    NANNING,
    PASSWORD,
    QINGXIU,
    SECRET,
    enrol,
    joined,
    officer,
    role_at,
    roles_of,
    staff_id_of,
    totp_code,
)
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def station():
    return await make_station(region_code=QINGXIU)


@pytest.fixture
async def manager(station):
    return await make_staff(Role.MANAGER, station_id=station.id)


@pytest.fixture
async def code(manager, station):
    return await invite(actor=manager, display_name="小李", role=await role_at(Role.STAFF, station_id=station.id))


async def sign_in(totp):
    return await sign_in_staff(login="xiaoli", password=PASSWORD, totp=totp, address="10.0.0.1", device="test")


async def test_a_code_makes_an_account_with_its_role(code, station):
    made = await enrol(code.lower().replace("-", " "))
    assert await roles_of(made.token) == [(Role.STAFF, station.id)]
    assert (len(made.codes), made.waits) == (10, False)
    with clock.travel(timedelta(minutes=2)):
        assert (await sign_in(totp_code())).actor.holds(Role.STAFF)
    assert (await Staff.get(login="xiaoli")).region_code == QINGXIU


async def test_the_first_code_is_not_taken_again_to_sign_in(code):
    await enrol(code)
    with pytest.raises(Exception, match="账号、密码或动态码不对"):
        await sign_in(totp_code())


async def test_codes_and_secrets_are_kept_as_digests(code):
    made = await enrol(code)
    stored = str(await Invitation.all().values()) + str(await RecoveryCode.all().values())
    assert not [shown for shown in (code, *made.codes) if shown in stored or shown.replace("-", "") in stored]


@pytest.mark.parametrize("many", [2, 5])
async def test_a_code_works_once_for_whoever_comes_at_the_same_time(code, many):
    tries = await asyncio.gather(*(enrol(code, f"li-{n}") for n in range(many)), return_exceptions=True)
    assert [type(t) for t in tries if isinstance(t, Exception)] == [InvitationUnusable] * (many - 1)
    assert await Staff.filter(login__startswith="li-").count() == 1


async def expired(_manager):
    return clock.travel(timedelta(days=3, minutes=1))


async def withdrawn(manager):
    (found,) = await own_invitations(manager)
    await withdraw_invitation(actor=manager, invitation_id=found.id)


async def inviter_disabled(manager):
    await staff_admin.disable(actor=await officer(), staff_id=manager.id)


async def inviter_without_the_role(_manager):
    await sql.run("DELETE FROM role_grant")


@pytest.mark.parametrize("what", [expired, withdrawn, inviter_disabled, inviter_without_the_role])
async def test_a_code_that_holds_no_more_has_one_answer(code, manager, what):
    moved = await what(manager)
    with moved or clock.travel(timedelta()), pytest.raises(InvitationUnusable) as refused:
        await enrol(code)
    assert refused.value.text == InvitationUnusable.message


async def test_guessing_codes_is_slowed_down(code):
    for _ in range(30):
        with pytest.raises(InvitationUnusable):
            await read_invitation(code="AAAA-AAAA-AAAA", address="10.0.0.9")
    with pytest.raises(InvitationTooMany):
        await read_invitation(code=code, address="10.0.0.9")
    assert await read_invitation(code=code, address="10.0.0.8")


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"password": "elevenchars"}, PasswordShort),
        ({"password": "das ist xiaoli 2027"}, PasswordLikeLogin),
        ({"password": "ILOAIX to xiaoli backwards iloaix"}, PasswordLikeLogin),
        ({"password": "Qwertyuiop123"}, PasswordCommon),
        ({"password": "二二二二二二二二二二二二"}, PasswordCommon),
        ({"totp": "000000"}, FirstCodeWrong),
        ({"login": "李"}, LoginUnfit),
        ({"login": "a b"}, LoginUnfit),
    ],
)
async def test_what_does_not_fit_is_said_and_the_code_stays_good(code, given, refusal):
    with pytest.raises(refusal):
        await enrol(code, **given)
    assert await enrol(code, password="一二三四五六七八九十甲乙")


async def test_a_login_that_is_taken_uses_up_nothing(code):
    staff = await make_staff(Role.STAFF)
    await Staff.filter(id=staff.id).update(login="xiaoli")
    with pytest.raises(LoginTaken):
        await enrol(code)
    assert await enrol(code, "xiaoli2")


async def test_a_secret_is_offered_to_one_only():
    mine, other = (await make_staff(Role.STAFF)).id, (await make_staff(Role.STAFF)).id
    assert taken(offer(SECRET, mine), mine) == SECRET
    for wrong, who in ((offer(SECRET, mine), other), ("", mine), ("nonsense", mine), ("é", mine)):
        with pytest.raises(Exception, match="页面放得太久了"):
            taken(wrong, who)


@pytest.mark.parametrize(
    ("who", "given", "fits"),
    [
        ((Role.MANAGER, "station"), (Role.STAFF, "station"), True),
        ((Role.MANAGER, "station"), (Role.MANAGER, "station"), True),
        ((Role.MANAGER, "station"), (Role.STAFF, "other station"), False),
        ((Role.MANAGER, "station"), (Role.STAFF, QINGXIU), False),
        ((Role.MANAGER, "station"), (Role.REVIEWER, "union"), False),
        ((Role.MANAGER, NANNING), (Role.MANAGER, "station"), True),
        ((Role.STAFF, "station"), (Role.STAFF, "station"), False),
        ((Role.AUDITOR, NANNING), (Role.AUDITOR, NANNING), False),
        ((Role.OFFICER, NANNING), (Role.OFFICER, NANNING), True),
        ((Role.OFFICER, NANNING), (Role.OFFICER, QINGXIU), True),
        ((Role.OFFICER, NANNING), (Role.OFFICER, GUANGXI), False),
        ((Role.OFFICER, NANNING), (Role.AUDITOR, GUILIN), False),
        ((Role.OFFICER, NANNING), (Role.REVIEWER, "union"), True),
        ((Role.OFFICER, GUILIN), (Role.REVIEWER, "union"), False),
        ((Role.REVIEWER, "union"), (Role.REVIEWER, "below"), True),
        ((Role.REVIEWER, "below"), (Role.REVIEWER, "union"), False),
        ((Role.REVIEWER, "union"), (Role.OFFICER, NANNING), False),
    ],
)
async def test_nobody_gives_more_than_they_have(station, who, given, fits):
    union = await make_union(region_code=QINGXIU)
    below = await make_union(region_code=QINGXIU, parent=union)
    other = await make_station(region_code=QINGXIU)
    scopes = {
        "station": {"station_id": station.id},
        "other station": {"station_id": other.id},
        "union": {"union_id": union.id},
        "below": {"union_id": below.id},
    }
    actor = await make_staff(who[0], **scopes.get(who[1], {"region_code": who[1]}))
    role = await role_at(given[0], **scopes.get(given[1], {"region_code": given[1]}))
    if fits:
        assert await invite(actor=actor, display_name="小李", role=role)
    else:
        with pytest.raises(Forbidden):
            await invite(actor=actor, display_name="小李", role=role)


async def test_an_invitation_of_others_is_not_ones_own_to_withdraw(code, manager):
    assert code
    (found,) = await own_invitations(manager)
    with pytest.raises(NotFound):
        await withdraw_invitation(actor=await officer(GUILIN), invitation_id=found.id)
    await withdraw_invitation(actor=await officer(NANNING), invitation_id=found.id)


async def test_after_a_reset_the_password_and_a_new_authenticator_sign_in(manager, code):
    made = await enrol(code)
    staff_id = await staff_id_of(made.token)
    done = await reset_second_factor(actor=manager, staff_id=staff_id)
    with clock.travel(timedelta(minutes=3)):
        for factor in (totp_code(), made.codes[0]):
            with pytest.raises(Exception, match="账号、密码或动态码不对"):
                await sign_in(factor)
        with pytest.raises(PasswordWrong):
            await enrol(done.code, password="not the password")
        again = await enrol(done.code, secret=SECRET[::-1], totp=totp_code(SECRET[::-1]))
        with pytest.raises(InvitationUnusable):
            await enrol(done.code)
        assert await sign_in(again.codes[0])


async def test_the_audit_holds_every_step_and_no_name(manager, code, station):
    made = await enrol(code)
    await reset_second_factor(actor=manager, staff_id=await staff_id_of(made.token))
    await joined(await officer(), await role_at(Role.MANAGER, station_id=station.id), "laowei")
    entries = await AuditEntry.filter(action__not="staff.created").order_by("id").values()
    assert [e["action"] for e in entries] == [
        "staff.invited",
        "staff.joined",
        "staff.factor_reset",
        "staff.invited",
        "staff.joined",
    ]
    assert {e["region_code"] for e in entries} == {QINGXIU}
    assert "小李" not in str(entries)
    assert "xiaoli" not in str(entries)
