"""One's own data over HTTP, without scripts."""

import re
from datetime import timedelta

import pytest

from server.kit import clock
from server.people import service as people
from server.people.models import Person
from tests.fixtures.people import make_person
from tests.fixtures.whole_life import live, make_places

PHONE, NEW = "+8613900139001", "13900139002"


@pytest.fixture
async def life(site):
    made = await live(await make_places(), PHONE)
    site.use_session(made.session)
    return made


def code_in(answer):
    return re.search(r"<strong>(\d{6})</strong>", answer.text)[1]


def field_in(answer, name):
    return re.search(rf'name="{name}" value="([^"]*)"', answer.text)[1]


async def test_the_page_says_what_is_held_and_who_looked(site, life):
    page = (await site.open("/me/data")).text
    assert "看了您的完整证件号" in page
    assert "与工地名单核对" in page
    assert life.card not in page
    everything = await site.open("/me/data/all")
    assert life.appeal in everything.text
    assert life.card not in everything.text
    assert everything.headers["cache-control"] == "private, no-store"


async def test_the_file_is_an_attachment_and_programs_get_the_same(site, life):
    answer = await site.open("/me/data.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.json()["applications"][-1]["identity"]["number"] == life.card
    by_program = await site.client.get("/api/v1/me/data", headers={"Authorization": f"Bearer {life.session}"})
    assert by_program.json() | {"made_at": ""} == answer.json() | {"made_at": ""}


async def test_a_consent_is_taken_back_with_one_form_and_its_consequence_is_said(site, life):
    page = (await site.open("/me/data")).text
    assert "收回就等于退会" in page
    done = await site.submit("/me/data/consents/sensitive/take-back")
    assert done.headers["location"] == "/me/data?taken_back=1"
    after = (await site.open("/me/data?taken_back=1")).text
    assert "收回了" in after
    assert "收回就等于退会" not in after
    assert not (await Person.get(id=life.actor.id)).is_member


async def test_an_unknown_purpose_is_no_purpose(site, life):
    assert life
    assert (await site.submit("/me/data/consents/marketing/take-back")).status_code == 422


async def test_erasing_explains_asks_for_a_code_and_signs_out(site, life):
    explained = (await site.open("/me/data/erase")).text
    assert "同时退会" in explained
    assert PHONE[3:] not in explained
    with clock.travel(timedelta(minutes=5)):
        sent = await site.submit("/me/data/erase/code")
        refused = await site.submit("/me/data/erase", {"code": ""})
        assert refused.status_code == 422
        done = await site.submit("/me/data/erase", {"code": code_in(sent)})
    assert done.headers["location"] == "/erased"
    assert await people.find_actor(life.session) is None
    assert "从头开始" in (await site.open("/erased")).text
    assert (await site.open("/me/data")).headers["location"] == "/sign-in?next=/me/data"


async def test_a_second_code_within_the_minute_is_refused_and_the_first_still_works(site, make_person_session):
    site.use_session(await make_person_session(await make_person(PHONE)))
    sent = await site.submit("/me/data/erase/code")
    again = await site.submit("/me/data/erase/code", {"again": "1", "shown_code": code_in(sent)})
    assert again.status_code == 422
    done = await site.submit("/me/data/erase", {"code": code_in(again)})
    assert done.headers["location"] == "/erased"


async def test_the_phone_changes_in_three_steps(site, make_person_session):
    site.use_session(await make_person_session(await make_person(PHONE)))
    assert "尾号 9001" in (await site.open("/me/phone")).text
    old = await site.submit("/me/phone/old")
    wrong = await site.submit("/me/phone/old/check", {"code": "12"})
    assert wrong.status_code == 422
    new = await site.submit("/me/phone/old/check", {"code": code_in(old)})
    proof = field_in(new, "proof")
    typo = await site.submit("/me/phone/new", {"proof": proof, "phone": "139"})
    assert typo.status_code == 422
    assert 'value="139"' in typo.text
    check = await site.submit("/me/phone/new", {"proof": proof, "phone": NEW})
    done = await site.submit("/me/phone", {"proof": proof, "phone": NEW, "code": code_in(check)})
    assert done.headers["location"] == "/me/data?phone=1"
    assert "尾号 9002" in (await site.open("/me/data?phone=1")).text


async def test_a_number_of_somebody_else_is_refused_without_saying_whose(site, make_person_session):
    other = await make_person(f"+86{NEW}")
    await people.set_name(other, "别人")
    site.use_session(await make_person_session(await make_person(PHONE)))
    proof = field_in(
        await site.submit("/me/phone/old/check", {"code": code_in(await site.submit("/me/phone/old"))}), "proof"
    )
    check = await site.submit("/me/phone/new", {"proof": proof, "phone": NEW})
    assert check.status_code == 200
    refused = await site.submit("/me/phone", {"proof": proof, "phone": NEW, "code": code_in(check)})
    assert refused.status_code == 422
    assert "已经在用了" in refused.text
    assert "别人" not in refused.text


async def test_a_lost_proof_begins_again(site, make_person_session):
    site.use_session(await make_person_session(await make_person(PHONE)))
    answer = await site.submit("/me/phone/new", {"proof": "1.x", "phone": NEW})
    assert answer.status_code == 422
    assert "给旧号码发验证码" in answer.text
