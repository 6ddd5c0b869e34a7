"""The member card on a phone: there without a network, gone when its member signs out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.kit import clock
from server.membership import members
from server.membership.card import CARD_LIFE
from server.people import service as people
from server.people.models import Role
from tests.fixtures.browser import check_page
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.offline import gone, kept
from tests.fixtures.people import make_person, make_staff


@pytest.fixture
async def member(live):
    assert live
    person = await make_person(is_member=True)
    return await make_member(person=person, union=await make_union()), person


@pytest.fixture
async def card(member, open_page):
    """A member's card, opened on his phone."""
    page = await open_page("/card", session=await people.open_session(person_id=member[1].id))
    await kept(page, "/card")
    return page


async def test_the_card_is_there_without_a_network_and_says_how_old_it_is(card):
    await check_page(card)
    await expect(card.locator("[data-kept-line]")).to_be_hidden()
    await card.context.set_offline(True)
    await card.reload()
    await expect(card.get_by_text("韦秀英")).to_be_visible()
    code = card.get_by_role("img", name="会员卡二维码")
    assert await code.evaluate("img => img.complete && img.naturalWidth > 0")
    await expect(card.locator("[data-kept-line]")).to_contain_text("上次联网")
    await expect(card.locator("p[data-expired]")).to_be_hidden()
    await check_page(card)


async def test_a_card_that_was_kept_too_long_says_so(card):
    await card.clock.set_fixed_time(clock.now() + CARD_LIFE + timedelta(days=2))
    await card.context.set_offline(True)
    await card.reload()
    await expect(card.locator("p[data-expired]")).to_contain_text("二维码过期了")


async def test_a_replaced_card_changes_on_the_open_phone(member, card):
    reviewer = await make_staff(Role.REVIEWER, union_id=member[0].union_id)
    before = await card.locator(".qr img").get_attribute("src")
    await members.replace_card(actor=reviewer, member_id=member[0].id, reason="手机丢了")
    await expect(card.locator(".qr img")).not_to_have_attribute("src", before or "")


async def test_signing_out_takes_the_card_off_the_phone(card):
    await card.goto("/me")
    await card.get_by_role("button", name="退出登录").click()
    await card.wait_for_url("**/")
    await gone(card, "/card")
    await card.context.set_offline(True)
    await card.goto("/card")
    await expect(card.get_by_role("heading", name="现在没有网络")).to_be_visible()
    assert "韦秀英" not in await card.content()


async def test_a_session_that_ended_elsewhere_takes_the_card_along_at_the_next_load(member, card):
    await card.goto("/me")  # a page that hears of nothing
    await people.sign_out_everywhere(member[1])
    await card.goto("/")
    await gone(card, "/card")


async def test_an_open_card_leaves_the_phone_when_its_session_ends(member, card):
    await people.sign_out_everywhere(member[1])
    await card.wait_for_url("**/sign-in**")
    await gone(card, "/card")


async def test_somebody_else_on_the_same_phone_never_sees_it(card):
    other = await people.open_session(person_id=(await make_person()).id)
    await card.goto("/me")
    await card.context.clear_cookies()
    await card.context.add_cookies([{"name": "nj_session", "value": other, "url": card.url}])
    await card.goto("/tickets")
    await kept(card, "/tickets")
    await gone(card, "/card")


async def test_who_left_the_union_keeps_no_card(member, card):
    await expect(card.locator(".qr")).to_be_visible()
    await members.leave(actor=member[1])
    await card.wait_for_url("**/join")
    await gone(card, "/card")


async def test_the_card_works_where_there_is_no_service_worker_and_no_script(member, open_page):
    session = await people.open_session(person_id=member[1].id)
    for more in ({"service_workers": "block"}, {"javascript": False}):
        page = await open_page("/card", session=session, **more)
        await expect(page.get_by_text("韦秀英")).to_be_visible()
        await expect(page.get_by_role("img", name="会员卡二维码")).to_be_visible()
