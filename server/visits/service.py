"""The verbs of a door: give it a code, and count who comes in."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from server.audit import service as audit
from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_code, new_id
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from server.stations.errors import StationNotFound
from server.visits.models import Occupation

CODE_LENGTH = 8
# A phone counts once in so long: going out for a smoke is no second visit, coming back after the shift is one.
ONCE_IN = timedelta(hours=4)
# A station's own network is one address, and so is a whole site.
FROM_ADDRESS = (timedelta(minutes=10), 60)
COUNT = """
INSERT INTO visit_day AS d (id, station_id, region_code, day, occupation, visits)
SELECT $1, st.id, st.region_code, $3, $4, 1 FROM station st WHERE st.id = $2 AND st.retired_at IS NULL
ON CONFLICT (station_id, day, occupation) DO UPDATE SET visits = d.visits + 1
"""


def mark_of(station_id: UUID, at: datetime) -> str:
    """What a phone keeps once it is counted: the time, signed for this station, and nothing else."""
    stamp = str(int(at.timestamp()))
    return f"{stamp}.{vault().sign(f'{station_id} {stamp}', 'visit')}"


def is_counted(station_id: UUID, mark: str) -> bool:
    """Whether the phone with this mark was counted here a short while ago."""
    stamp, _, signature = mark.partition(".")
    if not (stamp.isascii() and stamp.isdigit() and vault().verify(f"{station_id} {stamp}", "visit", signature)):
        return False
    return clock.now() < datetime.fromtimestamp(int(stamp), tz=clock.now().tzinfo) + ONCE_IN


async def count_visit(*, station_id: UUID, occupation: Occupation, mark: str = "", address: str = "") -> bool:
    """One more who came in today; whether it was counted. Nobody is turned away: what is too often does not count."""
    if is_counted(station_id, mark):
        return False
    subject = vault().index(f"{station_id} {address}", "visit")
    if address and await people.count_try(subject, *FROM_ADDRESS):
        return False
    tag = await sql.run(COUNT, new_id(), station_id, clock.today(), occupation)
    return tag.endswith(" 1")


async def give_code(*, actor: Actor, station_id: UUID) -> str:
    """A new code for a station's door; the one before is good for nothing from now on.

    Raises StationNotFound, and Forbidden for anybody but a manager.
    """
    async with sql.transaction():
        region = await sql.value("SELECT region_code FROM station WHERE id = $1 AND retired_at IS NULL", station_id)
        if region is None:
            raise StationNotFound
        actor.require(Role.MANAGER, station_id=station_id, region_code=region)
        code: str = await sql.value(
            """INSERT INTO door (id, station_id, code, made_at, made_by) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (station_id) DO UPDATE SET code = excluded.code, made_at = excluded.made_at,
              made_by = excluded.made_by RETURNING code""",
            new_id(),
            station_id,
            new_code(CODE_LENGTH),
            clock.now(),
            actor.id,
        )
        await audit.record(
            actor.kind,
            actor.id,
            "station.door_code_made",
            subject_kind="station",
            subject_id=str(station_id),
            region_code=region,
        )
    return code
