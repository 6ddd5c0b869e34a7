"""Importing members: every mistake named and nobody named with it, all or nothing, the same file twice."""

import asyncio
import csv
import io
import itertools
import json
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import asyncpg
import openpyxl
import pytest

from server.db import sql
from server.errors import Conflict, Forbidden
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.membership import importing
from server.membership.identity import Document, document_index, open_identity, read_identity
from server.membership.models import Member, MemberImport, MembershipEvent, UnionMonth
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from server.people.queries import PHONE
from server.stations.errors import FileTooLarge, FileUnreadable, ImportApplied, ImportHasErrors, ImportNotFound
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("db", "settings", "union")
HEADER = (
    "工会代码", "工会名称", "姓名", "证件类型", "证件号", "手机号", "入会日期", "会员号", "单位", "出生日期", "性别",
)  # fmt: skip
ID, OTHER_ID, THIRD_ID = "450103199001010024", "450103198505051239", "45010319780303001X"
NAME, PHONE_NUMBER = "韦秀英", "13878123456"
SECRETS = (NAME, ID, OTHER_ID, THIRD_ID, PHONE_NUMBER, "李大山", "CC1234567")


def keeper(role, **scope):
    return Actor("staff", new_id(), grants=(GrantHeld(role, **scope),))


OFFICER = keeper(Role.OFFICER, region_code=450000)


@pytest.fixture
async def union():
    return await make_union(name="凤岭街道联合工会", code="FENG2345")


GOOD = {
    "工会名称": "凤岭街道联合工会", "姓名": NAME, "证件号": ID, "手机号": PHONE_NUMBER, "入会日期": "2019年3月8日",
    "单位": "邕江建筑公司",
}  # fmt: skip
OTHER = GOOD | {"姓名": "李大山", "证件号": OTHER_ID, "手机号": ""}
PASSPORT = GOOD | {"证件类型": "护照", "证件号": "CC1234567", "出生日期": "1991/2/3", "性别": "女"}


def lines(*rows, header=HEADER):
    return [header, *([row.get(name, "") for name in header] for row in rows)]


def as_csv(*rows, encoding="utf-8", header=HEADER):
    out = io.StringIO()
    csv.writer(out).writerows(lines(*rows, header=header))
    return out.getvalue().encode(encoding)


def as_xlsx(*rows):
    book = openpyxl.Workbook()
    for line in lines(*rows):
        book.active.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def look_at(content, actor=OFFICER):
    made = await importing.upload(actor=actor, file_name="会员.xlsx", content=content)
    return made, (await importing.find_import(actor=actor, import_id=made)).look


async def bring_in(content, actor=OFFICER):
    made, _ = await look_at(content, actor)
    return await importing.apply_import(actor=actor, import_id=made)


def counts(look):
    return look.new, look.changed, look.unchanged, look.error_count


def said(look):
    return [(m.line, m.column, m.message % m.params) for m in look.errors]


async def register():
    return await sql.rows("SELECT * FROM member ORDER BY id")


async def test_looking_writes_nothing_and_applying_writes_all(union):
    made, look = await look_at(as_csv(GOOD, OTHER, PASSPORT))
    assert (look.rows, *counts(look)) == (3, 3, 0, 0, 0)
    assert await Member.all().count() == 0
    await importing.apply_import(actor=OFFICER, import_id=made)
    member = await Member.get(phone_index=vault().index(f"+86{PHONE_NUMBER}", PHONE), employer="邕江建筑公司").first()
    identity = open_identity(member.identity_sealed)
    assert (identity.name, identity.number, identity.birth) in {
        (NAME, ID, date(1990, 1, 1)),
        (NAME, "CC1234567", date(1991, 2, 3)),
    }
    assert vault().open(member.phone_sealed, PHONE) == f"+86{PHONE_NUMBER}"
    assert (member.union_id, member.state, member.imported, member.joined_on) == (
        union.id,
        "active",
        True,
        date(2019, 3, 8),
    )
    assert member.person_id is None
    assert len(set(await Member.all().values_list("number", flat=True))) == 3


async def test_each_new_member_is_an_event_and_each_file_an_audit_entry(union):
    made, _ = await look_at(as_csv(GOOD, OTHER))
    await importing.apply_import(actor=OFFICER, import_id=made)
    events = await MembershipEvent.all()
    assert {event.subject_id for event in events} == set(await Member.all().values_list("id", flat=True))
    assert {(e.subject, e.step, e.union_id, e.actor_kind, e.actor_id) for e in events} == {
        ("member", "imported", union.id, "staff", OFFICER.id)
    }
    assert (await UnionMonth.get(union_id=union.id)).imported == 2
    entry = await sql.row("SELECT * FROM audit_entry")
    assert (entry["action"], entry["subject_id"], entry["region_code"]) == ("members.imported", str(made), 450000)


