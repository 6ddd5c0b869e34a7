"""The tree of unions: made, changed, moved, closed, opened again, and by whom."""

import asyncio

import msgspec
import pytest

from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_id
from server.membership import applying, union_admin
from server.membership.errors import (
    PlaceUnknown,
    UnionGone,
    UnionHasPeople,
    UnionKindWrong,
    UnionLoop,
    UnionNameNeeded,
    UnionNameTaken,
)
from server.membership.models import Application, Union, UnionKind
from server.membership.transfers import ask_for_transfer, withdraw_transfer
from server.membership.union_admin import UnionFacts
from server.membership.union_queries import path_to, search_unions, top_unions, union_kept, unions_below
from server.membership.unions import union_by_code, union_by_id
from server.people.actors import SYSTEM
from server.people.models import Role
from server.stations.divisions import find_place
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.moving import DONGGUAN, GUANGDONG, NANNING, make_mover, make_two
from tests.fixtures.people import GUANGXI, make_person, make_staff
from tests.fixtures.stations import QINGXIU

pytestmark = pytest.mark.usefixtures("settings", "db")
SITE = UnionFacts("凤岭工地工会", UnionKind.SITE, QINGXIU)


@pytest.fixture
async def two(settings, db):
    assert settings, db
    return await make_two()


@pytest.fixture
async def officer():
    return await make_staff(Role.OFFICER, region_code=GUANGXI)


def but(**given):
    return msgspec.structs.replace(SITE, **given)


async def lineage_is_right():
    return not await sql.rows(
        """SELECT u.id FROM trade_union u LEFT JOIN trade_union p ON p.id = u.parent_id
        WHERE u.lineage IS DISTINCT FROM coalesce(p.lineage, '{}'::uuid[]) || u.id"""
    )


async def audited(union_id):
    found = await sql.rows(
        "SELECT action, reason FROM audit_entry WHERE subject_id = $1 ORDER BY at, id", str(union_id)
    )
    return [(row["action"], row["reason"]) for row in found]


async def test_a_new_union_stands_below_its_parent_and_is_found(two, officer):
    made = await union_admin.create_union(actor=officer, facts=but(name="  凤岭　工地工会 "), parent_id=two.nanning.id)
    union = await Union.get(id=made)
    assert (union.name, union.kind, union.region_code) == ("凤岭 工地工会", UnionKind.SITE, QINGXIU)
    assert union.lineage == [two.guangxi.id, two.nanning.id, made]
    assert Point(union.lat, union.lng) == find_place(QINGXIU).centre
    assert len(union.code) == 8
    assert (await union_by_code(union.code.lower())).id == made
    assert [row.union.id for row in await search_unions(officer, "凤岭")] == [made]
    assert [row.union.id for row in await search_unions(officer, union.code)] == [made]
    assert await audited(made) == [("union.created", "")]


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        ({"name": " "}, UnionNameNeeded),
        ({"name": "南宁农民工联合工会"}, UnionNameTaken),
        ({"region_code": 459999}, PlaceUnknown),
    ],
)
async def test_a_union_that_cannot_be(two, officer, facts, refused):
    with pytest.raises(refused):
        await union_admin.create_union(actor=officer, facts=but(**facts), parent_id=two.guangxi.id)


async def test_federations_stand_at_the_top_and_others_never_do(two, officer):
    federation = but(name="广西第二总工会", kind=UnionKind.FEDERATION, region_code=GUANGXI)
    made = await union_admin.create_union(actor=officer, facts=federation)
    assert (await Union.get(id=made)).parent_id is None
    below = but(name="南宁市总工会", kind=UnionKind.FEDERATION, region_code=NANNING)
    assert await union_admin.create_union(actor=officer, facts=below, parent_id=made)
    with pytest.raises(UnionKindWrong):
        await union_admin.create_union(actor=officer, facts=SITE)
    with pytest.raises(UnionKindWrong):
        await union_admin.create_union(actor=officer, facts=below, parent_id=two.nanning.id)
    with pytest.raises(NotFound):
        await union_admin.create_union(actor=officer, facts=SITE, parent_id=new_id())


