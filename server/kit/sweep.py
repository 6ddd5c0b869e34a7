"""Taking a step for many things, of which one may be broken: the others are done all the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

log = structlog.get_logger()
T = TypeVar("T")


class SweepBroken(RuntimeError):
    """Some steps failed; all others are done. The job that raises it counts as failed, so that somebody looks."""


async def each(found: Iterable[T], step: Callable[[T], Awaitable[int]]) -> int:
    """The sum of what the steps gave. Each failure is logged and keeps no other step from being taken.

    Raises SweepBroken at the end where one failed.
    """
    total, failed = 0, 0
    for one in found:
        try:
            total += await step(one)
        except Exception:
            failed += 1
            log.exception("sweep.step_failed", what=str(one))
    if failed:
        raise SweepBroken(f"{failed} steps failed")
    return total
