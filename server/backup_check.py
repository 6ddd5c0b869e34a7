"""Whether a restored database is whole: every migration, no fewer rows than before, nothing against the rules,
sealed values that open with today's keys, and an audit chain without a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag

from server.audit import chain
from server.audit.errors import ChainBroken
from server.db import health, sql
from server.db.rotation import SealedColumn, newest
from server.keys import SEALED
from server.kit.crypto import UnknownKey, vault

# What only ever grows: a restored database holds at least what was there when its base backup began.
COUNTED = {
    "booking": "SELECT count(*) FROM booking",
    "booking_event": "SELECT count(*) FROM booking_event",
    "person": "SELECT count(*) FROM person",
    "member": "SELECT count(*) FROM member",
    "station": "SELECT count(*) FROM station",
}
RULES = {
    "slots whose places are not those of their bookings": """SELECT count(*) FROM slot s WHERE s.taken <>
      (SELECT count(*) FROM booking b WHERE b.slot_id = s.id
        AND b.status IN ('requested', 'confirmed', 'arrived', 'served', 'no_show'))
      + (SELECT count(*) FROM wait_entry w WHERE w.held_slot_id = s.id AND w.state = 'offered')""",
    "slots that are oversold": "SELECT count(*) FROM slot WHERE taken > capacity",
    "bookings without a history": """SELECT count(*) FROM booking b
      WHERE NOT EXISTS (SELECT FROM booking_event e WHERE e.booking_id = b.id)""",
    "bookings whose last step is another than their status": """SELECT count(*) FROM booking b WHERE b.status <>
      (SELECT e.to_status FROM booking_event e WHERE e.booking_id = b.id ORDER BY e.at DESC, e.id DESC LIMIT 1)""",
    "constraints that were never proved": "SELECT count(*) FROM pg_constraint WHERE NOT convalidated",
}
SAMPLE, WHOLE_FILES = 500, 10  # of each kind of sealed value, the newest


async def what_is_wrong(before: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """What is wrong, and what was looked at, a line each. `before` are COUNTED as the base backup began."""
    if not await health.is_current():
        return ["the backup lacks migrations of this release: restore it, then run `niangjia migrate`"], []
    wrong, seen = [], []
    for table, statement in COUNTED.items():
        count = await sql.value(statement)
        seen.append(f"{table}: {count} rows")
        if count < before.get(table, 0):
            wrong.append(f"{table}: {count} rows, and {before[table]} when the backup began")
    for what, statement in RULES.items():
        if count := await sql.value(statement):
            wrong.append(f"{count} {what}")
    for column in SEALED:
        opened, sealed = await _open(column)
        seen.append(f"{column}: {opened} of the newest {sealed} values opened")
        if opened < sealed:
            wrong.append(f"{column}: {sealed - opened} of the newest {sealed} values do not open with the keys given")
    try:
        audit = await chain.verify()
        seen.append(f"audit: {audit.links} entries verified, head {audit.head}")
    except ChainBroken as error:
        wrong.append(f"audit: {error}")
    return wrong, seen


async def _open(column: SealedColumn) -> tuple[int, int]:
    """How many of the newest values open, and of how many."""
    values = await newest(column, SAMPLE if column.batch > 1 else WHOLE_FILES)
    return await asyncio.to_thread(_count, column, values), len(values)


def _count(column: SealedColumn, values: list[sql.Record]) -> int:
    opened = 0
    for row in values:
        try:
            vault().open(row["sealed"], column.purpose)
        except (UnknownKey, InvalidTag):
            continue
        opened += 1
    return opened
