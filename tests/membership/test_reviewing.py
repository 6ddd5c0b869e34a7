"""Reviewers decide: every step of the lifecycle, nothing else, once, by whom it may be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stdnum.cn import ric

from server.db import sql
from server.errors import AppError, Forbidden
from server.kit import clock
from server.kit.ids import new_id
from server.membership import applying, reviewing
from server.membership.errors import (
    ApplicationMoved,
    DocumentTaken,
    FieldsNeeded,
    ForUnionAbove,
    NoApplication,
    OwnDecision,
    ReasonNamesSomebody,
    ReasonNeeded,
    UnionClosed,
)
from server.membership.identity import open_identity
from server.membership.models import Application, ApplicationState, Member, Union
from server.membership.rules import STEPS
from server.people.models import Person, Role
from tests.fixtures.joining import application_of, make_identity, send
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.reviewing import apply, ask_to_correct, make_review, member_of, state_of, worker_of

pytestmark = pytest.mark.usefixtures("settings")
WHY = "没查到您在这里干活。"
A = ApplicationState


@pytest.fixture
async def review(db):
    assert db
    return await make_review()


# The worker's and the reviewer's verbs, by where they lead.
async def submit(_review, application):
    await send(worker_of(application))


async def withdraw(_review, application):
    await applying.withdraw(actor=worker_of(application))


async def appeal(_review, application):
    await applying.appeal(actor=worker_of(application), application_id=application.id, words="我真的在这里干活")


async def approve(review, application):
    await reviewing.approve(actor=await decider(review, application), application_id=application.id)


async def give_back(review, application, reason=WHY, fields=("identity",)):
    await reviewing.return_to_worker(
        actor=await decider(review, application), application_id=application.id, fields=fields, reason=reason
    )


async def reject(review, application, reason=WHY):
    await reviewing.reject(actor=await decider(review, application), application_id=application.id, reason=reason)


async def decider(review, application):
    """Whoever may decide it now: appeals go to the union above."""
    return review.judge if await state_of(application) == A.APPEALED else review.reviewer


VERBS = {
    A.SUBMITTED: submit,
    A.WITHDRAWN: withdraw,
    A.APPEALED: appeal,
    A.APPROVED: approve,
    A.RETURNED: give_back,
    A.REJECTED: reject,
}


async def bring_to(review, state):
    """An application in this state, by the verbs that people use."""
    if state is A.DRAFT:
        person = await make_person()
        await apply(review.union, person=person)
        await applying.withdraw(actor=person)
        await applying.start(actor=person)
        return await application_of(person)
    application = await apply(review.union)
    ways = {A.SUBMITTED: (), A.APPEALED: (reject, appeal)}
    for verb in ways.get(state, (VERBS[state],)):
        await verb(review, application)
    if state is A.RETURNED:
        await applying.save_identity(actor=worker_of(application), identity=make_identity())
    return application


@pytest.mark.parametrize("start", list(A))
@pytest.mark.parametrize("end", list(VERBS))
async def test_each_step_is_taken_or_refused_as_the_rules_say(review, start, end):
    application = await bring_to(review, start)
    assert await state_of(application) == start
    if (start, end) in STEPS or (start, end) == (A.SUBMITTED, A.SUBMITTED):  # sending twice changes nothing
        await VERBS[end](review, application)
        # Of a draft that nobody was sent, nothing is kept.
        gone = (start, end) == (A.DRAFT, A.WITHDRAWN)
        assert not await Application.exists(id=application.id) if gone else await state_of(application) == end
        return
    if (start, end) == (A.APPEALED, A.SUBMITTED):  # sent already, too
        await VERBS[end](review, application)
    else:
        with pytest.raises(AppError):
            await VERBS[end](review, application)
    assert await state_of(application) == start


async def test_an_approved_worker_is_a_member_with_a_number_and_hears_of_it(review):
    application = await apply(review.union, name="黄阿妹", employer="凤岭工地")
    member_id = await reviewing.approve(actor=review.reviewer, application_id=application.id)
    member = await Member.get(id=member_id)
    assert (member.union_id, member.person_id, member.employer) == (
        review.union.id,
        application.person_id,
        "凤岭工地",
    )
    assert member.number.startswith("45")
    assert open_identity(member.identity_sealed).name == "黄阿妹"
    assert (await Person.get(id=application.person_id)).is_member
    assert await told(application) == "application_approved"


async def told(application):
    """The last message to the applicant."""
    return await sql.value(
        "SELECT kind FROM notice WHERE person_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1", application.person_id
    )


async def test_a_returned_one_says_what_and_why(review):
    application = await apply(review.union)
    await give_back(review, application, "请把姓名写对。", ["identity", "nonsense"])
    found = await application_of(worker_of(application))
    assert (found.fields_wrong, found.reason, found.decided_by) == (["identity"], "请把姓名写对。", review.reviewer.id)
    assert await told(application) == "application_returned"
    with pytest.raises(FieldsNeeded):
        await give_back(review, await apply(review.union), WHY, ["nonsense"])


@pytest.mark.parametrize(
    "number", [450103199001010024, "４５０１０３１９９０", "138 0000 1234", "E1234567", "1990-01-01-0024"]
)
async def test_reasons_hold_no_numbers(review, number):
    application = await apply(review.union)
    for verb in (reject, give_back):
        with pytest.raises(ReasonNamesSomebody):
            await verb(review, application, f"他的号码是 {number} 不对")
    with pytest.raises(ReasonNamesSomebody):
        await reviewing.reveal(actor=review.reviewer, application_id=application.id, reason=f"核对 {number}")
    assert await state_of(application) == "submitted"


async def test_reasons_name_nobody(review):
    application = await apply(review.union, name="韦秀英")
    with pytest.raises(ReasonNamesSomebody):
        await reject(review, application, "韦秀英不在这里")
    for empty in ("", "  \n"):
        with pytest.raises(ReasonNeeded):
            await reject(review, application, empty)
    await reject(review, application, "2026 年没在这里，请打 12351。")
    assert await state_of(application) == "rejected"


async def test_only_reviewers_of_the_subtree_decide(review):
    application = await apply(review.union)
    sister = await make_union(parent=review.above, name="仙葫街道联合工会")
    below = await make_union(parent=review.union, name="凤岭工地工会")
    for actor in (
        await review.colleague(sister.id),
        await review.colleague(below.id),
        await make_staff(Role.OFFICER),
        await make_staff(Role.AUDITOR),
        worker_of(application),
    ):
        for act in (
            reviewing.approve(actor=actor, application_id=application.id),
            reviewing.reject(actor=actor, application_id=application.id, reason=WHY),
            reviewing.open_application(actor=actor, application_id=application.id),
            reviewing.reveal(actor=actor, application_id=application.id, reason=WHY),
        ):
            with pytest.raises(Forbidden):
                await act
    await reviewing.approve(actor=review.judge, application_id=application.id)
    with pytest.raises(NoApplication):
        await reviewing.approve(actor=review.judge, application_id=new_id())


async def test_a_draft_is_nobodys_business(review):
    person = await make_person()
    await applying.start(actor=person)
    draft = await application_of(person)
    for act in (
        reviewing.open_application(actor=review.judge, application_id=draft.id),
        reviewing.reveal(actor=review.judge, application_id=draft.id, reason=WHY),
        reviewing.approve(actor=review.judge, application_id=draft.id),
    ):
        with pytest.raises(NoApplication):
            await act


async def test_what_the_worker_is_correcting_is_not_shown(review):
    application = await apply(review.union)
    await give_back(review, application)
    with pytest.raises(NoApplication):
        await reviewing.reveal(actor=review.reviewer, application_id=application.id, reason=WHY)
    before = await readings(application)
    assert isinstance(
        await reviewing.open_application(actor=review.reviewer, application_id=application.id), ApplicationMoved
    )
    assert await readings(application) == before


async def readings(application):
    """Who looked at the applicant's data, and why."""
    found = await sql.rows(
        """SELECT action, actor_id, reason FROM audit_entry WHERE subject_kind = 'person' AND subject_id = $1
        ORDER BY at, id""",
        str(application.person_id),
    )
    return [tuple(row) for row in found]


