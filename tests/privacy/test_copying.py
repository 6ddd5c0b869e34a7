"""A copy of everything held about a worker, and of nobody else."""

import json
import re
from datetime import timedelta

import msgspec
import pytest

from server.audit import service as audit
from server.kit import clock
from server.people.models import Role
from server.privacy.copying import own_data
from server.privacy.reading import readings_of
from tests.fixtures.people import make_person
from tests.fixtures.whole_life import live, make_places

pytestmark = pytest.mark.usefixtures("settings", "db")
PHONE, OTHER_PHONE = "+8613900139001", "+8613900139002"
KEYS = {
    "format", "made_at", "account", "sessions", "consents", "bookings", "applications", "memberships", "messages",
    "readings", "wishes", "numbers", "pardons", "groups", "reports", "suggestions",
}  # fmt: skip
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


@pytest.fixture
async def copy():
    places = await make_places()
    life = await live(places, PHONE)
    return life, places, msgspec.json.encode(await own_data(life.actor)).decode()


async def test_every_word_of_theirs_is_in_it(copy):
    life, _, text = copy
    assert [word for word in life.words if word not in text] == []
    assert life.session not in text


async def test_programs_find_stable_keys_and_times(copy):
    _, _, text = copy
    data = json.loads(text)
    assert data.keys() == KEYS
    assert data["format"] == "niangjia-own-data/1"
    assert {booking["status"] for booking in data["bookings"]} == {"served", "declined", "confirmed"}
    assert data["memberships"][0]["identity"]["document"] == "id_card"
    assert {one["purpose"] for one in data["consents"]} == {"sensitive", "sharing"}
    times = _times(data)
    assert len(times) > 30
    assert [time for time in times if not INSTANT.fullmatch(time)] == []


def _times(value):
    if isinstance(value, dict):
        own = [v for k, v in value.items() if k.endswith(("_at", "_by")) or k == "at" if isinstance(v, str)]
        return own + [time for v in value.values() for time in _times(v)]
    return [time for v in value for time in _times(v)] if isinstance(value, list) else []


async def test_nothing_of_anybody_else_is_in_it(copy):
    life, places, _ = copy
    other = await live(places, OTHER_PHONE)
    text = msgspec.json.encode(await own_data(other.actor)).decode()
    assert life.card not in text
    assert life.phone not in text
    assert str(life.actor.id) not in text
    assert str(places.reviewer.id) not in text
    assert "小王" not in text  # what staff are called


async def test_who_looked_is_told_by_office_with_the_reason(copy):
    life, places, _ = copy
    found = {reading.action: reading for reading in await readings_of(life.actor.id)}
    revealed = found["application.revealed"]
    assert (revealed.role, revealed.office) == (Role.REVIEWER, places.union.name)
    assert revealed.reason == "与工地名单核对"
    assert found["member.opened"].office == places.union.name
    exported = found["members.exported"]
    assert (exported.office, exported.reason) == ("广西总工会", "年底对账")
    assert "transfer.refused" in found


async def test_an_export_before_one_joined_or_of_others_is_not_told():
    places = await make_places()
    with clock.travel(timedelta(hours=-1)):
        await live(places, OTHER_PHONE)
    stranger = await make_person(PHONE)
    await audit.record("staff", places.above.id, "members.exported", subject_kind="members", subject_id="450000")
    assert await readings_of(stranger.id) == []


async def test_who_showed_a_phone_at_the_desk_is_told(copy):
    life, places, _ = copy
    booking = (await own_data(life.actor)).bookings[0]
    at_desk = places.at_desk
    await audit.record("staff", at_desk.id, "booking.phone_shown", subject_kind="booking", subject_id=str(booking.id))
    shown = (await readings_of(life.actor.id))[0]
    assert (shown.action, shown.role, shown.office) == ("booking.phone_shown", Role.MANAGER, booking.station)