async def test_officers_keep_their_region_and_reviewers_what_lies_below_their_union(two):
    """Both the union and the place it is to have must be one's own."""
    city = await make_staff(Role.OFFICER, region_code=NANNING)
    made = await union_admin.create_union(actor=city, facts=SITE, parent_id=two.nanning.id)
    by_reviewer = await union_admin.create_union(
        actor=two.old, facts=but(name="工业园工会", region_code=DONGGUAN), parent_id=two.nanning.id
    )
    await union_admin.change_union(actor=two.old, union_id=by_reviewer, facts=but(name="园区工会"))
    stranger = await make_staff(Role.OFFICER, region_code=GUANGDONG)
    for actor in (stranger, two.new, two.above_new, await make_staff(Role.AUDITOR), await make_person()):
        with pytest.raises(Forbidden):
            await union_admin.create_union(actor=actor, facts=but(name="别人的"), parent_id=two.nanning.id)
        with pytest.raises(Forbidden):
            await union_admin.change_union(actor=actor, union_id=made, facts=but(name="改名"))
        with pytest.raises(Forbidden):
            await union_admin.close_union(actor=actor, union_id=made)
        with pytest.raises(Forbidden):
            await union_admin.move_union(actor=actor, union_id=made, parent_id=two.guangdong.id)
    # An officer of Nanning gives no union a place elsewhere, nor hangs one where Nanning's rights end.
    with pytest.raises(Forbidden):
        await union_admin.change_union(actor=city, union_id=made, facts=but(region_code=DONGGUAN))
    with pytest.raises(Forbidden):
        await union_admin.create_union(actor=city, facts=but(name="外地"), parent_id=two.guangxi.id)
    with pytest.raises(Forbidden):
        await union_admin.move_union(actor=city, union_id=made, parent_id=two.dongguan.id)
    with pytest.raises(Forbidden):
        await union_admin.create_union(actor=stranger, facts=but(kind=UnionKind.FEDERATION, region_code=GUANGXI))
    # A reviewer's own union is kept from above.
    for act in (
        union_admin.change_union(actor=two.old, union_id=two.nanning.id, facts=but(name="自己改")),
        union_admin.close_union(actor=two.old, union_id=two.nanning.id),
        union_admin.reopen_union(actor=two.old, union_id=two.nanning.id),
        union_admin.move_union(actor=two.old, union_id=two.nanning.id, parent_id=two.guangxi.id),
    ):
        with pytest.raises(Forbidden):
            await act
    assert [action for action, _ in await audited(made)] == ["union.created"]


async def test_a_change_is_kept_and_written_down(two, officer):
    facts = UnionFacts("南宁青秀联合工会", UnionKind.STREET, QINGXIU, Point(22.8, 108.4), 500)
    await union_admin.change_union(actor=officer, union_id=two.nanning.id, facts=facts)
    await union_admin.change_union(actor=officer, union_id=two.nanning.id, facts=facts)
    row = await union_kept(officer, two.nanning.id)
    assert (row.union.name, row.union.kind, row.union.region_code) == (facts.name, facts.kind, facts.region_code)
    assert (row.point, row.target, row.place) == (facts.point, 500, "广西壮族自治区南宁市青秀区")
    assert await audited(two.nanning.id) == [("union.changed", "name, kind, region_code, lat, lng, target")]
    assert [found.union.id for found in await search_unions(officer, "青秀联合")] == [two.nanning.id]


async def test_a_union_with_members_becomes_no_federation(two, officer):
    await make_member(union=two.nanning)
    with pytest.raises(UnionHasPeople):
        await union_admin.change_union(
            actor=officer, union_id=two.nanning.id, facts=but(kind=UnionKind.FEDERATION, region_code=NANNING)
        )


