"""SSRF: nothing that somebody types makes the house ask an address; only two files ask at all, and both know whom."""

from __future__ import annotations

import ast
import socket
from pathlib import Path

import pytest

from server.config import WEB
from server.edge.access import handlers_of
from tests.fixtures.world import make_world
from tests.security.test_forms import fields_of, made_for, seat_of
from tests.test_scopes import filled

SERVER = WEB.parent / "server"
ASKING = {"httpx", "requests", "aiohttp", "urllib.request", "http.client", "ftplib", "smtplib", "telnetlib", "socket"}
# The carrier of SMS, at one fixed address; `niangjia run`, its own processes; whether a port is free.
MAY_ASK = {"notices/aliyun.py", "run.py", "process.py"}


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def test_only_these_files_ask_other_machines():
    asking = {p.relative_to(SERVER).as_posix() for p in SERVER.rglob("*.py") if imports_of(p) & ASKING}
    assert asking == MAY_ASK


@pytest.fixture
def trap():
    """An address of this machine that somebody would be led to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


async def test_no_address_that_is_typed_is_asked(app, browser_of, trap):
    world = await make_world(browser_of)
    url = f"http://127.0.0.1:{trap.getsockname()[1]}/latest/meta-data"
    tried = 0
    for path, method, handler in handlers_of(app.routes):
        if method not in ("GET", "POST") or path.endswith("/live"):
            continue
        route, names = f"{method} {path}", fields_of(handler.fn.__module__)
        seat = seat_of(route, handler, 0)
        site, address = world.callers[seat], filled(path, await made_for(world, route))
        values = dict.fromkeys(names, url)
        if method == "GET":
            await site.open(address, params=values, headers={"Referer": url, "X-Forwarded-Host": url})
        else:
            await site.submit(address, values)
        if seat != "visitor":
            await world.seat(seat, world.actors[seat], browser_of)
        tried += 1
    assert tried > 150
    with pytest.raises(BlockingIOError):
        trap.accept()
