"""Booking over HTTP, as a phone without scripts does it; and the same as JSON."""

import re
from datetime import timedelta

import pytest

from server.bookings import desk, service
from server.bookings.models import Booking, Slot, Status
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.people import make_person, make_staff

PHONE = "138 0013-8000"
NOBODY = "01890000-0000-7000-8000-000000000000"


def shown_code(page: str) -> str:
    return re.search(r"<strong>(\d{6})</strong>", page)[1]


def hidden(page: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


@pytest.fixture
async def slot(site):
    assert site
    return await make_slot(await make_offering(capacity=2), starts_at=clock.at(clock.today() + timedelta(days=1), 600))


@pytest.fixture
async def worker(site):
    assert site
    return await make_person()


@pytest.fixture
async def signed_in(site, worker, make_person_session):
    return site.use_session(await make_person_session(worker))


async def book(actor, slot):
    return await service.book_slot(actor=actor, slot_id=slot.id, request_key=new_id().hex)


class TestFirstTime:
    async def test_time_phone_code_ticket(self, site, slot):
        times = await site.open(f"/book/{slot.offering_id}")
        assert f"/book/slots/{slot.id}" in times.text
        asked = await site.open(f"/book/slots/{slot.id}")
        key = hidden(asked.text, "request_key")
        sent = await site.submit(f"/book/slots/{slot.id}/code", {"phone": PHONE, "request_key": key})
        assert hidden(sent.text, "request_key") == key
        done = await site.submit(
            f"/book/slots/{slot.id}",
            {"phone": PHONE, "code": shown_code(sent.text), "request_key": key},
            follow_redirects=True,
        )
        assert done.status_code == 200
        assert "约好了" in done.text
        assert (await Slot.get(id=slot.id)).taken == 1

    async def test_a_wrong_number_stays_typed(self, site, slot):
        answer = await site.submit(f"/book/slots/{slot.id}/code", {"phone": "138001", "request_key": "k"})
        assert answer.status_code == 422
        assert 'value="138001"' in answer.text
        assert 'href="#phone"' in answer.text

    async def test_a_wrong_code_keeps_phone_and_key(self, site, slot):
        await site.submit(f"/book/slots/{slot.id}/code", {"phone": PHONE, "request_key": "k"})
        answer = await site.submit(f"/book/slots/{slot.id}", {"phone": PHONE, "code": "12", "request_key": "k"})
        assert answer.status_code == 422
        assert hidden(answer.text, "request_key") == "k"
        assert hidden(answer.text, "phone") == PHONE
        assert await Booking.all().count() == 0

    async def test_who_signed_in_for_a_place_that_went_stays_signed_in(self, site, slot):
        sent = await site.submit(f"/book/slots/{slot.id}/code", {"phone": PHONE, "request_key": "k"})
        for _ in range(2):
            await book(await make_person(), slot)
        answer = await site.submit(
            f"/book/slots/{slot.id}", {"phone": PHONE, "code": shown_code(sent.text), "request_key": "k"}
        )
        assert answer.status_code == 409
        assert (await site.open("/tickets")).status_code == 200

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"phone": ""},
            {"phone": "\x00"},
            {"phone": "😀" * 30},
            {"phone": "1" * 5000},
        ],
    )
    async def test_bad_input_is_told_and_nothing_is_written(self, site, slot, data):
        answer = await site.submit(f"/book/slots/{slot.id}/code", data)
        assert answer.status_code == 422
        assert await Booking.all().count() == 0


class TestReturning:
    async def test_one_tap_books(self, signed_in, slot):
        asked = await signed_in.open(f"/book/slots/{slot.id}")
        done = await signed_in.submit(
            f"/book/slots/{slot.id}", {"request_key": hidden(asked.text, "request_key")}, follow_redirects=True
        )
        assert "约好了" in done.text

    async def test_two_taps_are_one_booking(self, signed_in, slot):
        for _ in range(2):
            await signed_in.submit(f"/book/slots/{slot.id}", {"request_key": "same"})
        assert (await Slot.get(id=slot.id)).taken == 1

    async def test_a_full_slot_leads_elsewhere(self, signed_in, slot):
        for _ in range(2):
            await book(await make_person(), slot)
        later = await make_slot(await make_offering(), starts_at=slot.starts_at + timedelta(minutes=30))
        answer = await signed_in.submit(f"/book/slots/{slot.id}", {"request_key": "k"})
        assert answer.status_code == 409
        assert f"/book/slots/{later.id}" in answer.text

    async def test_an_overlap_leads_to_the_other_ticket(self, signed_in, worker, slot):
        first = await book(worker, slot)
        other = await make_slot(starts_at=slot.starts_at)
        answer = await signed_in.submit(f"/book/slots/{other.id}", {"request_key": "k"})
        assert answer.status_code == 409
        assert f"/tickets/{first.id}" in answer.text

    async def test_an_edited_address_books_nothing(self, signed_in):
        past = await make_slot(starts_at=in_hours(-1))
        assert (await signed_in.submit(f"/book/slots/{past.id}", {"request_key": "k"})).status_code == 409
        assert (await signed_in.submit(f"/book/slots/{new_id()}", {"request_key": "k"})).status_code == 404
        assert (await signed_in.open("/book/slots/not-an-id")).status_code == 404
        assert await Booking.all().count() == 0

    @pytest.mark.parametrize("day", ["", "x", "2020-01-01", "9999-12-31", "2026-13-45", "%00"])
    async def test_any_day_in_the_address_shows_the_times(self, signed_in, slot, day):
        answer = await signed_in.open(f"/book/{slot.offering_id}?day={day}")
        assert answer.status_code == 200
        assert f"/book/slots/{slot.id}" in answer.text


