"""A worker's application: begun, kept at every step, taken back, appealed."""

import asyncio
from datetime import timedelta

import pytest

from server.db import sql
from server.errors import Forbidden, SignInNeeded
from server.kit import clock
from server.membership import applying, correcting, members, reviewing
from server.membership.errors import (
    AlreadyMember,
    AppealEmpty,
    NoApplication,
    NotAppealable,
    NotComplete,
    UnionUnknown,
)
from server.membership.models import Application, Union, UnionKind
from server.membership.unions import union_by_id
from server.people.actors import VISITOR
from tests.fixtures.joining import (
    as_member,
    make_draft,
    make_identity,
    make_reviewer,
    make_waiting,
    send,
    view_of,
)
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import QINGXIU

pytestmark = pytest.mark.usefixtures("settings", "db")
NANNING_CITY = 450100


class TestDraft:
    async def test_each_step_leads_to_the_next_and_is_kept(self, union, worker):
        await applying.start(actor=worker)
        assert (await view_of(worker)).next_step == "identity"
        await applying.save_identity(actor=worker, identity=make_identity())
        assert (await view_of(worker)).next_step == "work"
        await applying.save_work(actor=worker, employer="地铁工地", region_code=QINGXIU)
        view = await view_of(worker)
        assert view.next_step == "check"
        assert (view.union_id, view.employer, view.place) == (union.id, "地铁工地", "广西壮族自治区南宁市青秀区")

    async def test_beginning_again_goes_on_where_it_stopped(self, worker):
        await applying.start(actor=worker)
        await applying.save_identity(actor=worker, identity=make_identity())
        await asyncio.gather(*(applying.start(actor=worker) for _ in range(3)))
        assert await Application.filter(person_id=worker.id).count() == 1
        assert (await view_of(worker)).next_step == "work"

    async def test_where_no_union_is_near_one_is_to_be_chosen(self, worker):
        await make_draft(worker)
        assert (await view_of(worker)).next_step == "union"

    async def test_the_chosen_union_stays_when_the_place_changes(self, union, worker):
        other = await make_union(name="长安电子厂工会", kind=UnionKind.EMPLOYER, region_code=441900)
        await make_draft(worker)
        await applying.choose_union(actor=worker, union_id=other.id)
        await applying.save_work(actor=worker, region_code=QINGXIU)
        assert (await view_of(worker)).union_id == other.id
        assert union.id != other.id

    async def test_a_closed_union_or_a_federation_cannot_be_chosen(self, union, worker):
        await make_draft(worker)
        gone = await make_union(closed_at=clock.now())
        federation = await make_union(kind=UnionKind.FEDERATION)
        for other in (gone, federation):
            with pytest.raises(UnionUnknown):
                await applying.choose_union(actor=worker, union_id=other.id)
        assert (await view_of(worker)).union_id == union.id

    async def test_nobody_but_a_worker_applies_and_nobody_without_an_application_answers(self, worker):
        with pytest.raises(SignInNeeded):
            await applying.start(actor=VISITOR)
        with pytest.raises(Forbidden):
            await applying.start(actor=await make_staff())
        with pytest.raises(NoApplication):
            await applying.save_identity(actor=worker, identity=make_identity())

    async def test_of_a_draft_taken_back_nothing_is_kept(self, union, worker):
        assert union
        await make_draft(worker)
        await applying.withdraw(actor=worker)
        assert not await Application.filter(person_id=worker.id).exists()


class TestPoster:
    async def start(self, worker, union):
        await applying.start(actor=worker, poster=await union_by_id(union.id))
        return await view_of(worker)

    async def test_a_sites_poster_answers_where_and_which_union(self, worker):
        site = await make_union(name="凤岭工地工会", kind=UnionKind.SITE)
        view = await self.start(worker, site)
        assert (view.union_id, view.region_code, view.employer) == (site.id, QINGXIU, "凤岭工地工会")
        await applying.save_identity(actor=worker, identity=make_identity())
        assert (await view_of(worker)).next_step == "check"

    async def test_a_whole_provinces_poster_leaves_the_place_to_be_asked(self, worker):
        holding = await make_union(kind=UnionKind.HOLDING, region_code=450000)
        view = await self.start(worker, holding)
        assert (view.union_id, view.region_code) == (holding.id, None)

    async def test_a_poster_changes_the_union_of_a_draft_and_keeps_a_place_that_lies_in_it(self, union, worker):
        assert union
        await make_draft(worker, employer="三队")
        holding = await make_union(kind=UnionKind.HOLDING, region_code=NANNING_CITY)
        view = await self.start(worker, holding)
        assert (view.union_id, view.region_code, view.employer) == (holding.id, QINGXIU, "三队")
        assert view.identity is not None

    async def test_a_poster_changes_nothing_in_what_waits(self, union, worker):
        await make_waiting(worker)
        view = await self.start(worker, await make_union(kind=UnionKind.SITE))
        assert view.union_id == union.id
        assert view.is_waiting

    async def test_a_federation_is_not_joined_by_its_poster(self, worker):
        assert (await self.start(worker, await make_union(kind=UnionKind.FEDERATION))).union_id is None

    async def test_the_page_of_a_station_says_the_place(self, union, worker):
        await applying.start(actor=worker, region_code=QINGXIU)
        view = await view_of(worker)
        assert (view.union_id, view.region_code) == (union.id, QINGXIU)


