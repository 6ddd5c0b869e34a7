"""Logs are JSON lines that never quote a row; text where somebody tries the demo at a terminal."""

import json
import os
import pty
import subprocess
import sys

import pytest

from server.config import ROOT

SCRIPT = """
import logging, structlog
from server.config import read_settings
from server.kit.context import request_id
from server.logs import start_logs
start_logs(read_settings())
request_id.set("0123456789")
log = structlog.get_logger()
log.info("one", name="南宁")
log.debug("too quiet")
logging.getLogger("some.library").warning("two %s", 2)
logging.getLogger("httpx").info("GET /?phone=13800138000")
try:
    raise RuntimeError('duplicate key\\nDETAIL: Key (phone)=(13800138000) already exists.\\nHINT: none')
except RuntimeError:
    log.exception("three")
"""


@pytest.fixture
def log(tmp_path):
    """Run the script and give what it wrote to one standard error or another."""
    env = os.environ | {"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}

    def run(**options):
        return subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, check=True, **options)

    return run


def test_a_line_is_a_json_object(log):
    done = log(capture_output=True)
    one, two, three = (json.loads(line) for line in done.stderr.splitlines())
    assert (one["event"], one["level"], one["name"]) == ("one", "info", "南宁")
    assert (two["event"], two["level"]) == ("two 2", "warning")
    assert {one["request_id"], two["request_id"], three["request_id"]} == {"0123456789"}
    assert "RuntimeError: duplicate key\nHINT: none" in three["exception"]
    assert b"13800138000" not in done.stderr
    assert done.stdout == b""


def test_a_terminal_shows_text(log):
    reader, writer = pty.openpty()
    log(stderr=writer)
    os.close(writer)
    shown = os.read(reader, 10_000).decode()
    os.close(reader)
    assert "南宁" in shown
    assert "{" not in shown
    assert "13800138000" not in shown
