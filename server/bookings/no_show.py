"""A station's gentle limit after missed bookings: set, ended, and begun anew for one worker. All are audited."""

from __future__ import annotations

from uuid import UUID

from server.bookings import plan
from server.bookings.no_show_rules import Policy
from server.bookings.service import booking_at_desk
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import Actor

SET = """
INSERT INTO no_show_policy (id, station_id, misses, days, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (station_id) DO UPDATE SET misses = $3, days = $4, changed_at = $5
"""
PARDON = """
INSERT INTO no_show_pardon (id, person_id, station_id, staff_id, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (person_id, station_id) DO UPDATE SET staff_id = $4, at = $5
"""


async def set_policy(*, actor: Actor, station_id: UUID, policy: Policy) -> None:
    """From now on, who missed so many has one open booking at a time here. Raises NotFound, Forbidden."""
    async with sql.transaction():
        region = await plan.managed_region(actor, station_id)
        await sql.run(SET, new_id(), station_id, policy.misses, policy.days, clock.now())
        await plan.record(actor, "no_show.policy_set", station_id, region, "station")


async def end_policy(*, actor: Actor, station_id: UUID) -> None:
    """Everybody may book as they like. Where nothing was set, nothing changes. Raises NotFound, Forbidden."""
    async with sql.transaction():
        region = await plan.managed_region(actor, station_id)
        if await sql.run("DELETE FROM no_show_policy WHERE station_id = $1", station_id) == "DELETE 1":
            await plan.record(actor, "no_show.policy_ended", station_id, region, "station")


async def begin_anew(*, actor: Actor, booking_id: UUID) -> None:
    """What this booking's worker missed at its station does not count any more. Raises NotFound, Forbidden."""
    async with sql.transaction():
        booking = await booking_at_desk(actor, booking_id)
        await sql.run(PARDON, new_id(), booking["person_id"], booking["station_id"], actor.id, clock.now())
        await plan.record(actor, "no_show.begun_anew", booking_id, booking["region_code"], "booking")
