"""A form is taken from the browser that got it, and from nobody else; nobody is led away from here."""

from __future__ import annotations

import re

import pytest

from server.edge.csrf import FIELD
from server.edge.htmx import local_path
from server.edge.sessions import COOKIE

TOKEN = re.compile(r'name="_csrf" value="([^"]+)"')


async def token_on(site, path="/settings"):
    return TOKEN.search((await site.open(path)).text)[1]


async def save(site, token, **more):
    answer = await site.client.post("/settings", data={FIELD: token, "text_size": "large"}, **more)
    return answer.status_code


async def test_a_visitors_form_is_taken_once_its_cookie_is_there(site):
    token = await token_on(site)
    assert await save(site, token) == 303
    site.client.cookies.clear()
    assert await save(site, token) == 403


async def test_a_token_of_another_session_is_refused(browser_of, make_person_session):
    mine = browser_of().use_session(await make_person_session())
    theirs = browser_of().use_session(await make_person_session())
    assert await save(mine, await token_on(theirs)) == 403
    assert await save(mine, await token_on(mine)) == 303


async def test_a_token_from_before_signing_in_is_refused_after_it(site, make_person_session):
    before = await token_on(site)
    site.use_session(await make_person_session())
    assert await save(site, before) == 403


async def test_no_two_pages_show_the_same_token(site):
    # A compressed page that shows a secret twice can be asked for it letter by letter (BREACH).
    assert await token_on(site) != await token_on(site)


async def test_a_plain_form_cannot_pass_for_json(site, make_person_session):
    site.use_session(await make_person_session())
    assert await save(site, "", headers={"Content-Type": "application/json"}) == 403


async def test_the_session_cookie_is_not_for_scripts_nor_for_other_sites(site):
    sent = await site.submit("/sign-in/code", {"phone": "13800138000"})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    done = await site.submit("/sign-in", {"phone": "13800138000", "code": code})
    (cookie,) = [line for line in done.headers.get_list("set-cookie") if line.startswith(COOKIE)]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        " /x",
        "/\n/evil.example",
        "/\t/evil.example",
        "evil.example",
        "",
    ],
)
def test_other_places_are_no_local_paths(url):
    assert local_path(url, "/home") == "/home"


@pytest.mark.parametrize("url", ["/", "/tickets", "/book/1?day=2026-01-01#times", "/stations?q=%E7%AB%99"])
def test_pages_of_ours_are(url):
    assert local_path(url) == url
