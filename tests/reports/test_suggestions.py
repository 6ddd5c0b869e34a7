"""Where a station is missed: one person counts once, near ones are found, officers decide and supporters hear of it."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Conflict, Forbidden, NotFound, SignInNeeded
from server.kit import clock
from server.kit.geo import Point, distance_m
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from server.people.actors import VISITOR
from server.people.models import Role
from server.reports import rules, suggestion_queries, suggestions
from server.reports.errors import (
    NoSuchStation,
    NowhereSuggested,
    ReasonMissing,
    SuggestedTooOften,
    SuggestionSettled,
)
from server.reports.models import Suggestion, SuggestionState, SuggestionSupport
from server.reports.suggestions import Where
from server.stations.errors import DivisionNotFound
from server.stations.models import Facility
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NANNING, QINGXIU, make_station

pytestmark = pytest.mark.usefixtures("settings", "db")
HERE = Point(*NANNING)
NEAR, FAR = Point(NANNING[0] + 0.002, NANNING[1]), Point(NANNING[0] + 0.02, NANNING[1])


async def propose(actor=None, point=HERE, landmark="凤岭北路口", region=QINGXIU, **more):
    given = {"wants": [Facility.HOT_WATER], "request_key": new_id().hex} | more
    return await suggestions.propose(actor=actor or await make_person(), where=Where(region, landmark, point), **given)


async def officer_of(region=450100):
    return await make_staff(Role.OFFICER, region_code=region)


async def supporters(suggestion_id):
    counted = (await Suggestion.get(id=suggestion_id)).supporters
    assert counted == await SuggestionSupport.filter(suggestion_id=suggestion_id).count()
    return counted


async def test_whoever_proposes_supports_it():
    made = await propose()
    assert await supporters(made) == 1


async def test_no_exact_position_is_kept():
    made = await Suggestion.get(id=await propose(point=Point(22.81749, 108.36651)))
    assert (made.lat, made.lng) == (22.817, 108.367)


@given(lat=st.floats(20, 26), lng=st.floats(104, 117))
def test_what_is_kept_of_a_position_is_near_it(lat, lng):
    assert distance_m(Point(lat, lng), rules.about(Point(lat, lng))) < 80


async def test_a_person_counts_once():
    made = await propose()
    person = await make_person()
    await asyncio.gather(*(suggestions.support(actor=person, suggestion_id=made) for _ in range(5)))
    assert await supporters(made) == 2
    for _ in range(2):
        await suggestions.take_back(actor=person, suggestion_id=made)
    assert await supporters(made) == 1


async def test_many_at_one_instant_all_count():
    made = await propose()
    people = [await make_person() for _ in range(6)]
    await asyncio.gather(*(suggestions.support(actor=person, suggestion_id=made) for person in people))
    assert await supporters(made) == 7


async def test_only_workers_propose_and_support():
    made = await propose()
    for actor, refusal in ((VISITOR, SignInNeeded), (await officer_of(), Forbidden)):
        with pytest.raises(refusal):
            await propose(actor)
        with pytest.raises(refusal):
            await suggestions.support(actor=actor, suggestion_id=made)
        with pytest.raises(refusal):
            await suggestions.take_back(actor=actor, suggestion_id=made)
    with pytest.raises(NotFound):
        await suggestions.support(actor=await make_person(), suggestion_id=new_id())


async def test_a_place_is_a_position_or_a_landmark_in_a_district():
    with pytest.raises(NowhereSuggested):
        await propose(point=None, landmark="")
    with pytest.raises(DivisionNotFound):
        await propose(region=1)
    made = await Suggestion.get(id=await propose(point=None, landmark="万达广场"))
    assert not made.by_position


async def test_a_retry_with_the_same_key_is_one_suggestion():
    person = await make_person()
    made = await asyncio.gather(*(propose(person, request_key="k1") for _ in range(3)))
    assert len(set(made)) == 1
    assert await supporters(made[0]) == 1


async def test_a_person_cannot_flood():
    person = await make_person()
    for _ in range(suggestions.FROM_PERSON[1]):
        await propose(person)
    with pytest.raises(SuggestedTooOften):
        await propose(person)
    with clock.travel(timedelta(days=1, minutes=1)):
        await propose(person)


async def test_near_ones_and_those_that_sound_alike_are_found():
    here = await propose(landmark="")
    written = await propose(point=None, landmark="琅东万达广场")
    await propose(point=FAR, landmark="会展中心")
    await propose(point=None, landmark="万达广场", region=450107)

    async def alike(landmark="", point=None):
        found = await suggestion_queries.alike(Where(QINGXIU, landmark, point), VISITOR)
        return [one.id for one in found]

    assert await alike(point=NEAR) == [here]
    assert await alike("万达门口") == [written]
    assert await alike("万达门口", NEAR) == [here, written]
    assert await alike("客运站") == []
    # Both gave their position, and it is another place.
    assert await alike("会展中心", NEAR) == [here]


async def test_what_is_decided_is_not_offered_any_more():
    made = await propose()
    await decide(made, SuggestionState.DECLINED, reason="旁边就有一个。")
    assert await suggestion_queries.alike(Where(QINGXIU, "", HERE), VISITOR) == []
    assert await suggestion_queries.around(HERE, VISITOR) == []
    assert await suggestion_queries.of_region(450000, VISITOR) == []


async def test_lists_are_by_distance_or_by_support():
    person = await make_person()
    far = await propose(point=FAR)
    near = await propose(point=NEAR)
    await propose(point=Point(23.5, 108.4), region=450123)
    await suggestions.support(actor=person, suggestion_id=far)
    around = await suggestion_queries.around(HERE, person)
    assert [(one.id, one.mine) for one in around] == [(near, False), (far, True)]
    of_region = await suggestion_queries.of_region(450100, VISITOR)
    assert of_region[0].id == far
    assert len(of_region) == 3
    assert len(await suggestion_queries.of_region(QINGXIU, VISITOR)) == 2


async def test_a_long_list_goes_on_where_it_stopped():
    most = suggestion_queries.PAGE
    for _ in range(most + 3):
        await propose()
    officer = await officer_of()
    for read in (suggestion_queries.of_region, suggestion_queries.to_decide):
        args = (QINGXIU, VISITOR) if read is suggestion_queries.of_region else (officer,)
        more = {} if read is suggestion_queries.of_region else {"decided": False}
        first = await read(*args, **more)
        after = suggestion_queries.place_after(first[most - 1])
        second = await read(*args, **more, after=after)
        assert len({one.id for one in first[:most]} | {one.id for one in second}) == most + 3
        assert len(second) == 3
    assert len(await suggestion_queries.to_decide(officer, decided=False, after="nonsense~x")) == most + 1


async def decide(made, state, actor=None, **more):
    await suggestions.decide(actor=actor or await officer_of(), suggestion_id=made, state=state, **more)


async def test_supporters_hear_what_was_decided():
    first, second = await make_person(), await make_person()
    made = await propose(first)
    await suggestions.support(actor=second, suggestion_id=made)
    await decide(made, SuggestionState.CONSIDERED)
    assert await Notice.all().count() == 0
    await decide(made, SuggestionState.PLANNED, reason="明年动工。")
    station = await make_station()
    await decide(made, SuggestionState.BUILT, station_id=station.id)
    for person in (first, second):
        told = await Notice.filter(person_id=person.id).order_by("created_at")
        assert [one.kind for one in told] == [NoticeKind.SUGGESTION_PLANNED, NoticeKind.SUGGESTION_BUILT]
        assert told[1].params["station"] == station.name
        assert not any(one.push for one in told)


async def test_a_no_has_a_reason_and_what_is_built_a_station():
    made = await propose()
    with pytest.raises(ReasonMissing):
        await decide(made, SuggestionState.DECLINED)
    with pytest.raises(NoSuchStation):
        await decide(made, SuggestionState.BUILT)
    with pytest.raises(NoSuchStation):
        await decide(made, SuggestionState.BUILT, station_id=new_id())
    assert (await Suggestion.get(id=made)).state is SuggestionState.NEW


async def test_what_is_settled_takes_no_more_support_and_a_no_may_become_a_yes():
    made = await propose()
    await decide(made, SuggestionState.DECLINED, reason="旁边就有一个。")
    with pytest.raises(SuggestionSettled):
        await suggestions.support(actor=await make_person(), suggestion_id=made)
    await decide(made, SuggestionState.CONSIDERED)
    await suggestions.support(actor=await make_person(), suggestion_id=made)
    await decide(made, SuggestionState.BUILT, station_id=(await make_station()).id)
    for state in (SuggestionState.CONSIDERED, SuggestionState.DECLINED):
        with pytest.raises(Conflict):
            await decide(made, state, reason="不建了。")


async def test_officers_decide_in_their_region_and_see_no_other():
    made = await propose()
    for actor in (await officer_of(440000), await make_staff(Role.MANAGER, station_id=(await make_station()).id)):
        with pytest.raises(Forbidden):
            await decide(made, SuggestionState.CONSIDERED, actor)
    assert await suggestion_queries.to_decide(await officer_of(440000), decided=False) == []
    assert [one.id for one in await suggestion_queries.to_decide(await officer_of(), decided=False)] == [made]
    await decide(made, SuggestionState.DECLINED, reason="旁边就有一个。")
    assert await suggestion_queries.to_decide(await officer_of(), decided=False) == []
    assert [one.id for one in await suggestion_queries.to_decide(await officer_of(), decided=True)] == [made]
