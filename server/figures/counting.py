"""Figures counted from what happened: bookings with their slots, and the queue. The one truth that roll-ups copy.

Bookings count on the day of their time, where they are now: one that was moved counts at its new place alone. A slot
that was closed offered no more than was taken in it. Whoever has a booking waits from its time on, or from checking in
where that was later; whoever has a number, from taking it. A stay of many hours is a step that staff forgot to tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from server.db import sql
from server.figures.sums import NAMES

CHINA = "'Asia/Shanghai'"
ZERO = "interval '0'"
LONGEST_STAY = "interval '6 hours'"
LOCAL_DAY = f"(starts_at AT TIME ZONE {CHINA})::date"
# Of the stations $1 from the day $2 to the day $3, both included.
IN_SPAN = f"""station_id = ANY($1) AND starts_at >= $2::date::timestamp AT TIME ZONE {CHINA}
  AND starts_at < ($3::date + 1)::timestamp AT TIME ZONE {CHINA}"""
PLACES = f"""
SELECT s.station_id, o.service, s.day, sum(s.places) AS offered
FROM (SELECT station_id, offering_id, {LOCAL_DAY} AS day, CASE WHEN closed THEN taken ELSE capacity END AS places
  FROM slot WHERE {IN_SPAN}) s JOIN offering o ON o.id = s.offering_id AND o.station_id = ANY($1)
GROUP BY s.station_id, o.service, s.day
"""
BOOKED = f"""
SELECT b.station_id, b.service, b.day,
  count(*) FILTER (WHERE b.status NOT IN ('declined', 'cancelled', 'expired')) AS taken,
  count(*) FILTER (WHERE b.status = 'served') AS served, count(*) FILTER (WHERE b.status = 'no_show') AS no_show,
  count(*) FILTER (WHERE b.status = 'cancelled') AS cancelled,
  count(*) FILTER (WHERE b.status = 'declined') AS declined, count(*) FILTER (WHERE b.status = 'expired') AS expired,
  sum(b.wait) AS wait, count(b.wait) AS waits, sum(b.visit) AS visit, count(b.visit) AS visits,
  sum(b.stay) FILTER (WHERE b.stay < {LONGEST_STAY}) AS stay,
  count(*) FILTER (WHERE b.stay < {LONGEST_STAY}) AS stays
FROM (SELECT k.station_id, k.service, {LOCAL_DAY} AS day, k.status,
    CASE WHEN k.status = 'served' THEN greatest(w.called_at - greatest(w.taken_at, k.starts_at), {ZERO}) END AS wait,
    CASE WHEN k.status = 'served' THEN greatest(k.changed_at - w.called_at, {ZERO}) END AS visit,
    CASE WHEN k.status = 'served' THEN k.changed_at - (
      SELECT max(e.at) FROM booking_event e WHERE e.booking_id = k.id AND e.to_status = 'arrived') END AS stay
  FROM (SELECT * FROM booking WHERE {IN_SPAN}) k LEFT JOIN walk_in w ON w.booking_id = k.id) b
GROUP BY b.station_id, b.service, b.day
"""
# Numbers that are deleted are counted in the sums of their letter.
NUMBERS = """
SELECT station_id, service, day, sum(taken) AS taken, sum(served) AS served, sum(gone) AS gone, sum(wait) AS wait,
  sum(visit) AS visit
FROM (
  SELECT station_id, service, day, taken, served, gone, waited_seconds * interval '1 second' AS wait,
    served_seconds * interval '1 second' AS visit
  FROM walk_in_day WHERE station_id = ANY($1) AND day BETWEEN $2 AND $3
  UNION ALL
  SELECT station_id, service, day, 0, (status = 'served')::int, (status = 'left')::int,
    CASE WHEN status = 'served' THEN called_at - taken_at END,
    CASE WHEN status = 'served' THEN finished_at - called_at END
  FROM walk_in WHERE station_id = ANY($1) AND day BETWEEN $2 AND $3 AND booking_id IS NULL
) n GROUP BY station_id, service, day
"""


def _seconds(*intervals: str) -> str:
    return " + ".join(f"coalesce(extract(epoch FROM {one}), 0)" for one in intervals)


WAITED, VISITED = _seconds("b.wait", "n.wait"), _seconds("b.visit", "n.visit")
STAYED = _seconds("b.stay", "n.wait", "n.visit")
SERVED_NUMBERS = "coalesce(n.served, 0)"
COUNTED = f"""
SELECT station_id, service, day, coalesce(p.offered, 0)::int AS offered, coalesce(b.taken, 0)::int AS taken,
  coalesce(b.served, 0)::int AS served, coalesce(b.no_show, 0)::int AS no_show,
  coalesce(b.cancelled, 0)::int AS cancelled, coalesce(b.declined, 0)::int AS declined,
  coalesce(b.expired, 0)::int AS expired, coalesce(n.taken, 0)::int AS walk_in_taken,
  {SERVED_NUMBERS}::int AS walk_in_served, coalesce(n.gone, 0)::int AS walk_in_gone,
  ({WAITED})::bigint AS waited_seconds, (coalesce(b.waits, 0) + {SERVED_NUMBERS})::int AS waits,
  ({VISITED})::bigint AS visit_seconds, (coalesce(b.visits, 0) + {SERVED_NUMBERS})::int AS visits,
  ({STAYED})::bigint AS stay_seconds, (coalesce(b.stays, 0) + {SERVED_NUMBERS})::int AS stays
FROM ({PLACES}) p FULL JOIN ({BOOKED}) b USING (station_id, service, day)
FULL JOIN ({NUMBERS}) n USING (station_id, service, day)
"""
COLUMNS = ", ".join(NAMES)


async def count(station_ids: Sequence[UUID], since: date, until: date) -> list[sql.Record]:
    """By station, service and day; a day that is not over yet counts as it stands."""
    return await sql.rows(COUNTED, list(station_ids), since, until)
