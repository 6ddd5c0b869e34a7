"""One application over HTTP: decided by one of two reviewers, its number revealed, and the way between the rooms."""

from __future__ import annotations

import asyncio
import re

import pytest

from server.db import sql
from server.membership import applying, reviewing
from server.people.models import Role
from tests.fixtures.joining import application_of, make_identity
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.reviewing import WHY, apply, ask_to_correct, grown_up, state_of, waiting_since, worker_of


def url(application, verb=""):
    return f"/review/applications/{application.id}" + (f"/{verb}" if verb else "")


async def test_decisions_lead_on_to_the_next_one(review):
    first, second = await apply(review.union, name="韦一"), await apply(review.union, name="韦二")
    await waiting_since(first, days=2)
    await waiting_since(second, days=1)
    site = await review.site()
    page = (await site.open(url(first))).text
    assert "不能撤回" in page
    action = re.search(r'action="(/review/applications/[^"]*approve[^"]*)"', page)
    assert action
    sent = await site.submit(action.group(1).replace("&amp;", "&"))
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(url(second))
    then = await site.open(sent.headers["location"])
    assert "通过了，他的手机上马上能看到。" in then.text
    assert "韦二" in then.text
    last = await site.submit(url(second, "reject"), {"reason": WHY})
    assert last.headers["location"].startswith("/review?")
    assert "都审完了" in (await site.open(last.headers["location"])).text


async def test_the_next_one_is_rather_one_that_nobody_looks_at(review):
    one, two, three = [await apply(review.union, name=name) for name in ("韦一", "韦二", "韦三")]
    for at, application in enumerate((one, two, three)):
        await waiting_since(application, days=3 - at)
    colleague = await review.site(await review.colleague())
    await colleague.open(url(two))
    site = await review.site()
    link = re.search(r'href="(/review/next[^"]*)"', (await site.open(url(one))).text)
    assert link
    moved = await site.open(link.group(1).replace("&amp;", "&"))
    assert moved.headers["location"].startswith(url(three))
    assert "小王刚打开过" in (await site.open("/review")).text


async def test_a_ready_reason_is_sent_without_javascript(review):
    application = await apply(review.union)
    site = await review.site()
    assert (await site.submit(url(application, "reject"), {"ready": "0"})).status_code == 303
    assert (await application_of(worker_of(application))).reason == "没查到您在这里干活，请联系您单位所在地的工会。"
    other = await apply(review.union)
    for nonsense in ("", "9", "-1", "x"):
        assert (await site.submit(url(other, "reject"), {"ready": nonsense})).status_code == 422
    await site.submit(url(other, "return"), {"fields": "work", "ready": "2", "reason": "请写工地全名。"})
    assert (await application_of(worker_of(other))).reason == "请写工地全名。"


async def test_mistakes_show_at_their_field_with_what_was_typed(review):
    application = await apply(review.union)
    site = await review.site()
    refused = await site.submit(url(application, "return"), {"reason": "请改姓名"})
    assert refused.status_code == 422
    assert "请勾选要改的地方" in refused.text
    assert "请改姓名</textarea>" in refused.text
    refused = await site.submit(url(application, "reject"), {"reason": "证件 450103199001010024 不对"})
    assert refused.status_code == 422
    assert 'href="#refusal"' in refused.text
    assert (await site.submit(url(application, "reject"), {"reason": "长" * 201})).status_code == 422
    assert await state_of(application) == "submitted"


async def test_the_number_is_shown_once_it_is_written_down_why(review):
    number = grown_up()
    application = await apply(review.union, number=number)
    site = await review.site()
    assert number not in (await site.open(url(application))).text
    for nothing in ({}, {"why": "9"}, {"more": "他叫韦秀英"}, {"why": "0", "more": "138 0000 1234"}):
        refused = await site.submit(url(application, "reveal"), nothing)
        assert refused.status_code == 422
        assert number not in refused.text
    shown = await site.submit(url(application, "reveal"), {"why": "1", "more": "有两个人"})
    assert shown.status_code == 200
    assert number in shown.text
    assert shown.headers["cache-control"] == "private, no-store"
    assert number not in (await site.open(url(application))).text
    reasons = await sql.rows("SELECT reason FROM audit_entry WHERE action = 'application.revealed'")
    assert [row["reason"] for row in reasons] == ["有同名或证件相近的人，要分清是谁 有两个人"]


async def test_of_two_reviewers_one_wins_and_the_other_reads_who_and_when(review):
    for verbs in (("approve", "reject"), ("approve", "approve"), ("return", "reject")):
        application = await apply(review.union)
        sites = [await review.site(), await review.site(await review.colleague())]
        form = {"fields": "identity", "reason": WHY}
        answers = await asyncio.gather(
            *(site.submit(url(application, verb), form) for site, verb in zip(sites, verbs, strict=True))
        )
        assert sorted(answer.status_code for answer in answers) == [303, 409], verbs
        loser = next(answer for answer in answers if answer.status_code == 409)
        assert "您慢了一步" in loser.text
        assert re.search("小王今天.*(已经通过了|已经定了不通过|已经退回给他改)", loser.text)
        count = "SELECT count(*) FROM membership_event WHERE subject_id = $1 AND actor_kind = 'staff'"
        assert await sql.value(count, application.id) == 1
        assert await sql.value("SELECT count(*) FROM member WHERE person_id = $1", application.person_id) <= 1


