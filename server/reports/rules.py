"""What may follow what, where a place is said to be, and until when. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from server.kit.geo import Point
from server.reports.models import FaultState, SuggestionState

Step = Literal["start", "fix", "give_up", "reopen"]
OPEN_STATES = (FaultState.OPEN, FaultState.IN_PROGRESS)
# From which states a step leads where.
STEPS: dict[Step, tuple[tuple[FaultState, ...], FaultState]] = {
    "start": ((FaultState.OPEN,), FaultState.IN_PROGRESS),
    "fix": (OPEN_STATES, FaultState.FIXED),
    "give_up": (OPEN_STATES, FaultState.CANNOT_FIX),
    "reopen": ((FaultState.FIXED, FaultState.CANNOT_FIX), FaultState.OPEN),
}
# Whoever said that something is broken may say so long afterwards that it still is.
REOPEN_WITHIN = timedelta(days=7)
# What cannot be repaired is told at the station for so long; by then the station's list of facilities says so.
TOLD_FOR = timedelta(days=30)
SETTLED = (SuggestionState.BUILT, SuggestionState.DECLINED)
# 0.001 degrees are about 100 m: enough to find the corner, not the dormitory.
PLACES = 3
NEAR_DUPLICATE_M = 300
AROUND_M = 5_000


def after(state: FaultState, step: Step) -> FaultState | None:
    """What a step makes of a fault; None where it is not to be taken."""
    allowed, becomes = STEPS[step]
    return becomes if state in allowed else None


def may_reopen(state: FaultState, closed_at: datetime | None, now: datetime) -> bool:
    """Whether whoever said it may still say that it is not repaired."""
    return after(state, "reopen") is not None and closed_at is not None and now <= closed_at + REOPEN_WITHIN


def about(point: Point) -> Point:
    """A position as coarse as it is stored."""
    return Point(round(point.lat, PLACES), round(point.lng, PLACES))


def may_decide(before: SuggestionState, then: SuggestionState) -> bool:
    """Whether an officer may put a suggestion from one state into another: what is built stays, no turns into yes."""
    return then not in (before, SuggestionState.NEW) and before is not SuggestionState.BUILT


def sounds_alike(one: str, other: str) -> bool:
    """Whether two landmarks share two characters in a row: enough to ask whether the same place is meant."""
    pairs = {one[n : n + 2] for n in range(len(one) - 1)}
    return any(pair in other for pair in pairs)
