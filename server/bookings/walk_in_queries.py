"""Reads of the queue: who waits, who is called, what is offered today, how long a visit takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.bookings import walk_in_rules as rules
from server.bookings.models import Eligibility, QueueStatus, ServiceKind
from server.bookings.openings import read_opening
from server.bookings.schemas import as_struct
from server.bookings.slots import OPENED, OPENING
from server.bookings.walk_in_rules import Waiting
from server.db import sql
from server.db.together import at_once
from server.errors import NotFound
from server.kit import clock
from server.kit.crypto import vault
from server.people.actors import Actor

NAME = "walk-in-name"
MEASURED_DAYS, MEASURED_MOST, MEASURED_LEAST = 14, 50, 3
QUEUE_MOST = 3000
# A called booking lives by its booking: whoever served it on the sheet has served it here.
LINES = """
SELECT w.id, w.booking_id, w.offering_id, w.service, w.letter || w.number AS label, w.status,
  w.came_at, NULL::timestamptz AS due_at, w.absent, w.ahead, w.counter, w.called_at, w.said_at, w.finished_at,
  w.changed_at, w.changed_by, w.name_sealed
FROM walk_in w WHERE w.station_id = $1 AND w.day = $2 AND w.booking_id IS NULL
UNION ALL
SELECT coalesce(w.id, b.id), b.id, b.offering_id, b.service, right(b.code, 3),
  CASE WHEN b.status = 'served' THEN 'served' WHEN b.status <> 'arrived' THEN 'left'
    WHEN w.status = 'served' THEN 'called' ELSE coalesce(w.status, 'waiting') END,
  coalesce(w.came_at, b.changed_at), b.starts_at, coalesce(w.absent, 0), coalesce(w.ahead, false),
  coalesce(w.counter, ''), w.called_at, w.said_at, w.finished_at, coalesce(w.changed_at, b.changed_at), w.changed_by,
  NULL::bytea
FROM booking b LEFT JOIN walk_in w ON w.booking_id = b.id
WHERE b.station_id = $1 AND b.starts_at >= $3 AND b.starts_at < $4 AND (b.status = 'arrived' OR w.id IS NOT NULL)
ORDER BY came_at, id LIMIT $5
"""
OFFERED = f"""
SELECT o.id, o.service, o.minutes, o.eligibility, o.station_id, st.region_code,
  o.active AND st.retired_at IS NULL AND coalesce(p.active, true) AS active, st.name AS station_name, {OPENING},
  (SELECT json_build_object('n', count(*), 'median', percentile_cont(0.5) WITHIN GROUP (ORDER BY m.seconds)) FROM (
    SELECT extract(epoch FROM w.finished_at - w.called_at)::float8 AS seconds FROM walk_in w
    WHERE w.offering_id = o.id AND w.status = 'served' AND w.finished_at > $3
    ORDER BY w.finished_at DESC LIMIT $4) m) AS measured
{OPENED} WHERE o.station_id = $1 ORDER BY o.service, o.id
"""


class Offered(msgspec.Struct, frozen=True):
    """An offering as the queue needs it: today's hours, and how long a visit takes."""

    id: UUID
    service: ServiceKind
    minutes: int
    eligibility: Eligibility
    station_id: UUID
    active: bool
    region_code: int
    station_name: str
    station_ranges: list[list[int]]
    ranges: list[list[int]]
    median: timedelta

    @property
    def letter(self) -> str:
        return rules.LETTERS[self.service]

    def takes_numbers(self, now: datetime) -> bool:
        return self.active and rules.takes_numbers(self.station_ranges, self.ranges, now)


class Line(msgspec.Struct, frozen=True):
    """One place in today's queue; `label` is what is called out: A012, or the end of a booking's code."""

    id: UUID
    booking_id: UUID | None
    offering_id: UUID
    service: ServiceKind
    label: str
    status: QueueStatus
    came_at: datetime
    due_at: datetime | None
    absent: int
    ahead: bool
    counter: str
    called_at: datetime | None
    said_at: datetime | None
    finished_at: datetime | None
    changed_at: datetime
    changed_by: UUID | None
    name: str

    @property
    def waiting(self) -> Waiting:
        return Waiting(self.id, self.came_at, self.due_at)

    @property
    def said_key(self) -> str:
        """Another one for each time that the number is called out."""
        return f"{self.id}-{self.said_at.timestamp()}" if self.said_at else ""


@dataclass(frozen=True)
class Queue:
    """The queue of one offering now, in the order in which it would be called."""

    offered: Offered
    waiting: list[Line]
    called: list[Line]
    waits: dict[UUID, timedelta]
    counters: int

    def wait_of_next(self) -> timedelta:
        """For somebody who takes a number now."""
        return rules.estimate(
            len(self.waiting), median=self.offered.median, counters=self.counters, in_service=len(self.called)
        )


