"""Appeals are judged by the union above and by nobody who decided before; closed unions take nobody."""

from __future__ import annotations

import pytest

from server.db import sql
from server.membership import applying, reviewing
from server.membership.errors import (
    ApplicationMoved,
    ForUnionAbove,
    OwnDecision,
    UnionClosed,
)
from server.membership.models import Union
from server.people.models import Role
from tests.fixtures.joining import application_of, make_identity, send
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_staff
from tests.fixtures.reviewing import (
    WHY,
    appeal,
    apply,
    approve,
    give_back,
    heard,
    member_of,
    reject,
    state_of,
    worker_of,
)


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


async def test_a_root_without_a_union_above_judges_itself(review):
    assert review
    root = await make_union()
    first, second = [await make_staff(Role.REVIEWER, union_id=root.id) for _ in range(2)]
    application = await apply(root)
    await reviewing.reject(actor=first, application_id=application.id, reason=WHY)
    await applying.appeal(actor=worker_of(application), application_id=application.id, words="请再看看")
    with pytest.raises(OwnDecision):
        await reviewing.approve(actor=first, application_id=application.id)
    await reviewing.approve(actor=second, application_id=application.id)
    assert await Union.filter(id=root.id).exists()


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
