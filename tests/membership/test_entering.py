"""What an approval does to the register: entries connected with phones, entries put right, nobody twice."""

from __future__ import annotations

import pytest

from server.db import sql
from server.errors import Forbidden
from server.membership import reviewing
from server.membership.errors import (
    DocumentTaken,
    FieldsNeeded,
)
from server.membership.identity import open_identity
from server.membership.models import Member
from server.membership.transfers import accept_transfer, ask_for_transfer
from server.people.models import Person
from tests.fixtures.joining import application_of, make_identity
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person
from tests.fixtures.reviewing import (
    WHY,
    apply,
    approve,
    ask_to_correct,
    give_back,
    member_of,
    reject,
    state_of,
    told,
    worker_of,
)


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


async def test_a_correction_moves_with_its_member(review):
    person, member = await become_member(review, name="韦秀英")
    sister = await make_union(parent=review.above, name="仙葫街道联合工会")
    transfer_id = await ask_for_transfer(actor=person, to_union_id=sister.id, employer="", agreed=True)
    application = await ask_to_correct(person, make_identity(name="韦秀瑛"))
    hers = await review.colleague(sister.id)
    await accept_transfer(actor=hers, transfer_id=transfer_id)
    with pytest.raises(Forbidden):
        await approve(review, application)
    await reviewing.approve(actor=hers, application_id=application.id)
    after = await Member.get(id=member.id)
    assert (open_identity(after.identity_sealed).name, after.union_id) == ("韦秀瑛", sister.id)