@dataclass(frozen=True)
class Day:
    """A station's queue today."""

    station_id: UUID
    station_name: str
    region_code: int
    queues: list[Queue]
    lines: list[Line]

    def last_called(self, most: int) -> list[Line]:
        """Who was called out last, at a counter or done with by now."""
        called = [ln for ln in self.lines if ln.said_at and ln.status in (QueueStatus.CALLED, QueueStatus.SERVED)]
        return sorted(called, key=lambda ln: ln.said_at or ln.came_at, reverse=True)[:most]

    def of(self, line_id: UUID) -> tuple[Line, Queue | None]:
        """A place and its offering's queue. Raises NotFound."""
        line = next((ln for ln in self.lines if ln.id == line_id), None)
        if line is None:
            raise NotFound
        return line, next((q for q in self.queues if q.offered.id == line.offering_id), None)

    def undoable(self, actor: Actor, window: timedelta) -> Line | None:
        """The last step of this member of staff, where it may still be taken back."""
        since = clock.now() - window
        own = [ln for ln in self.lines if ln.changed_by == actor.id and ln.changed_at > since and ln.called_at]
        return max(own, key=lambda ln: ln.changed_at, default=None)


async def offered_at(station_id: UUID) -> list[Offered]:
    """What a station offers, whether today or not."""
    found = await sql.rows(
        OFFERED, station_id, clock.today(), clock.now() - timedelta(days=MEASURED_DAYS), MEASURED_MOST
    )
    return [_offered(row) for row in found]


def _offered(row: Any) -> Offered:
    measured = msgspec.json.decode(row["measured"])
    enough = measured["n"] >= MEASURED_LEAST
    median = timedelta(seconds=measured["median"]) if enough else timedelta(minutes=row["minutes"])
    opening, today = read_opening(row), clock.today()
    ranges = {"station_ranges": opening.at_station(today), "ranges": opening.ranges(today)}
    offered: Offered = as_struct(Offered, row, median=median, **ranges)
    return offered


async def lines_of(station_id: UUID) -> list[Line]:
    """Every place in today's queue."""
    today = clock.today()
    found = await sql.rows(LINES, station_id, today, clock.at(today, 0), clock.at(today, 1440), QUEUE_MOST)
    return [as_struct(Line, row, name=open_name(row["name_sealed"])) for row in found]


def open_name(sealed: bytes | None) -> str:
    """What somebody is called, where staff wrote it down."""
    return vault().open(sealed, NAME) if sealed else ""


async def day_of(station_id: UUID) -> Day:
    """A station's queue today: what is offered, who waits in which order, who is called. Raises NotFound."""
    station, offered, lines = await at_once(
        sql.row("SELECT name, region_code FROM station WHERE id = $1", station_id),
        offered_at(station_id),
        lines_of(station_id),
    )
    if station is None:
        raise NotFound
    now = clock.now()
    queues = [queue_of(one, lines, now) for one in offered]
    shown = [q for q in queues if q.waiting or q.called or q.offered.takes_numbers(now)]
    return Day(station_id, station["name"], station["region_code"], shown, lines)


def queue_of(offered: Offered, lines: list[Line], now: datetime) -> Queue:
    """One offering's queue out of the day's lines."""
    here = {ln.id: ln for ln in lines if ln.offering_id == offered.id}
    called = [ln for ln in here.values() if ln.status is QueueStatus.CALLED]
    counters = len({ln.counter for ln in here.values() if ln.called_at and ln.called_at > now - rules.COUNTER_OPEN})
    pace = offered.median / max(counters, 1)
    waiting = (ln.waiting for ln in here.values() if ln.status is QueueStatus.WAITING)
    order = rules.in_order(waiting, now, passing_calls(here.values()), pace)
    waits = {
        one.id: rules.estimate(n, median=offered.median, counters=counters, in_service=len(called))
        for n, one in enumerate(order)
    }
    called.sort(key=lambda ln: ln.called_at or now, reverse=True)
    return Queue(offered, [here[one.id] for one in order], called, waits, counters)


def passing_calls(lines: Any) -> list[datetime]:
    """When punctual bookings were called, since somebody else was."""
    calls = [(ln.called_at, ln.ahead) for ln in lines if ln.called_at]
    since = max((at for at, ahead in calls if not ahead), default=None)
    return [at for at, ahead in calls if ahead and (since is None or at > since)]


async def station_of(secret: str) -> tuple[UUID, UUID, date]:
    """Which station, which place in its queue, and of which day a number's address means. Raises NotFound."""
    found = await sql.row("SELECT station_id, id, day FROM walk_in WHERE secret = $1", secret)
    if found is None:
        raise NotFound
    return found["station_id"], found["id"], found["day"]


async def own_open(person_id: UUID) -> list[Any]:
    """A worker's numbers of today that are still open, for the list of tickets."""
    return await sql.rows(
        """SELECT w.secret, w.letter || w.number AS label, w.service, st.name AS station_name
        FROM walk_in w JOIN station st ON st.id = w.station_id
        WHERE w.person_id = $1 AND w.day = $2 AND w.status IN ('waiting', 'called') ORDER BY w.taken_at""",
        person_id,
        clock.today(),
    )


async def changed_since(station_id: UUID, seen: datetime) -> bool:
    """Whether today's queue has changed after this instant."""
    today = clock.today()
    found: bool = await sql.value(
        """SELECT EXISTS (SELECT FROM walk_in WHERE station_id = $1 AND day = $2 AND changed_at > $5)
        OR EXISTS (SELECT FROM booking
          WHERE station_id = $1 AND starts_at >= $3 AND starts_at < $4 AND changed_at > $5)""",
        station_id,
        today,
        clock.at(today, 0),
        clock.at(today, 1440),
        seen,
    )
    return found
