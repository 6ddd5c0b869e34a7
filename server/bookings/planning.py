"""Which slots to keep, add, close or delete when hours or an offering changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Held:
    """A slot as it is; a `used` one has been booked, if only once, and cannot be deleted."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    closed: bool
    taken: int
    used: bool

    @property
    def span(self) -> Span:
        return self.starts_at, self.ends_at


@dataclass
class Sorted:
    """What becomes of each slot: `opened` maps those that shall be open to their ends."""

    opened: dict[UUID, datetime] = field(default_factory=dict)
    closed: list[UUID] = field(default_factory=list)
    deleted: list[UUID] = field(default_factory=list)
    added: list[Span] = field(default_factory=list)


def sort_out(
    ahead: Sequence[Held], right: Mapping[datetime, datetime], *, running: Sequence[Span], until: datetime
) -> Sorted:
    """Bring the slots ahead to the `right` spans (start to end), nothing new from `until` on.

    A booking made when the horizon was further keeps its slot open. Minutes that somebody still holds in
    a slot of another shape, or in one that is `running`, are not promised to anybody else.
    """
    result = Sorted()
    busy = [*running, *(s.span for s in ahead if s.taken and right.get(s.starts_at) != s.ends_at)]
    met = set()
    for slot in ahead:
        ends_at = right.get(slot.starts_at)
        if not slot.used and (ends_at != slot.ends_at or slot.starts_at >= until):
            result.deleted.append(slot.id)
            continue
        met.add(slot.starts_at)
        fits = ends_at == slot.ends_at or (ends_at is not None and not slot.taken and slot.starts_at < until)
        if fits and ends_at and not overlaps((slot.starts_at, ends_at), busy):
            result.opened[slot.id] = ends_at
        elif not slot.closed:
            result.closed.append(slot.id)
    wanted = (span for span in right.items() if span[0] < until and span[0] not in met)
    result.added = [span for span in wanted if not overlaps(span, busy)]
    return result


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < ends and starts < span[1] for starts, ends in others)
