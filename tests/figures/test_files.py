"""Figures as files: what is left on disk when one cannot be finished."""

import asyncio
import tempfile
from datetime import date

import pytest
from openpyxl import load_workbook

from server.bookings.models import ServiceKind
from server.figures.files import BATCH, xlsx_file
from server.figures.queries import Line
from server.figures.sums import Sums

LINE = Line(date(2026, 11, 24), 450103, "凤岭驿站", ServiceKind.HAIRCUT, Sums(served=2))


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """Where files of a moment are kept."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def lines(count, failing=None):
    for _ in range(count):
        yield LINE
    if failing:
        raise failing


async def test_a_finished_one_leaves_nothing_but_itself(disk):
    with await xlsx_file(lines(BATCH + 1)) as file:
        assert load_workbook(file).active.max_row == BATCH + 2
        assert list(disk.iterdir()) == []


@pytest.mark.parametrize("failing", [ConnectionError("away"), asyncio.CancelledError()])
@pytest.mark.parametrize("count", [0, BATCH, BATCH + 7])
async def test_one_that_fails_midway_leaves_nothing(disk, count, failing):
    with pytest.raises(type(failing)):
        await xlsx_file(lines(count, failing))
    assert list(disk.iterdir()) == []
