"""Figures, charts, tables and files of the drive over HTTP."""

import csv
import io
import re

import openpyxl
import pytest

from server.kit import clock
from server.membership.models import UnionMonth
from server.people.models import Role
from tests.fixtures.membership import make_member, make_union

URL = "/review/progress"


@pytest.fixture
async def tree(app):
    assert app
    top = await make_union(name="总工会", region_code=450000, target=10)
    street = await make_union(name="=凤岭街道工会", parent=top, target=4)
    for _ in range(3):
        await make_member(union=street)
    await UnionMonth.create(union_id=street.id, month=clock.today().replace(day=1), approvals=3)
    return top, street


@pytest.fixture
async def auditor(browser_of, make_staff_session):
    return browser_of().use_session(await make_staff_session(Role.AUDITOR, region_code=450000))


def words_of(answer):
    """The text of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


async def test_the_page_says_how_far_the_drive_is_and_leads_down_and_up(tree, auditor):
    _, street = tree
    page = await auditor.open(URL)
    assert page.status_code == 200
    said = words_of(page)
    assert "3 名会员 30%" in said
    assert "目标 10 人 · 还差 7 人" in said
    assert "3 / 4 75%" in said
    assert f'href="/review/progress?union={street.code}"' in page.text
    below = await auditor.open(f"{URL}?union={street.code}&range=year")
    assert re.search(
        r'aria-label="上级工会"><a href="/review/progress\?union=\w{8}&amp;range=year">总工会</a>', below.text
    )
    assert "按工会" not in below.text
    assert 'aria-current="true">今年以来' in below.text


async def test_charts_stand_in_the_page_with_words_for_who_cannot_see_them_and_no_style(tree, auditor):
    assert tree
    page = (await auditor.open(URL)).text
    assert 'aria-label="每个月的申请和通过。一共申请 0 份，通过 3 份；' in page
    assert 'aria-label="每个月底的会员人数，从 3 人到现在 3 人。' in page
    assert len(re.findall(r'<rect class="(?:first|second)"', page)) == 26
    assert "style=" not in page
    assert "<style" not in page


async def test_tables_can_be_taken_out_and_run_no_formula(tree, auditor):
    _, street = tree
    answer = await auditor.open(f"{URL}/unions.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="progress-unions-')
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.text.startswith("\ufeff")
    header, *rows = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert header[:6] == ["工会", "工会代码", "会员", "目标", "完成（%）", "申请"]
    assert rows[0][:7] == ["'=凤岭街道工会", street.code, "3", "4", "75", "0", "3"]
    assert [row[0] for row in rows] == ["'=凤岭街道工会", "总工会（本级）", "合计"]
    months = list(csv.reader(io.StringIO((await auditor.open(f"{URL}/months.csv")).text.lstrip("\ufeff"))))
    assert len(months) == 14
    assert months[-1][:4] == [clock.today().isoformat()[:7], "3", "0", "3"]
    book = openpyxl.load_workbook(io.BytesIO((await auditor.open(f"{URL}/progress.xlsx?range=year")).content))
    assert book.sheetnames == ["按工会", "按月份"]
    assert book["按工会"]["C2"].value == 3
    assert book["按月份"].max_row == clock.today().month + 1
    for sheet in book:
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


@pytest.mark.parametrize("query", ["union=NOTHING1", "union=%00", "union=" + "a" * 300, "union=%27%3B--"])
async def test_what_is_not_ones_own_is_not_found(tree, auditor, query):
    assert tree
    for path in (URL, f"{URL}/unions.csv", f"{URL}/progress.xlsx"):
        assert (await auditor.open(f"{path}?{query}")).status_code == 404


async def test_an_unknown_range_shows_the_last_months(tree, auditor):
    assert tree
    assert 'aria-current="true">近 13 个月' in (await auditor.open(f"{URL}?range=x")).text


async def test_another_regions_union_is_not_told(tree, browser_of, make_staff_session):
    _, street = tree
    stranger = browser_of().use_session(await make_staff_session(Role.OFFICER, region_code=440000))
    assert (await stranger.open(f"{URL}?union={street.code}")).status_code == 404
    empty = await stranger.open(URL)
    assert empty.status_code == 200
    assert "还没有定目标" in empty.text
    assert "凤岭" not in empty.text
