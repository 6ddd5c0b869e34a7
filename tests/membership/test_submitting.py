"""An application is sent: complete, agreed to, once per document, and not as a way to guess."""

import asyncio
from datetime import timedelta

import pytest

from server.db import sql
from server.kit import clock
from server.membership import applying, reviewing, submitting
from server.membership.consent_texts import version_of
from server.membership.errors import (
    ApplicationMoved,
    ApplyingTooOften,
    ConsentNeeded,
    ConsentOutdated,
    DocumentTaken,
    NotComplete,
    UnionUnknown,
)
from server.membership.models import Union
from server.people.models import Purpose
from tests.fixtures.joining import (
    AGREED,
    BOTH,
    application_of,
    make_draft,
    make_identity,
    make_reviewer,
    make_waiting,
    send,
    view_of,
)
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")


class TestSending:
    async def test_it_waits_at_its_union_and_the_worker_is_told(self, union, worker):
        await make_draft(worker)
        await send(worker)
        view = await view_of(worker)
        assert view.is_waiting
        assert view.union_id == union.id
        assert await sql.value("SELECT kind FROM notice WHERE person_id = $1", worker.id) == "application_submitted"

    async def test_what_was_agreed_and_refused_is_written_down_with_its_version(self, union, worker):
        assert union
        await make_draft(worker)
        await send(worker)
        said = await sql.rows("SELECT purpose, agreed, version FROM consent WHERE person_id = $1", worker.id)
        versions = version_of([Purpose.SENSITIVE]), version_of([Purpose.SHARING])
        assert {tuple(row) for row in said} == {("sensitive", True, versions[0]), ("sharing", False, versions[1])}

    async def test_nothing_is_sent_without_consent_or_to_other_words(self, union, worker):
        assert union
        await make_draft(worker)
        with pytest.raises(ConsentNeeded):
            await send(worker, {Purpose.SENSITIVE: False, Purpose.SHARING: True})
        with pytest.raises(ConsentOutdated):
            await submitting.submit(actor=worker, consents=AGREED, version="2020-01 2020-01")
        assert not await sql.value("SELECT count(*) FROM consent")
        assert not (await view_of(worker)).is_waiting

    async def test_what_is_missing_is_named(self, worker):
        await applying.start(actor=worker)
        with pytest.raises(NotComplete) as refused:
            await send(worker)
        assert refused.value.field == "identity"

    async def test_a_union_that_closed_meanwhile_takes_nobody(self, union, worker):
        await make_draft(worker)
        await Union.filter(id=union.id).update(closed_at=clock.now())
        with pytest.raises(UnionUnknown):
            await send(worker)

    async def test_twice_is_once(self, union, worker):
        assert union
        await make_draft(worker)
        await asyncio.gather(*(send(worker) for _ in range(4)))
        assert await sql.value("SELECT count(*) FROM membership_event WHERE step = 'submitted'") == 1
        assert await sql.value("SELECT count(*) FROM notice") == 1

    async def test_what_waits_cannot_be_changed(self, union, worker):
        await make_waiting(worker)
        with pytest.raises(ApplicationMoved):
            await applying.save_identity(actor=worker, identity=make_identity())
        with pytest.raises(ApplicationMoved):
            await applying.choose_union(actor=worker, union_id=union.id)


class TestOneDocument:
    async def test_two_phones_at_the_same_instant_make_one_application(self, union):
        assert union
        number = make_id_card()
        workers = [await make_person() for _ in range(4)]
        for worker in workers:
            await make_draft(worker, number=number)
        done = await asyncio.gather(*(send(worker) for worker in workers), return_exceptions=True)
        assert sorted(type(one).__name__ for one in done) == ["DocumentTaken"] * 3 + ["NoneType"]
        assert await sql.value("SELECT count(*) FROM application WHERE state = 'submitted'") == 1

    async def test_a_members_document_and_a_waiting_one_are_refused_in_the_same_words(self, union, worker):
        number = make_id_card()
        await make_member(union=union, person=await make_person(), document_number=number)
        await make_draft(worker, number=number)
        with pytest.raises(DocumentTaken) as member:
            await send(worker)
        other = await make_person()
        waiting = make_id_card()
        await make_waiting(number=waiting)
        await make_draft(other, number=waiting)
        with pytest.raises(DocumentTaken) as open_one:
            await send(other)
        assert member.value.text == open_one.value.text

    async def test_an_imported_member_is_connected_and_a_guesser_learns_nothing(self, union, worker):
        number = make_id_card()
        home = await make_union(name="百色农民工联合工会")
        await make_member(union=home, document_number=number)
        await make_draft(worker, number=number)
        await applying.choose_union(actor=worker, union_id=union.id)
        await send(worker)
        application = await application_of(worker)
        assert (application.kind, application.union_id) == ("claim", home.id)
        view = await view_of(worker)
        assert (view.union_id, view.union_name) == (union.id, union.name)
        assert home.name not in str(await sql.rows("SELECT params FROM notice WHERE person_id = $1", worker.id))

    async def test_a_corrected_number_makes_a_claim_a_request_again(self, union, worker):
        number = make_id_card()
        home = await make_union(name="百色农民工联合工会")
        await make_member(union=home, document_number=number)
        await make_draft(worker, number=number)
        await applying.choose_union(actor=worker, union_id=union.id)
        await send(worker)
        application = await application_of(worker)
        reviewer = await make_reviewer(home.id)
        await reviewing.return_to_worker(
            actor=reviewer, application_id=application.id, fields=["identity"], reason="号码不清楚"
        )
        assert home.name not in str(await sql.rows("SELECT params FROM notice WHERE person_id = $1", worker.id))
        await applying.save_identity(actor=worker, identity=make_identity())
        await send(worker)
        application = await application_of(worker)
        assert (application.kind, application.union_id, application.wished_union_id) == ("join", union.id, None)

    async def test_one_phone_asks_about_few_documents(self, union, worker):
        assert union
        most = submitting.SUBMISSIONS[1]
        for _ in range(most):
            number = make_id_card()
            await make_member(union=union, person=await make_person(), document_number=number)
            await make_draft(worker, number=number)
            with pytest.raises(DocumentTaken):
                await send(worker)
        await make_draft(worker)
        with pytest.raises(ApplyingTooOften) as refused:
            await send(worker)
        assert 0 < refused.value.retry_after <= 86_400
        with clock.travel(timedelta(days=1, seconds=1)):
            await send(worker)

    async def test_many_phones_ask_about_one_document_rarely(self, union):
        number = make_id_card()
        await make_member(union=union, person=await make_person(), document_number=number)
        for _ in range(submitting.SUBMISSIONS[1]):
            worker = await make_person()
            await make_draft(worker, number=number)
            with pytest.raises(DocumentTaken):
                await send(worker)
        worker = await make_person()
        await make_draft(worker, number=number)
        with pytest.raises(ApplyingTooOften):
            await send(worker)

    async def test_the_limit_holds_for_tries_at_the_same_instant(self, union, worker):
        assert union
        await applying.start(actor=worker)
        tries = submitting.SUBMISSIONS[1] + 10
        done = await asyncio.gather(*(send(worker) for _ in range(tries)), return_exceptions=True)
        assert sum(isinstance(one, ApplyingTooOften) for one in done) == 10


def test_both_consents_are_asked_in_versions_that_a_page_can_carry():
    assert len(version_of(BOTH)) <= 40
