"""A member card at the desk instead of a ticket: whose it is, and his booking of today.

This room knows nothing of cards: whoever does says at start how one is read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from server.bookings import desk
from server.bookings.models import ACTIVE, Status
from server.bookings.queries import DESK_LINE, desk_line
from server.bookings.schemas import DeskLine
from server.db import sql
from server.errors import NotFound
from server.kit import clock
from server.kit.text import N_
from server.people.actors import Actor

Reader = Callable[[str], Awaitable[UUID | None]]
NONE_TODAY = N_("卡没问题，可他今天在本站没有预约。")
_readers: list[Reader] = []


def read_cards_with(reader: Reader) -> None:
    """From now on `reader` says whose card a text is: None for a text that is no card, an AppError for a bad one."""
    _readers[:] = [reader]


async def holder_of(text: str) -> UUID | None:
    """The person whose card a scanned text is; None for anything else. Raises what the card's room refuses with."""
    return await _readers[0](text) if _readers else None


async def check_in_holder(*, actor: Actor, station_id: UUID, person_id: UUID) -> list[DeskLine]:
    """Check in the one booking of today that waits for this person, and say nothing.

    Where not exactly one waits, today's come back, for staff to choose or to see that he is in already. Raises
    NotFound where he has none here today.
    """
    lines = await _lines_today(station_id, person_id)
    waiting = [line for line in lines if line.status in desk.ARRIVABLE]
    if not lines:
        raise NotFound(NONE_TODAY, field="code")
    if len(waiting) != 1:
        return lines
    await desk.check_in(actor=actor, booking_id=waiting[0].id)
    return []


async def _lines_today(station_id: UUID, person_id: UUID) -> list[DeskLine]:
    today = clock.today()
    found = await sql.rows(
        f"""SELECT {DESK_LINE}
        WHERE b.person_id = $1 AND b.station_id = $2 AND b.starts_at >= $3 AND b.starts_at < $4 AND b.status = ANY($5)
        ORDER BY b.starts_at""",
        person_id,
        station_id,
        clock.at(today, 0),
        clock.at(today, 1440),
        [*ACTIVE, Status.SERVED],
    )
    return [desk_line(row) for row in found]
