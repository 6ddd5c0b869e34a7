"""Progress of the drive: how many applied and joined, by union and month, against the target. Numbers, no names.

Everything is read from counts that the database keeps: `union_month` of what happened, `union_size` of who is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.ids import read_code
from server.kit.text import clean, half_width
from server.membership.scope import IN_SCOPE, STANDS, Scope, scope_of
from server.people.actors import Actor
from server.people.models import Role

READERS = (Role.REVIEWER, Role.OFFICER, Role.AUDITOR)
MONTHS = 13  # a year, and the same month of the year before
DECEMBER = 12
LONGEST_CODE = 16
DAY = timedelta(days=1)
# Decisions are counted by the days they took: up to one, to two … and later than the last.
WAIT_DAYS = (1, 2, 3, 5, 7, 14, 30)
WAITS = (*(f"within_{days}" for days in WAIT_DAYS), "later")
STEPS = (
    "applications", "approvals", "returned", "rejected", "joined", "imported", "moved_in", "moved_out", "departed",
)  # fmt: skip
SUMS = ", ".join(f"sum(m.{name}) AS {name}" for name in (*STEPS, *WAITS))
# The unions to show: the chosen one (the scope's only top where none is), those above it and right below it; all tops
# of the scope where it has several.
SHOWN = f"""
WITH highest AS MATERIALIZED (
  SELECT m.id, m.lineage FROM trade_union m
  WHERE $4 = '' AND m.id IN (SELECT unnest($1::uuid[]) UNION ALL
      SELECT t.id FROM unnest($2::int[], $3::int[]) AS span (first, last)
        JOIN trade_union t ON t.region_code BETWEEN first AND last)
    AND NOT EXISTS (SELECT FROM trade_union u WHERE u.id = m.parent_id AND {STANDS})),
top AS (
  SELECT id FROM highest WHERE id NOT IN (
    SELECT h.id FROM highest h CROSS JOIN unnest(trim_array(h.lineage, 1)) AS above (id)
    JOIN trade_union u ON u.id = above.id WHERE {STANDS})),
chosen AS (
  SELECT id, lineage FROM trade_union
  WHERE code = $4 OR id = (SELECT (array_agg(id))[1] FROM top HAVING count(*) = 1)),
shown AS (
  SELECT unnest(lineage) AS id, id AS chosen_id FROM chosen
  UNION SELECT u.id, c.id FROM chosen c JOIN trade_union u ON u.parent_id = c.id
  UNION SELECT id, NULL FROM top WHERE NOT EXISTS (SELECT FROM chosen))
SELECT u.id, u.code, u.name, u.lineage, u.target, u.closed_at IS NULL AS is_open, s.chosen_id
FROM shown s JOIN trade_union u ON u.id = s.id WHERE {STANDS}
ORDER BY cardinality(u.lineage), u.region_code, u.code
"""
# Every union counts for the lowest shown one that it stands below. Of nested targets the highest counts: it holds
# the others.
COUNTED = f"""
WITH below AS MATERIALIZED (
  SELECT u.id, u.target, u.lineage, t.id AS top, t.place FROM trade_union u CROSS JOIN LATERAL (
    SELECT s.id, s.place FROM unnest(u.lineage) WITH ORDINALITY s (id, place)
    WHERE s.id = ANY($4) ORDER BY s.place DESC LIMIT 1) t
  WHERE u.lineage && $4 AND {IN_SCOPE}),
present AS (
  SELECT b.top, sum(s.members) AS members, sum(b.target) FILTER (WHERE b.target > 0 AND NOT EXISTS (
    SELECT FROM trade_union a WHERE a.id = ANY(b.lineage[b.place : cardinality(b.lineage) - 1]) AND a.target > 0)
  ) AS target FROM below b LEFT JOIN union_size s ON s.union_id = b.id GROUP BY b.top),
happened AS (
  SELECT b.top, m.month, {SUMS} FROM below b JOIN union_month m ON m.union_id = b.id WHERE m.month >= $5
  GROUP BY GROUPING SETS ((b.top), (m.month)))
