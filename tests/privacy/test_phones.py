"""Another phone number: by proof of the old one and of the new one, and nobody learns whose a number is."""

from datetime import timedelta

import pytest

from server.kit import clock
from server.membership.models import Member
from server.people import phones
from server.people import service as people
from server.people.actors import Actor
from server.people.errors import CodesTooMany, CodeWrong, PhoneInUse, PhoneSame, ProofExpired
from server.people.models import Person
from server.privacy import service
from tests.fixtures.membership import make_member
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")
OLD, NEW = "+8613900139001", "+85251234567"
HERE = "192.0.2.7"


@pytest.fixture
async def worker():
    person = await make_person(OLD)
    token = await people.open_session(person_id=person.id, device="华为")
    actor = await people.find_actor(token)
    assert isinstance(actor, Actor)
    return actor


async def proved(actor):
    code = await phones.send_own_code(actor=actor, address=HERE)
    return await phones.prove_old_phone(actor=actor, code=str(code))


async def test_with_both_codes_the_worker_signs_in_with_the_new_number(worker):
    elsewhere = await people.open_session(person_id=worker.id, device="旧手机")
    proof = await proved(worker)
    code = await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE)
    await service.change_phone(actor=worker, proof=proof, phone=NEW, code=str(code))
    assert (await people.ensure_person(NEW, "zh_CN")) == (worker.id, False)
    assert (await people.ensure_person(OLD, "zh_CN"))[1]
    assert await phones.own_phone(worker) == NEW
    assert await people.find_actor(elsewhere) is None
    assert await Person.filter(id=worker.id, phone_tail="4567").exists()


async def test_a_register_forgets_the_number_that_a_file_brought(worker):
    member = await make_member(person=worker, phone=OLD)
    proof = await proved(worker)
    code = await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE)
    await service.change_phone(actor=worker, proof=proof, phone=NEW, code=str(code))
    kept = await Member.get(id=member.id)
    assert (kept.phone_sealed, kept.phone_index) == (None, None)


async def test_a_number_in_use_is_refused_only_to_who_holds_it(worker):
    other = await make_person(NEW)
    proof = await proved(worker)
    code = str(await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE))
    with pytest.raises(CodeWrong):
        await service.change_phone(
            actor=worker, proof=proof, phone=NEW, code="000001" if code == "000000" else "000000"
        )
    with pytest.raises(PhoneInUse):
        await service.change_phone(actor=worker, proof=proof, phone=NEW, code=code)
    assert await phones.own_phone(worker) == OLD
    assert await phones.own_phone(other) == NEW


@pytest.mark.parametrize("proof", ["", "9999999999.x", "x", "１.y"])
async def test_without_proof_of_the_old_number_nothing_moves(worker, proof):
    with pytest.raises(ProofExpired):
        await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE)
    with pytest.raises(ProofExpired):
        await service.change_phone(actor=worker, proof=proof, phone=NEW, code="123456")


async def test_a_proof_ends_and_belongs_to_one_session(worker):
    proof = await proved(worker)
    with clock.travel(phones.PROOF_LIFE + timedelta(seconds=1)), pytest.raises(ProofExpired):
        await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE)
    elsewhere = await people.find_actor(await people.open_session(person_id=worker.id))
    with pytest.raises(ProofExpired):
        await phones.send_new_code(actor=elsewhere, proof=proof, phone=NEW, address=HERE)


async def test_the_same_number_is_no_change_and_codes_stay_limited(worker):
    proof = await proved(worker)
    with pytest.raises(PhoneSame):
        await phones.send_new_code(actor=worker, proof=proof, phone=OLD, address=HERE)
    await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE)
    with pytest.raises(CodesTooMany):
        await phones.send_new_code(actor=worker, proof=proof, phone=NEW, address=HERE)