async def test_a_document_is_found_again_however_it_was_written():
    await bring_in(as_csv(GOOD, OTHER, GOOD | {"证件号": THIRD_ID}))
    again = read_identity(name=NAME, document=Document.ID_CARD, number=ID, birth=None, sex=None, today=clock.today())
    assert await Member.filter(document_index=document_index(again)).count() == 1
    spaced = OTHER | {"证件号": "450103 １９８５0505 1239", "姓名": "李 大山"}
    small = GOOD | {"证件号": THIRD_ID.lower()}
    assert counts(await bring_in(as_csv(spaced, small))) == (0, 0, 2, 0)


async def test_the_same_file_twice_changes_nothing():
    await bring_in(as_csv(GOOD, OTHER, PASSPORT))
    before = await register()
    assert counts(await bring_in(as_csv(GOOD, OTHER, PASSPORT))) == (0, 0, 3, 0)
    assert await register() == before
    assert await MembershipEvent.all().count() == 3


async def test_phone_employer_and_day_are_changed_and_empty_cells_change_nothing():
    await bring_in(as_csv(GOOD, OTHER))
    look = await bring_in(as_csv(GOOD | {"手机号": "13900000001", "单位": "新单位", "入会日期": "2018-01-02"}, OTHER))
    assert counts(look) == (0, 1, 1, 0)
    member = await Member.get(employer="新单位")
    assert vault().open(member.phone_sealed, PHONE) == "+8613900000001"
    assert (member.phone_index, member.joined_on) == (vault().index("+8613900000001", PHONE), date(2018, 1, 2))
    before = await register()
    assert counts(await bring_in(as_csv(GOOD | {"手机号": "", "单位": "", "入会日期": ""}))) == (0, 0, 1, 0)
    assert await register() == before


async def test_a_phone_that_the_worker_proved_stays(union):
    worker = await make_person("+8613900000009", is_member=True)
    await make_member(union=union, person=worker, name=NAME, document_number=ID, joined_on=date(2019, 3, 8))
    look = await bring_in(as_csv(GOOD | {"单位": ""}))
    assert counts(look) == (0, 0, 1, 0)
    assert (await Member.all().first()).phone_index is None


async def test_a_phone_that_somebody_signed_in_with_is_not_connected_by_itself():
    await make_person(f"+86{PHONE_NUMBER}")
    await bring_in(as_csv(GOOD))
    assert (await Member.all().first()).person_id is None


async def test_a_member_number_is_kept_and_a_day_defaults_to_today():
    await bring_in(as_csv(GOOD | {"会员号": "００12-3456", "入会日期": ""}))
    member = await Member.get(number="00123456")
    assert member.joined_on == clock.today()
    assert counts(await bring_in(as_csv(GOOD | {"会员号": "00123456", "入会日期": ""}))) == (0, 0, 1, 0)


async def test_a_number_that_is_taken_is_drawn_again(monkeypatch):
    drawn = itertools.chain([7, 7, 7, 8, 8, 9], itertools.count(1000))
    monkeypatch.setattr("secrets.randbelow", lambda _most: next(drawn))
    await bring_in(as_csv(GOOD))
    await bring_in(as_csv(OTHER, PASSPORT))
    numbers = sorted(await Member.all().values_list("number", flat=True))
    assert [number[:11] for number in numbers] == ["45000000007", "45000000008", "45000000009"]


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


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("回乡证", "H12345678"),
        ("港澳居民来往内地通行证（回乡证）", "M12345678"),
        ("台胞证", "12345678"),
        ("passport", "ab 123456"),
    ],
)
async def test_other_documents_are_read(kind, number):
    assert (await bring_in(as_csv(PASSPORT | {"证件类型": kind, "证件号": number}))).new == 1


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


async def test_nobody_is_named_in_what_is_kept_of_a_file(union):
    await make_member(union=union, name="别的人", document_number=ID, number="450000000001")
    rows = [
        GOOD,
        GOOD | {"会员号": "450000000001", "姓名": f"{NAME}4", "工会名称": NAME},
        GOOD | {"工会代码": ID, "证件类型": NAME, "手机号": ID, "入会日期": PHONE_NUMBER, "单位": ID * 6},
        GOOD | {"证件号": f"{ID}0", "性别": NAME, "出生日期": NAME},
        OTHER, OTHER, PASSPORT, PASSPORT,
    ]  # fmt: skip
    made, _ = await look_at(as_csv(*rows))
    kept = await MemberImport.get(id=made)
    texts = json.dumps(kept.summary, ensure_ascii=False)
    assert kept.summary["error_count"] > 8
    assert not [secret for secret in SECRETS if secret in texts]
    assert not [secret for secret in SECRETS if secret.encode() in bytes(kept.content_sealed)]
    made, _ = await look_at(as_csv(OTHER, PASSPORT))
    await importing.apply_import(actor=OFFICER, import_id=made)
    kept = await MemberImport.get(id=made)
    assert bytes(kept.content_sealed) == b""
    everything = json.dumps(kept.summary, ensure_ascii=False) + str(await sql.rows("SELECT * FROM audit_entry"))
    everything += str(await sql.rows("SELECT * FROM membership_event")) + str(await register())
    assert not [secret for secret in SECRETS if secret in everything]


