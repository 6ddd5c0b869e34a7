"""The whole route × role matrix: who may call what, proved route by route."""

import re

import pytest

from server.edge.access import OPEN, Audience, handlers_of
from server.people.actors import Actor, GrantHeld
from server.people.models import Role

UNKNOWN = "01890000-0000-7000-8000-000000000000"
ROLES = {
    "visitor": None,
    "worker": None,
    "staff": Role.STAFF,
    "manager": Role.MANAGER,
    "reviewer": Role.REVIEWER,
    "officer": Role.OFFICER,
    "auditor": Role.AUDITOR,
}
# What each kind of caller may be let in as; the rest is refused at the door.
ADMITTED = {
    "visitor": OPEN,
    "worker": OPEN | {Audience.WORKER},
    "staff": OPEN | {Audience.COLLEAGUE, Audience.STAFF},
    "manager": OPEN | {Audience.COLLEAGUE, Audience.STAFF, Audience.MANAGER},
    "reviewer": OPEN | {Audience.COLLEAGUE, Audience.REVIEWER},
    "officer": OPEN | {Audience.COLLEAGUE, Audience.STAFF, Audience.MANAGER, Audience.OFFICER},
    "auditor": OPEN | {Audience.COLLEAGUE, Audience.AUDITOR},
}


# Let in at the door and refused behind it: what both sides see is tests/test_scopes.py's.
REFUSED_INSIDE = {("reviewer", "/review/unions/new")}


def path_for(template: str) -> str:
    """A route's address with unknown ids in it; a code is a division's or a union's."""
    return re.sub(r"\{[^}]*\}", UNKNOWN, template.replace("{code}", "450103"))


@pytest.fixture
async def callers(browser_of, make_person_session, make_staff_session):
    """A browser for each kind of caller."""
    made = {}
    for name, role in ROLES.items():
        site = browser_of()
        if name == "worker":
            site.use_session(await make_person_session())
        elif role:
            site.use_session(await make_staff_session(role))
        made[name] = site
    return made


async def test_every_route_lets_in_its_audience_and_nobody_else(app, callers):
    wrong = []
    for path, method, handler in handlers_of(app.routes):
        audiences = handler.opt["audiences"]
        for name, site in callers.items():
            if "live" in path or (name, path) in REFUSED_INSIDE or (method != "GET" and audiences & ADMITTED[name]):
                continue
            answer = await site.client.request(method, path_for(path), headers={"X-CSRF-Token": site.token()})
            refused = answer.status_code in (401, 403) or "sign-in?next" in answer.headers.get("location", "")
            if refused == bool(audiences & ADMITTED[name]) and not audiences & {Audience.OPERATIONS}:
                wrong.append(f"{name}: {method} {path} → {answer.status_code}")
            if answer.status_code >= 500:
                wrong.append(f"{name}: {method} {path} broke with {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_no_form_is_taken_without_its_token(app, callers):
    wrong = []
    for path, method, handler in handlers_of(app.routes):
        if method in ("GET", "HEAD") or not handler.opt["audiences"] & ADMITTED["officer"]:
            continue
        answer = await callers["officer"].client.request(method, path_for(path), data={"_csrf": "x" * 76})
        if answer.status_code != 403:
            wrong.append(f"{method} {path} → {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_a_role_includes_what_stands_below_it():
    manager = Actor(kind="staff", grants=(GrantHeld(Role.MANAGER, region_code=450100),))
    assert manager.may(Role.STAFF, region_code=450103)
    assert not manager.may(Role.STAFF, region_code=450203)
    assert not manager.may(Role.OFFICER, region_code=450103)
