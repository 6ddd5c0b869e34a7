"""The desk as JSON: every step, documented refusals, bad input."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from server.bookings.models import Status
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from server.people.models import Role
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station

API = "/api/v1/desk"


@pytest.fixture
async def client(desk) -> httpx.AsyncClient:
    """A program with a bearer token of the desk's staff."""
    return await client_of(desk, desk.staff)


async def client_of(desk, staff) -> httpx.AsyncClient:
    made = desk.browser_of().client
    made.headers["Authorization"] = f"Bearer {await people.open_session(staff_id=staff.id, device='api')}"
    return made


async def test_the_day_says_what_may_be_done(desk, client):
    asked, booked = await desk.asked(name="韦姐", phone="+8613800138000"), await desk.booked()
    sheet = (await client.get(f"{API}/stations/{desk.station.id}/bookings")).json()
    assert [row["id"] for row in sheet["awaiting"]] == [str(asked.id)]
    assert sheet["awaiting"][0]["may"] == ["confirm", "decline"]
    assert (sheet["awaiting"][0]["name"], sheet["awaiting"][0]["phone_tail"]) == ("韦姐", "8000")
    assert [row["id"] for row in sheet["bookings"]] == [str(booked.id)]
    assert "person_id" not in sheet["bookings"][0]
    assert [item["id"] for item in (await client.get(f"{API}/stations")).json()["items"]] == [str(desk.station.id)]


async def test_each_step_and_its_undo(desk, client):
    booking = await desk.booked()
    for verb, becomes in (
        ("check-in", "arrived"),
        ("undo", "confirmed"),
        ("no-show", "no_show"),
        ("undo", "confirmed"),
    ):
        answer = await client.post(f"{API}/bookings/{booking.id}/{verb}")
        assert (answer.status_code, answer.json()["status"]) == (200, becomes), verb
    for verb in ("check-in", "served"):
        await client.post(f"{API}/bookings/{booking.id}/{verb}")
    assert await desk.status(booking) is Status.SERVED
    request = await desk.asked()
    await client.post(f"{API}/bookings/{request.id}/confirm")
    declined = await client.post(f"{API}/bookings/{request.id}/decline", json={"reason": "师傅病了"})
    assert declined.json()["status"] == "declined"
    assert (await client.get(f"{API}/bookings/{request.id}")).json()["reason"] == "师傅病了"


async def test_of_two_confirmations_one_wins(desk, client):
    booking = await desk.asked()
    other = await client_of(desk, await make_staff(Role.STAFF, station_id=desk.station.id))
    answers = await asyncio.gather(*(c.post(f"{API}/bookings/{booking.id}/confirm") for c in (client, other)))
    assert sorted(a.status_code for a in answers) == [200, 409]
    problem = next(a for a in answers if a.status_code == 409)
    assert problem.headers["content-type"].startswith("application/problem+json")
    assert problem.json()["type"] == "/problems/already-changed"


async def test_codes_and_lists(desk, client):
    booking = await desk.booked()
    station = f"{API}/stations/{desk.station.id}"
    assert (await client.post(f"{station}/check-in", json={"code": "ZZZZZZ"})).status_code == 404
    assert (await client.post(f"{station}/check-in", json={"code": booking.code})).json()["status"] == "arrived"
    again = await client.post(f"{station}/check-in", json={"code": booking.code})
    assert again.json()["type"] == "/problems/already-changed"
    tomorrow = await desk.booked(at=clock.at(clock.today() + timedelta(days=1), 600))
    early = await client.post(f"{station}/check-in", json={"code": tomorrow.code})
    assert early.json()["type"] == "/problems/ticket-elsewhere"
    requests = [str((await desk.asked()).id) for _ in range(2)]
    confirmed = await client.post(f"{station}/confirm-all", json={"booking_ids": requests})
    assert confirmed.json() == {"booking_ids": requests}
    assert (await client.post(f"{station}/confirm-all", json={"booking_ids": requests})).json() == {"booking_ids": []}


async def test_refusals(desk, client):
    booking = await desk.booked(at=clock.now().replace(second=0, microsecond=0) + timedelta(minutes=20))
    early = await client.post(f"{API}/bookings/{booking.id}/no-show")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-started")
    assert (await client.post(f"{API}/bookings/{booking.id}/undo")).json()["type"] == "/problems/undo-too-late"
    assert (await client.post(f"{API}/bookings/{new_id()}/confirm")).status_code == 404
    assert (await client.get(f"{API}/stations/{new_id()}/bookings")).status_code == 404
    stranger = await client_of(desk, await make_staff(Role.STAFF, station_id=(await make_station()).id))
    for verb in ("confirm", "check-in", "served", "no-show", "undo"):
        assert (await stranger.post(f"{API}/bookings/{booking.id}/{verb}")).status_code == 403
    assert (await stranger.get(f"{API}/stations/{desk.station.id}/bookings")).status_code == 403
    assert (await stranger.get(f"{API}/bookings/{booking.id}")).status_code == 403
    listed = {"booking_ids": [str(booking.id)]}
    assert (await stranger.post(f"{API}/stations/{desk.station.id}/confirm-all", json=listed)).status_code == 403
    assert (await desk.browser_of().client.get(f"{API}/stations")).status_code == 401
    assert await desk.status(booking) is Status.CONFIRMED


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("decline", {}),
        ("decline", {"reason": ""}),
        ("decline", {"reason": "  \x00 "}),
        ("decline", {"reason": "长" * 201}),
        ("decline", {"reason": 5}),
        ("decline", []),
        ("decline", None),
    ],
)
async def test_bad_bodies_are_named_and_change_nothing(desk, client, path, body):
    booking = await desk.asked()
    answer = await client.post(f"{API}/bookings/{booking.id}/{path}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert await desk.status(booking) is Status.REQUESTED


@pytest.mark.parametrize("day", ["x", "2026-02-30", "9999-12-31", "0001-01-01", "\x00", "1e9"])
async def test_bad_days(desk, client, day):
    answer = await client.get(f"{API}/stations/{desk.station.id}/bookings", params={"day": day})
    assert answer.status_code == 422


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"reason": "\\ud800"}'])
async def test_unreadable_json(desk, client, content):
    booking = await desk.asked()
    answer = await client.post(
        f"{API}/bookings/{booking.id}/decline", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert await desk.status(booking) is Status.REQUESTED


async def test_the_desk_is_documented(app):
    paths = app.openapi_schema.to_schema()["paths"]
    for path, methods in paths.items():
        if path.startswith(API):
            for operation in methods.values():
                assert operation["operationId"]
                assert {"401", "403"} <= set(operation["responses"])
