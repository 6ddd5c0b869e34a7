"""The sheet as staff read it: rows with what can be done to each, groups, counts. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from msgspec.structs import asdict

from server.bookings.models import RELEASED, ServiceKind, Status
from server.bookings.schemas import DeskDay, DeskLine
from server.kit import clock
from server.kit.phone import masked
from server.kit.text import N_

AWAITING_SHOWN = 60
# Nobody works through more rows than this at a time; the next ones move up.
ROWS_SHOWN = 80
# A crowded day has many services: its page stays small, and one service alone shows more of itself.
ROWS_IN_ALL, ROWS_AT_LEAST, ROWS_OF_ONE = 160, 20, 300
FOLDED_SHOWN = 20
SOON = timedelta(hours=2)
# From so many percent of the places on, staff should know that the day is full.
NEARLY_FULL = 90
DONE = (*RELEASED, Status.SERVED, Status.NO_SHOW)


class Row(DeskLine, frozen=True):
    """A line of the sheet with the buttons that fit it now, and what went wrong with the last one."""

    acts: tuple[str, ...] = ()
    urgent: bool = False
    other_day: bool = False
    missed: int = 0
    note: str = ""
    reason_error: str = ""
    reason_typed: str = ""

    @property
    def minute(self) -> int:
        return clock.minute_of_day(self.starts_at)

    @property
    def phone(self) -> str:
        return masked(self.phone_tail) if self.phone_tail else ""


@dataclass(frozen=True)
class Group:
    """One service of the day: who is here or to come, whose time went by, and who is done with."""

    service: ServiceKind
    open: list[Row] = field(default_factory=list)
    late: list[Row] = field(default_factory=list)
    done: list[Row] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.open) + len(self.late) + sum(row.status not in RELEASED for row in self.done)

    def list_for(self, row: Row, now: datetime) -> list[Row]:
        """Which list a row stands in."""
        if row.status in DONE:
            return self.done
        return self.late if row.status is Status.CONFIRMED and row.ends_at <= now else self.open


@dataclass(frozen=True)
class Trouble:
    """What went wrong with one row, to be said where it stands."""

    booking_id: UUID
    note: str = ""
    reason_error: str = ""
    reason_typed: str = ""


@dataclass(frozen=True)
class Sheet:
    """Everything that the swapped part of the page shows."""

    awaiting: list[Row]
    awaiting_total: int
    groups: list[Group]
    counts: list[tuple[str, int]]
    escalated: int
    full: int = 0
    found: list[Row] | None = None


def acts_for(line: DeskLine, now: datetime) -> tuple[str, ...]:
    """What staff may do to a booking now, the likeliest first."""
    started, today = line.starts_at <= now, clock.local(line.starts_at).date() == clock.local(now).date()
    if line.status is Status.REQUESTED:
        return ("confirm", "decline")
    if line.status is Status.CONFIRMED:
        if not today:
            return ("served", "no-show") if started else ("cancel",)
        return ("check-in", "no-show" if started else "cancel")
    return ("served",) if line.status is Status.ARRIVED else ()


def make_sheet(
    day: DeskDay,
    *,
    service: ServiceKind | None = None,
    status: Status | None = None,
    found: Sequence[DeskLine] | None = None,
    trouble: Trouble | None = None,
    missed: Mapping[UUID, int] | None = None,
) -> Sheet:
    """Requests that wait first, the most pressing on top; then the day by service and time.

    `missed` says of the people who have one open booking at a time how many they missed.
    """
    now = clock.now()
    waiting = sorted(day.awaiting, key=lambda line: (line.confirm_by or line.starts_at, line.starts_at))
    if found is not None:
        rows = [_row(line, day.day, now, trouble, missed) for line in found]
        return Sheet([], 0, [], [], 0, found=rows)
    awaiting = [_row(line, day.day, now, trouble, missed) for line in waiting[:AWAITING_SHOWN]]
    on_top = {line.id for line in waiting}
    lines = [
        line
        for line in day.lines
        if line.id not in on_top and service in (None, line.service) and status in (None, line.status)
    ]
    rows = [_row(line, day.day, now, trouble, missed) for line in lines]
    return Sheet(
        awaiting,
        len(waiting),
        _groups(rows, now),
        _counts(day.lines),
        sum(line.escalated for line in waiting),
        full=fullness(day.taken, day.places),
    )


def fullness(taken: int, places: int) -> int:
    """Percent of a day's places that are booked, from nearly full on; 0 below that, and 100 only where none is left."""
    percent = 100 * taken // places if places else 0
    return percent if percent >= NEARLY_FULL else 0


def rows_shown(groups: int, *, narrowed: bool) -> int:
    """How many rows of each list a sheet with so many services shows."""
    if narrowed:
        return ROWS_OF_ONE
    return min(ROWS_SHOWN, max(ROWS_AT_LEAST, ROWS_IN_ALL // max(groups, 1)))


def rows_on_paper(day: DeskDay) -> list[Row]:
    """Who is expected on the day, by time; without those whose place was given back."""
    return rows_of([line for line in day.lines if line.status not in RELEASED])


def rows_of(lines: Iterable[DeskLine], trouble: Trouble | None = None) -> list[Row]:
    """Lines as rows that name their day."""
    now = clock.now()
    return [_row(line, None, now, trouble) for line in lines]


def _row(
    line: DeskLine,
    shown: date | None,
    now: datetime,
    trouble: Trouble | None,
    missed: Mapping[UUID, int] | None = None,
) -> Row:
    here = trouble if trouble and trouble.booking_id == line.id else Trouble(line.id)
    deadline = line.confirm_by if line.status is Status.REQUESTED else None
    return Row(
        **asdict(line),
        acts=acts_for(line, now),
        urgent=deadline is not None and (line.escalated or deadline - now < SOON),
        other_day=clock.local(line.starts_at).date() != shown,
        missed=(missed or {}).get(line.person_id, 0),
        note=here.note,
        reason_error=here.reason_error,
        reason_typed=here.reason_typed,
    )


def _groups(rows: Iterable[Row], now: datetime) -> list[Group]:
    by_service: dict[ServiceKind, Group] = {}
    for row in rows:
        group = by_service.setdefault(row.service, Group(row.service))
        group.list_for(row, now).append(row)
    order = list(ServiceKind)
    return sorted(by_service.values(), key=lambda group: (not group.open, order.index(group.service)))


def _counts(lines: Sequence[DeskLine]) -> list[tuple[str, int]]:
    """How many people the day has, and how far it is; labels are gettext ids."""
    here = [line.status for line in lines if line.status not in RELEASED]
    shown = (
        (N_("一共"), len(here)),
        (N_("已签到"), here.count(Status.ARRIVED)),
        (N_("办完了"), here.count(Status.SERVED)),
        (N_("没来"), here.count(Status.NO_SHOW)),
    )
    return [(label, n) for label, n in shown if n or label == shown[0][0]]