async def test_a_file_is_applied_once_even_by_two_at_the_same_time():
    made, _ = await look_at(as_csv(GOOD, OTHER))
    done = await asyncio.gather(
        *(importing.apply_import(actor=OFFICER, import_id=made) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one) for one in done if isinstance(one, Exception)) == [ImportApplied]
    assert await Member.all().count() == 2


async def test_two_officers_with_the_same_file_at_the_same_time_add_everybody_once():
    officers = [keeper(Role.OFFICER, region_code=450000) for _ in range(2)]
    uploads = [(officer, (await look_at(as_csv(GOOD, OTHER), officer))[0]) for officer in officers]
    done = await asyncio.gather(*(importing.apply_import(actor=who, import_id=what) for who, what in uploads))
    assert sorted(counts(look) for look in done) == [(0, 0, 2, 0), (2, 0, 0, 0)]
    assert await Member.all().count() == 2


@asynccontextmanager
async def member_in_the_making(url, **given):
    """Somebody else, who has added a member and not committed yet."""
    other = await asyncpg.connect(url)
    try:
        made = await make_member(**given)
        row = await other.fetchrow("DELETE FROM member WHERE id = $1 RETURNING *", made.id)
        turn = other.transaction()
        await turn.start()
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await other.execute(f"INSERT INTO member ({', '.join(row.keys())}) VALUES ({places})", *row.values())
        yield turn
    finally:
        await other.close()


async def test_somebody_who_is_approved_meanwhile_stops_the_import_as_a_whole(db, union):
    made, _ = await look_at(as_csv(GOOD, OTHER))
    async with member_in_the_making(db, union=union, name=NAME, document_number=ID) as turn:
        applying = asyncio.create_task(importing.apply_import(actor=OFFICER, import_id=made))
        while not await sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        await turn.commit()
        with pytest.raises(Conflict):
            await applying
    assert await Member.all().count() == 1
    assert counts(await importing.apply_import(actor=OFFICER, import_id=made))[0] == 1


async def test_uploads_that_nobody_applied_are_gone_after_a_day():
    with clock.travel(timedelta(hours=-25)):
        old, _ = await look_at(as_csv(GOOD))
        applied, _ = await look_at(as_csv(OTHER))
        await importing.apply_import(actor=OFFICER, import_id=applied)
    fresh, _ = await look_at(as_csv(GOOD), keeper(Role.OFFICER, region_code=450000))
    assert set(await MemberImport.all().values_list("id", flat=True)) == {applied, fresh}
    with pytest.raises(ImportNotFound):
        await importing.find_import(actor=OFFICER, import_id=old)
    with clock.travel(timedelta(hours=25)):
        assert await importing.forget_old_imports() == 1
    assert await MemberImport.all().values_list("id", flat=True) == [applied]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_encodings_that_spreadsheets_write_are_read(encoding):
    await bring_in(as_csv(GOOD, encoding=encoding))
    assert open_identity((await Member.all().first()).identity_sealed).name == NAME


async def test_a_spreadsheet_with_numbers_and_dates_is_read():
    row = GOOD | {"手机号": 13878123456, "入会日期": datetime(2019, 3, 8), "会员号": 123456}  # noqa: DTZ001
    await bring_in(as_xlsx(row))
    member = await Member.get(number="123456")
    assert (member.joined_on, vault().open(member.phone_sealed, PHONE)) == (date(2019, 3, 8), f"+86{PHONE_NUMBER}")


async def test_an_id_card_that_a_spreadsheet_rounded_is_named():
    _, look = await look_at(as_xlsx(GOOD | {"证件号": 450103199001010024}))
    assert ["末几位丢了" in words for *_, words in said(look)] == [True]


async def test_headers_that_registers_use_are_read(union):
    header = ("所属工会", "姓名*", "身份证号码", "联系电话", "入会时间", "备注")
    row = dict(zip(header, (union.name, NAME, ID, PHONE_NUMBER, "2019.3.8", "没用"), strict=True))
    assert (await bring_in(as_csv(row, header=header))).new == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"just some text", b"PK\x03\x04 not a zip", as_csv(GOOD, header=("工会名称", "姓名", "手机号"))],
)
async def test_what_is_no_table_of_members_is_refused(content):
    with pytest.raises(FileUnreadable):
        await importing.upload(actor=OFFICER, file_name="x", content=content)


async def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(FileTooLarge):
        await importing.upload(actor=OFFICER, file_name="x", content=b"x" * 64_000_001)
    assert await MemberImport.all().count() == 0


async def test_the_operator_imports_into_any_union(tmp_path):
    await make_union(name="东莞工地工会", region_code=441900)
    file = tmp_path / f"{NAME}.csv"
    file.write_bytes(as_csv(GOOD, OTHER | {"工会名称": "东莞工地工会"}))
    assert counts(await importing.import_file(file)) == (2, 0, 0, 0)
    assert counts(await importing.import_file(file)) == (0, 0, 2, 0)
    assert {e.actor_kind for e in await MembershipEvent.all()} == {"system"}
    assert NAME not in str(await sql.rows("SELECT * FROM audit_entry"))
