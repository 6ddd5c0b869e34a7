"""The sheet of a day with 2,000 bookings: small, quick enough to follow every step, and nobody is out of reach."""

from itertools import cycle

import pytest

from server.bookings.models import ServiceKind, Status
from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_code, new_id
from server.people.queries import NAME, PHONE
from tests.fixtures.bookings import make_offering, make_slot

SERVICES = (ServiceKind.HEALTH_CHECK, ServiceKind.HOT_MEAL)
HOURS, EACH = 10, 50
# The state of one after the other, as they stand around noon.
STATES = (Status.CONFIRMED, Status.ARRIVED, Status.SERVED, Status.NO_SHOW)
# When most can be done to most of them: those who come soon, and all who are late.
BUSIEST = 585
MOST_KB, MOST_KB_SENT = 500, 20


@pytest.fixture(autouse=True)
def busiest():
    with clock.travel(clock.at(clock.today(), BUSIEST) - clock.now()):
        yield


@pytest.fixture
async def crowd(desk):
    """2,000 bookings of four services today; the names of all of them."""
    offerings = [desk.haircut, desk.advice, *[await make_offering(desk.station, service=kind) for kind in SERVICES]]
    now, states = clock.now(), cycle(STATES)
    people, bookings, names = [], [], []
    for offering in offerings:
        for hour in range(HOURS):
            slot = await make_slot(offering, clock.at(clock.today(), 480 + 60 * hour), capacity=EACH)
            await sql.run("UPDATE slot SET taken = capacity WHERE id = $1", slot.id)
            for _ in range(EACH):
                person, booking = new_id(), new_id()
                names.append(f"李{len(names)}号师傅")
                sealed = vault().seal("+8613800138000", PHONE), vault().seal(names[-1], NAME)
                people.append((person, person.hex, sealed[0], "8000", sealed[1], "zh_CN", False, now))
                where = slot.id, offering.id, desk.station.id, desk.station.region_code
                times = slot.starts_at, slot.ends_at
                bookings.append((
                    booking, new_code(8), *where, person, offering.service, *times, next(states), "", now, now,
                    booking.hex,
                ))  # fmt: skip
    await sql.copy("person", PERSON, people)
    await sql.copy("booking", BOOKING, bookings)
    return names


PERSON = (
    "id", "phone_index", "phone_sealed", "phone_tail", "name_sealed", "locale", "is_member", "created_at",
)  # fmt: skip
BOOKING = (
    "id", "code", "slot_id", "offering_id", "station_id", "region_code", "person_id", "service", "starts_at", "ends_at",
    "status", "reason", "changed_at", "created_at", "request_key",
)  # fmt: skip


async def test_the_sheet_stays_small_and_says_what_it_leaves_out(desk, crowd):
    assert len(crowd) == 2000
    for page in (await desk.site.open(desk.url), await desk.site.fragment(desk.url)):
        assert page.status_code == 200
        assert len(page.content) < MOST_KB * 1000
        assert page.num_bytes_downloaded < MOST_KB_SENT * 1000
        assert "一共 <strong>2000</strong>" in page.text
        assert "约满了" in page.text
        assert "看这项服务的全部" in page.text


async def test_one_service_shows_more_of_itself(desk, crowd):
    assert crowd
    all_of_them = (await desk.site.open(desk.url)).text.count("<article")
    one = (await desk.site.open(desk.url, params={"service": "hot_meal"})).text
    assert all_of_them < one.count("<article") <= 500
    assert "李100号师傅" not in one


async def test_everybody_is_found_by_name(desk, crowd):
    for name in (crowd[0], crowd[999], crowd[-1]):
        answer = await desk.site.submit(f"{desk.url}/check-in", {"code": name})
        assert answer.text.count("<article") == 1
        assert name in answer.text
