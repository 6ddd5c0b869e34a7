"""Every page, for every kind of person, carries the headers that keep it ours."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx

from server.app import create_app
from server.config import WEB
from server.edge.access import handlers_of
from server.edge.templates import HTMX_TAG
from tests.test_routes import callers, path_for

assert callers  # a fixture
FORBIDDEN = re.compile(r"unsafe-|\*|https?:|strict-dynamic")


async def test_every_page_of_every_role_is_guarded(app, callers):
    wrong = []
    for path, method, _handler in handlers_of(app.routes):
        if method != "GET" or path.endswith("/live"):
            continue
        for name, site in callers.items():
            answer = await site.open(path_for(path))
            wrong += [f"{name}: {path} {fault}" for fault in faults_of(answer)]
    assert not wrong, "\n".join(wrong)


def faults_of(answer):
    """What is missing from an answer's headers, and what is in its page that they would refuse."""
    said, policy = answer.headers, answer.headers.get("content-security-policy", "")
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    nonce = re.search(r"'nonce-([\w-]{22})'", rules.get("script-src", ""))
    checks = {
        "default-src": rules.get("default-src") == "'none'",
        "loose policy": not FORBIDDEN.search(policy),
        "frame-ancestors": rules.get("frame-ancestors") == "'none'",
        "base-uri": rules.get("base-uri") == "'none'",
        "form-action": rules.get("form-action") == "'self'",
        "trusted types": rules.get("require-trusted-types-for") == "'script'",
        "nosniff": said.get("x-content-type-options") == "nosniff",
        "referrer": said.get("referrer-policy") == "same-origin",
        "opener": said.get("cross-origin-opener-policy") == "same-origin",
        "resource": said.get("cross-origin-resource-policy") == "same-origin",
        "permissions": "microphone=()" in said.get("permissions-policy", ""),
    }
    if said.get("content-type", "").startswith("text/html"):
        mark = f' nonce="{nonce[1]}" src="/static/' if nonce else "none"
        checks["nonce"] = rules["script-src"] == (f"'nonce-{nonce[1]}'" if nonce else "'self'")
        checks["scripts"] = all(tag == mark for tag in SCRIPTS.findall(answer.text))
        checks["inline"] = not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
        checks["cache"] = not nonce or "private" in said.get("cache-control", "")
    return [name for name, kept in checks.items() if not kept]


SCRIPTS = re.compile(r'<script((?: nonce="[^"]*")?(?: src="/static/)?)')


async def test_a_nonce_is_drawn_for_each_answer(site):
    first, second = await site.open("/"), await site.open("/")
    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]


def test_every_htmx_attribute_of_the_templates_is_marked():
    unmarked = []
    for path in sorted((WEB / "templates").rglob("*.html")):
        marked = HTMX_TAG.sub(r"\1MARKED ", path.read_text("utf-8"))
        tags = [line for line in re.split(r"<(?=[a-z])", marked) if re.search(r"\shx-[a-z]", line)]
        unmarked += [f"{path.name}: <{tag[:60]}" for tag in tags if "MARKED" not in tag]
    assert not unmarked, "\n".join(unmarked)


async def test_only_a_site_with_https_promises_it(site, settings, database_url):
    assert "strict-transport-security" not in (await site.open("/health/live")).headers
    secure = create_app(replace(settings, base_url="https://niangjia.example"), database_url)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=secure), base_url=secure.state.settings.base_url
    ) as client:
        answer = await client.get("/health/live")
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


async def test_an_answer_is_for_this_sites_name_only(site):
    for host in ("evil.example", "localhost.evil.example", "", "localhost@evil.example", "[::1", "evil.example:8000"):
        answer = await site.open("/", headers={"Host": host})
        assert answer.status_code == 421, host
        assert "http://localhost:8000" in answer.text
    for host in ("localhost:8000", "127.0.0.1:8000", "192.168.1.20:8000", "[::1]:8000"):
        assert (await site.open("/", headers={"Host": host})).status_code == 200, host


async def test_machines_ask_for_health_by_address(site):
    assert (await site.open("/health/live", headers={"Host": "10.0.0.7:8000"})).status_code == 200
