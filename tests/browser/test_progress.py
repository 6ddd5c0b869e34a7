"""Progress of the drive in a browser: on a phone and on a screen, in light and dark, with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.membership.models import UnionMonth
from server.membership.progress import progress
from server.people import service as people
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_staff

URL = "/review/progress"
AUDITOR = Actor("staff", grants=(GrantHeld(Role.AUDITOR, region_code=450000),))
# Pairs of texts of one chart that touch each other.
TOUCHING = """() => [...document.querySelectorAll('.chart')].flatMap((chart) => {
    const shown = [...chart.querySelectorAll('text')].map((text) => text.getBoundingClientRect())
        .filter((box) => box.width);
    return shown.flatMap((a, at) => shown.slice(at + 1).filter((b) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
}).length"""


@pytest.fixture
async def session(live):
    """An auditor of a federation with a year behind it and a street below it."""
    assert live
    top = await make_union(name="广西壮族自治区总工会", region_code=450000, target=40)
    street = await make_union(name="南宁市青秀区凤岭街道联合工会", parent=top, target=4)
    for _ in range(3):
        await make_member(union=street)
    for month in (line.month for line in (await progress(AUDITOR)).months):
        await UnionMonth.create(union_id=street.id, month=month, applications=1_400, approvals=1_300)
    auditor = await make_staff(Role.AUDITOR, region_code=450000)
    return await people.open_session(staff_id=auditor.id, device="test")


@pytest.mark.parametrize("size", [PHONE, SCREEN])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_is_accessible_and_its_charts_are_readable(session, open_page, size, scheme):
    page = await open_page(URL, session=session, size=size, color_scheme=scheme)
    await check_page(page)
    assert await page.evaluate(TOUCHING) == 0
    for name in ("看各工会的数", "看每个月的数"):
        await page.get_by_text(name).click()
    await expect(page.get_by_role("table", name="每个月的数")).to_be_visible()
    await check_page(page)


async def test_in_large_letters_nothing_overlaps(session, open_page):
    page = await open_page(URL, session=session)
    await page.evaluate("document.documentElement.dataset.size = 'large'")
    assert await page.evaluate(TOUCHING) == 0
    await check_page(page)


async def test_a_tap_leads_down_and_the_trail_leads_up_without_javascript(session, open_page):
    page = await open_page(URL, session=session, javascript=False)
    await page.get_by_role("link", name="凤岭街道").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("南宁市青秀区凤岭街道联合工会")
    await page.get_by_role("link", name="今年以来").click()
    await expect(page.get_by_role("link", name="今年以来")).to_have_attribute("aria-current", "true")
    await page.get_by_role("navigation", name="上级工会").get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("广西壮族自治区总工会")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="下载表格").click()
    assert (await download.value).suggested_filename.endswith(".xlsx")