async def test_a_subtree_moves_as_a_whole(two, officer):
    streets = [await make_union(name=f"第{n}街道工会", parent=two.nanning) for n in range(3)]
    sites = [await make_union(name=f"第{n}工地工会", parent=street) for n, street in enumerate(streets)]
    city = await make_union(name="广西第二联合工会", parent=two.guangxi, region_code=GUANGXI)
    member = await make_member(union=sites[0])
    await union_admin.move_union(actor=officer, union_id=two.nanning.id, parent_id=city.id)
    assert await lineage_is_right()
    moved = await union_by_id(sites[0].id)
    assert moved.lineage == (two.guangxi.id, city.id, two.nanning.id, streets[0].id, sites[0].id)
    assert (await union_kept(officer, city.id)).members == 1
    assert member.union_id == sites[0].id
    assert await audited(two.nanning.id) == [("union.moved", city.code)]
    await union_admin.move_union(actor=officer, union_id=two.nanning.id, parent_id=city.id)
    assert len(await audited(two.nanning.id)) == 1, "it stood there already"


async def test_no_union_stands_below_itself(two, officer):
    street = await make_union(name="街道工会", parent=two.nanning)
    for below in (two.nanning.id, street.id):
        with pytest.raises(UnionLoop):
            await union_admin.move_union(actor=officer, union_id=two.nanning.id, parent_id=below)
    with pytest.raises(UnionKindWrong):
        await union_admin.move_union(actor=officer, union_id=two.guangxi.id, parent_id=(await make_union(name="它")).id)
    assert await lineage_is_right()


