"""Nobody is led to another site from here: not by an address, a form, a header, nor a path that reads as one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from server.edge.access import handlers_of
from server.people.models import Role
from tests.security.test_forms import fields_of

EVIL = [
    "//evil.example/",
    "/\\evil.example",
    "https://evil.example/",
    "https:evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
]
NAMES = ("next", "back", "url", "to", "return", "redirect", "from", "view", "continue")


def leads_away(location: str) -> bool:
    return bool(location) and (not location.startswith("/") or location.startswith(("//", "/\\")) or "\\" in location)


@pytest.fixture
async def sites(browser_of, make_person_session, make_staff_session):
    return [
        browser_of(),
        browser_of().use_session(await make_person_session()),
        browser_of().use_session(await make_staff_session(Role.OFFICER)),
    ]


async def test_no_page_leads_away(app, sites):
    wrong = []
    paths = [p for p, m, h in handlers_of(app.routes) if m == "GET" and "{" not in p and not p.endswith("/live")]
    taking = [p for p, m, h in handlers_of(app.routes) if m == "GET" and set(NAMES) & set(fields_of(h.fn.__module__))]
    for path in paths:
        for evil in EVIL if path in taking else EVIL[:1]:
            for site in sites:
                answer = await site.open(path, params=dict.fromkeys(NAMES, evil))
                targets = [answer.headers.get("location", ""), answer.headers.get("hx-redirect", "")]
                inside = f'href="{evil}"' in answer.text or f'action="{evil}"' in answer.text
                if inside or any(map(leads_away, targets)):
                    wrong.append(f"{path} with {evil}: {targets}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("evil", EVIL)
async def test_no_sign_in_and_no_setting_leads_away(browser_of, evil):
    site = browser_of()
    answer = await site.submit("/settings", {"text_size": "large", "next": evil})
    assert not leads_away(answer.headers["location"])
    page = await site.submit("/sign-in", {"phone": "13800138000", "code": "000000", "next": evil})
    assert f'value="{evil}"' not in page.text


@pytest.mark.parametrize("path", ["//evil.example/", "/%2Fevil.example/", "/%5Cevil.example", "/.//evil.example"])
async def test_a_path_that_reads_as_a_site_is_not_found(site, path):
    answer = await site.client.request("GET", f"http://localhost:8000{path}")
    assert answer.status_code == 404
    assert not leads_away(answer.headers.get("location", ""))


async def test_an_open_page_of_elsewhere_is_no_way_back(site):
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example//evil.example/x"}
    answer = await site.open("/tickets", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/sign-in?next=")
    landed = await site.open(answer.headers["hx-redirect"])
    assert "evil.example/x" not in landed.text.replace(quote("//evil.example/x"), "")
