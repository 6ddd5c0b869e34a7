"""The right union is proposed, and any other one is found."""

import pytest

from server.membership.models import ChosenBy, UnionKind
from server.membership.unions import find_unions, propose, union_by_code
from server.stations.naming import search_words
from tests.fixtures.membership import make_union
from tests.fixtures.stations import NANNING, QINGXIU

pytestmark = pytest.mark.usefixtures("db")
NANNING_CITY, GUANGXI, LIUZHOU_COUNTY, CHANGSHA_COUNTY = 450100, 450000, 450202, 430102


async def make(name, kind=UnionKind.STREET, region_code=QINGXIU, **given):
    return await make_union(name=name, kind=kind, region_code=region_code, search_text=search_words(name), **given)


async def names(**asked):
    return [proposal.union.name for proposal in await propose(**{"employer": "", "region_code": QINGXIU} | asked)]


async def test_the_employers_own_union_comes_first_however_roughly_it_is_named():
    await make("青秀街道联合工会")
    await make("南宁地铁凤岭工地工会", UnionKind.SITE)
    await make("广西建工集团工会", UnionKind.EMPLOYER, NANNING_CITY)
    assert (await names(employer="地铁凤岭工地"))[0] == "南宁地铁凤岭工地工会"
    assert (await names(employer="广西建工"))[0] == "广西建工集团工会"
    first = (await propose(employer="广西建工集团", region_code=QINGXIU))[0]
    assert first.chosen_by is ChosenBy.EMPLOYER


async def test_an_employer_of_the_same_name_in_another_city_is_not_meant():
    await make("广西建工集团工会", UnionKind.EMPLOYER, LIUZHOU_COUNTY)
    assert await names(employer="广西建工集团") == []


async def test_without_an_employer_the_nearest_street_or_park_then_the_holding_union():
    await make("南宁农民工联合工会", UnionKind.HOLDING, NANNING_CITY)
    await make("远处街道工会", lat=NANNING[0] + 0.5, lng=NANNING[1])
    await make("近处园区工会", UnionKind.PARK, lat=NANNING[0], lng=NANNING[1])
    await make("没有位置的街道工会")
    assert await names() == ["近处园区工会", "远处街道工会", "没有位置的街道工会", "南宁农民工联合工会"]
    assert (await propose(employer="", region_code=QINGXIU))[0].chosen_by is ChosenBy.PLACE


async def test_the_holding_union_of_county_city_and_province_in_that_order():
    await make("广西农民工联合工会", UnionKind.HOLDING, GUANGXI)
    await make("南宁农民工联合工会", UnionKind.HOLDING, NANNING_CITY)
    assert await names() == ["南宁农民工联合工会", "广西农民工联合工会"]


async def test_where_no_union_is_near_that_of_home_takes_the_worker_in():
    await make("南宁农民工联合工会", UnionKind.HOLDING, NANNING_CITY)
    assert await names(region_code=CHANGSHA_COUNTY) == []
    assert await names(region_code=CHANGSHA_COUNTY, origin_code=QINGXIU) == ["南宁农民工联合工会"]


async def test_a_union_is_proposed_once_and_a_closed_one_or_a_federation_never():
    await make("凤岭园区工会", UnionKind.PARK)
    await make("撤并了的街道工会", closed_at="2026-01-01T00:00:00+08:00")
    await make("南宁市总工会", UnionKind.FEDERATION, QINGXIU)
    assert await names(employer="凤岭园区") == ["凤岭园区工会"]


async def test_a_whole_city_may_be_the_place():
    await make("青秀街道联合工会")
    assert await names(region_code=NANNING_CITY) == ["青秀街道联合工会"]


@pytest.mark.parametrize("typed", ["凤岭", "凤岭园区", "园区凤岭", "  凤岭 园区 "])
async def test_any_union_is_found_by_parts_of_its_name(typed):
    made = await make("南宁凤岭园区联合工会", UnionKind.PARK, LIUZHOU_COUNTY)
    await make("青秀街道联合工会")
    assert [union.id for union in await find_unions(typed)][:1] == [made.id]


@pytest.mark.parametrize("typed", ["", "  ", "…", "%", "x" * 60])
async def test_nothing_is_found_for_nothing(typed):
    await make("南宁凤岭园区联合工会")
    assert await find_unions(typed) == []


@pytest.mark.parametrize("typed", ["ab0d1f2h", "ABOD-IF2H", "ａｂ０ｄ 1f2h"])
async def test_a_code_is_read_however_it_is_typed(typed):
    made = await make("南宁凤岭园区联合工会", code="AB0D1F2H")
    found = await union_by_code(typed)
    assert found is not None
    assert found.id == made.id


@pytest.mark.parametrize("typed", ["", "NOBODY00", "AB0D1F2", "<script>", "0" * 500])
async def test_an_unknown_code_names_nothing(typed):
    await make("南宁凤岭园区联合工会", code="AB0D1F2H")
    assert await union_by_code(typed) is None


async def test_a_closed_unions_code_names_nothing():
    await make("南宁凤岭园区联合工会", code="AB0D1F2H", closed_at="2026-01-01T00:00:00+08:00")
    assert await union_by_code("AB0D1F2H") is None