class TestTicket:
    async def test_it_is_its_workers_alone(self, browser_of, signed_in, worker, slot, make_person_session):
        made = await book(worker, slot)
        other = browser_of().use_session(await make_person_session())
        for path in ("", "/qr.svg", "/calendar.ics", "/move", f"/move/{slot.id}"):
            assert (await signed_in.open(f"/tickets/{made.id}{path}")).status_code == 200
            assert (await other.open(f"/tickets/{made.id}{path}")).status_code == 404
        assert (await other.submit(f"/tickets/{made.id}/cancel")).status_code == 404

    async def test_cancel_and_take_back(self, signed_in, worker, slot):
        made = await book(worker, slot)
        gone = await signed_in.submit(f"/tickets/{made.id}/cancel", follow_redirects=True)
        assert "撤回" in gone.text
        back = await signed_in.submit(f"/tickets/{made.id}/restore", follow_redirects=True)
        assert "约好了" in back.text
        assert (await Slot.get(id=slot.id)).taken == 1

    async def test_move(self, signed_in, worker, slot):
        made = await book(worker, slot)
        later = await make_slot(
            await make_offering(), offering_id=slot.offering_id, starts_at=slot.starts_at + timedelta(hours=2)
        )
        chosen = await signed_in.open(f"/tickets/{made.id}/move?day={clock.local(later.starts_at).date()}")
        assert f"/tickets/{made.id}/move/{later.id}" in chosen.text
        await signed_in.submit(f"/tickets/{made.id}/move/{later.id}")
        assert (await Booking.get(id=made.id)).slot_id == later.id

    async def test_the_list_shows_what_is_ahead_and_what_was(self, signed_in, worker, slot):
        made = await book(worker, slot)
        assert f"/tickets/{made.id}" in (await signed_in.open("/tickets")).text
        await desk.decline_booking(actor=await make_staff(), booking_id=made.id, reason="师傅病了")
        assert "以前的预约" in (await signed_in.open("/tickets")).text
        assert "师傅病了" in (await signed_in.open(f"/tickets/{made.id}")).text

    async def test_the_calendar_file_names_time_and_place(self, signed_in, worker, slot):
        made = await book(worker, slot)
        file = await signed_in.open(f"/tickets/{made.id}/calendar.ics")
        assert "BEGIN:VEVENT" in file.text
        assert f"{slot.starts_at:%Y%m%dT%H%M%SZ}" in file.text


class TestApi:
    @pytest.fixture
    async def api(self, site, worker):
        token = await people.open_session(person_id=worker.id)
        site.client.headers["Authorization"] = f"Bearer {token}"
        return site.client

    async def test_book_read_move_cancel_restore(self, api, slot):
        later = await make_slot(
            await make_offering(), offering_id=slot.offering_id, starts_at=slot.starts_at + timedelta(hours=2)
        )
        strip = (await api.get(f"/api/v1/offerings/{slot.offering_id}/slots")).json()
        assert str(slot.id) in [s["id"] for s in strip["slots"]]
        made = await api.post("/api/v1/bookings", json={"slot_id": str(slot.id)}, headers={"Idempotency-Key": "k"})
        assert made.status_code == 201
        url = f"/api/v1/bookings/{made.json()['id']}"
        assert (await api.get(url)).json()["status"] == Status.CONFIRMED
        assert (await api.post(f"{url}/move", json={"slot_id": str(later.id)})).json()["slot_id"] == str(later.id)
        assert (await api.post(f"{url}/cancel")).json()["status"] == Status.CANCELLED
        assert (await api.post(f"{url}/restore")).json()["status"] == Status.CONFIRMED
        assert len((await api.get("/api/v1/bookings")).json()["upcoming"]) == 1

    async def test_the_same_key_is_the_same_booking(self, api, slot):
        sent = {"json": {"slot_id": str(slot.id)}, "headers": {"Idempotency-Key": "k"}}
        first, second = [(await api.post("/api/v1/bookings", **sent)).json()["id"] for _ in range(2)]
        assert first == second

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            ({}, {"Idempotency-Key": "k"}, 422),
            ({"slot_id": "x"}, {"Idempotency-Key": "k"}, 422),
            ({"slot_id": NOBODY}, {"Idempotency-Key": "k"}, 404),
            ({"slot_id": NOBODY}, {}, 422),
            ({"slot_id": NOBODY}, {"Idempotency-Key": "k" * 99}, 422),
        ],
    )
    async def test_bad_input_is_a_problem(self, api, body, headers, status):
        answer = await api.post("/api/v1/bookings", json=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")

    async def test_without_a_token_it_is_refused(self, browser_of, slot):
        answer = await browser_of().client.post(
            "/api/v1/bookings", json={"slot_id": str(slot.id)}, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 401