SELECT p.top, p.members, p.target, h.* FROM present p FULL JOIN happened h ON h.top = p.top
"""


class Range(StrEnum):
    """How far back the figures go; always until today."""

    MONTHS = "months"
    YEAR = "year"

    def since(self, today: date) -> date:
        """The first day."""
        if self is Range.YEAR:
            return today.replace(month=1, day=1)
        year, month = divmod(today.year * DECEMBER + today.month - MONTHS, DECEMBER)
        return date(year, month + 1, 1)


class Flow(msgspec.Struct, frozen=True):
    """What happened in a time. `waits` are decisions by the classes of WAIT_DAYS."""

    applications: int = 0
    approvals: int = 0
    returned: int = 0
    rejected: int = 0
    joined: int = 0
    imported: int = 0
    moved_in: int = 0
    moved_out: int = 0
    departed: int = 0
    waits: tuple[int, ...] = (0,) * len(WAITS)

    @property
    def net(self) -> int:
        """By how many the members grew."""
        return self.joined + self.imported + self.moved_in - self.moved_out - self.departed

    @property
    def median_days(self) -> float | None:
        """Days within which half of the decisions were made, about; None where there were none."""
        return median_days(self.waits)


class UnionRef(msgspec.Struct, frozen=True):
    """A union by name, and the code that leads to its figures."""

    code: str
    name: str


class UnionLine(msgspec.Struct, frozen=True):
    """A union with all below it; where it `is_own`, its own members only. `target` is 0 where none was set."""

    union: UnionRef
    target: int
    members: int
    flow: Flow
    is_own: bool = False

    @property
    def percent(self) -> int | None:
        """How much of the target is reached, rounded down: nobody is told of a goal before it is reached."""
        return self.members * 100 // self.target if self.target else None

    @property
    def missing(self) -> int:
        return max(0, self.target - self.members)


class MonthLine(msgspec.Struct, frozen=True):
    """A month, and how many members there were at its end (today, for the month that runs)."""

    month: date
    flow: Flow
    members: int


class Progress(msgspec.Struct, frozen=True):
    """The figures of one union, or of a whole scope (`union` is None then) where that has several tops."""

    union: UnionRef | None
    above: list[UnionRef]
    range: Range
    total: UnionLine
    unions: list[UnionLine]
    months: list[MonthLine]


async def progress(actor: Actor, *, union_code: str = "", reach: Range = Range.MONTHS) -> Progress:
    """The figures of a union with all below it, as far as the reader's scope goes. Raises Forbidden, NotFound."""
    scope = scope_of(actor, READERS)
    code = read_code(half_width(clean(union_code)))[:LONGEST_CODE]
    if union_code and not code:
        raise NotFound
    shown = await sql.rows(SHOWN, *scope.values, code)
    chosen_id = shown[0]["chosen_id"] if shown else None
    chosen = next((row for row in shown if row["id"] == chosen_id), None)
    if chosen is None and code:
        raise NotFound
    at = shown.index(chosen) if chosen else 0
    since = reach.since(clock.today())
    numbers = await _count(scope, [row["id"] for row in shown[at:]], since)
    lines = list(_lines(shown[at:], chosen_id, numbers))
    name = UnionRef(chosen["code"], chosen["name"]) if chosen else UnionRef("", "")
    total = _total(name, chosen["target"] if chosen else 0, lines, numbers)
    return Progress(
        union=name if chosen else None,
        above=[UnionRef(row["code"], row["name"]) for row in shown[:at]],
        range=reach,
        total=total,
        unions=[] if chosen and len(lines) == 1 else lines,
        months=_months(since, total.members, numbers),
    )


class _Numbers(msgspec.Struct):
    """What COUNTED gives, by shown union and by month."""

    members: dict[UUID, int] = {}
    targets: dict[UUID, int] = {}
    by_union: dict[UUID, Flow] = {}
    by_month: dict[date, Flow] = {}


async def _count(scope: Scope, tops: list[UUID], since: date) -> _Numbers:
    numbers = _Numbers({}, {}, {}, {})
    for row in await sql.rows(COUNTED, *scope.values, tops, since):
        if row["month"]:
            numbers.by_month[row["month"]] = _flow(row)
        else:
            top = row[0]
            numbers.members[top], numbers.targets[top] = row["members"] or 0, row["target"] or 0
            numbers.by_union[top] = _flow(row)
    return numbers


def _flow(row: sql.Record) -> Flow:
    return Flow(**{name: row[name] or 0 for name in STEPS}, waits=tuple(row[name] or 0 for name in WAITS))


def _lines(shown: Sequence[sql.Record], chosen_id: UUID | None, numbers: _Numbers) -> Iterable[UnionLine]:
    """The furthest first, then those without a target; the chosen union's own members at the end.

    A union that was closed is shown for what it did, if anything.
    """
    lines = [
        UnionLine(
            UnionRef(row["code"], row["name"]),
            0 if row["id"] == chosen_id else numbers.targets.get(row["id"], 0),
            numbers.members.get(row["id"], 0),
            numbers.by_union.get(row["id"], Flow()),
            is_own=row["id"] == chosen_id,
        )
        for row in shown
        if row["is_open"] or numbers.members.get(row["id"]) or numbers.by_union.get(row["id"], Flow()) != Flow()
    ]
    return sorted(lines, key=lambda line: (line.is_own, line.percent is None, -(line.percent or 0), -line.members))


def _total(name: UnionRef, target: int, lines: list[UnionLine], numbers: _Numbers) -> UnionLine:
    return UnionLine(
        name,
        target or sum(line.target for line in lines),
        sum(line.members for line in lines),
        added(numbers.by_month.values()),
    )


def _months(since: date, members: int, numbers: _Numbers) -> list[MonthLine]:
    """From the first month to this one; the members of the past follow from what changed since."""
    months, today = [], clock.today()
    month = today.replace(day=1)
    while month >= since:
        flow = numbers.by_month.get(month, Flow())
        months.append(MonthLine(month, flow, members))
        members -= flow.net
        month = (month - DAY).replace(day=1)
    return months[::-1]


def added(flows: Iterable[Flow]) -> Flow:
    """Several times, or several unions, as one."""
    flows = list(flows)
    return Flow(
        **{name: sum(getattr(flow, name) for flow in flows) for name in STEPS},
        waits=tuple(map(sum, zip(*(flow.waits for flow in flows), strict=True))) or Flow().waits,
    )


def median_days(waits: Sequence[int]) -> float | None:
    """The median of waits that are counted by class, as if they were spread evenly within each."""
    half = sum(waits) / 2
    if not half:
        return None
    passed, begins = 0, 0
    for count, ends in zip(waits, WAIT_DAYS, strict=False):
        if passed + count >= half:
            return begins + (half - passed) / count * (ends - begins)
        passed, begins = passed + count, ends
    return float(WAIT_DAYS[-1])
