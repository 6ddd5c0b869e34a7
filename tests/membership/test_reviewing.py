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
    FieldsNeeded,
    NoApplication,
    ReasonNamesSomebody,
    ReasonNeeded,
)
from server.membership.identity import open_identity
from server.membership.models import WAITING, Application, ApplicationState, Member
from server.membership.rules import STEPS
from server.people.models import Person, Role
from tests.fixtures.joining import application_of, make_identity, send
from tests.fixtures.membership import make_id_card, make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.reviewing import (
    WHY,
    appeal,
    apply,
    approve,
    give_back,
    reject,
    state_of,
    told,
    worker_of,
)

A = ApplicationState


# The worker's and the reviewer's verbs, by where they lead.
async def submit(_review, application):
    await send(worker_of(application))


async def withdraw(_review, application):
    await applying.withdraw(actor=worker_of(application))


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
async def test_each_step_is_taken_or_refused_as_the_rules_say(review, start):
    for end, verb in VERBS.items():
        application = await bring_to(review, start)
        assert await state_of(application) == start
        if (start, end) in STEPS:
            await verb(review, application)
            # Of a draft that nobody was sent, nothing is kept.
            gone = (start, end) == (A.DRAFT, A.WITHDRAWN)
            assert not await Application.exists(id=application.id) if gone else await state_of(application) == end
            continue
        if end is A.SUBMITTED and start in WAITING:
            await verb(review, application)  # sent already: that is no mistake
        else:
            with pytest.raises(AppError):
                await verb(review, application)
        assert await state_of(application) == start, end


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
