"""What is counted, added up, and what follows from it: shares and average times. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

MINUTE = 60


class Sums(msgspec.Struct, frozen=True):
    """Sums over any days, services and places; the names are those of the tables."""

    offered: int = 0
    taken: int = 0
    served: int = 0
    no_show: int = 0
    cancelled: int = 0
    declined: int = 0
    expired: int = 0
    walk_in_taken: int = 0
    walk_in_served: int = 0
    walk_in_gone: int = 0
    waited_seconds: int = 0
    waits: int = 0
    visit_seconds: int = 0
    visits: int = 0
    stay_seconds: int = 0
    stays: int = 0

    @property
    def people(self) -> int:
        """Who was served, with a booking or with a number of the queue."""
        return self.served + self.walk_in_served

    @property
    def unmarked(self) -> int:
        """Bookings that nobody said the end of."""
        return self.taken - self.served - self.no_show

    @property
    def occupancy(self) -> int | None:
        """Percent of the places that were held."""
        return percent(self.taken, self.offered)

    @property
    def missed(self) -> int | None:
        """Percent of those expected who did not come, as far as somebody said so."""
        return percent(self.no_show, self.served + self.no_show)

    @property
    def wait(self) -> float | None:
        """Minutes from coming, or from the booked time, to being called; on average."""
        return minutes(self.waited_seconds, self.waits)

    @property
    def visit(self) -> float | None:
        """Minutes from being called to being done."""
        return minutes(self.visit_seconds, self.visits)

    @property
    def stay(self) -> float | None:
        """Minutes from coming to leaving."""
        return minutes(self.stay_seconds, self.stays)


NAMES = Sums.__struct_fields__
MEASURED = (("waited_seconds", "waits"), ("visit_seconds", "visits"), ("stay_seconds", "stays"))


def percent(part: int, whole: int) -> int | None:
    """Rounded; None of nothing."""
    return round(part * 100 / whole) if whole else None


def minutes(seconds: int, count: int) -> float | None:
    """The average, to a tenth."""
    return round(seconds / count / MINUTE, 1) if count else None


def read(row: Any) -> Sums:
    """From a record with these columns; what is NULL is nought."""
    return Sums(**{name: int(row[name] or 0) for name in NAMES})


def added(many: Iterable[Sums]) -> Sums:
    """Several as one."""
    many = list(many)
    return Sums(**{name: sum(getattr(one, name) for one in many) for name in NAMES})
