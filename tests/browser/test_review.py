"""Reviewing in a browser: at a PC without a mouse, and on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from server.kit import clock
from server.membership import applying, reviewing
from server.membership.models import Application
from server.people import service as people
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.joining import application_of, make_identity
from tests.fixtures.membership import make_member
from tests.fixtures.people import make_person
from tests.fixtures.reviewing import apply, ask_to_correct, grown_up, make_review, state_of, worker_of

NAMES = ("韦一姐", "韦二姐", "韦三姐", "韦四姐")
ACTIVE = "document.activeElement.closest('[data-row]')?.querySelector('strong').textContent"


@pytest.fixture
async def review(live):
    assert live
    return await make_review()


@pytest.fixture
async def session(review):
    return await people.open_session(staff_id=review.reviewer.id, device="test")


@pytest.fixture
async def waiting(review):
    """Four plain applications, one behind the other."""
    made = [await apply(review.union, name=name, employer="凤岭工地") for name in NAMES]
    for at, application in enumerate(made):
        await Application.filter(id=application.id).update(submitted_at=clock.now() - timedelta(days=9 - 2 * at))
    return made


async def pressed(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_a_reviewer_works_through_the_queue_by_keyboard_alone(session, waiting, open_page):
    page = await open_page("/review", session=session, size=SCREEN)
    await pressed(page, "j", "ArrowDown", "k")
    assert await page.evaluate(ACTIVE) == "韦一姐"
    await check_page(page)
    await pressed(page, "Enter")
    await expect(page.get_by_role("heading", name="韦一姐")).to_be_visible()
    await check_page(page)
    # A key alone decides nothing: it leads to the button, and Enter presses it.
    await pressed(page, "a")
    await expect(page.get_by_role("button", name="通过", exact=False).first).to_be_focused()
    assert await state_of(waiting[0]) == "submitted"
    await pressed(page, "Enter")
    await expect(page.get_by_role("heading", name="韦二姐")).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="通过了")).to_be_visible()
    assert await state_of(waiting[0]) == "approved"

    await pressed(page, "r")
    await expect(page.get_by_role("checkbox", name="姓名和证件")).to_be_focused()
    await pressed(page, " ", "Tab", "Tab", "Tab")
    # Letters that are typed are words, not keys.
    await page.keyboard.type("ajrxb?")
    await expect(page.get_by_label("怎么改（他会看到）")).to_have_value("ajrxb?")
    await check_page(page)
    await pressed(page, "Control+Enter")
    await expect(page.get_by_role("heading", name="韦三姐")).to_be_visible()
    returned = await application_of(worker_of(waiting[1]))
    assert (returned.state, returned.fields_wrong, returned.reason) == ("returned", ["identity"], "ajrxb?")

    await pressed(page, "j")
    await expect(page.get_by_role("heading", name="韦四姐")).to_be_visible()
    await pressed(page, "x")
    reason = page.get_by_label("为什么（他会看到，还可以申诉）")
    await expect(reason).to_be_focused()
    await pressed(page, "Tab", "Tab", "Enter")  # a ready reason fills the field, to be changed
    await expect(reason).to_be_focused()
    await page.keyboard.type("谢谢。")
    await pressed(page, "Tab", "Enter")
    await expect(page.get_by_role("status").filter(has_text="已回绝")).to_be_visible()
    rejected = await application_of(worker_of(waiting[3]))
    assert (rejected.state, rejected.reason) == ("rejected", "没查到您在这里干活，请联系您单位所在地的工会。谢谢。")
    assert await state_of(waiting[2]) == "submitted"


async def test_several_are_ticked_and_approved_by_keyboard(session, waiting, open_page):
    page = await open_page("/review", session=session, size=SCREEN)
    await pressed(page, "j", " ", "j", " ", "j", " ", " ")
    await expect(page.locator("[name=ids]:checked")).to_have_count(2)
    await page.get_by_role("button", name="核对选上的").focus()
    await pressed(page, "Enter")
    await expect(page.get_by_role("heading", name="一起通过")).to_be_visible()
    await check_page(page)
    await page.get_by_role("checkbox", name="韦二姐", exact=False).focus()
    await pressed(page, " ", "Tab", "Enter")
    await expect(page.get_by_role("status").filter(has_text="1 份通过了")).to_be_visible()
    assert [await state_of(each) for each in waiting[:2]] == ["approved", "submitted"]


async def test_the_keys_are_shown_and_can_be_turned_off(session, waiting, open_page):
    assert waiting
    page = await open_page("/review", session=session, size=SCREEN)
    await pressed(page, "?")
    table = page.get_by_role("dialog", name="快捷键")
    await expect(table).to_be_visible()
    await check_page(page)
    await page.get_by_role("checkbox", name="在这台电脑上用快捷键").uncheck()
    await pressed(page, "Escape", "j")
    await expect(table).to_be_hidden()
    assert await page.evaluate(ACTIVE) is None
    await page.get_by_role("button", name="快捷键").click()
    await page.get_by_role("checkbox", name="在这台电脑上用快捷键").check()
    await pressed(page, "Escape", "j")
    assert await page.evaluate(ACTIVE) == "韦一姐"


@pytest.fixture
async def pages(review, waiting):
    """Every page of the reviewers, with everything that may stand on it."""
    number = grown_up()
    await make_member(union=review.union, name="韦认领", document_number=number, imported=True)
    claim = await apply(review.union, name="韦认令", number=number)
    person = await make_person()
    member = await make_member(union=review.union, person=person, name="韦秀英")
    correction = await ask_to_correct(person, make_identity(grown_up(), "韦秀瑛"))
    appealed = await apply(review.union, name="韦申诉")
    await reviewing.reject(actor=review.judge, application_id=appealed.id, reason="没查到您在这里干活。")
    await applying.appeal(actor=worker_of(appealed), application_id=appealed.id, words="请再看看")
    await reviewing.approve(actor=review.judge, application_id=waiting[0].id)
    shown = (waiting[0], waiting[1], claim, correction, appealed)
    return [
        "/review", "/review?show=doubts", "/review?q=没有", "/review/members", f"/review/members?q={member.number}",
        f"/review/members/{member.id}", *[f"/review/applications/{each.id}" for each in shown],
    ]  # fmt: skip


@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_every_page_is_accessible(session, pages, open_page, size):
    page = await open_page("/review", session=session, size=size)
    for url in pages:
        await page.goto(url)
        await page.evaluate("document.querySelectorAll('main details').forEach((box) => { box.open = true })")
        await check_page(page)


async def test_a_phone_reviews_with_a_thumb(session, waiting, open_page):
    page = await open_page("/review", session=session, has_touch=True, is_mobile=True)
    await page.get_by_role("link", name="韦一姐").tap()
    await page.locator("summary").filter(has_text="不通过").tap()
    await page.get_by_role("button", name="没查到您在这里干活", exact=False).tap()
    await check_page(page)
    for target in await page.locator("main :is(a, button, summary, .choice)").all():
        if box := await target.bounding_box():
            assert box["height"] >= 44, await target.evaluate("e => e.outerHTML")
    await page.locator("form[action*=reject] .button.danger").tap()
    await expect(page.get_by_role("heading", name="韦二姐")).to_be_visible()
    assert await state_of(waiting[0]) == "rejected"


async def test_everything_works_without_javascript(session, waiting, open_page):
    page = await open_page("/review", session=session, javascript=False)
    await page.get_by_role("checkbox", name="选上 韦四姐").check()
    await page.get_by_role("button", name="核对选上的").click()
    await page.get_by_role("button", name="都核过了，通过").click()
    await expect(page.get_by_text("1 份通过了")).to_be_visible()
    await page.get_by_role("link", name="韦一姐").click()
    await page.locator("summary").filter(has_text="不通过").click()
    await page.get_by_role("button", name="没查到您在这里干活", exact=False).click()
    await expect(page.get_by_role("heading", name="韦二姐")).to_be_visible()
    assert [await state_of(each) for each in waiting] == ["rejected", "submitted", "submitted", "approved"]
