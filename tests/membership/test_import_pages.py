"""Keepers of the register import and export over HTTP."""

import io

import openpyxl
import pytest

from server.db import sql
from server.people import service as people
from server.people.models import Role
from tests.fixtures.member_files import GOOD, SECRETS, as_csv, as_xlsx
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_staff

pytestmark = pytest.mark.usefixtures("union")
FORM = "/review/members/import"
EXPORT = "/review/members/export"
TEMPLATE = "/review/members/template.xlsx"
WRITTEN_DOWN = "SELECT reason FROM audit_entry WHERE action = 'members.exported'"


@pytest.fixture
async def union(app):
    assert app
    return await make_union()


@pytest.fixture
def sign_in(browser_of):
    """A browser of new staff with one role."""

    async def make(role, **scope):
        actor = await make_staff(role, **scope)
        return browser_of().use_session(await people.open_session(staff_id=actor.id, device="test"))

    return make


@pytest.fixture
async def officer(sign_in):
    return await sign_in(Role.OFFICER, region_code=450000)


async def send(site, content, name="会员.xlsx"):
    return await site.submit(FORM, files={"file": (name, content, "application/octet-stream")})


async def test_a_reviewer_uploads_looks_and_applies(union, sign_in):
    reviewer = await sign_in(Role.REVIEWER, union_id=union.id)
    form = await reviewer.open(FORM)
    assert form.status_code == 200
    assert union.name in form.text
    sent = await send(reviewer, as_xlsx(GOOD))
    assert sent.status_code == 303
    look = await reviewer.open(sent.headers["location"])
    assert "导入这些会员" in look.text
    assert not [secret for secret in SECRETS if secret in look.text]
    done = await reviewer.submit(f"{sent.headers['location']}/apply")
    assert done.status_code == 303
    assert "已经导入" in (await reviewer.open(done.headers["location"])).text
    assert await sql.value("SELECT count(*) FROM member") == 1
    assert (await reviewer.submit(f"{sent.headers['location']}/apply")).status_code == 409


async def test_mistakes_are_shown_by_line_and_column(officer):
    assert "广西壮族自治区" in (await officer.open(FORM)).text
    sent = await send(officer, as_csv(GOOD | {"手机号": "<b>1</b>"}, encoding="gb18030"))
    look = await officer.open(sent.headers["location"])
    assert "第 2 行 · 手机号" in look.text
    assert "<b>1" not in look.text
    assert "&lt;b&gt;" not in look.text
    assert "导入这些会员" not in look.text
    assert (await officer.submit(f"{sent.headers['location']}/apply")).status_code == 409


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x00" * 100])
async def test_a_file_that_cannot_be_read_is_refused_on_the_form(officer, content):
    sent = await send(officer, content)
    assert sent.status_code == 422
    assert "这个文件打不开" in sent.text


async def test_a_form_without_a_file_is_refused(officer):
    assert (await officer.submit(FORM, {"file": ""})).status_code == 422
    assert (await officer.submit(FORM)).status_code == 422


async def test_an_upload_belongs_to_whoever_sent_it(officer, sign_in):
    sent = await send(officer, as_csv(GOOD))
    other = await sign_in(Role.OFFICER, region_code=450000)
    assert (await other.open(sent.headers["location"])).status_code == 404
    assert (await other.submit(f"{sent.headers['location']}/apply")).status_code == 404


async def test_an_export_asks_why_and_then_downloads(union, officer):
    await make_member(union=union)
    form = await officer.open(EXPORT)
    assert form.status_code == 200
    for wrong in ({}, {"reason": "  "}, {"reason": "长" * 151}, {"reason": "核对", "union": "NOBODY"}):
        refused = await officer.submit(EXPORT, wrong)
        assert refused.status_code == 422
        assert "has-error" in refused.text
    assert await sql.value(WRITTEN_DOWN) is None
    got = await officer.submit(EXPORT, {"reason": "年度核对"})
    assert got.status_code == 200
    assert got.headers["content-disposition"].startswith('attachment; filename="members-')
    assert got.headers["cache-control"] == "private, no-store"
    rows = list(openpyxl.load_workbook(io.BytesIO(got.content)).active.iter_rows(values_only=True))
    assert [row[1] for row in rows] == ["工会名称", union.name]
    assert await sql.value(WRITTEN_DOWN) == "1: 年度核对"


async def test_the_template_downloads(officer):
    got = await officer.open(TEMPLATE)
    assert openpyxl.load_workbook(io.BytesIO(got.content)).active["A1"].value == "工会代码"


async def test_others_are_kept_out(site, browser_of, sign_in, make_person_session):
    assert (await site.open(FORM)).status_code == 303
    worker = browser_of().use_session(await make_person_session())
    for other in (worker, await sign_in(Role.AUDITOR), await sign_in(Role.MANAGER)):
        for path in (FORM, EXPORT, TEMPLATE):
            assert (await other.open(path)).status_code == 403
        assert (await send(other, as_csv(GOOD))).status_code == 403
        assert (await other.submit(EXPORT, {"reason": "看看"})).status_code == 403
