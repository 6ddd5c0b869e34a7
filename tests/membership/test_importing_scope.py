"""Importing members: into one's own unions only."""

import pytest

from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.kit.ids import new_id
from server.membership import importing
from server.membership.models import Member
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from server.stations.errors import ImportHasErrors, ImportNotFound
from tests.fixtures.member_files import (
    GOOD,
    OTHER,
    PASSPORT,
    as_csv,
    bring_in,
    keeper,
    look_at,
    said,
)
from tests.fixtures.membership import make_union

pytestmark = pytest.mark.usefixtures("db", "settings", "union")


@pytest.fixture
async def union():
    return await make_union(name=GOOD["工会名称"], code="FENG2345")


async def test_an_officer_brings_in_members_of_unions_of_the_region_only():
    await make_union(name="东莞工地工会", region_code=441900, code="DGDG2345")
    for cells in ({"工会名称": "东莞工地工会"}, {"工会名称": "", "工会代码": "dgdg-2345"}):
        _, look = await look_at(as_csv(GOOD | cells))
        assert ["不归您管" in words for *_, words in said(look)] == [True]
    both = Actor("staff", new_id(), grants=tuple(GrantHeld(Role.OFFICER, region_code=c) for c in (450000, 440000)))
    assert (await bring_in(as_csv(GOOD | {"工会名称": "东莞工地工会"}), both)).new == 1
    assert await sql.value("SELECT number FROM member") > "44"


async def test_a_reviewer_brings_in_members_of_the_union_and_those_below_it(union):
    below = await make_union(name="工地工会", parent=union, region_code=441900)
    beside = await make_union(name="旁边的工会")
    reviewer = keeper(Role.REVIEWER, union_id=union.id)
    rows = GOOD, OTHER | {"工会名称": "", "工会代码": below.code}
    assert (await bring_in(as_csv(*rows), reviewer)).new == 2
    assert await Member.filter(union_id=below.id).count() == 1
    _, look = await look_at(as_csv(PASSPORT | {"工会名称": beside.name}), reviewer)
    assert [(m.line, m.column) for m in look.errors] == [(2, "工会名称")]
    _, look = await look_at(as_csv(GOOD), keeper(Role.REVIEWER, union_id=below.id))
    assert look.error_count == 1


async def test_a_name_that_two_unions_have_needs_the_code(union):
    twin = await make_union(name=union.name, region_code=450108)
    _, look = await look_at(as_csv(GOOD))
    assert ["不止一个" in words for *_, words in said(look)] == [True]
    await bring_in(as_csv(GOOD | {"工会代码": twin.code}))
    assert (await Member.all().first()).union_id == twin.id
    # Whoever keeps only one of them means that one.
    assert (await bring_in(as_csv(OTHER), keeper(Role.REVIEWER, union_id=union.id))).new == 1


async def test_code_and_name_must_mean_the_same_union_and_a_closed_one_is_none():
    await make_union(name="五象新区联合工会", code="WUXX2345")
    _, look = await look_at(as_csv(GOOD | {"工会代码": "WUXX2345"}))
    assert ["不是同一个" in words for *_, words in said(look)] == [True]
    await make_union(name="撤销的工会", closed_at=clock.now())
    _, look = await look_at(as_csv(GOOD | {"工会名称": "撤销的工会"}))
    assert look.error_count == 1


async def test_only_keepers_of_a_register_import_and_only_their_own_uploads():
    for actor in (keeper(Role.AUDITOR, region_code=450000), keeper(Role.STAFF, region_code=450000), Actor()):
        with pytest.raises(Forbidden):
            await importing.upload(actor=actor, file_name="x.csv", content=as_csv(GOOD))
    made, _ = await look_at(as_csv(GOOD))
    other = keeper(Role.OFFICER, region_code=450000)
    for verb in (importing.find_import, importing.apply_import):
        with pytest.raises(ImportNotFound):
            await verb(actor=other, import_id=made)


async def test_a_scope_that_shrank_since_the_upload_is_kept_at_applying():
    wide = keeper(Role.OFFICER, region_code=450000)
    made, look = await look_at(as_csv(GOOD), wide)
    assert look.new == 1
    narrow = Actor("staff", wide.id, grants=(GrantHeld(Role.OFFICER, region_code=450200),))
    with pytest.raises(ImportHasErrors):
        await importing.apply_import(actor=narrow, import_id=made)
    assert await Member.all().count() == 0
