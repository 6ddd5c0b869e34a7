"""Session fixation: nobody can hand somebody a session and find them in it later."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pyotp
import pytest

from server.app import create_app
from server.edge.sessions import COOKIE
from server.kit import clock
from server.people import service as people
from server.people.actors import GrantHeld
from server.people.models import Role
from server.people.staff import create_staff
from tests.fixtures.http import Site
from tests.fixtures.people import PASSWORD, make_person

PHONE = "13800138000"
PLANTED = "planted-by-somebody-else-0123456789"


async def as_worker(site: Site) -> None:
    sent = await site.submit("/sign-in/code", {"phone": PHONE})
    found = re.search(r"<strong>(\d{6})</strong>", sent.text)
    assert found, sent.text
    answer = await site.submit("/sign-in", {"phone": PHONE, "code": found[1]})
    assert answer.status_code == 303


async def as_staff(site: Site) -> None:
    grants = [GrantHeld(Role.MANAGER, region_code=450000)]
    _, secret = await create_staff(login="desk", display_name="小王", password=PASSWORD, grants=grants)
    totp = pyotp.TOTP(secret).at(clock.now())
    answer = await site.submit("/staff/sign-in", {"login": "desk", "password": PASSWORD, "totp": totp})
    assert answer.status_code == 303


@pytest.mark.parametrize("sign_in", [as_worker, as_staff])
async def test_a_session_that_was_planted_is_not_taken_over(site, sign_in):
    site.use_session(PLANTED)
    site.client.cookies.set("nj_visit", "planted-visit-0123456789", domain="localhost.local")
    site.token = lambda: Site.token(_without_session(site))
    await sign_in(site)
    assert site.client.cookies[COOKIE] != PLANTED
    assert await people.find_actor(PLANTED) is None


@pytest.mark.parametrize("sign_in", [as_worker, as_staff])
async def test_a_real_session_of_somebody_else_ends_when_another_signs_in_over_it(site, sign_in):
    theirs = await people.open_session(person_id=(await make_person()).id)
    site.use_session(theirs)
    await sign_in(site)
    mine = site.client.cookies[COOKIE]
    assert mine != theirs
    assert await people.find_actor(theirs) is None
    assert await people.find_actor(mine)


async def test_a_session_is_never_taken_from_an_address_or_a_form(site):
    token = await people.open_session(person_id=(await make_person()).id)
    for given in ({"params": {COOKIE: token}}, {"headers": {"X-Session": token}}):
        assert (await site.open("/me", **given)).headers.get("location", "").startswith("/sign-in")


@pytest.mark.usefixtures("site")
async def test_over_https_only_this_very_host_can_have_set_the_session(settings, database_url):
    secure = create_app(replace(settings, base_url="https://niangjia.example"), database_url)
    token = await people.open_session(person_id=(await make_person()).id)
    transport = httpx.ASGITransport(app=secure)
    async with httpx.AsyncClient(transport=transport, base_url="https://niangjia.example") as client:
        first = await client.get("/sign-in")
        home = await client.get("/me", headers={"Cookie": f"a=b; __Host-{COOKIE}={token}"})
        planted = await client.get("/me", headers={"Cookie": f"a=b; {COOKIE}={token}"})
    name, *rest = first.headers["set-cookie"].replace(" ", "").lower().split(";")
    assert name.startswith("__host-nj_visit=")
    assert {"secure", "path=/", "httponly"} <= set(rest)
    assert not any(part.startswith("domain") for part in rest)
    assert home.status_code == 200
    assert planted.headers["location"].startswith("/sign-in")


def _without_session(site: Site) -> Site:
    """The same browser as the app sees it while the planted session names nobody."""
    made = Site(type(site.client)())
    made.client.cookies.set("nj_visit", site.client.cookies["nj_visit"], domain="localhost.local")
    return made
