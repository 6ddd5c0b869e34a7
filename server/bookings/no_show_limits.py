"""One open booking at a time for who missed several: the check in the transaction that makes one."""

from __future__ import annotations

from typing import Any

from server.bookings import no_show_queries
from server.bookings.errors import OneAtATime
from server.bookings.no_show_queries import Standing
from server.db import sql

# Two bookings of one person at one station are looked at one after the other; each then sees the other.
IN_TURN = "SELECT pg_advisory_xact_lock(hashtext('one-at-a-time'), hashtext($1))"


async def refuse_second(booking: Any) -> None:
    """Refuse a booking just made in this transaction, where its limited person has another open one at the station.

    Raises OneAtATime.
    """
    where = booking["person_id"], booking["station_id"]
    if await no_show_queries.limit_of(*where) is None:
        return
    await sql.value(IN_TURN, "{} {}".format(*where))
    # A statement of its own: one that waited would see bookings as they were before the wait.
    refused = second_refused(await no_show_queries.limit_of(*where, besides=booking["id"]))
    if refused:
        raise refused


def second_refused(limit: Standing | None) -> OneAtATime | None:
    """The refusal that one more booking would meet; None where it would meet none."""
    if limit is None or limit.until is None or limit.booking_id is None:
        return None
    return OneAtATime(limit.booking_id, missed=len(limit.missed), days=limit.days, until=limit.until)
