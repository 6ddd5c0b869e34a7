"""Many places at once, for people whom one worker brings along: taken and booked in the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.bookings import rules
from server.bookings.queries import OPEN_FOR
from server.bookings.service import INSERT_BOOKING, OF_PLACE
from server.db import sql
from server.kit import clock
from server.kit.ids import new_code, new_id

LOCK = "SELECT FROM slot WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
TAKE = f"""
UPDATE slot n SET taken = n.taken + w.wanted
FROM unnest($1::uuid[], $4::int[]) AS w (slot_id, wanted), offering o JOIN station st ON st.id = o.station_id
WHERE n.id = w.slot_id AND o.id = n.offering_id AND n.taken + w.wanted <= n.capacity AND {OPEN_FOR}
RETURNING n.id, n.station_id, n.starts_at, n.ends_at, o.service, w.wanted
"""
BOOK = f"""
WITH place AS (
  SELECT t.*, n.offering_id, n.station_id, n.region_code, n.starts_at, n.ends_at, o.service, o.auto_confirm,
    o.confirm_minutes
  FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::uuid[]) AS t (id, code, slot_id, person_id)
  JOIN slot n ON n.id = t.slot_id JOIN offering o ON o.id = n.offering_id
), made AS (
  {INSERT_BOOKING} SELECT {OF_PLACE}, id, code, person_id, id::text FROM place
  RETURNING *
)
INSERT INTO booking_event (id, booking_id, at, from_status, to_status, slot_id, actor_kind, actor_id, reason)
SELECT t.event_id, made.id, $2, NULL, made.status, made.slot_id, 'worker', $1, ''
FROM made JOIN unnest($3::uuid[], $8::uuid[]) AS t (id, event_id) ON t.id = made.id
"""


async def take_places(wanted: Mapping[UUID, int], *, is_member: bool) -> list[Any]:
    """So many places of these slots, as far as they are bookable; the slots where that succeeded, by time."""
    await sql.rows(LOCK, list(wanted))
    taken = await sql.rows(TAKE, list(wanted), clock.now(), is_member, list(wanted.values()))
    return sorted(taken, key=lambda slot: (slot["starts_at"], slot["id"]))


async def book_places(booker_id: UUID, slots: Sequence[Any], person_ids: Sequence[UUID]) -> list[UUID]:
    """A booking for each of these people in the places that `take_places` took, the earliest first.

    Tells nobody.
    """
    booking_ids = [new_id() for _ in person_ids]
    await sql.run(
        BOOK,
        booker_id,
        clock.now(),
        booking_ids,
        await _new_codes(len(person_ids)),
        [slot["id"] for slot in slots for _ in range(slot["wanted"])],
        person_ids,
        rules.LEAST_ANSWER_TIME,
        [new_id() for _ in person_ids],
    )
    return booking_ids


async def _new_codes(count: int) -> list[str]:
    """Codes that no booking has: of fifty million bookings' codes, one in twenty drawn is taken."""
    codes: set[str] = set()
    while len(codes) < count:
        drawn = {new_code() for _ in range(count + count // 4 + 4)}
        used = await sql.rows("SELECT code FROM booking WHERE code = ANY($1)", list(drawn))
        codes |= drawn - {row["code"] for row in used}
    return sorted(codes, key=lambda _: secrets.randbits(32))[:count]
