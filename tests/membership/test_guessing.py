"""Nobody finds out by trying who is a member, whose number a document has, or which cards there are."""

import asyncio
import re
from datetime import timedelta

import pytest

from server.errors import AppError
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_code
from server.membership import submitting
from server.membership.consent_texts import CONSENTS, version_of
from server.membership.errors import ApplyingTooOften
from server.membership.rules import new_number
from server.people import service as people
from server.people.models import Role
from tests.fixtures.joining import application_of, make_draft, send
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff

HOUR = timedelta(hours=1)


@pytest.fixture
async def union(app):
    assert app
    return await make_union()


async def test_tries_at_the_same_instant_are_no_way_around_a_limit(db):
    assert db
    waits = await asyncio.gather(*(people.count_try("somebody", HOUR, 5) for _ in range(25)))
    assert sorted(wait == 0 for wait in waits) == [False] * 20 + [True] * 5
    assert await people.count_try("somebody else", HOUR, 5) == 0
    with clock.travel(HOUR + timedelta(seconds=1)):
        assert await people.count_try("somebody", HOUR, 5) == 0


async def test_one_phone_asks_about_few_documents(union):
    assert union
    worker = await make_person()
    await make_draft(worker)
    for _ in range(submitting.SUBMISSIONS[1]):
        await send(worker)
    with pytest.raises(ApplyingTooOften):
        await send(worker)


async def test_one_document_is_asked_about_by_few_phones(union):
    number = make_id_card()
    await make_member(union=union, person=await make_person(is_member=True), document_number=number)
    answers = []
    for _ in range(submitting.SUBMISSIONS[1] + 1):
        worker = await make_person()
        await make_draft(worker, number=number)
        answers.append(await _sent(worker))
    assert answers == ["DocumentTaken"] * submitting.SUBMISSIONS[1] + ["ApplyingTooOften"]


async def _sent(worker):
    try:
        await send(worker)
    except AppError as refusal:
        return type(refusal).__name__
    return "sent"


@pytest.mark.parametrize("road", ["/join/check", "/api/v1/membership/application/submit"])
async def test_one_address_asks_about_few_documents_with_many_phones(union, browser_of, road):
    assert union
    for _ in range(submitting.FROM_ADDRESS[1] - 2):
        await people.count_try(vault().index("127.0.0.1", "apply"), *submitting.FROM_ADDRESS)
    statuses = []
    for _ in range(3):
        worker = await make_person()
        await make_draft(worker)
        site = browser_of().use_session(await people.open_session(person_id=worker.id))
        given = {"version": version_of(tuple(CONSENTS)), "sensitive": True, "sharing": True}
        if road.startswith("/api"):
            answer = await site.client.post(road, json=given, headers={"X-CSRF-Token": site.token()})
        else:
            answer = await site.submit(road, {name: str(value).lower() for name, value in given.items()})
        statuses.append(answer.status_code)
    assert statuses[-1] == 429
    assert max(statuses[:-1]) < 400


async def test_a_document_of_the_register_is_answered_like_one_that_nobody_knows(union, browser_of):
    """An entry that an import brought has no phone yet: whoever sends its document hears what everybody hears."""
    listed = make_id_card()
    await make_member(union=await make_union(name="别处的工会"), document_number=listed)
    told = []
    for number in (listed, make_id_card()):
        worker = await make_person()
        await make_draft(worker, number=number)
        chosen = (await application_of(worker)).union_id
        site = browser_of().use_session(await people.open_session(person_id=worker.id))
        given = {"version": version_of(tuple(CONSENTS)), "sensitive": "true"}
        answer = await site.submit("/join/check", given)
        page = await site.open("/membership")
        named = ["别处的工会" in page.text, union.name in page.text]
        told.append((answer.status_code, answer.headers["location"], named))
        assert chosen == union.id
    assert told[0] == told[1] == (303, told[0][1], [False, True])


def test_codes_and_numbers_say_nothing_about_each_other():
    codes, numbers = {new_code(8) for _ in range(500)}, {new_number(45) for _ in range(500)}
    assert len(codes) == len(numbers) == 500
    steps = sorted(int(number[2:-1]) for number in numbers)
    assert steps[-1] - steps[0] > 5 * 10**8


async def test_who_is_a_member_elsewhere_is_answered_like_nobody(union, browser_of):
    stranger = await make_member(union=await make_union(name="别处的工会"))
    reviewer = await make_staff(Role.REVIEWER, union_id=union.id)
    site = browser_of().use_session(await people.open_session(staff_id=reviewer.id))
    pages = [await _said(site, number) for number in (stranger.number, new_number(45))]
    assert pages[0] == pages[1]


async def _said(site, number):
    """What a search shows, apart from what was typed and what differs from page to page."""
    page = await site.open(f"/review/members?q={number}")
    assert page.status_code == 200
    main = re.search(r"<main.*</main>", page.text.replace(number, "…"), re.DOTALL)[0]
    return re.sub(r'name="_csrf" value="[^"]+"', "", main)
