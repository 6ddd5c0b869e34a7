"""The register as a file: what stands in it, who may take it, what is written down about it."""

import io

import openpyxl
import pytest

from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.kit.ids import new_id
from server.membership import exporting
from server.membership.errors import ExportReasonNeeded, ExportTooLarge, UnionUnknown
from server.membership.import_columns import COLUMNS
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from tests.fixtures.member_files import (
    GOOD,
    OFFICER,
    OTHER,
    PASSPORT,
    PHONE_NUMBER,
    as_csv,
    bring_in,
    counts,
    keeper,
    look_at,
    register,
)
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("db", "settings", "union")


@pytest.fixture
async def union():
    return await make_union(name=GOOD["工会名称"])


async def taken_out(actor=OFFICER, **given):
    with await exporting.export_members(**{"actor": actor, "reason": "年度核对", **given}) as file:
        return file.read()


def rows_of(content):
    header, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    return [{key: value or "" for key, value in zip(header, row, strict=True)} for row in rows]


async def test_an_export_reads_back_as_unchanged_and_runs_no_formula():
    formula = {"单位": "=HYPERLINK(1)", "手机号": "+852 5123 4567"}
    await bring_in(as_csv(GOOD, OTHER | formula | {"会员号": "00123456"}, PASSPORT | {"单位": "@这里"}))
    before = await register()
    content = await taken_out()
    cells = [cell for row in rows_of(content) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    look = await bring_in(content)
    assert counts(look) == (0, 0, 3, 0)
    assert await register() == before


async def test_an_export_says_everything_of_a_member(union):
    await bring_in(as_csv(GOOD | {"会员号": "00123456"}))
    assert rows_of(await taken_out()) == [
        {
            "工会代码": union.code,
            "工会名称": union.name,
            "姓名": "韦秀英",
            "证件类型": "身份证",
            "证件号": GOOD["证件号"],
            "手机号": PHONE_NUMBER,
            "入会日期": "2019-03-08",
            "会员号": "00123456",
            "单位": "邕江建筑公司",
            "出生日期": "1990-01-01",
            "性别": "女",
            "状态": "在会",
        }
    ]


async def test_a_phone_that_the_worker_proved_stands_in_the_file_and_is_no_change(union):
    worker = await make_person("+8613900000009", is_member=True)
    await make_member(union=union, person=worker)
    content = await taken_out()
    assert [row["手机号"] for row in rows_of(content)] == ["13900000009"]
    assert counts(await bring_in(content)) == (0, 0, 1, 0)


async def test_who_moves_is_in_the_file_and_who_left_is_not(union):
    await make_member(union=union, state="transferring")
    await make_member(union=union, state="left", left_at=clock.now())
    await make_member(
        union=union, state="left", left_at=clock.now(), identity_sealed=None, document_index=None, name_index=None
    )
    assert [row["状态"] for row in rows_of(await taken_out())] == ["转会中"]


async def test_everybody_takes_out_their_own_unions_only(union):
    below = await make_union(name="工地工会", parent=union, region_code=441900)
    far = await make_union(name="东莞工会", region_code=441900)
    for where in (union, below, far):
        await make_member(union=where)

    async def names(actor, **given):
        return {row["工会名称"] for row in rows_of(await taken_out(actor, **given))}

    assert await names(OFFICER) == {union.name}
    assert await names(keeper(Role.REVIEWER, union_id=union.id)) == {union.name, below.name}
    assert await names(keeper(Role.REVIEWER, union_id=below.id)) == {below.name}
    assert await names(keeper(Role.OFFICER, region_code=440000)) == {below.name, far.name}
    assert await names(keeper(Role.OFFICER, region_code=440000), union_code=far.code) == {far.name}
    with pytest.raises(UnionUnknown):
        await taken_out(OFFICER, union_code=far.code)
    for actor in (keeper(Role.AUDITOR, region_code=450000), keeper(Role.STAFF, station_id=new_id()), Actor()):
        with pytest.raises(Forbidden):
            await taken_out(actor)


async def test_reading_so_many_names_is_written_down_with_a_reason(union):
    await bring_in(as_csv(GOOD, OTHER))
    reviewer = keeper(Role.REVIEWER, union_id=union.id)
    await taken_out(OFFICER, reason="年度 核对")
    await taken_out(reviewer, reason="换届")
    found = await sql.rows("SELECT * FROM audit_entry WHERE action = 'members.exported' ORDER BY id")
    assert [(e["actor_id"], e["subject_id"], e["region_code"], e["reason"]) for e in found] == [
        (OFFICER.id, "450000", 450000, "2: 年度 核对"),
        (reviewer.id, union.code, None, "2: 换届"),
    ]


@pytest.mark.parametrize("reason", ["", " \n\t "])
async def test_without_a_reason_nothing_is_read(reason):
    with pytest.raises(ExportReasonNeeded):
        await taken_out(reason=reason)
    assert await sql.value("SELECT count(*) FROM audit_entry") == 0


async def test_more_members_than_one_file_holds_are_taken_out_union_by_union(union):
    member = await make_member(union=union)
    await sql.run(
        """INSERT INTO member (id, number, union_id, state, identity_sealed, document_index, employer, joined_on,
          card_version, imported, created_at)
        SELECT gen_random_uuid(), 'N' || n, union_id, 'active', identity_sealed, 'd' || n, '', joined_on, 1, true,
          created_at FROM member, generate_series(1, 300000) n WHERE id = $1""",
        member.id,
    )
    small = await make_union(name="小工会")
    await make_member(union=small)
    with pytest.raises(ExportTooLarge):
        await taken_out()
    assert len(rows_of(await taken_out(union_code=small.code))) == 1


async def test_the_templates_example_is_refused():
    content = exporting.template_xlsx()
    assert list(rows_of(content)[0]) == [column.title for column in COLUMNS]
    _, look = await look_at(content)
    assert [(m.line, m.column) for m in look.errors] == [(2, "工会代码")]


async def test_what_is_typed_into_the_template_stays_text():
    book = openpyxl.load_workbook(io.BytesIO(exporting.template_xlsx()))
    sheet = book.active
    typed = {"工会代码", "证件号", "手机号", "会员号"}
    for at, column in enumerate(COLUMNS, 1):
        letter = openpyxl.utils.get_column_letter(at)
        assert (sheet.column_dimensions[letter].number_format == "@") == (column.title in typed)
        assert sheet.cell(2, at).number_format == "@"


def test_a_keeper_holds_what_the_grants_say():
    two = Actor("staff", new_id(), grants=(GrantHeld(Role.OFFICER, region_code=450100), GrantHeld(Role.STAFF)))
    assert exporting.scope_of(two).spans == ((450100, 450199),)
