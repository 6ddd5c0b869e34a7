"""What lies above a station needs two people: a model of what may come of it, and races between those who answer."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from server.audit.models import AuditEntry
from server.db import sql
from server.errors import AppError, Conflict, Forbidden, NotFound
from server.kit import clock
from server.people import staff_admin
from server.people.errors import (
    NotTwice,
    NotYourself,
    RequestClosed,
    RequestWaits,
    RoleHeld,
)
from server.people.models import Outcome, Role, RoleRequest
from server.people.staff_queries import open_requests
from server.people.two_officers import approve, grant_role, refuse, reset_second_factor, take_back
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import (
    GUANGXI,
    GUILIN,
    NANNING,
    QINGXIU,
    actor_of,
    enrol,
    joined,
    officer,
    role_at,
)
from tests.fixtures.stations import make_station

pytestmark = pytest.mark.usefixtures("settings", "db")


@pytest.fixture
async def people():
    """Two officers of Nanning, and somebody at a station there."""
    station = await make_station(region_code=QINGXIU)
    return await officer(), await officer(), await make_staff(Role.STAFF, station_id=station.id)


@pytest.fixture
async def auditing():
    return await role_at(Role.AUDITOR, region_code=NANNING)


async def asked(first, target, role):
    assert (await grant_role(actor=first, staff_id=target.id, role=role)).asked
    return (await RoleRequest.get(outcome=None)).id


async def roles_held(target):
    return [row["role"] for row in await sql.rows("SELECT role FROM role_grant WHERE staff_id = $1", target.id)]


async def test_one_asks_and_another_agrees(people, auditing):
    first, second, target = people
    request = await asked(first, target, auditing)
    assert await roles_held(target) == ["staff"]
    await approve(actor=second, request_id=request)
    assert sorted(await roles_held(target)) == ["auditor", "staff"]
    actions = await AuditEntry.filter(action__startswith="grant").order_by("id").values_list("action", "actor_id")
    assert actions == [("grant.asked", first.id), ("grant.approved", second.id)]


async def test_a_role_at_a_station_needs_only_one(people):
    first, _, target = people
    role = await role_at(Role.MANAGER, station_id=target.grants[0].station_id)
    assert not (await grant_role(actor=first, staff_id=target.id, role=role)).asked
    assert sorted(await roles_held(target)) == ["manager", "staff"]
    with pytest.raises(RoleHeld):
        await grant_role(actor=first, staff_id=target.id, role=role)


async def test_the_same_person_does_not_agree_to_their_own_request(people, auditing):
    first, _, target = people
    request = await asked(first, target, auditing)
    with pytest.raises(NotTwice):
        await approve(actor=first, request_id=request)
    assert await roles_held(target) == ["staff"]


async def test_nobody_agrees_to_a_role_of_their_own(people):
    first, second, _ = people
    request = await asked(first, second, await role_at(Role.AUDITOR, region_code=NANNING))
    with pytest.raises(NotYourself):
        await approve(actor=second, request_id=request)
    with pytest.raises(NotYourself):
        await grant_role(actor=second, staff_id=second.id, role=await role_at(Role.AUDITOR, region_code=NANNING))


@pytest.mark.parametrize("by", ["asked_by", "staff_id"])
async def test_the_database_refuses_it_too(people, auditing, by):
    first, _, target = people
    request = await asked(first, target, auditing)
    with pytest.raises(asyncpg.CheckViolationError, match="two_people"):
        await sql.run(
            f"UPDATE role_request SET outcome = 'approved', decided_at = now(), decided_by = {by} WHERE id = $1",
            request,
        )


async def test_of_two_who_agree_at_once_one_is_told_that_it_is_done(people, auditing):
    first, second, target = people
    request = await asked(first, target, auditing)
    others = [second, *[await officer() for _ in range(3)]]
    results = await asyncio.gather(*(approve(actor=o, request_id=request) for o in others), return_exceptions=True)
    assert sum(isinstance(r, RequestClosed) for r in results) == 3
    assert sorted(await roles_held(target)) == ["auditor", "staff"]


async def test_of_yes_and_no_at_once_one_holds(people, auditing):
    first, second, target = people
    request = await asked(first, target, auditing)
    third = await officer()
    answers = (approve(actor=second, request_id=request), refuse(actor=third, request_id=request))
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert sum(isinstance(r, RequestClosed) for r in results) == 1
    outcome = (await RoleRequest.get()).outcome
    assert ("auditor" in await roles_held(target)) == (outcome is Outcome.APPROVED)


async def test_of_two_who_ask_at_once_one_waits(people, auditing):
    first, second, target = people
    asks = (grant_role(actor=o, staff_id=target.id, role=auditing) for o in (first, second))
    results = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(r, RequestWaits) for r in results) == 1


async def test_after_seven_days_it_is_asked_anew(people, auditing):
    first, second, target = people
    request = await asked(first, target, auditing)
    with clock.travel(timedelta(days=7, minutes=1)):
        with pytest.raises(RequestClosed):
            await approve(actor=second, request_id=request)
        assert await open_requests(second) == []
        again = await asked(first, target, auditing)
        await approve(actor=second, request_id=again)
    assert (await RoleRequest.get(id=request)).outcome is Outcome.EXPIRED


async def withdrawn_role(first, _second, _target):
    await sql.run("DELETE FROM role_grant WHERE staff_id = $1", first.id)


async def disabled_asker(first, second, _target):
    await staff_admin.disable(actor=second, staff_id=first.id)


async def disabled_target(_first, second, target):
    await staff_admin.disable(actor=second, staff_id=target.id)


@pytest.mark.parametrize("what", [withdrawn_role, disabled_asker, disabled_target])
async def test_what_changed_meanwhile_ends_the_request(people, auditing, what):
    first, second, target = people
    request = await asked(first, target, auditing)
    await what(*people)
    with pytest.raises(RequestClosed):
        await approve(actor=second, request_id=request)
    assert await roles_held(target) == ["staff"]
    with pytest.raises((Conflict, Forbidden, NotFound)):
        await grant_role(actor=first, staff_id=target.id, role=auditing)


async def test_who_is_disabled_agrees_to_nothing(people, auditing):
    first, second, target = people
    request = await asked(first, target, auditing)
    await staff_admin.disable(actor=first, staff_id=second.id)
    with pytest.raises(Forbidden):
        await approve(actor=second, request_id=request)


@pytest.mark.parametrize("region", [GUILIN, QINGXIU])
async def test_only_an_officer_of_the_place_agrees(people, auditing, region):
    first, _, target = people
    request = await asked(first, target, auditing)
    stranger = await officer(region)
    assert [row.decidable for row in await open_requests(stranger)] == []
    with pytest.raises(NotFound):
        await approve(actor=stranger, request_id=request)
    assert [row.decidable for row in await open_requests(await officer(GUANGXI))] == [True]


async def test_a_reviewer_asks_and_an_officer_agrees():
    union = await make_union(region_code=QINGXIU)
    below = await make_union(region_code=QINGXIU, parent=union)
    reviewer, target = (
        await make_staff(Role.REVIEWER, union_id=union.id),
        await make_staff(Role.REVIEWER, union_id=below.id),
    )
    request = await asked(reviewer, target, await role_at(Role.REVIEWER, union_id=union.id))
    with pytest.raises(NotFound):
        await approve(actor=await make_staff(Role.REVIEWER, union_id=union.id), request_id=request)
    await approve(actor=await officer(), request_id=request)
    assert await roles_held(target) == ["reviewer", "reviewer"]


async def test_only_who_asked_takes_it_back(people, auditing):
    first, second, target = people
    request = await asked(first, target, auditing)
    with pytest.raises(NotFound):
        await take_back(actor=second, request_id=request)
    await take_back(actor=first, request_id=request)
    with pytest.raises(RequestClosed):
        await approve(actor=second, request_id=request)


async def test_an_invited_officer_waits_for_the_second(people):
    first, second, _ = people
    made = await joined(first, await role_at(Role.OFFICER, region_code=QINGXIU))
    assert made.waits
    newcomer = await actor_of(made.token)
    assert newcomer.grants == ()
    assert newcomer.home == "/staff/account"
    (row,) = await open_requests(second)
    assert (row.mine, row.decidable, row.role.role) == (False, True, Role.OFFICER)
    await approve(actor=second, request_id=row.id)
    assert (await actor_of(made.token)).holds(Role.OFFICER)


async def test_a_second_factor_above_a_station_needs_two(people):
    first, second, _ = people
    made = await joined(first, await role_at(Role.AUDITOR, region_code=QINGXIU))
    newcomer = await actor_of(made.token)
    (row,) = await open_requests(second)
    await approve(actor=second, request_id=row.id)
    assert (await reset_second_factor(actor=first, staff_id=newcomer.id)).asked
    (row,) = await open_requests(second)
    with pytest.raises(NotTwice):
        await approve(actor=first, request_id=row.id)
    done = await approve(actor=second, request_id=row.id)
    with clock.travel(timedelta(minutes=2)):
        assert len((await enrol(done.code)).codes) == 10


STEPS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["ask", "approve", "refuse", "take back", "a week"]), strategies.integers(0, 2)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_whatever_they_do_in_whatever_order(people, auditing, steps):
    """Officers 0 to 2 act on one request about somebody else; a few lines say what may come of it."""
    target = people[2]
    await sql.run("DELETE FROM role_request")
    await sql.run("DELETE FROM role_grant WHERE staff_id = $1 AND role = 'auditor'", target.id)
    officers = [people[0], people[1], await officer()]
    waits: tuple[int, int] | None = None  # who asked, on which day
    day, held = 0, False
    for verb, who in steps:
        if verb == "a week":
            day += 8
            continue
        open_now = waits is not None and day - waits[1] < 7
        with clock.travel(timedelta(days=day)):
            done = await attempt(verb, officers[who], target, auditing)
        if verb == "ask":
            assert done == (not held and not open_now)
            waits = (who, day) if done else waits
        else:
            mine = waits is not None and waits[0] == who
            assert done == (open_now and (mine if verb == "take back" else not mine))
            held = held or (done and verb == "approve")
            waits = None if done else waits
    assert ("auditor" in await roles_held(target)) == held


async def attempt(verb, actor, target, role):
    """Whether it was allowed."""
    latest = await RoleRequest.all().order_by("-asked_at").first()
    acts = {"approve": approve, "refuse": refuse, "take back": take_back}
    try:
        if verb == "ask":
            await grant_role(actor=actor, staff_id=target.id, role=role)
        elif latest is None:
            return False
        else:
            await acts[verb](actor=actor, request_id=latest.id)
    except AppError:
        return False
    return True