async def test_whoever_looks_is_written_down(review):
    number = make_id_card()
    application = await apply(review.union, number=number)
    await reviewing.open_application(actor=review.reviewer, application_id=application.id)
    shown = await reviewing.reveal(actor=review.reviewer, application_id=application.id, reason="对着证件原件核对")
    assert shown.number == number
    assert await readings(application) == [
        ("application.opened", review.reviewer.id, ""),
        ("application.revealed", review.reviewer.id, "对着证件原件核对"),
    ]


async def test_an_appeal_is_for_the_union_above_and_never_for_who_decided(review):
    application = await apply(review.union)
    await reviewing.reject(actor=review.judge, application_id=application.id, reason=WHY)
    await appeal(review, application)
    with pytest.raises(OwnDecision):
        await reviewing.approve(actor=review.judge, application_id=application.id)
    with pytest.raises(ForUnionAbove):
        await reviewing.approve(actor=review.reviewer, application_id=application.id)
    other = await review.colleague(review.above.id)
    await reviewing.approve(actor=other, application_id=application.id)
    assert await state_of(application) == "approved"


async def test_whoever_returned_it_before_does_not_judge_either(review):
    application = await apply(review.union)
    await reviewing.return_to_worker(actor=review.judge, application_id=application.id, fields=["identity"], reason=WHY)
    await applying.save_identity(actor=worker_of(application), identity=make_identity())
    await send(worker_of(application))
    await reject(review, application)
    await appeal(review, application)
    with pytest.raises(OwnDecision):
        await reviewing.reject(actor=review.judge, application_id=application.id, reason=WHY)