class TestAfterwards:
    async def test_a_returned_application_says_what_is_wrong_and_is_sent_again(self, union, worker):
        application = await make_waiting(worker)
        await reviewing.return_to_worker(
            actor=await make_reviewer(union.id), application_id=application.id, fields=["work"], reason="请写区县"
        )
        view = await view_of(worker)
        assert (view.next_step, view.reason, view.fields_wrong) == ("work", "请写区县", ["work"])
        with pytest.raises(NotComplete) as refused:
            await send(worker)
        assert refused.value.field == "work"
        await applying.save_work(actor=worker, region_code=QINGXIU)
        await send(worker)
        assert (await view_of(worker)).reason == ""

    async def test_taken_back_and_begun_again_nothing_is_asked_twice(self, union, worker):
        application = await make_waiting(worker)
        await applying.withdraw(actor=worker)
        await applying.start(actor=worker)
        view = await view_of(worker)
        assert view.id != application.id
        assert (view.next_step, view.union_id) == ("check", union.id)
        assert await sql.value("SELECT state FROM application WHERE id = $1", application.id) == "withdrawn"

    async def test_a_union_that_closed_is_not_carried_over(self, union, worker):
        await make_waiting(worker)
        await applying.withdraw(actor=worker)
        await Union.filter(id=union.id).update(closed_at=clock.now())
        await applying.start(actor=worker)
        assert (await view_of(worker)).next_step == "union"

    async def test_a_rejected_one_is_appealed_once_with_reasons_and_in_time(self, union, worker):
        application = await make_waiting(worker)
        with pytest.raises(NotAppealable):
            await applying.appeal(actor=worker, application_id=application.id, words="我在这里干活")
        await reviewing.reject(
            actor=await make_reviewer(union.id), application_id=application.id, reason="不在我们这里干活"
        )
        with pytest.raises(AppealEmpty):
            await applying.appeal(actor=worker, application_id=application.id, words="  ")
        with pytest.raises(NoApplication):
            await applying.appeal(actor=await make_person(), application_id=application.id, words="我在这里干活")
        with clock.travel(timedelta(days=61)), pytest.raises(NotAppealable):
            await applying.appeal(actor=worker, application_id=application.id, words="我在这里干活")
        await applying.appeal(actor=worker, application_id=application.id, words="我在这里干活")
        assert (await view_of(worker)).state == "appealed"
        with pytest.raises(NotAppealable):
            await applying.appeal(actor=worker, application_id=application.id, words="我在这里干活")

    async def test_whoever_has_begun_anew_does_not_appeal(self, union, worker):
        application = await make_waiting(worker)
        await reviewing.reject(actor=await make_reviewer(union.id), application_id=application.id, reason="不合")
        await applying.start(actor=worker)
        with pytest.raises(NotAppealable):
            await applying.appeal(actor=worker, application_id=application.id, words="我在这里干活")

    async def test_a_member_does_not_apply_and_one_who_left_may(self, union, worker):
        application = await make_waiting(worker)
        await reviewing.approve(actor=await make_reviewer(union.id), application_id=application.id)
        member = await as_member(worker)
        with pytest.raises(AlreadyMember):
            await applying.start(actor=member)
        await correcting.ask_for_correction(actor=member, identity=make_identity(name="韦秀芳"))
        await members.leave(actor=member)
        await make_draft(worker)
        await send(worker)
        assert (await view_of(worker)).is_waiting


async def test_a_draft_that_nobody_came_back_to_is_forgotten():
    left, kept = await make_person(), await make_person()
    await make_draft(left)
    with clock.travel(applying.DRAFT_KEPT - timedelta(days=1)):
        await make_draft(kept)
        await applying.forget_drafts()
        assert await Application.filter(person_id=left.id).exists()
    with clock.travel(applying.DRAFT_KEPT + timedelta(days=1)):
        await applying.forget_drafts()
    assert not await Application.filter(person_id=left.id).exists()
    assert await Application.filter(person_id=kept.id).exists()
