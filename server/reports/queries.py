"""What other rooms and the door may ask: what is out of order at a station."""

from __future__ import annotations

from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.reports.models import FaultState, Thing
from server.reports.rules import TOLD_FOR

# Of each thing the latest word counts. What nobody of the station has looked at yet is not told.
BROKEN = """
SELECT thing, state, reason FROM (
  SELECT DISTINCT ON (thing) thing, state, reason FROM fault
  WHERE station_id = $1 AND thing <> 'other' AND (state = 'in_progress' OR closed_at > $2)
  ORDER BY thing, state = 'in_progress' DESC, closed_at DESC) latest
WHERE state <> 'fixed' ORDER BY state DESC, thing
"""


class Broken(msgspec.Struct, frozen=True):
    """A thing that does not work: it is being repaired, or cannot be, for a reason."""

    thing: Thing
    state: FaultState
    reason: str


async def broken_at(station_id: UUID) -> list[Broken]:
    """What staff of a station say is out of order there."""
    found = await sql.rows(BROKEN, station_id, clock.now() - TOLD_FOR)
    return [Broken(Thing(row["thing"]), FaultState(row["state"]), row["reason"]) for row in found]