async def heard(actor):
    """What a member of staff was told."""
    found = await sql.rows("SELECT kind FROM notice WHERE staff_id = $1 ORDER BY created_at, id", actor.id)
    return [row["kind"] for row in found]


async def test_who_can_judge_hears_of_an_appeal(review):
    officer = await make_staff(Role.OFFICER)
    application = await apply(review.union)
    await reject(review, application)
    await appeal(review, application)
    assert [await heard(who) for who in (review.judge, review.reviewer, officer)] == [["appeal_made"], [], []]


async def test_where_nobody_else_can_judge_the_officer_hears_of_it(review):
    officer, elsewhere = await make_staff(Role.OFFICER), await make_staff(Role.OFFICER, region_code=440000)
    application = await apply(review.union)
    await reviewing.reject(actor=review.judge, application_id=application.id, reason=WHY)
    await appeal(review, application)
    assert [await heard(who) for who in (officer, review.judge, elsewhere)] == [["appeal_stuck"], [], []]


async def test_a_reviewer_of_the_region_judges_where_no_union_has_one(review):
    regional, officer = await make_staff(Role.REVIEWER), await make_staff(Role.OFFICER)
    application = await apply(review.union)
    await reviewing.reject(actor=review.judge, application_id=application.id, reason=WHY)
    await appeal(review, application)
    assert await heard(regional) == ["appeal_made"]
    assert await heard(officer) == []
    await reviewing.approve(actor=regional, application_id=application.id)


async def test_a_closed_union_takes_nobody_and_the_worker_chooses_another(review):
    application = await apply(review.union)
    await close(review.union)
    with pytest.raises(UnionClosed):
        await approve(review, application)
    await give_back(review, application, "这个工会撤并了，请另选。", ["union"])
    other = await make_union(parent=review.above, name="仙葫街道联合工会")
    await applying.choose_union(actor=worker_of(application), union_id=other.id)
    await send(worker_of(application))
    await reviewing.approve(actor=review.judge, application_id=application.id)
    member = await member_of(application)
    assert member
    assert member.union_id == other.id


async def close(union):
    await sql.run("UPDATE trade_union SET closed_at = now() WHERE id = $1", union.id)


async def test_an_appeal_in_a_closed_union_may_be_returned(review):
    application = await apply(review.union)
    await reject(review, application)
    await appeal(review, application)
    with pytest.raises(ApplicationMoved):
        await give_back(review, application)
    await close(review.union)
    with pytest.raises(UnionClosed):
        await approve(review, application)
    await give_back(review, application, "这个工会撤并了，请另选。", ["union"])
    # Another union's decision can be appealed again.
    assert not (await application_of(worker_of(application))).appeal_sealed


async def test_somebody_who_became_a_member_by_another_road_is_not_taken_twice(review):
    number = make_id_card()
    application = await apply(review.union, number=number)
    other = await make_person()
    await make_member(union=review.union, person=other, document_number=number)
    with pytest.raises(DocumentTaken):
        await approve(review, application)
    assert await state_of(application) == "submitted"
    person = worker_of(await apply(review.union))
    await make_member(union=review.union, person=person)
    with pytest.raises(DocumentTaken):
        await reviewing.approve(actor=review.reviewer, application_id=(await application_of(person)).id)


async def test_a_claim_connects_the_imported_entry_with_the_phone(review):
    number = make_id_card()
    entry = await make_member(union=review.union, name="韦秀英", document_number=number, imported=True)
    application = await apply(await make_union(name="别的工会"), name="韦秀英", number=number)
    assert (application.kind, application.union_id) == ("claim", review.union.id)
    assert await reviewing.approve(actor=review.reviewer, application_id=application.id) == entry.id
    found = await Member.get(id=entry.id)
    assert (found.person_id, found.number, found.imported) == (application.person_id, entry.number, True)
    assert (await Person.get(id=application.person_id)).is_member
    assert await told(application) == "card_linked"
    assert await steps_of(entry.id) == ["linked"]


