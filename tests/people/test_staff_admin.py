"""Who looks after staff sees those of the scope and nobody else; whoever is disabled is out at once."""

import asyncio

import pytest

from server.audit.models import AuditEntry
from server.errors import Forbidden, NotFound
from server.people import service, staff_admin
from server.people.errors import LastOfficer, NotYourself
from server.people.models import Grant, Role, Session, Staff
from server.people.scopes import find_place
from server.people.staff_queries import staff_of
from server.stations.service import load_divisions
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import GUANGXI, GUILIN, NANNING, QINGXIU, officer
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def world():
    """Staff of two stations and two unions in Nanning, and of a station in Guilin, by what they are."""
    here, there = await make_station(region_code=QINGXIU), await make_station(region_code=QINGXIU)
    away = await make_station(region_code=450302)
    union = await make_union(region_code=QINGXIU)
    below = await make_union(region_code=QINGXIU, parent=union)
    scopes = {
        "officer": (Role.OFFICER, {"region_code": NANNING}),
        "officer above": (Role.OFFICER, {"region_code": GUANGXI}),
        "auditor": (Role.AUDITOR, {"region_code": QINGXIU}),
        "manager": (Role.MANAGER, {"station_id": here.id}),
        "staff": (Role.STAFF, {"station_id": here.id}),
        "staff there": (Role.STAFF, {"station_id": there.id}),
        "staff away": (Role.STAFF, {"station_id": away.id}),
        "officer away": (Role.OFFICER, {"region_code": GUILIN}),
        "reviewer": (Role.REVIEWER, {"union_id": union.id}),
        "reviewer below": (Role.REVIEWER, {"union_id": below.id}),
        "manager of the region": (Role.MANAGER, {"region_code": QINGXIU}),
        "reviewer of the region": (Role.REVIEWER, {"region_code": QINGXIU}),
    }
    return {name: await make_staff(role, **scope) for name, (role, scope) in scopes.items()}


OF_NANNING = {
    "officer", "auditor", "manager", "staff", "staff there", "reviewer", "reviewer below", "manager of the region",
    "reviewer of the region",
}  # fmt: skip
SEES = {
    "officer": OF_NANNING,
    "officer above": OF_NANNING | {"officer above", "staff away", "officer away"},
    "officer away": {"officer away", "staff away"},
    "manager": {"manager", "staff"},
    "manager of the region": {"manager", "staff", "staff there", "manager of the region"},
    "reviewer": {"reviewer", "reviewer below"},
    "reviewer below": {"reviewer below"},
    "reviewer of the region": {"reviewer", "reviewer below", "reviewer of the region"},
}


@pytest.mark.parametrize("who", SEES)
async def test_everybody_sees_the_staff_of_their_scope(world, who):
    rows, more = await staff_of(world[who])
    names = {actor.id: name for name, actor in world.items()}
    assert ({names[row.id] for row in rows}, more) == (SEES[who], False)
    for name, actor in world.items():
        if name in SEES[who]:
            assert (await staff_admin.colleague(world[who], actor.id)).id == actor.id
        else:
            with pytest.raises(NotFound):
                await staff_admin.colleague(world[who], actor.id)


@pytest.mark.parametrize("who", ["staff", "auditor"])
async def test_who_looks_after_nobody_sees_nobody(world, who):
    with pytest.raises(Forbidden):
        await staff_of(world[who])


async def test_whoever_lost_all_roles_is_the_officers_of_the_region(world):
    await Grant.filter(staff_id=world["staff"].id).delete()
    assert world["staff"].id in {row.id for row in (await staff_of(world["officer"]))[0]}
    for who in ("manager", "officer away"):
        assert world["staff"].id not in {row.id for row in (await staff_of(world[who]))[0]}


async def test_disabling_ends_sessions_at_once_and_enabling_lets_in_again(world):
    token = await service.open_session(staff_id=world["staff"].id)
    await staff_admin.disable(actor=world["manager"], staff_id=world["staff"].id)
    assert await service.find_actor(token) is None
    assert not await Session.filter(staff_id=world["staff"].id).exists()
    await staff_admin.enable(actor=world["manager"], staff_id=world["staff"].id)
    assert await service.find_actor(token) is None
    again = await service.open_session(staff_id=world["staff"].id)
    assert (await service.find_actor(again)).holds(Role.STAFF)
    actions = await AuditEntry.filter(subject_id=str(world["staff"].id)).order_by("id").values_list("action", flat=True)
    assert actions == ["staff.created", "staff.disabled", "staff.enabled"]


