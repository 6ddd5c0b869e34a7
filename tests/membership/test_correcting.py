"""A member asks for name or document to be put right."""

import pytest

from server.db import sql
from server.membership import applying, correcting, queries, reviewing, submitting
from server.membership.consent_texts import version_of
from server.membership.errors import (
    ApplicationMoved,
    DocumentTaken,
    NotAMember,
    NothingToCorrect,
)
from server.membership.identity import open_identity
from server.membership.models import Member
from server.people.models import Purpose
from tests.fixtures.joining import (
    as_member,
    make_identity,
    make_reviewer,
    view_of,
)
from tests.fixtures.membership import make_id_card, make_member

pytestmark = pytest.mark.usefixtures("settings", "db")


class TestCorrection:
    async def test_it_is_sent_to_the_members_union_and_asks_nothing_else(self, union, worker):
        member = await as_member(worker, union)
        await correcting.ask_for_correction(actor=member, identity=make_identity(name="韦秀芳"))
        view = await view_of(worker, correction=True)
        assert (view.next_step, view.union_id) == ("check", union.id)
        await self.send(member)
        assert (await view_of(worker, correction=True)).is_waiting
        assert await queries.application_of(worker) is None

    async def send(self, member):
        consents = {Purpose.SENSITIVE: True}
        await submitting.submit(actor=member, consents=consents, version=version_of(consents), correction=True)

    async def test_approved_it_changes_the_entry(self, union, worker):
        member = await as_member(worker, union)
        identity = make_identity(name="韦秀芳")
        await correcting.ask_for_correction(actor=member, identity=identity)
        await self.send(member)
        await reviewing.approve(
            actor=await make_reviewer(union.id), application_id=(await view_of(worker, correction=True)).id
        )
        entry = await Member.get(person_id=worker.id)
        assert open_identity(entry.identity_sealed) == identity
        assert "correction_done" in [row["kind"] for row in await sql.rows("SELECT kind FROM notice")]

    async def test_nothing_to_correct_is_not_sent(self, union, worker):
        member = await as_member(worker, union)
        registered = await queries.identity_of_member(member)
        assert registered is not None
        await correcting.ask_for_correction(actor=member, identity=registered)
        with pytest.raises(NothingToCorrect):
            await self.send(member)

    async def test_another_members_document_is_refused(self, union, worker):
        member = await as_member(worker, union)
        number = make_id_card()
        await make_member(union=union, document_number=number)
        await correcting.ask_for_correction(actor=member, identity=make_identity(number))
        with pytest.raises(DocumentTaken):
            await self.send(member)

    async def test_only_a_member_asks_and_only_while_nobody_looks_at_it(self, union, worker):
        with pytest.raises(NotAMember):
            await correcting.ask_for_correction(actor=worker, identity=make_identity())
        member = await as_member(worker, union)
        await correcting.ask_for_correction(actor=member, identity=make_identity(name="韦秀芳"))
        await self.send(member)
        with pytest.raises(ApplicationMoved):
            await correcting.ask_for_correction(actor=member, identity=make_identity(name="韦秀兰"))
        await applying.withdraw(actor=member)
        await correcting.ask_for_correction(actor=member, identity=make_identity(name="韦秀兰"))

    async def test_it_does_not_count_as_a_request_to_be_let_in(self, union, worker):
        member = await as_member(worker, union)
        await correcting.ask_for_correction(actor=member, identity=make_identity(name="韦秀芳"))
        await self.send(member)
        assert not await sql.value("SELECT sum(applications) FROM union_month")