async def test_a_worker_who_took_it_back_meanwhile_is_not_shown(review):
    application = await apply(review.union, name="韦秀英")
    await applying.withdraw(actor=worker_of(application))
    site = await review.site()
    late = await site.submit(url(application, "approve"))
    assert late.status_code == 409
    assert "自己撤回了" in late.text
    assert "韦秀英" not in late.text
    assert "自己撤回了" in (await site.open(url(application))).text


async def test_a_claim_shows_the_entry_beside_what_was_typed(review):
    number = grown_up()
    await make_member(union=review.union, name="韦秀英", document_number=number, imported=True, phone="+8613900000009")
    application = await apply(review.union, name="韦秀瑛", number=number)
    html = (await (await review.site()).open(url(application))).text
    for words in ("名册上", "韦秀英", "韦秀瑛", "不一样，请核实是他本人"):
        assert words in html
    same = await make_person("+8613900000008")
    await make_member(union=review.union, name="韦三", document_number=(other := grown_up()), phone="+8613900000008")
    html = (await (await review.site()).open(url(await apply(review.union, person=same, number=other)))).text
    assert "和名册上的一样" in html


async def test_a_correction_shows_what_was_and_what_shall_be(review):
    person = await make_person()
    await make_member(union=review.union, person=person, name="韦秀英")
    application = await ask_to_correct(person, make_identity(grown_up(), "韦秀瑛"))
    site = await review.site()
    html = (await site.open(url(application))).text
    for words in ("韦秀英", "韦秀瑛", "改成新的"):
        assert words in html
    done = await site.submit(url(application, "approve"))
    assert "通过了，他的手机上马上能看到。" in (await site.open(done.headers["location"])).text


async def test_an_appeal_says_why_one_may_not_decide_it(review):
    application = await apply(review.union)
    await reviewing.reject(actor=review.judge, application_id=application.id, reason=WHY)
    await applying.appeal(actor=worker_of(application), application_id=application.id, words="我有工牌")
    judge, street = await review.site(review.judge), await review.site()
    for site, words, status in ((judge, "没办过这份申请的人", 409), (street, "由上级工会来办", 403)):
        seen = (await site.open(url(application))).text
        assert words in seen
        assert url(application, "approve") not in seen
        refused = await site.submit(url(application, "approve"))
        assert (refused.status_code, words in refused.text) == (status, True)
    other = await review.site(await review.colleague(review.above.id))
    assert "我有工牌" in (await other.open(url(application))).text
    assert (await other.submit(url(application, "approve"))).status_code == 303


async def test_others_are_kept_out(review, browser_of, make_person_session):
    application = await apply(review.union)
    stranger = await review.site(await review.colleague((await make_union(name="别处的工会")).id))
    for verb in ("", "approve", "return", "reject", "reveal"):
        answer = await (stranger.submit(url(application, verb)) if verb else stranger.open(url(application)))
        assert answer.status_code == 403
        assert "韦秀英" not in answer.text
    worker = browser_of().use_session(await make_person_session())
    officer = await review.site(await make_staff(Role.OFFICER))
    for site in (worker, officer):
        assert (await site.open("/review")).status_code == 403
        assert (await site.open(url(application))).status_code == 403
    assert await state_of(application) == "submitted"


ROOMS = {
    Role.STAFF: {"/desk", "/desk/scan", "/desk/faults"},
    Role.MANAGER: {"/desk", "/desk/scan", "/desk/faults", "/staff/people"},
    Role.REVIEWER: {
        "/desk/scan", "/review", "/review/transfers", "/review/members", "/review/members/import", "/review/unions",
        "/review/progress", "/staff/people",
    },
    Role.OFFICER: {
        "/desk", "/desk/scan", "/desk/faults", "/review/members/import", "/review/unions", "/review/progress",
        "/figures",
        "/officer/routes", "/officer/suggestions", "/staff/people", "/audit",
    },
    Role.AUDITOR: {"/review/progress", "/figures", "/audit"},
}  # fmt: skip


@pytest.mark.parametrize("role", list(ROOMS))
async def test_staff_see_the_rooms_that_they_may_enter(review, role):
    scope = {"union_id": review.union.id} if role is Role.REVIEWER else {}
    site = await review.site(await make_staff(role, **scope))
    door = "/review/progress" if role is Role.AUDITOR else "/desk/inbox"
    shown = set(
        re.findall(r'<a href="([^"]*)"', (await site.open(door)).text.split('class="rooms"')[1].split("</nav>")[0])
    )
    assert shown == ROOMS[role]
    for every in set.union(*ROOMS.values()):
        answer = await site.open(every)
        assert (answer.status_code < 400) == (every in shown), every


async def test_a_reviewer_can_sign_out(review):
    site = await review.site()
    assert (await site.submit("/staff/sign-out")).status_code == 303
    assert (await site.open("/review")).status_code == 303
