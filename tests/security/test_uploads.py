"""Uploads and downloads: no name of a file is a path, and no file unpacks to more than we hold."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from server.config import WEB
from server.people.models import Role
from server.stations.errors import FileTooLarge, FileUnreadable
from server.stations.import_cells import headers_of
from server.stations.import_columns import COLUMNS
from server.stations.import_files import MOST_ENTRIES, read_lines
from tests.stations.test_importing import GOOD, as_csv

PATHS = [
    "../../../etc/passwd",
    "..\\..\\server\\app.py",
    "/etc/passwd",
    "a\0.csv",
    "名单\u202egnp.csv",
    "x" * 300,
    "CON",
]
OUTSIDE = [
    "../config.py",
    "%2e%2e/%2e%2e/server/config.py",
    "..%2f..%2fpyproject.toml",
    "%2e%2e%5c%2e%2e%5cpyproject.toml",
    "css/..%2f..%2ftemplates/base.html",
    "/etc/passwd",
    "..;/pyproject.toml",
    "%00",
]
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("name", PATHS)
async def test_a_files_name_is_no_path(site, make_staff_session, name):
    site.use_session(await make_staff_session(Role.OFFICER, region_code=450000))
    before = all_files()
    answer = await site.submit("/officer/stations/import", files={"file": (name, as_csv(GOOD), "text/csv")})
    assert answer.status_code in (303, 422)
    assert all_files() == before
    if answer.status_code == 303:
        page = await site.open(answer.headers["location"])
        assert page.status_code == 200
        assert "root:" not in page.text


def all_files() -> set[Path]:
    """Everything that lies where a name could lead: beside the code, and where processes write."""
    return {path for path in (WEB.parent / "server").rglob("*") if "__pycache__" not in path.parts} | set(
        WEB.rglob("*")
    )


@pytest.mark.parametrize("path", OUTSIDE)
async def test_no_file_outside_is_served(site, path):
    for prefix in ("/static/", "/static/css/", "/"):
        answer = await site.open(f"{prefix}{path}")
        assert answer.status_code == 404, prefix + path
        assert "import" not in answer.text.partition("<body")[0]
        assert "root:" not in answer.text


def packed(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in entries.items():
            book.writestr(name, content)
    return out.getvalue()


def with_lie(content: bytes, size: int) -> bytes:
    """The same file, whose directory says that it unpacks to next to nothing."""
    at = content.index(b"PK\x01\x02") + 24
    return content[:at] + size.to_bytes(4, "little") + content[at + 4 :]


@pytest.mark.parametrize(
    "content",
    [
        packed(**{SHEET: bytes(720_000_000)}),
        with_lie(packed(**{SHEET: bytes(720_000_000)}), 10),
        packed(**{f"xl/{number}.xml": b"x" for number in range(MOST_ENTRIES + 1)}),
        packed(**{SHEET: b'<sheetData><row r="99999999"><c r="ZZZ99999999"/></row></sheetData>'}),
    ],
    ids=["bomb", "bomb that lies", "many files", "far cell"],
)
def test_a_spreadsheet_that_unpacks_to_more_is_refused(content):
    assert len(content) < 2_000_000
    with pytest.raises((FileTooLarge, FileUnreadable)) as refused:
        list(read_lines(content, headers=headers_of(COLUMNS), required=()))
    assert refused.type is FileTooLarge
