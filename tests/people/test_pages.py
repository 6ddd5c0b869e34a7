"""Signing in over HTTP; and that nothing personal lies about in the open."""

import re

import asyncpg
import pytest

from server.bookings import service as bookings
from server.edge.sessions import COOKIE
from server.kit.ids import new_id
from server.people import service
from server.people.models import Person
from tests.fixtures.bookings import make_slot
from tests.fixtures.people import make_person

PHONE = "13800138000"


async def sign_in(site, **more):
    sent = await site.submit("/sign-in/code", {"phone": PHONE, **more})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    return await site.submit("/sign-in", {"phone": PHONE, "code": code, **more})


async def test_phone_then_code_then_where_one_was_going(site):
    asked = await site.open("/tickets")
    assert asked.headers["location"] == "/sign-in?next=/tickets"
    done = await sign_in(site, next="/tickets")
    assert done.headers["location"] == "/tickets"
    assert (await site.open("/tickets")).status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "\t//x"]
)
async def test_nobody_is_sent_to_another_site(site, target):
    assert (await sign_in(site, next=target)).headers["location"] == "/"


async def test_a_session_from_before_is_not_carried_over(site):
    site.use_session("planted-by-somebody-else")
    token = re.search(r'name="_csrf" value="([^"]+)"', (await site.open("/sign-in")).text)[1]
    sent = await site.client.post("/sign-in/code", data={"_csrf": token, "phone": PHONE})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    done = await site.client.post("/sign-in", data={"_csrf": token, "phone": PHONE, "code": code})
    assert done.status_code == 303
    assert done.cookies[COOKIE] != "planted-by-somebody-else"
    assert await service.find_actor("planted-by-somebody-else") is None


async def test_signing_in_as_another_ends_the_first_session(site, make_person_session):
    first = await make_person_session()
    await sign_in(site.use_session(first))
    assert await service.find_actor(first) is None


async def test_sign_out_ends_the_session_at_the_server(site, make_person_session):
    token = await make_person_session()
    await site.use_session(token).submit("/sign-out")
    assert await service.find_actor(token) is None


async def test_a_name_is_kept_sealed_and_can_be_taken_back(site, make_person_session):
    worker = await make_person()
    site.use_session(await make_person_session(worker))
    await site.submit("/me/name", {"name": "买买提·吐尔逊"})
    assert "买买提·吐尔逊" in (await site.open("/me")).text
    await site.submit("/me/name", {"name": ""})
    assert (await Person.get(id=worker.id)).name_sealed is None


async def test_a_name_too_long_stays_typed(site, make_person_session):
    site.use_session(await make_person_session())
    answer = await site.submit("/me/name", {"name": "长" * 61})
    assert answer.status_code == 422
    assert "长" * 61 in answer.text


async def test_language_and_size_are_chosen_without_scripts(site):
    done = await site.submit("/settings", {"text_size": "large", "language": "en", "next": "/regions"})
    assert done.headers["location"] == "/regions"
    page = (await site.open("/regions")).text
    assert 'data-size="large"' in page
    assert 'lang="en"' in page


async def test_the_journey_as_json(site):
    client = site.client
    sent = await client.post("/api/v1/sign-in/codes", json={"phone": "+86 138 0013 8000"})
    assert sent.status_code == 202
    made = await client.post("/api/v1/sessions", json={"phone": PHONE, "code": sent.json()["demo_code"]})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert (await client.get("/api/v1/me", headers=headers)).json()["phone_tail"] == "8000"
    assert (await client.delete("/api/v1/sessions/current", headers=headers)).status_code == 204
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("body", [{}, {"phone": 5}, {"phone": "x"}, {"phone": ""}, {"phone": "9" * 99}, [], "x"])
async def test_bad_json_is_a_problem(site, body):
    answer = await site.client.post("/api/v1/sign-in/codes", json=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_limits_say_when_to_come_back(site):
    await site.client.post("/api/v1/sign-in/codes", json={"phone": PHONE})
    answer = await site.client.post("/api/v1/sign-in/codes", json={"phone": PHONE})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_no_phone_number_lies_in_the_database(site, database_url):
    await sign_in(site)
    person = await Person.get()
    actor = await service.find_actor(await service.open_session(person_id=person.id))
    await bookings.book_slot(actor=actor, slot_id=(await make_slot()).id, request_key=new_id().hex)
    connection = await asyncpg.connect(database_url)
    columns = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name <> 'division' AND data_type IN ('text', 'character varying', 'jsonb', 'bytea', 'ARRAY')"
    )
    for table, column in columns:
        found = await connection.fetchval(
            f"SELECT count(*) FROM \"{table}\" WHERE convert_from(convert_to(\"{column}\"::text, 'UTF8'), 'UTF8')"
            f" LIKE '%{PHONE}%' OR \"{column}\"::text LIKE '%{PHONE.encode().hex()}%'"
        )
        assert not found, f"{table}.{column}"
    await connection.close()
