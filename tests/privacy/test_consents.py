"""A consent is taken back as easily as it was given, and what rested on it ends."""

from datetime import timedelta

import pytest

from server.bookings.models import Booking
from server.db import sql
from server.kit import clock
from server.membership import members
from server.people import own_data as people_data
from server.people.models import Person, Purpose
from server.privacy import service
from tests.fixtures.people import make_person
from tests.fixtures.whole_life import everything, figures, live, make_places

pytestmark = pytest.mark.usefixtures("settings", "db")
PHONE, OTHER_PHONE = "+8613900139001", "+8613900139002"
LATER = timedelta(minutes=1)


async def take_back(actor, purpose):
    with clock.travel(LATER):
        await service.take_back_consent(actor=actor, purpose=purpose)


async def said(actor, purpose):
    return [one.agreed for one in await people_data.consents_of(actor.id) if one.purpose == purpose]


async def test_without_the_sensitive_one_the_union_forgets_and_stations_go_on():
    life = await live(await make_places(), PHONE)
    await take_back(life.actor, Purpose.SENSITIVE)
    after = await everything()
    of_union = [life.name, life.card, life.employer, life.appeal, life.next_employer, *life.digests[1:]]
    assert [word for word in of_union if word in after] == []
    person = await Person.get(id=life.actor.id)
    assert person.erased_at is None
    assert not person.is_member
    assert await Booking.filter(person_id=life.actor.id, status="confirmed").count() == 1
    assert await said(life.actor, Purpose.SENSITIVE) == [False, True, True]


async def test_members_are_counted_as_if_they_had_left():
    places = await make_places()
    leaving, taking_back = await live(places, PHONE), await live(places, OTHER_PHONE)
    at_first = await figures()
    await members.leave(actor=leaving.actor)
    between = await figures()
    await take_back(taking_back.actor, Purpose.SENSITIVE)
    at_last = await figures()
    assert at_last - between == between - at_first
    assert between - at_last == at_first - between


async def test_without_the_one_to_sharing_the_move_ends_and_the_membership_stays():
    life = await live(await make_places(), PHONE)
    assert await sql.value("SELECT count(*) FROM transfer WHERE state = 'requested'") == 1
    await take_back(life.actor, Purpose.SHARING)
    assert await sql.value("SELECT count(*) FROM transfer WHERE state = 'requested'") == 0
    assert await sql.value("SELECT state FROM member WHERE person_id = $1", life.actor.id) == "active"


async def test_taking_back_twice_or_what_was_never_given_changes_nothing():
    life, stranger = await live(await make_places(), PHONE), await make_person()
    await take_back(life.actor, Purpose.SHARING)
    before = await everything()
    await take_back(life.actor, Purpose.SHARING)
    await take_back(stranger, Purpose.SENSITIVE)
    assert sorted((await everything()).split("\n")) == sorted(before.split("\n"))
    assert await said(stranger, Purpose.SENSITIVE) == []
