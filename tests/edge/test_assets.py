"""Static files: named by their content, kept for ever, sent in the best coding that a phone reads."""

from __future__ import annotations

import gzip
import hashlib

import brotli
import pytest

from server.config import WEB
from server.edge.assets import assets

VENDOR = WEB / "static" / "vendor"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", ""),
        ("", ""),
    ],
)
async def test_the_best_coding_is_sent(site, accepted, coding):
    url = assets.url("css/app.css")
    async with site.client.stream("GET", url, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding", "") == coding
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert hashlib.sha256(unpack(raw)).hexdigest()[:10] in url


async def test_pages_are_compressed_as_the_phone_can(site):
    for accepted, coding in (("br", "br"), ("gzip", "gzip")):
        answer = await site.open("/", headers={"Accept-Encoding": accepted})
        assert answer.headers["content-encoding"] == coding
        assert "</html>" in answer.text


async def test_another_content_is_another_name(site):
    assert (await site.open("/static/css/app.css")).status_code == 404
    assert (await site.open("/static/css/app.0000000000.css")).status_code == 404
    assert (await site.open("/static/../../server/config.py")).status_code == 404


def test_what_others_wrote_is_what_they_published():
    stated = dict(line.split()[::-1] for line in (VENDOR / "CHECKSUMS.sha256").read_text().splitlines())
    scripts = sorted(path.name for path in VENDOR.glob("*.js"))
    assert sorted(stated) == scripts
    for name in scripts:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == stated[name]
