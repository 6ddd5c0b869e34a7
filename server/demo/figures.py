"""What the demo's stations came to in the last weeks: sums without bookings, drawn by the digits of their ids."""

from __future__ import annotations

from datetime import date, timedelta

from server.db import sql
from server.figures.rolling import roll_up_again
from server.kit import clock

WEEKS = 7
# More on Sundays and after payday, and less where few places are; some stay away, some come without booking.
DAYS = """
WITH each AS (
  SELECT o.station_id, o.region_code, o.service, d.day::date AS day, o.minutes, least(6 * o.capacity, 24) AS offered,
    abs(hashtext(o.id::text || d.day::text)) % 100 AS luck,
    0.45 + 0.25 * (extract(isodow FROM d.day) = 7)::int + 0.1 * (extract(day FROM d.day) BETWEEN 10 AND 16)::int AS rush
  FROM offering o JOIN station st ON st.id = o.station_id
  CROSS JOIN generate_series($1::date, $2::date, interval '1 day') d (day)
  WHERE st.demo AND o.active AND st.season_from IS NULL
), taken AS (SELECT *, least(offered, floor(offered * (rush + luck / 400.0)))::int AS taken FROM each),
missed AS (SELECT *, (taken * (luck % 9) / 100.0)::int AS no_show, taken / 3 + luck % 3 AS numbers FROM taken)
INSERT INTO day_figure (station_id, region_code, day, service, offered, taken, served, no_show, cancelled,
  walk_in_taken, walk_in_served, walk_in_gone, waited_seconds, waits, visit_seconds, visits, stay_seconds, stays)
SELECT station_id, region_code, day, service, offered, taken, taken - no_show, no_show, luck % 4, numbers,
  numbers - numbers / 8, numbers / 8, people * (240 + 9 * luck), people, people * minutes * 48, people,
  people * (240 + 9 * luck + minutes * 48), people
FROM missed CROSS JOIN LATERAL (SELECT taken - no_show + numbers - numbers / 8 AS people) p
ON CONFLICT DO NOTHING
"""


async def add_past_figures() -> None:
    """The weeks before today, where there are none yet."""
    if await sql.value("SELECT EXISTS (SELECT FROM day_figure)"):
        return
    since, until = _weeks()
    await sql.run(DAYS, since, until)
    await roll_up_again(since, until, lambda _said: None)


def _weeks() -> tuple[date, date]:
    return clock.today() - timedelta(weeks=WEEKS), clock.today() - timedelta(days=1)
