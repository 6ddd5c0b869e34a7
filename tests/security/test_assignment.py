"""Mass assignment: a field that a form or a program does not offer cannot be set by sending it."""

from __future__ import annotations

import re

import pytest

from server.bookings.models import Booking, Status
from server.kit.ids import new_id
from server.membership.models import Application, ApplicationState
from server.people import service as people
from server.people.models import Grant, Person, Role, Staff
from server.stations.service import load_divisions
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.membership import make_id_card, make_union
from tests.fixtures.people import make_person, make_staff

MORE = {
    "is_member": True,
    "role": "officer",
    "roles": ["officer"],
    "grants": [{"role": "officer", "region_code": 450000}],
    "state": "approved",
    "status": "served",
    "person_id": "01890000-0000-7000-8000-000000000000",
    "staff_id": "01890000-0000-7000-8000-000000000000",
    "id": "01890000-0000-7000-8000-000000000000",
    "disabled_at": None,
    "verified": True,
    "region_code": 110000,
    "capacity": 9999,
}


@pytest.fixture
async def worker(app, browser_of):
    assert app
    person = await make_person()
    client = browser_of().client
    client.headers["Authorization"] = f"Bearer {await people.open_session(person_id=person.id)}"
    return person, client


async def test_a_booking_takes_the_slot_and_nothing_else(worker):
    person, client = worker
    slot = await make_slot(await make_offering(auto_confirm=False))
    answer = await client.post(
        "/api/v1/bookings", json={"slot_id": str(slot.id)} | MORE, headers={"Idempotency-Key": new_id().hex}
    )
    assert answer.status_code == 201
    made = await Booking.get()
    assert (made.person_id, made.status, str(made.id) != MORE["id"]) == (person.id, Status.REQUESTED, True)
    assert not (await Person.get(id=person.id)).is_member


async def test_a_draft_stays_a_draft(worker):
    person, client = worker
    await load_divisions()
    union = await make_union()
    identity = {"name": "韦秀英", "number": make_id_card()} | MORE
    body = {"identity": identity, "work": {"region_code": 450103} | {"state": "approved"}, "union_id": str(union.id)}
    answer = await client.put("/api/v1/membership/application", json=MORE | body)
    assert answer.status_code == 200, answer.text
    kept = await Application.get()
    assert (kept.person_id, kept.state) == (person.id, ApplicationState.DRAFT)
    assert not (await Person.get(id=person.id)).is_member


async def test_a_new_person_is_nobody_special(site):
    sent = await site.submit("/sign-in/code", {"phone": "13800138000"} | {k: str(v) for k, v in MORE.items()})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    await site.submit("/sign-in", {"phone": "13800138000", "code": code} | {k: str(v) for k, v in MORE.items()})
    person = await Person.get()
    assert not person.is_member
    assert str(person.id) != MORE["id"]
    assert await Grant.all().count() == 0


async def test_a_manager_of_a_station_makes_no_officer(browser_of, app):
    assert app
    offering = await make_offering()
    manager = await make_staff(Role.MANAGER, station_id=offering.station_id)
    colleague = await make_staff(Role.STAFF, station_id=offering.station_id)
    site = browser_of().use_session(await people.open_session(staff_id=manager.id))
    for sent in ({"role": "officer", "place": "450100"}, {"role": "officer", "place": "南宁市"}):
        answer = await site.submit(f"/staff/people/{colleague.id}/grant", sent | {"region_code": "450100"})
        assert answer.status_code in (403, 422)
    grants = await Grant.filter(staff_id=colleague.id)
    assert [(g.role, g.region_code) for g in grants] == [(Role.STAFF, None)]
    assert await Staff.filter(id=colleague.id, region_code=450100).count() == 0