@pytest.mark.parametrize(
    ("who", "whom", "refusal"),
    [
        ("manager", "staff there", NotFound),
        ("manager", "manager", NotYourself),
        ("officer", "officer", NotYourself),
        ("officer", "officer above", NotFound),
        ("reviewer below", "reviewer", NotFound),
        ("staff", "staff", NotFound),
        ("auditor", "staff", NotFound),
    ],
)
async def test_nobody_disables_beyond_their_scope_or_themselves(world, who, whom, refusal):
    for act in (staff_admin.disable, staff_admin.enable, staff_admin.end_sessions):
        with pytest.raises(refusal):
            await act(actor=world[who], staff_id=world[whom].id)
    assert not await Staff.exclude(disabled_at=None).exists()


async def test_whoever_also_works_above_is_seen_and_not_touched(world):
    await Grant.create(staff_id=world["manager"].id, role=Role.OFFICER, region_code=GUANGXI)
    assert await staff_admin.colleague(world["officer"], world["manager"].id)
    with pytest.raises(Forbidden):
        await staff_admin.disable(actor=world["officer"], staff_id=world["manager"].id)


async def test_a_role_is_withdrawn_at_once(world):
    token = await service.open_session(staff_id=world["staff"].id)
    grant = await Grant.get(staff_id=world["staff"].id)
    for who in ("officer away", "reviewer"):
        with pytest.raises(NotFound):
            await staff_admin.withdraw_role(actor=world[who], staff_id=world["staff"].id, grant_id=grant.id)
    await staff_admin.withdraw_role(actor=world["manager"], staff_id=world["staff"].id, grant_id=grant.id)
    assert (await service.find_actor(token)).grants == ()


async def test_sessions_of_a_colleague_end_one_by_one_or_all(world):
    tokens = [await service.open_session(staff_id=world["staff"].id) for _ in range(3)]
    first = (await service.find_actor(tokens[0])).session_id
    await staff_admin.end_sessions(actor=world["manager"], staff_id=world["staff"].id, session_id=first)
    assert [bool(await service.find_actor(token)) for token in tokens] == [False, True, True]
    others = await service.open_session(staff_id=world["staff there"].id)
    there = (await service.find_actor(others)).session_id
    await staff_admin.end_sessions(actor=world["manager"], staff_id=world["staff"].id, session_id=there)
    await staff_admin.end_sessions(actor=world["manager"], staff_id=world["staff"].id)
    assert [bool(await service.find_actor(token)) for token in (*tokens, others)] == [False, False, False, True]


async def test_the_last_officer_of_a_region_is_not_disabled_by_mistake(world):
    above, last = world["officer above"], world["officer"]
    grant = await Grant.get(staff_id=last.id)
    for act in (
        lambda **more: staff_admin.disable(actor=above, staff_id=last.id, **more),
        lambda **more: staff_admin.withdraw_role(actor=above, staff_id=last.id, grant_id=grant.id, **more),
    ):
        with pytest.raises(LastOfficer) as refused:
            await act()
        assert refused.value.field == "knowing"
    second = await officer(NANNING)
    await staff_admin.disable(actor=second, staff_id=last.id)
    with pytest.raises(LastOfficer):
        await staff_admin.disable(actor=above, staff_id=second.id)
    await staff_admin.disable(actor=above, staff_id=second.id, knowing=True)


async def test_two_officers_who_disable_each_other_do_not_both_succeed():
    first, second = await officer(), await officer()
    results = await asyncio.gather(
        staff_admin.disable(actor=first, staff_id=second.id),
        staff_admin.disable(actor=second, staff_id=first.id),
        return_exceptions=True,
    )
    assert sorted(type(result) for result in results if result) == [Forbidden]
    assert await Staff.filter(disabled_at=None).count() == 1


async def test_a_place_is_found_by_number_or_name_where_one_may_give_it():
    await load_divisions()
    here = await make_station(name="青秀工会驿站", external_id="NN-1", region_code=QINGXIU)
    await make_station(name="青秀工会驿站", external_id="GL-1", region_code=450302)
    nanning, guangxi = await officer(NANNING), await officer(GUANGXI)
    for typed in ("nn-1", "NN-1", "青秀工会驿站", " ＮＮ-1 "):
        assert (await find_place(nanning, Role.STAFF, typed)).station_id == here.id
    for typed in ("南宁市", "广西壮族自治区南宁市", "450100"):
        assert (await find_place(guangxi, Role.OFFICER, typed)).region_code == NANNING
    with pytest.raises(Exception, match="有好几个"):
        await find_place(guangxi, Role.STAFF, "青秀工会驿站")
    for typed in ("GL-1", "桂林市", "没有这个", "%"):
        with pytest.raises(Exception, match="没有找到"):
            await find_place(nanning, Role.MANAGER, typed)
