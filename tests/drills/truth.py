"""The checker: what clients were told against what is stored."""

from __future__ import annotations

from collections import Counter
from typing import Any

from server.bookings.models import ACTIVE, Status
from server.db import sql
from server.db.lifespan import database
from tests.drills.journal import Journal
from tests.fixtures.bookings_truth import what_is_wrong

MOST_SHOWN, LONGEST = 3, 160


async def lies(database_url: str, journal: Journal) -> list[str]:
    """One line for everything that was acknowledged and is not so, and for everything that must never be stored."""
    async with database(database_url, pool_size=4):
        return [
            *journal.wrong,
            *(await _bookings(journal)),
            *(await _applications(journal)),
            *(await what_is_wrong()),
        ]


async def _bookings(journal: Journal) -> list[str]:
    stored = {
        row["id"]: row for row in await sql.rows("SELECT id, person_id, slot_id, status, request_key FROM booking")
    }
    by_key: Counter[Any] = Counter((row["person_id"], row["request_key"]) for row in stored.values())
    found = [f"key {key} made {count} bookings" for key, count in by_key.items() if count > 1 and key[1]]
    for told in journal.booked.values():
        row = stored.get(told.id)
        if row is None:
            found.append(f"booking {told.id} was acknowledged and is not stored")
        elif (row["person_id"], row["slot_id"]) != (told.person, told.slot):
            found.append(f"booking {told.id} belongs to somebody else, or another slot")
        elif told.id in journal.cancelled and row["status"] != Status.CANCELLED:
            found.append(f"booking {told.id} was cancelled and is {row['status']}")
        elif told.id not in journal.unsure and row["status"] not in ACTIVE and row["status"] != Status.EXPIRED:
            found.append(f"booking {told.id} is {row['status']}, which nobody asked for")
    return found


async def _applications(journal: Journal) -> list[str]:
    rows = await sql.rows(
        "SELECT person_id, count(*) AS number FROM application WHERE person_id = ANY($1) AND submitted_at IS NOT NULL"
        " GROUP BY person_id",
        list(journal.applied),
    )
    stored = {row["person_id"]: row["number"] for row in rows}
    return [
        f"the application of {person} is stored {stored.get(person, 0)} times"
        for person in journal.applied
        if stored.get(person, 0) != 1
    ]


def told(found: list[str]) -> str:
    """In a table's cell."""
    if not found:
        return "nothing lost, nothing twice"
    return f"{len(found)} LIES: " + "; ".join(line[:LONGEST] for line in found[:MOST_SHOWN])
