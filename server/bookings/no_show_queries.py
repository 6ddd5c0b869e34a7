"""Reads about missed bookings: who has one open booking at a time, since when, until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from server.bookings.no_show_rules import Policy, limited_until
from server.bookings.queries import DESK_LINE, TODAY, desk_line
from server.bookings.schemas import DeskLine, as_struct
from server.db import sql
from server.kit import clock

# `no_show_rules.limited_until` as a condition: missed booking m counts under policy np at $2, unless pardoned since.
COUNTS = f"""
m.status = 'no_show' AND m.station_id = np.station_id
AND m.starts_at >= ({TODAY} - np.days + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
AND m.starts_at > coalesce((SELECT a.at FROM no_show_pardon a
  WHERE a.person_id = m.person_id AND a.station_id = m.station_id), '-infinity')
"""
B_COUNTS = COUNTS.replace("m.", "b.")
# Whether anybody is limited at the station of booking b: all that a booking elsewhere pays for.
LIMITS = "EXISTS (SELECT FROM no_show_policy np WHERE np.station_id = b.station_id)"
STANDING = f"""
SELECT np.misses, np.days, open.id AS booking_id, open.starts_at,
  (SELECT coalesce(array_agg(m.starts_at), '{{}}') FROM booking m WHERE m.person_id = $1 AND {COUNTS}) AS missed
FROM no_show_policy np LEFT JOIN LATERAL (
  SELECT b.id, b.starts_at FROM booking b
  WHERE b.person_id = $1 AND b.station_id = np.station_id AND b.status IN ('requested', 'confirmed')
    AND b.ends_at > $2 AND b.id IS DISTINCT FROM $4
  ORDER BY b.starts_at LIMIT 1) open ON true
WHERE np.station_id = $3
"""
MISSED = f"""
SELECT {DESK_LINE} JOIN no_show_policy np ON np.station_id = b.station_id
WHERE b.person_id = $1 AND b.station_id = $3 AND {B_COUNTS} ORDER BY b.starts_at DESC
"""
MISSED_BY = f"""
SELECT m.person_id, count(*)::int AS missed FROM no_show_policy np JOIN booking m ON m.person_id = ANY($1) AND {COUNTS}
WHERE np.station_id = $3 GROUP BY m.person_id, np.misses HAVING count(*) >= np.misses
"""
# As if a policy of $3 within $4 days were set at station $1.
MEETS = f"""
SELECT count(*)::int FROM (SELECT m.person_id FROM (SELECT $1::uuid AS station_id, $4::int AS days) np
  JOIN booking m ON {COUNTS} GROUP BY m.person_id HAVING count(*) >= $3) met
"""


class Standing(msgspec.Struct, frozen=True):
    """Where a worker stands at a station with a policy: what was missed, and one open booking of his, if any."""

    misses: int
    days: int
    missed: list[datetime]
    booking_id: UUID | None
    starts_at: datetime | None

    @property
    def until(self) -> date | None:
        """The date from which on he may book as he likes; None where he may now."""
        return limited_until(Policy(self.misses, self.days), self.missed, clock.now())


async def limit_of(person_id: UUID | None, station_id: UUID, besides: UUID | None = None) -> Standing | None:
    """Where somebody stands who has one open booking at a time here, `besides` aside; None for everybody else."""
    row = person_id and await sql.row(STANDING, person_id, clock.now(), station_id, besides)
    if not row:
        return None
    standing: Standing = as_struct(Standing, row)
    return standing if standing.until else None


async def missed_here(person_id: UUID, station_id: UUID) -> list[DeskLine]:
    """The missed bookings that count for somebody at a station, the latest first."""
    return [desk_line(row) for row in await sql.rows(MISSED, person_id, clock.now(), station_id)]


async def limited_of(station_id: UUID, person_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Those of these people who have one open booking at a time here, with how many they missed."""
    found = await sql.rows(MISSED_BY, list(person_ids), clock.now(), station_id)
    return {row["person_id"]: row["missed"] for row in found}


async def would_meet(station_id: UUID, policy: Policy) -> int:
    """How many people would have one open booking at a time today under such a policy."""
    met: int = await sql.value(MEETS, station_id, clock.now(), policy.misses, policy.days)
    return met
