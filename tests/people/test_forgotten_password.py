"""A forgotten password has a way back: a colleague's code and one's own authenticator; above a station two officers."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.notices.models import Notice
from server.people import enrolling, service
from server.people.errors import (
    FactorWrong,
    InvitationTooMany,
    InvitationUnusable,
    NotTwice,
    NotYourself,
    PasswordShort,
    StaffSignInWrong,
)
from server.people.inviting import read_invitation
from server.people.models import RequestKind, Role, RoleRequest
from server.people.staff import sign_in_staff
from server.people.two_officers import approve, reset_password, reset_second_factor
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import NANNING, PASSWORD, actor_of, joined, officer, role_at, staff_id_of, totp_code
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")
NEW = "a longer sentence than before"


@pytest.fixture
async def manager():
    station = await make_station(region_code=450103)
    return await make_staff(Role.MANAGER, station_id=station.id), station


@pytest.fixture
async def colleague(manager):
    """Somebody at the manager's desk."""
    boss, station = manager
    return await joined(boss, await role_at(Role.STAFF, station_id=station.id))


async def choose(code: str, **more):
    invited = await read_invitation(code=code, address="10.0.0.1")
    return await enrolling.choose_password(
        invited=invited, **{"password": NEW, "totp": totp_code(), "device": "test"} | more
    )


async def sign_in(password: str):
    return await sign_in_staff(login="xiaoli", password=password, totp=totp_code(), address="10.0.0.1", device="test")


async def test_a_code_and_the_own_authenticator_open_again(manager, colleague):
    done = await reset_password(actor=manager[0], staff_id=await staff_id_of(colleague.token))
    assert await service.find_actor(colleague.token), "nothing changes before the code is used"
    with clock.travel(timedelta(minutes=1)):
        token = await choose(done.code)
        assert (await actor_of(token)).holds(Role.STAFF)
        assert await service.find_actor(colleague.token) is None
        with pytest.raises(InvitationUnusable):
            await choose(done.code)
    with clock.travel(timedelta(minutes=2)), pytest.raises(StaffSignInWrong):
        await sign_in(PASSWORD)
    with clock.travel(timedelta(minutes=3)):
        assert await sign_in(NEW)


async def test_a_code_on_paper_will_do(manager, colleague):
    done = await reset_password(actor=manager[0], staff_id=await staff_id_of(colleague.token))
    assert await choose(done.code, totp=colleague.codes[0])


async def test_who_has_the_code_only_gets_nowhere_and_guesses_five_times_an_hour(manager, colleague):
    staff_id = await staff_id_of(colleague.token)
    for _ in range(5):
        done = await reset_password(actor=manager[0], staff_id=staff_id)
        with pytest.raises(FactorWrong):
            await choose(done.code, totp="000000")
    done = await reset_password(actor=manager[0], staff_id=staff_id)
    with pytest.raises(InvitationTooMany):
        await choose(done.code)
    assert await AuditEntry.filter(action="staff.sign_in_failed", subject_id=str(staff_id)).count() == 5
    with clock.travel(timedelta(hours=1, minutes=1)):
        assert await choose(done.code), "what was guessed wrong used up nothing"


async def test_two_codes_never_lead_in_together(manager, colleague):
    staff_id = await staff_id_of(colleague.token)
    password = await reset_password(actor=manager[0], staff_id=staff_id)
    factor = await reset_second_factor(actor=manager[0], staff_id=staff_id)
    with pytest.raises(InvitationUnusable):
        await choose(password.code)
    with pytest.raises(InvitationUnusable):
        await choose(factor.code)


async def test_a_password_that_does_not_fit_uses_up_nothing(manager, colleague):
    done = await reset_password(actor=manager[0], staff_id=await staff_id_of(colleague.token))
    with pytest.raises(PasswordShort):
        await choose(done.code, password="short")
    with clock.travel(timedelta(minutes=1)):
        assert await choose(done.code)


async def test_used_twice_at_the_same_instant_it_works_once(manager, colleague):
    done = await reset_password(actor=manager[0], staff_id=await staff_id_of(colleague.token))
    made = await asyncio.gather(*(choose(done.code, totp=code) for code in colleague.codes[:2]), return_exceptions=True)
    assert sorted(type(one) for one in made if isinstance(one, Exception)) == [InvitationUnusable]


async def test_nobody_gives_it_beyond_their_own(manager, colleague):
    staff_id = await staff_id_of(colleague.token)
    with pytest.raises(NotFound):
        await reset_password(actor=await make_staff(Role.MANAGER, region_code=440000), staff_id=staff_id)
    with pytest.raises((Forbidden, NotFound)):
        await reset_password(actor=await make_staff(Role.STAFF, region_code=450000), staff_id=staff_id)
    with pytest.raises((NotYourself, NotFound)):
        await reset_password(actor=manager[0], staff_id=manager[0].id)


async def test_above_a_station_two_officers_give_it_and_the_second_hears_of_it():
    asker, second, elsewhere = await officer(), await officer(), await officer(440100)
    first = await make_staff(Role.OFFICER, region_code=NANNING)
    done = await reset_password(actor=asker, staff_id=first.id)
    assert (done.asked, done.code) == (True, "")
    told = {notice.staff_id for notice in await Notice.filter(kind="second_officer")}
    assert second.id in told
    assert not told & {asker.id, first.id, elsewhere.id}
    request = await RoleRequest.get(kind=RequestKind.FORGOTTEN)
    with pytest.raises(NotTwice):
        await approve(actor=asker, request_id=request.id)
    agreed = await approve(actor=second, request_id=request.id)
    assert (await read_invitation(code=agreed.code, address="10.0.0.1")).staff_id == first.id