async def steps_of(member_id):
    found = await sql.rows("SELECT step FROM membership_event WHERE subject_id = $1 ORDER BY at, id", member_id)
    return [row["step"] for row in found]


async def test_a_claim_finds_the_entry_taken(review):
    number = make_id_card()
    entry = await make_member(union=review.union, document_number=number, imported=True)
    application = await apply(review.union, number=number)
    await Member.filter(id=entry.id).update(person_id=(await make_person()).id)
    with pytest.raises(DocumentTaken):
        await approve(review, application)


async def become_member(review, **given):
    application = await apply(review.union, **given)
    await approve(review, application)
    member = await member_of(application)
    assert member
    return worker_of(application), member


async def test_a_correction_changes_the_entry_and_the_card(review):
    person, member = await become_member(review, name="韦秀英")
    right = make_identity(name="韦秀瑛")
    application = await ask_to_correct(person, right)
    assert application.kind == "correction"
    assert await reviewing.approve(actor=review.reviewer, application_id=application.id) == member.id
    found = await Member.get(id=member.id)
    assert open_identity(found.identity_sealed) == right
    assert (found.document_index, found.number) == (application.document_index, member.number)
    assert found.name_index != member.name_index
    assert found.card_version == member.card_version + 1
    assert found.card_revoked_at
    assert await told(application) == "correction_done"
    assert await steps_of(member.id) == ["joined", "corrected"]
    assert await sql.value("SELECT count(*) FROM audit_entry WHERE action = 'member.corrected'") == 1


async def test_a_renewed_document_leaves_the_card_as_it_is(review):
    person, member = await become_member(review, name="韦秀英")
    application = await ask_to_correct(person, make_identity(name="韦秀英"))
    await approve(review, application)
    found = await Member.get(id=member.id)
    assert found.document_index != member.document_index
    assert (found.card_version, found.card_revoked_at) == (member.card_version, None)


async def test_a_correction_to_somebody_elses_document_is_refused(review):
    person, _member = await become_member(review)
    number = make_id_card()
    application = await ask_to_correct(person, make_identity(number=number))
    await make_member(union=review.union, document_number=number)
    with pytest.raises(DocumentTaken):
        await approve(review, application)
    assert await state_of(application) == "submitted"


async def test_a_correction_is_returned_and_refused_in_its_own_words(review):
    person, _member = await become_member(review)
    application = await ask_to_correct(person, make_identity(name="韦秀瑛"))
    with pytest.raises(FieldsNeeded):
        await give_back(review, application, WHY, ["union", "work"])
    await give_back(review, application)
    assert await told(application) == "correction_returned"
    application = await ask_to_correct(person, make_identity(name="韦秀瑛"))
    await reject(review, application)
    assert await told(application) == "correction_rejected"


async def test_several_are_approved_at_once_but_only_plain_ones_of_ones_own(review):
    plain = [await apply(review.union, name=name) for name in ("韦一", "韦二")]
    minor = await apply(review.union, number=young())
    twice = await apply(review.union)
    await reject(review, twice)
    again = await apply(review.union, person=worker_of(twice))
    foreign = await apply(await make_union(name="别处的工会"))
    ids = [one.id for one in (*plain, minor, again, foreign)]
    assert await reviewing.approve_many(actor=review.reviewer, application_ids=[*ids, new_id(), ids[0]]) == (2, 4)
    assert [await state_of(one) for one in (*plain, minor, again, foreign)] == ["approved"] * 2 + ["submitted"] * 3


def young():
    """The card of somebody who is seventeen."""
    born = clock.today() - timedelta(days=17 * 365 + 30)
    body = f"450103{born:%Y%m%d}011"
    return body + ric.calc_check_digit(f"{body}0")


async def test_a_root_without_a_union_above_judges_itself(db):
    assert db
    root = await make_union()
    first, second = [await make_staff(Role.REVIEWER, union_id=root.id) for _ in range(2)]
    application = await apply(root)
    await reviewing.reject(actor=first, application_id=application.id, reason=WHY)
    await applying.appeal(actor=worker_of(application), application_id=application.id, words="请再看看")
    with pytest.raises(OwnDecision):
        await reviewing.approve(actor=first, application_id=application.id)
    await reviewing.approve(actor=second, application_id=application.id)
    assert await Union.filter(id=root.id).exists()
