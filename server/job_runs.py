"""When each recurring job last succeeded and how long it takes: kept in the database, for workers on all machines."""

from __future__ import annotations

from server.db import sql
from server.kit import clock

NOTE = """INSERT INTO job_run AS known (name, runs, seconds, last_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (name) DO UPDATE SET runs = known.runs + 1, seconds = known.seconds + excluded.seconds,
  last_at = greatest(known.last_at, excluded.last_at)"""


async def note(name: str, seconds: float) -> None:
    """A job succeeded just now."""
    await sql.run(NOTE, name, seconds, clock.now())


async def known() -> list[sql.Record]:
    """Every job that ever succeeded: name, runs, seconds (of all runs) and last_at."""
    return await sql.rows("SELECT name, runs, seconds, last_at FROM job_run ORDER BY name")
