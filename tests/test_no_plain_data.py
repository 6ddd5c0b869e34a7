"""After everything that people do, no name, document or phone number stands anywhere in the open.

Real processes as in production: their logs at the most talkative, every row of every table, the metrics and the pages
of refusal are searched, however a number may be written.
"""

import asyncio
import base64
import contextlib
import re
from urllib.parse import quote, unquote

import httpx
import pytest

from server.db import sql
from server.people.models import Role
from tests.fixtures.crowd import running, serving
from tests.fixtures.journey import EVERYBODY, FIRST, SECOND, STRANGER, make_journey

PATIENCE_SECONDS = 60
TOUCHED = {
    "person", "session", "sign_in_code", "attempt", "booking", "booking_event", "application", "member", "transfer",
    "membership_event", "member_import", "consent", "notice", "audit_entry", "union_month",
}  # fmt: skip
SEPARATORS = re.compile(r"[\s+._–—-]")


def forms_of(secret):
    """How it would lie about: as it is, in hex as PostgreSQL shows bytes, in base64, in an address, in JSON."""
    raw = secret.encode()
    escaped = secret.encode("unicode_escape").decode()
    encoded = (base64.b64encode(b"\0" * pad + raw).decode()[4 if pad else 0 : -4] for pad in range(3))
    return {secret, raw.hex(), quote(secret), escaped, *(text for text in encoded if len(text) >= 8)}


def found_in(text):
    """Whose secrets stand in a text."""
    plain = {text.casefold(), unquote(text).casefold()}
    digits = SEPARATORS.sub("", text).casefold()
    found = []
    for who in EVERYBODY:
        for secret in filter(None, (who.name, who.phone, who.number)):
            forms = {form.casefold() for form in forms_of(secret)}
            if any(form in searched for form in forms for searched in plain) or secret.casefold() in digits:
                found.append(secret)
    return found


async def tables():
    names = await sql.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    return {
        row["name"]: "\n".join(line["t"] for line in await sql.rows(f"SELECT t::text AS t FROM {row['name']} t"))
        for row in names
    }


@pytest.fixture
async def travelled(db, old_key, tmp_path):
    """The journey done, messages delivered, something broken; and where it may have left traces."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {"NIANGJIA_LOG_LEVEL": "DEBUG", "TMPDIR": str(scratch)}
    async with serving(old_key, db, tmp_path, **env) as url, running("worker", old_key, db, tmp_path, **env):
        journey = await make_journey(url)
        async with contextlib.aclosing(journey):
            refusals = await travel(journey)
            async with httpx.AsyncClient(base_url=url) as client:
                metrics = await client.get("/metrics", headers={"Authorization": "Bearer demo"})
            await delivered()
    return {
        "tables": await tables(),
        "logs": {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.log")},
        "refusals": refusals,
        "metrics": metrics.text,
        "addresses": [answer.headers["location"] for answer in journey.answers if "location" in answer.headers],
        "files": [path.name for path in scratch.rglob("*")],
    }


async def travel(journey):
    union = journey.union
    reviewer = await journey.staff(Role.REVIEWER, union_id=union.id)
    first, second = await journey.sign_in(FIRST), await journey.sign_in(SECOND)
    await journey.book(first, FIRST)
    application = await journey.apply(first, FIRST)
    await journey.review(reviewer, first, FIRST, application)
    await journey.move(first)
    await journey.appeal(reviewer, second, SECOND, await journey.apply(second, SECOND))
    stranger = await journey.sign_in(STRANGER)
    await journey.apply(stranger, STRANGER, document="passport", birth="1990-05-17", sex="female")
    await journey.registers(reviewer)
    await journey.own_data(first)
    refusals = await journey.mistakes(first)
    # What a statement was refused for is quoted by the database, and must not be by us.
    await sql.run("ALTER TABLE person ADD CONSTRAINT broken CHECK (name_sealed IS NULL) NOT VALID")
    await sql.run("ALTER TABLE application ADD CONSTRAINT broken CHECK (employer = '') NOT VALID")
    broken = [
        await first.submit("/me/name", {"name": FIRST.name}),
        await stranger.submit("/membership/withdraw", {}),
    ]
    assert [answer.status_code for answer in broken] == [500, 500]
    return refusals + broken


async def delivered():
    """Wait until the worker has taken up every message that is due."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await sql.value("SELECT count(*) FROM notice WHERE state = 'due' AND next_try_at <= now()"):
            await asyncio.sleep(0.1)


async def test_nothing_stands_in_the_open(travelled):
    texts = travelled["tables"] | travelled["logs"]
    assert {name: found for name, text in texts.items() if (found := found_in(text))} == {}
    assert [answer.url for answer in travelled["refusals"] if found_in(answer.text)] == []
    assert found_in(travelled["metrics"]) == []
    assert found_in("\n".join(travelled["addresses"])) == []
    assert travelled["files"] == []
    # The journey did leave traces, and they were looked at.
    assert {name for name in TOUCHED if not travelled["tables"][name]} == set()
    assert {answer.status_code for answer in travelled["refusals"]} >= {303, 403, 404, 405, 413, 422, 500}
    web = next(text for name, text in travelled["logs"].items() if name.startswith("web"))
    for said in ('"event": "unexpected"', "CheckViolation", "/review/applications/{application_id}/reveal"):
        assert said in web
    assert "niangjia_request_seconds" in travelled["metrics"]


@pytest.mark.parametrize(
    "written",
    [
        "name=欧阳若曦,",
        "\\xe6aca7e998b3e88ba5e69ba6",
        "GET /?q=%E6%AC%A7%E9%98%B3%E8%8B%A5%E6%9B%A6",
        r'{"name": "\u6b27\u9633\u82e5\u66e6"}',
        "+86 139 1234-5678",
        "139.1234.5678",
        f"document {FIRST.number.lower()}",
        f"{FIRST.number[:6]} {FIRST.number[6:14]} {FIRST.number[14:]}",
        base64.b64encode(f"a,{FIRST.number}".encode()).decode(),
    ],
    ids=range(9),  # the document is another one in each process
)
def test_however_it_is_written_it_is_found(written):
    assert len(found_in(f"1|{written}|2")) == 1


def test_the_last_four_digits_may_be_seen():
    assert found_in(f"(…,{FIRST.phone[-4:]},…) 139****5678") == []
