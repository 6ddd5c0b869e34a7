"""The register's entries: found by number or exact name, looked at, struck off, their cards replaced."""

from __future__ import annotations

import pytest

from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit.ids import new_id
from server.membership import members, reviewing
from server.membership.errors import NotAMember, ReasonNamesSomebody, ReasonNeeded
from server.membership.models import Member
from server.membership.register_queries import find_members, history_of
from server.people.models import Person, Role
from tests.fixtures.joining import make_identity
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.reviewing import apply, ask_to_correct, member_of, state_of, worker_of

WHY = "核对后不在这里干活了"


async def found(actor, typed):
    return [member.id for member in await find_members(actor, typed)]


async def test_members_are_found_by_number_or_exact_name(review):
    member = await make_member(union=review.union, name="阿卜杜热合曼·买买提")
    other = await make_member(union=review.union, name="韦秀英")
    spaced = f"{member.number[:4]} {member.number[4:]}"
    for typed in (member.number, spaced, "阿卜杜热合曼·买买提", " 阿卜杜热合曼 . 买买提 "):
        assert await found(review.reviewer, typed) == [member.id], typed
    for typed in (member.number[:-1], "阿卜杜热合曼", "买买提", "%", "", " "):
        assert await found(review.reviewer, typed) == [], typed
    assert await found(review.judge, other.number) == [other.id]


async def test_members_of_other_unions_and_those_who_left_are_not_found(review):
    sister = await make_union(parent=review.above, name="仙葫街道联合工会")
    foreign = await make_member(union=sister)
    gone = await make_member(union=review.union)
    await members.strike_off(actor=review.reviewer, member_id=gone.id, reason=WHY)
    for member in (foreign, gone):
        assert await found(review.reviewer, member.number) == []
    with pytest.raises(Forbidden):
        await find_members(await make_staff(Role.OFFICER), foreign.number)


async def test_looking_at_a_member_is_written_down(review):
    person = await make_person()
    linked = await make_member(union=review.union, person=person)
    imported = await make_member(union=review.union, imported=True)
    for member in (linked, imported):
        await members.open_member(actor=review.reviewer, member_id=member.id)
    rows = await sql.rows(
        "SELECT subject_kind, subject_id FROM audit_entry WHERE action = 'member.opened' ORDER BY at, id"
    )
    assert [tuple(row) for row in rows] == [("person", str(person.id)), ("member", str(imported.id))]


async def test_only_ones_own_reviewer_acts_on_a_member(review):
    member = await make_member(union=review.union)
    stranger = await review.colleague((await make_union(parent=review.above, name="仙葫街道联合工会")).id)
    for actor in (stranger, await make_staff(Role.OFFICER), await make_person()):
        for act in (
            members.open_member(actor=actor, member_id=member.id),
            members.replace_card(actor=actor, member_id=member.id, reason=WHY),
            members.strike_off(actor=actor, member_id=member.id, reason=WHY),
        ):
            with pytest.raises(Forbidden):
                await act
    with pytest.raises(NotFound):
        await members.open_member(actor=review.reviewer, member_id=new_id())


async def test_reasons_are_asked_and_name_nobody(review):
    member = await make_member(union=review.union, name="韦秀英")
    for act in (members.replace_card, members.strike_off):
        for wrong, error in (
            ("", ReasonNeeded),
            ("韦秀英丢了手机", ReasonNamesSomebody),
            (make_id_card(), ReasonNamesSomebody),
        ):
            with pytest.raises(error):
                await act(actor=review.reviewer, member_id=member.id, reason=wrong)
    assert (await Member.get(id=member.id)).card_version == member.card_version


async def test_a_replaced_card_gets_a_new_version_and_the_member_hears_of_it(review):
    person = await make_person()
    member = await make_member(union=review.union, person=person)
    await members.replace_card(actor=review.reviewer, member_id=member.id, reason="手机丢了")
    after = await Member.get(id=member.id)
    assert (after.card_version, bool(after.card_revoked_at)) == (member.card_version + 1, True)
    assert await sql.value("SELECT kind FROM notice WHERE person_id = $1", person.id) == "card_replaced"
    assert await sql.value("SELECT reason FROM audit_entry WHERE action = 'card.replaced'") == "手机丢了"


async def test_whoever_is_struck_off_is_no_member_and_his_correction_ends(review):
    application = await apply(review.union)
    await reviewing.approve(actor=review.reviewer, application_id=application.id)
    person, member = worker_of(application), await member_of(application)
    correction = await ask_to_correct(person, make_identity(name="韦秀瑛"))
    await members.strike_off(actor=review.reviewer, member_id=member.id, reason=WHY)
    after = await Member.get(id=member.id)
    assert (after.state, bool(after.left_at), after.card_version) == ("left", True, 2)
    assert not (await Person.get(id=person.id)).is_member
    assert await state_of(correction) == "withdrawn"
    with pytest.raises(NotFound):
        await members.strike_off(actor=review.reviewer, member_id=member.id, reason=WHY)
    with pytest.raises(NotAMember):
        await members.leave(actor=person)
    history = await history_of("member", member.id)
    assert [(step.step, step.who, step.reason) for step in history] == [("left", "小王", WHY), ("joined", "小王", "")]
    assert history[0].union_name == review.union.name


async def test_the_pages_find_show_and_act(review):
    member = await make_member(union=review.union, name="韦秀英", document_number=(number := make_id_card()))
    site = await review.site()
    listed = (await site.submit("/review/members", {"q": "韦秀英"})).text
    url = f"/review/members/{member.id}"
    assert (url in listed, number in listed) == (True, False)
    assert "没有找到" in (await site.submit("/review/members", {"q": "韦秀"})).text
    shown = (await site.open(url)).text
    assert (member.number in shown, number in shown) == (True, False)
    for verb in ("card", "strike-off"):
        for wrong in ("", "韦秀英", "长" * 201):
            refused = await site.submit(f"{url}/{verb}", {"reason": wrong})
            assert (refused.status_code, "has-error" in refused.text) == (422, True)
    done = await site.submit(f"{url}/card", {"reason": "手机丢了"})
    after = (await site.open(done.headers["location"])).text
    for words in ("旧码作废了", "换卡", "手机丢了", "小王"):
        assert words in after
    done = await site.submit(f"{url}/strike-off", {"reason": WHY})
    assert "已经从名册上去掉" in (await site.open(done.headers["location"])).text
    assert (await site.open(url)).status_code == 404
    assert (await site.submit(f"{url}/card", {"reason": WHY})).status_code == 404
