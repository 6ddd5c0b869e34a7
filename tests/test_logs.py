"""Logs are JSON lines that never quote a row."""

import json
import subprocess
import sys

from server.config import ROOT

SCRIPT = """
import logging, structlog
from server.kit.context import request_id
from server.logs import log_as_json
log_as_json("INFO")
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


def test_lines():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, check=True, text=True)
    one, two, three = (json.loads(line) for line in done.stderr.splitlines())
    assert (one["event"], one["level"], one["name"]) == ("one", "info", "南宁")
    assert (two["event"], two["level"]) == ("two 2", "warning")
    assert {one["request_id"], two["request_id"], three["request_id"]} == {"0123456789"}
    assert "RuntimeError: duplicate key\nHINT: none" in three["exception"]
    assert "13800138000" not in done.stderr
    assert done.stdout == ""
