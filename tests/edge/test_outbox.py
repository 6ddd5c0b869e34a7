"""What a form that waited on the phone gets when it goes out: a token of that moment, and words alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.bookings.models import Booking
from server.bookings.service import book_slot
from server.kit import clock
from server.kit.ids import new_id
from server.membership import applying
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

WAITED = {"HX-Request": "true", "X-Outbox": "1"}


@pytest.fixture
async def slot(site):
    assert site
    offering = await make_offering(await make_station(), capacity=1)
    return await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 9 * 60))


@pytest.fixture
async def worker(site):
    person = await make_person()
    site.use_session(await people.open_session(person_id=person.id, device="test"))
    return person


async def ask(site):
    answer = await site.open("/outbox/token")
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def post(site, url, token, data=None):
    return await site.client.post(url, data=data or {}, headers=WAITED | {"X-CSRF-Token": token})


async def test_whose_things_may_go_out_is_what_pages_say(site, worker):
    assert worker
    page = await site.open("/tickets")
    owner = page.headers["page-for"].split()[0]
    assert f'data-owner="{owner}"' in page.text
    assert (await ask(site))["owner"] == owner


async def test_a_visitor_gets_no_token(site):
    assert await ask(site) == {"owner": "nobody", "token": ""}
    assert 'data-owner="nobody"' in (await site.open("/settings")).text


@pytest.mark.parametrize("path", ["/offline", "/nowhere"])
async def test_pages_for_everybody_do_not_say_whose_they_are(site, worker, path):
    assert worker
    assert 'data-owner=""' in (await site.open(path)).text


async def test_what_waited_goes_out_with_a_fresh_token_and_twice_is_once(site, worker, slot):
    data = {"request_key": new_id().hex}
    for _ in range(2):
        answer = await post(site, f"/book/slots/{slot.id}", (await ask(site))["token"], data)
        booking = await Booking.get(person_id=worker.id)
        assert answer.headers["hx-redirect"] == f"/tickets/{booking.id}?new=1"


async def test_a_refusal_comes_as_words(site, worker, slot):
    assert worker
    await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
    answer = await post(site, f"/book/slots/{slot.id}", (await ask(site))["token"], {"request_key": new_id().hex})
    assert answer.status_code == 409
    assert "满" in answer.json()["said"]


async def test_a_wrong_answer_comes_as_words_too(site, worker):

    await applying.start(actor=worker)
    answer = await post(site, "/join/work", (await ask(site))["token"], {"place": "火星", "employer": ""})
    assert answer.status_code == 422
    assert "区县" in answer.json()["said"]


async def test_of_what_is_not_there_it_is_said(site, worker):
    assert worker
    answer = await post(site, f"/tickets/{new_id()}/cancel", (await ask(site))["token"])
    assert answer.status_code == 404
    assert answer.json()["said"]


async def test_a_token_of_another_session_sends_nothing(site, worker, slot):
    assert worker
    token = (await ask(site))["token"]
    other = await make_person()
    site.use_session(await people.open_session(person_id=other.id, device="test"))
    answer = await post(site, f"/book/slots/{slot.id}", token, {"request_key": new_id().hex})
    assert answer.status_code == 403
    assert not await Booking.exists()
