"""Importing members: the files that registers and spreadsheets write."""

from datetime import date, datetime

import pytest

from server.kit.crypto import vault
from server.membership import importing
from server.membership.identity import open_identity
from server.membership.models import Member, MemberImport
from server.people.queries import PHONE
from server.stations.errors import FileTooLarge, FileUnreadable
from tests.fixtures.member_files import (
    GOOD,
    ID,
    NAME,
    OFFICER,
    PASSPORT,
    PHONE_NUMBER,
    as_csv,
    as_xlsx,
    bring_in,
    look_at,
    said,
)
from tests.fixtures.membership import make_union

pytestmark = pytest.mark.usefixtures("db", "settings", "union")


@pytest.fixture
async def union():
    return await make_union(name=GOOD["工会名称"], code="FENG2345")


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
