"""When missed bookings limit somebody to one open booking at a time, and when that ends by itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from server.kit import clock
from server.kit.text import N_

MISSES_WRONG = N_("没来几次，要填 2 到 20。")
DAYS_WRONG = N_("多少天里，要填 7 到 180。")


class Policy(msgspec.Struct, frozen=True):
    """So many bookings missed within so many days; the bounds are the table's own."""

    misses: Annotated[int, Meta(ge=2, le=20, extra={"invalid": MISSES_WRONG, "missing": MISSES_WRONG})]
    days: Annotated[int, Meta(ge=7, le=180, extra={"invalid": DAYS_WRONG, "missing": DAYS_WRONG})]


def limited_until(policy: Policy, missed: Iterable[datetime], now: datetime) -> date | None:
    """The date from which on somebody who missed these is limited no more; None for who is not limited now.

    A missed booking counts on its own date and on the `days` - 1 dates after it.
    """
    today = clock.local(now).date()
    kept = timedelta(days=policy.days)
    counting = sorted((day for day in (clock.local(at).date() for at in missed) if day + kept > today), reverse=True)
    return counting[policy.misses - 1] + kept if len(counting) >= policy.misses else None
