"""Every request is noted by its route, and nothing about people is."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from server.kit.context import request_id
from tests.fixtures.people import make_person

PHONE = "13800138000"
UNKNOWN = "01890000-0000-7000-8000-000000000000"


async def notes_of(site, method, path, **more):
    """The access log's lines of one request."""
    with capture_logs() as lines:
        answer = await site.client.request(method, path, **more)
    return answer, [line for line in lines if line["event"] == "request"]


async def test_a_line_names_the_route_and_nothing_else(site):
    address = f"/stations/{UNKNOWN}?near={PHONE}"
    answer, (line,) = await notes_of(site, "GET", address, headers={"X-Forwarded-For": "203.0.113.7"})
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/stations/{station_id}",
        "status": answer.status_code,
        "actor": "visitor",
    }


async def test_a_line_says_which_kind_of_person_asked(site, make_person_session):
    person = await make_person("+86" + PHONE)
    site.use_session(await make_person_session(person))
    _, (line,) = await notes_of(site, "GET", "/me")
    assert line["actor"] == "worker"
    assert PHONE not in str(line)
    assert str(person.id) not in str(line)


@pytest.mark.parametrize(
    ("method", "path", "noted"),
    [
        ("GET", f"/{PHONE}", ("GET", 404)),
        ("PUT", "/me", ("PUT", 405)),
        ("BREW", "/me", ("OTHER", 405)),
        ("GET", f"/me/{PHONE}", ("GET", 404)),
    ],
)
async def test_what_no_route_takes_is_noted_without_its_address(site, method, path, noted):
    answer, (line,) = await notes_of(site, method, path)
    assert (line["method"], answer.status_code) == noted
    assert PHONE not in str(line)


async def test_a_proxys_id_is_kept(site):
    answer = await site.open("/health/live", headers={"X-Request-ID": "4bf92f3577b34da6a3ce929d0e0e4736"})
    assert answer.headers.get_list("x-request-id") == ["4bf92f3577b34da6a3ce929d0e0e4736"]


@pytest.mark.parametrize("given", ["", "short", "x" * 37, "no spaces here", 'quote"quote', b"\xe5\xa8\x98" * 4])
async def test_what_does_not_look_like_an_id_is_replaced(site, given):
    answer = await site.open("/health/live", headers={"X-Request-ID": given})
    assert UUID(answer.headers["x-request-id"]).version == 7


@pytest.mark.parametrize("path", ["/", "/nowhere", "/me"])
async def test_every_answer_has_an_id_of_its_own(site, path):
    first, second = await site.open(path), await site.open(path)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert request_id.get() == ""
