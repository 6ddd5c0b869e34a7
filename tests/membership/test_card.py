"""The card's code: signed, expiring, revocable; read the same way by the server and by nobody else's key."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from server.bookings.models import Eligibility
from server.bookings.service import book_slot
from server.errors import AppError
from server.kit import clock, crypto
from server.kit.ids import new_id
from server.membership import members
from server.membership.card import CARD_LIFE, PREFIX, CardFacts, is_card, read_card, serial_of, write_card
from server.membership.card_check import check_card, holder_of, revoked_serials
from server.membership.errors import CardExpired, CardForged, CardRevoked
from server.people import service as people
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.membership import card_text, make_member, make_union
from tests.fixtures.people import make_person, make_staff


@pytest.fixture
def facts(settings):
    assert settings
    return CardFacts("450000000017", "阿卜杜热依木·麦麦提", "凤岭街道联合工会", "ab12cd34ef56", clock.today())


def test_what_is_written_is_read(facts):
    text = write_card(facts)
    assert read_card(text, clock.today()) == facts
    assert read_card(f"  {text.lower()}\n", clock.today()) == facts


def test_the_code_is_of_characters_that_a_qr_code_packs_and_a_scanner_types(facts):
    assert set(write_card(facts)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:")


@pytest.mark.parametrize("place", [0, 20, 100, -1])
def test_no_byte_can_be_changed(facts, place):
    body = write_card(facts).removeprefix(PREFIX)
    signed = bytearray(base64.b32decode(body + "=" * (-len(body) % 8)))
    signed[place] ^= 1
    with pytest.raises(CardForged):
        read_card(PREFIX + base64.b32encode(signed).decode().rstrip("="), clock.today())


@pytest.mark.parametrize(
    "text", ["", "NJK1:", "NJK1:7", f"NJK1:{'A' * 200}", f"NJK1:{'A' * 2_000}", "NJK1:é", "K7M2Q9"]
)
def test_what_is_no_card_is_refused(facts, text):
    assert facts
    with pytest.raises(CardForged):
        read_card(text, clock.today())


def test_a_card_of_another_house_is_refused(facts):
    own = crypto.vault()
    crypto.install(crypto.Vault(own.keys, own.current, b"x" * 32))
    try:
        text = write_card(facts)
    finally:
        crypto.install(own)
    with pytest.raises(CardForged):
        read_card(text, clock.today())


def test_a_code_holds_thirty_days(facts):
    text = write_card(facts)
    assert read_card(text, facts.issued + CARD_LIFE)
    for day in (facts.issued + CARD_LIFE + timedelta(1), facts.issued - timedelta(1)):
        with pytest.raises(CardExpired):
            read_card(text, day)


def test_only_a_card_claims_to_be_one(facts):
    assert is_card(write_card(facts))
    assert is_card(" njk1:abc")
    assert not is_card("K7M2Q9")


async def test_a_good_card_names_its_holder(db, settings):
    assert db, settings
    person = await make_person()
    member = await make_member(person=person)
    checked = await check_card(card_text(member))
    assert (checked.facts.number, checked.person_id) == (member.number, person.id)
    assert await holder_of(card_text(member)) == person.id
    assert await holder_of("K7M2Q9") is None


async def test_a_replaced_card_is_refused_and_listed_until_it_expires(db, settings):
    assert db, settings
    union = await make_union()
    member = await make_member(person=await make_person(), union=union)
    reviewer = await make_staff(Role.REVIEWER, union_id=union.id)
    old = card_text(member)
    assert await revoked_serials() == []
    await members.replace_card(actor=reviewer, member_id=member.id, reason="手机丢了")
    await members.replace_card(actor=reviewer, member_id=member.id, reason="又丢了")
    with pytest.raises(CardRevoked):
        await check_card(old)
    assert await revoked_serials() == sorted(serial_of(member.number, version) for version in (1, 2))
    await member.refresh_from_db()
    assert await check_card(card_text(member))
    with clock.travel(CARD_LIFE + timedelta(days=2)):
        assert await revoked_serials() == []


async def test_the_card_of_somebody_who_left_is_refused(db, settings):
    assert db, settings
    person = await make_person(is_member=True)
    member = await make_member(person=person)
    old = card_text(member)
    await members.leave(actor=person)
    with pytest.raises(CardRevoked):
        await check_card(old)
    assert serial_of(member.number, 1) in await revoked_serials()


async def test_a_signed_card_of_nobody_is_refused(db, facts):
    assert db
    with pytest.raises(CardRevoked):
        await check_card(write_card(facts))


async def test_leaving_ends_what_only_members_may_book(db, settings):
    assert db, settings
    person = await make_person(is_member=True)
    await make_member(person=person)
    slot = await make_slot(await make_offering(eligibility=Eligibility.MEMBERS_ONLY, capacity=5))
    token = await people.open_session(person_id=person.id)
    assert await book_slot(actor=await people.find_actor(token), slot_id=slot.id, request_key=new_id().hex)
    await members.leave(actor=person)
    later = await make_slot(await make_offering(eligibility=Eligibility.MEMBERS_ONLY))
    with pytest.raises(AppError) as refused:
        await book_slot(actor=await people.find_actor(token), slot_id=later.id, request_key=new_id().hex)
    assert refused.value.code == "members-only"
