"""A foreman's copy holds his groups and what he said of his people; with him they are forgotten."""

from datetime import timedelta

import msgspec
import pytest

from server.bookings.models import Booking, Slot, Status
from server.groups import service
from server.groups.lists import Guest
from server.kit import clock
from server.people import phones
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Person
from server.people.queries import open_name
from server.privacy import service as privacy
from server.privacy.copying import own_data
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")
PEOPLE = [Guest("石榴花", "+8613800138001"), Guest("木棉花")]


@pytest.fixture
async def foreman():
    return await make_person()


@pytest.fixture
async def group_id(foreman):
    offering = await make_offering(capacity=8)
    slot = await make_slot(offering, clock.at(clock.today() + timedelta(days=2), 600))
    return await service.book_group(
        actor=foreman, guests=PEOPLE, places={slot.id: 2}, request_key="my-own-key", told=True
    )


async def test_the_copy_has_groups_with_their_people(foreman, group_id):
    [group] = msgspec.json.decode(msgspec.json.encode(await own_data(foreman)))["groups"]
    assert group["id"] == str(group_id)
    assert group["request_key"] == "my-own-key"
    assert [(one["seat"], one["name"], one["phone"]) for one in group["places"]] == [
        (1, "石榴花", "+8613800138001"),
        (2, "木棉花", ""),
    ]


async def test_nobody_else_has_them_in_a_copy(group_id):
    assert group_id
    assert (await own_data(await make_person())).groups == []


async def test_who_came_along_is_forgotten_with_the_foreman(foreman, group_id):
    assert group_id
    session = await people.open_session(person_id=foreman.id)
    actor = await people.find_actor(session)
    assert isinstance(actor, Actor)
    code = str(await phones.send_own_code(actor=actor, address="192.0.2.8"))
    await privacy.erase(actor=actor, code=code)
    guests = await Person.filter(brought_by=foreman.id)
    assert [(open_name(g.name_sealed), bytes(g.phone_sealed), g.phone_tail) for g in guests] == [("", b"", "")] * 2
    assert {booking.status for booking in await Booking.all()} == {Status.CANCELLED}
    assert (await Slot.first()).taken == 0
