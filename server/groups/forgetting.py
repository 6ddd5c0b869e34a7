"""Guests are forgotten some time after their group's last place, and with the foreman who brought them."""

from __future__ import annotations

from uuid import UUID

from server.db import sql
from server.groups.rules import KEPT
from server.kit import clock
from server.kit.sweep import each

BATCH = 200
# A place may have been moved past the end that the group had when it was made.
OVER = """
SELECT id FROM group_booking WHERE forgotten_at IS NULL AND ends_at < $1 ORDER BY ends_at LIMIT $2
"""
LAST_END = """
SELECT max(b.ends_at) FROM group_place gp JOIN booking b ON b.id = gp.booking_id WHERE gp.group_id = $1
"""
BLANK = """
UPDATE person p SET name_sealed = NULL, phone_sealed = '', phone_tail = '', is_member = false,
  erased_at = coalesce(p.erased_at, $2)
FROM group_place gp JOIN booking b ON b.id = gp.booking_id
WHERE gp.group_id = $1 AND p.id = b.person_id AND p.brought_by IS NOT NULL
"""


async def forget_guests() -> int:
    """Names and phones of groups that are long over; how many groups. Safe in any number of processes."""
    total = 0
    while True:
        found = await sql.rows(OVER, clock.now() - KEPT, BATCH)
        done = await each([row["id"] for row in found], _forget_unless_moved)
        total += done
        if not done or len(found) < BATCH:
            return total


async def _forget_unless_moved(group_id: UUID) -> bool:
    async with sql.transaction():
        held = await sql.row(
            "SELECT FROM group_booking WHERE id = $1 AND forgotten_at IS NULL FOR UPDATE SKIP LOCKED", group_id
        )
        if held is None:
            return False
        last = await sql.value(LAST_END, group_id)
        if last and last >= clock.now() - KEPT:
            await sql.run("UPDATE group_booking SET ends_at = $2 WHERE id = $1", group_id, last)
        else:
            await forget(group_id)
    return True


async def forget(group_id: UUID) -> None:
    """Leave of a group's people what is counted; in the caller's transaction."""
    await sql.run(BLANK, group_id, clock.now())
    await sql.run(
        """DELETE FROM notice n USING group_place gp JOIN booking b ON b.id = gp.booking_id
        WHERE gp.group_id = $1 AND n.booking_id = b.id AND n.person_id = b.person_id""",
        group_id,
    )
    await sql.run("UPDATE group_booking SET forgotten_at = $2 WHERE id = $1", group_id, clock.now())
