"""Importing members: every mistake is named at its line and cell."""

import pytest

from server.db import sql
from server.kit import clock
from server.membership import importing
from server.membership.models import Member, MembershipEvent
from server.stations.errors import ImportHasErrors
from tests.fixtures.member_files import (
    GOOD,
    ID,
    NAME,
    OFFICER,
    OTHER,
    PASSPORT,
    THIRD_ID,
    as_csv,
    bring_in,
    counts,
    look_at,
    register,
    said,
)
from tests.fixtures.membership import make_member, make_union

pytestmark = pytest.mark.usefixtures("db", "settings", "union")


@pytest.fixture
async def union():
    return await make_union(name=GOOD["工会名称"], code="FENG2345")


@pytest.mark.parametrize(
    ("cell", "value", "column", "words"),
    [
        ("工会名称", "", "工会代码", "请填工会代码"),
        ("工会名称", "没有这个工会", "工会名称", "没有这个工会"),
        ("工会名称", "长" * 101, "工会名称", "最多 100"),
        ("工会代码", "NOBODY22", "工会代码", "没有这个工会"),
        ("工会代码", "-", "工会代码", "没有这个工会"),
        ("姓名", "", "姓名", "要填"),
        ("姓名", "李4", "姓名", "按证件上的样子"),
        ("证件类型", "驾驶证", "证件类型", "没有这种证件"),
        ("证件号", "", "证件号", "要填"),
        ("证件号", "450103199001010025", "证件号", "身份证号不对"),
        ("证件号", "450103203001010023", "证件号", "身份证号不对"),
        ("证件号", "4.50103199001011E+17", "证件号", "末几位丢了"),
        ("证件号", "450103199001010000", "证件号", "末几位丢了"),
        ("手机号", "0771-5551234", "手机号", "不是手机号"),
        ("入会日期", "去年", "入会日期", "不是日期"),
        ("入会日期", "2019-02-30", "入会日期", "不是日期"),
        ("入会日期", "2999-01-01", "入会日期", "今天晚"),
        ("入会日期", "1980-01-01", "入会日期", "出生早"),
        ("会员号", "12345", "会员号", "6 到 12 位"),
        ("会员号", "A1234567", "会员号", "6 到 12 位"),
        ("单位", "长" * 101, "单位", "最多 100"),
        ("出生日期", "很早", "出生日期", "不是日期"),
        ("性别", "别的", "性别", "男"),
    ],
)
async def test_a_mistake_is_named_at_its_line_and_cell(cell, value, column, words):
    _, look = await look_at(as_csv(OTHER, GOOD | {cell: value}))
    assert [(m.line, m.column) for m in look.errors] == [(3, column)]
    assert words in said(look)[0][2]


@pytest.mark.parametrize(
    ("more", "column"),
    [
        ({"出生日期": ""}, "出生日期"),
        ({"性别": ""}, "性别"),
        ({"证件号": "护照"}, "证件号"),
        ({"证件类型": "台胞证"}, "证件号"),
        ({"出生日期": "2020-01-01", "入会日期": ""}, "出生日期"),
        ({"出生日期": "1850-01-01"}, "出生日期"),
    ],
)
async def test_other_documents_have_their_own_rules(more, column):
    _, look = await look_at(as_csv(PASSPORT | more))
    assert [(m.line, m.column) for m in look.errors] == [(2, column)]


async def test_all_mistakes_are_told_at_once_and_nothing_is_written():
    bad = {"姓名": "？", "证件类型": "？", "手机号": "？", "会员号": "？", "工会名称": "？"}
    made, look = await look_at(as_csv(GOOD, OTHER | bad, GOOD | {"证件号": "1", "姓名": "2"}))
    assert [(m.line, m.column) for m in look.errors] == [
        (3, "姓名"), (3, "证件类型"), (3, "手机号"), (3, "会员号"), (3, "工会名称"), (4, "姓名"),
    ]  # fmt: skip
    with pytest.raises(ImportHasErrors):
        await importing.apply_import(actor=OFFICER, import_id=made)
    assert await Member.all().count() == 0
    assert await MembershipEvent.all().count() == 0
    assert await sql.value("SELECT count(*) FROM audit_entry") == 0


async def test_a_document_or_number_that_stands_twice_is_named_on_the_second_line():
    rows = [GOOD | {"会员号": "111111"}, OTHER | {"会员号": "111111"}, GOOD | {"姓名": "韦秀兰"}]
    _, look = await look_at(as_csv(*rows))
    assert [(line, column) for line, column, _ in said(look)] == [(3, "会员号"), (4, "证件号")]
    assert all("第 2 行" in words for *_, words in said(look))


async def test_thousands_of_mistakes_are_counted_but_not_all_kept():
    _, look = await look_at(as_csv(*([GOOD] * 700), *([{"姓名": "？"}] * 100)))
    assert (look.rows, look.error_count, len(look.errors)) == (800, 699 + 300, 500)
    assert [m.line for m in look.errors] == sorted(m.line for m in look.errors)


async def test_a_member_of_another_union_is_not_moved():
    elsewhere = await make_union(name="五象新区联合工会", region_code=450108)
    await make_member(union=elsewhere, name="别的名字", document_number=ID, number="450000000001")
    before = await register()
    made, look = await look_at(as_csv(OTHER, GOOD | {"会员号": "123456"}))
    assert said(look) == [(3, "证件号", "已经是“五象新区联合工会”的会员，请走转会。")]
    with pytest.raises(ImportHasErrors):
        await importing.apply_import(actor=OFFICER, import_id=made)
    assert await register() == before


async def test_a_member_keeps_name_and_number(union):
    await make_member(union=union, name=NAME, document_number=ID, number="450000000001")
    _, look = await look_at(as_csv(GOOD | {"姓名": "韦秀兰", "会员号": "450000000002"}))
    assert sorted((line, column) for line, column, _ in said(look)) == [(2, "会员号"), (2, "姓名")]


@pytest.mark.parametrize("state", ["active", "left"])
async def test_a_number_is_never_given_to_somebody_else(union, state):
    left = {"state": "left", "left_at": clock.now()} if state == "left" else {}
    await make_member(union=union, document_number=THIRD_ID, number="123456", **left)
    _, look = await look_at(as_csv(GOOD | {"会员号": "123456"}))
    assert [(m.line, m.column) for m in look.errors] == [(2, "会员号")]


async def test_whoever_left_joins_again_as_a_new_entry(union):
    elsewhere = await make_union(name="五象新区联合工会")
    old = await make_member(
        union=elsewhere, name=NAME, document_number=ID, state="left", left_at=clock.now(), employer="旧单位"
    )
    assert counts(await bring_in(as_csv(GOOD))) == (1, 0, 0, 0)
    assert (await Member.get(id=old.id)).employer == "旧单位"
    fresh = await Member.get(state="active")
    assert (fresh.union_id, fresh.document_index) == (union.id, old.document_index)
    assert fresh.number != old.number