async def test_two_moves_at_once_make_no_loop_and_lose_no_child(two, officer):
    one, other = [await make_union(name=name, parent=two.nanning) for name in ("甲", "乙")]
    results = await asyncio.gather(
        union_admin.move_union(actor=officer, union_id=one.id, parent_id=other.id),
        union_admin.move_union(actor=officer, union_id=other.id, parent_id=one.id),
        union_admin.create_union(actor=officer, facts=SITE, parent_id=one.id),
        union_admin.move_union(actor=officer, union_id=two.nanning.id, parent_id=two.guangxi.id),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(UnionLoop) == 1
    assert await lineage_is_right()


async def test_a_union_with_people_is_not_closed(two, officer):
    street = await make_union(name="街道工会", parent=two.nanning)
    await make_member(union=two.nanning)
    await make_member(union=two.nanning, state="left", left_at=clock.now())
    person, _ = await make_mover(two.dongguan)
    await ask_for_transfer(actor=person, to_union_id=two.nanning.id, employer="", agreed=True)
    with pytest.raises(UnionHasPeople) as refused:
        await union_admin.close_union(actor=officer, union_id=two.nanning.id)
    assert refused.value.params == {"members": 1, "below": 1, "waiting": 1}
    await union_admin.close_union(actor=officer, union_id=street.id)
    await withdraw_transfer(actor=person)
    with pytest.raises(UnionHasPeople) as refused:
        await union_admin.close_union(actor=officer, union_id=two.nanning.id)
    assert refused.value.params == {"members": 1, "below": 0, "waiting": 0}


async def test_a_closed_union_takes_nobody_until_it_is_opened_again(two, officer):
    made = await union_admin.create_union(actor=officer, facts=SITE, parent_id=two.nanning.id)
    code = (await union_by_id(made)).code
    worker = await make_person()
    await applying.start(actor=worker, poster=await union_by_code(code))
    await union_admin.close_union(actor=officer, union_id=made)
    assert await union_by_code(code) is None
    assert (await Application.get(person_id=worker.id)).union_id is None, "the draft asks for a union again"
    for act in (
        union_admin.close_union(actor=officer, union_id=made),
        union_admin.change_union(actor=officer, union_id=made, facts=SITE),
        union_admin.move_union(actor=officer, union_id=made, parent_id=two.guangxi.id),
        union_admin.create_union(actor=officer, facts=but(name="下级"), parent_id=made),
    ):
        with pytest.raises(UnionGone):
            await act
    await union_admin.close_union(actor=officer, union_id=two.nanning.id)
    with pytest.raises(UnionGone):
        await union_admin.reopen_union(actor=officer, union_id=made)
    await union_admin.reopen_union(actor=officer, union_id=two.nanning.id)
    await union_admin.reopen_union(actor=officer, union_id=made)
    await union_admin.reopen_union(actor=officer, union_id=made)
    assert (await union_by_code(code)).id == made
    assert [action for action, _ in await audited(made)] == ["union.created", "union.closed", "union.reopened"]


async def test_a_name_that_is_used_meanwhile_is_not_opened_twice(two, officer):
    made = await union_admin.create_union(actor=officer, facts=SITE, parent_id=two.nanning.id)
    await union_admin.close_union(actor=officer, union_id=made)
    await union_admin.create_union(actor=officer, facts=SITE, parent_id=two.nanning.id)
    with pytest.raises(UnionNameTaken):
        await union_admin.reopen_union(actor=officer, union_id=made)


@pytest.mark.parametrize("first", [0, 1])
async def test_whoever_asks_in_while_it_closes_is_not_left_before_a_closed_door(two, first):
    person, _ = await make_mover(two.nanning)
    union = await make_union(name="要撤的工会", parent=two.guangdong, region_code=GUANGDONG)
    acts = [
        ask_for_transfer(actor=person, to_union_id=union.id, employer="", agreed=True),
        union_admin.close_union(actor=SYSTEM, union_id=union.id),
    ]
    results = await asyncio.gather(*(acts if first == 0 else acts[::-1]), return_exceptions=True)
    assert len([result for result in results if isinstance(result, Exception)]) == 1, results
    closed = (await Union.get(id=union.id)).closed_at is not None
    waits = await sql.value("SELECT count(*) FROM transfer WHERE state = 'requested'")
    assert (closed, waits) in {(True, 0), (False, 1)}


async def test_the_tree_is_read_level_by_level_with_figures_of_the_whole_subtree(two, officer):
    street = await make_union(name="街道工会", parent=two.nanning, target=20)
    await make_union(name="撤了的", parent=two.nanning, closed_at=clock.now())
    for union in (two.nanning, street, street):
        await make_member(union=union)
    rows, more = await top_unions(officer)
    assert ([row.union.id for row in rows], more) == ([two.guangxi.id], None)
    assert (rows[0].members, rows[0].children) == (3, 1)
    rows, _ = await unions_below(two.nanning.id)
    assert [(row.union.name, row.members, row.target, row.closed) for row in rows] == [
        ("街道工会", 2, 20, False),
        ("撤了的", 0, 0, True),
    ]
    above = await path_to(two.old, rows[0].union)
    assert [(view.id, mine) for view, mine in above] == [(two.guangxi.id, False), (two.nanning.id, True)]


async def test_each_sees_the_top_of_what_is_kept_and_nothing_beside_it(two, officer):
    city = await make_staff(Role.OFFICER, region_code=NANNING)
    assert [row.union.id for row in (await top_unions(city))[0]] == [two.nanning.id]
    assert [row.union.id for row in (await top_unions(two.old))[0]] == [two.nanning.id]
    assert [row.union.id for row in (await top_unions(two.above_new))[0]] == [two.guangdong.id]
    assert await search_unions(city, "东莞") == []
    for actor in (city, two.old):
        with pytest.raises(Forbidden):
            await union_kept(actor, two.guangxi.id)
        with pytest.raises(Forbidden):
            await union_kept(actor, two.dongguan.id)
    with pytest.raises(NotFound):
        await union_kept(officer, new_id())
    with pytest.raises(Forbidden):
        await top_unions(await make_person())


async def test_a_long_level_comes_in_pages(two):
    for number in range(55):
        await make_union(name=f"第{number:02d}街道工会", parent=two.nanning)
    first, more = await unions_below(two.nanning.id)
    second, end = await unions_below(two.nanning.id, more)
    names = [row.union.name for row in first + second]
    assert (len(first), len(second), end) == (50, 5, None)
    assert names == sorted(set(names))
