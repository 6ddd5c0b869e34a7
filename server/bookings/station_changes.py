"""Slots follow when many stations change their opening at once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from server.bookings.slots import lock_plans, replan
from server.db import sql


async def follow_openings(station_ids: Sequence[UUID]) -> None:
    """Plan the slots of these stations anew, in the caller's transaction; affected people are told."""
    found = await sql.rows(
        "SELECT DISTINCT station_id FROM offering WHERE station_id = ANY($1) ORDER BY station_id", list(station_ids)
    )
    await lock_plans([row["station_id"] for row in found])
    for row in found:
        await replan(row["station_id"])
