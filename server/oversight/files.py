"""The audit as CSV, line by line, in Chinese; no cell is run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

from server.kit import clock
from server.oversight.queries import Asked, Entry, whole_log
from server.oversight.words import ACTIONS, ACTORS, SUBJECTS
from server.people.actors import Actor
from server.stations.import_cells import guarded

BOM = "\ufeff"  # without it, spreadsheets guess the encoding, and guess wrong
TITLES = ("时间", "谁", "谁的编号", "做了什么", "对什么", "对象名称", "对象编号", "在哪里", "备注", "记录编号")


async def lines(actor: Actor, asked: Asked) -> AsyncIterator[bytes]:
    """All that was asked for, the newest first."""
    yield BOM.encode() + _line(TITLES)
    async for batch in whole_log(actor, asked):
        yield b"".join(_line(_cells(entry)) for entry in batch)


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        clock.local(entry.at).strftime("%Y-%m-%d %H:%M:%S"),
        entry.actor_name or ACTORS.get(entry.actor_kind, entry.actor_kind),
        str(entry.actor_id or ""),
        ACTIONS.get(entry.action, entry.action),
        SUBJECTS.get(entry.subject_kind, entry.subject_kind),
        entry.subject_name,
        entry.subject_id,
        entry.place,
        entry.reason,
        str(entry.id),
    )


def _line(cells: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([guarded(cell) for cell in cells])
    return out.getvalue().encode()
