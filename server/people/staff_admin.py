"""Roles withdrawn, accounts disabled and enabled, sessions ended: within one's own scope, and never one's own.

What lies above a station needs two officers: see `two_officers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.audit import service as audit
from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import Actor
from server.people.errors import LastOfficer, NotYourself, RoleHeld
from server.people.models import Role
from server.people.scopes import Placed, grants_of, in_turn, may_give, may_manage, may_see


@dataclass(frozen=True)
class Colleague:
    """A member of staff as those see who look after the place."""

    id: UUID
    login: str
    display_name: str
    disabled_at: datetime | None
    region_code: int | None
    roles: list[Placed]


async def colleague(actor: Actor, staff_id: UUID) -> Colleague:
    """Somebody of one's own scope. Raises NotFound for all others."""
    found = await sql.row("SELECT id, login, display_name, disabled_at, region_code FROM staff WHERE id = $1", staff_id)
    roles = (await grants_of([staff_id]))[staff_id]
    if found is None or not may_see(actor, roles, found["region_code"]):
        raise NotFound
    return Colleague(**found, roles=roles)


async def managed(actor: Actor, staff_id: UUID) -> tuple[Actor, Colleague]:
    """Somebody all of whose roles are the actor's to give, in turn. Raises NotFound, Forbidden, NotYourself."""
    actor = await in_turn(actor)
    who = await colleague(actor, staff_id)
    if who.id == actor.id:
        raise NotYourself
    if not may_manage(actor, who.roles, who.region_code):
        raise Forbidden
    return actor, who


async def withdraw_role(*, actor: Actor, staff_id: UUID, grant_id: UUID, knowing: bool = False) -> None:
    """Take a role back; one person is enough for that. Raises NotFound, Forbidden, NotYourself, LastOfficer."""
    async with sql.transaction():
        actor = await in_turn(actor)
        who = await colleague(actor, staff_id)
        role = next((role for role in who.roles if role.id == grant_id), None)
        if who.id == actor.id:
            raise NotYourself
        if role is None:
            raise NotFound
        if not may_give(actor, role):
            raise Forbidden
        await _keep_an_officer([role], staff_id, knowing=knowing)
        await sql.run("DELETE FROM role_grant WHERE id = $1", grant_id)
        await note(actor, "role.withdrawn", staff_id, role.lies_in, role.code)


async def disable(*, actor: Actor, staff_id: UUID, knowing: bool = False) -> None:
    """Lock somebody out at once: sessions end, and with them open pages. Raises what `managed` raises, LastOfficer."""
    async with sql.transaction():
        actor, who = await managed(actor, staff_id)
        await _keep_an_officer(who.roles, staff_id, knowing=knowing)
        await sql.run("UPDATE staff SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL", staff_id, clock.now())
        await sql.run("DELETE FROM session WHERE staff_id = $1", staff_id)
        await note(actor, "staff.disabled", staff_id, who.region_code)


async def enable(*, actor: Actor, staff_id: UUID) -> None:
    """Let somebody in again, with the roles of before. Raises what `managed` raises."""
    async with sql.transaction():
        actor, who = await managed(actor, staff_id)
        await sql.run("UPDATE staff SET disabled_at = NULL WHERE id = $1", staff_id)
        await note(actor, "staff.enabled", staff_id, who.region_code)


async def end_sessions(*, actor: Actor, staff_id: UUID, session_id: str = "") -> None:
    """End one session of a colleague, or all. Raises what `managed` raises."""
    async with sql.transaction():
        actor, who = await managed(actor, staff_id)
        await sql.run("DELETE FROM session WHERE staff_id = $1 AND (id = $2 OR $2 = '')", staff_id, session_id)
        await note(actor, "staff.sessions_ended", staff_id, who.region_code)


async def give(staff_id: UUID, role: Placed) -> None:
    """Write a role down; who may is checked already. Raises RoleHeld."""
    tag = await sql.run(
        """INSERT INTO role_grant (id, staff_id, role, station_id, region_code, union_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
        new_id(),
        staff_id,
        role.role,
        role.station_id,
        role.region_code,
        role.union_id,
        clock.now(),
    )
    if tag != "INSERT 0 1":
        raise RoleHeld
    await sql.run("UPDATE staff SET region_code = $2 WHERE id = $1 AND region_code IS NULL", staff_id, role.lies_in)


async def note(actor: Actor, action: str, staff_id: UUID, region_code: int | None, what: str = "") -> None:
    """Into the audit: who did what to whom."""
    await audit.record(
        actor.kind,
        actor.id,
        action,
        subject_kind="staff",
        subject_id=str(staff_id),
        region_code=region_code,
        reason=what,
    )


async def _keep_an_officer(roles: list[Placed], staff_id: UUID, *, knowing: bool) -> None:
    """Raise LastOfficer where a region would have no officer of its own, or (known or not) none at all.

    `field` of the error says whether it helps to know: then officers above look after the region.
    """
    for role in roles:
        if role.role is not Role.OFFICER or role.region_code is None:
            continue
        code = role.region_code
        found = await sql.rows(
            """SELECT DISTINCT g.region_code FROM role_grant g JOIN staff t ON t.id = g.staff_id
            WHERE g.role = 'officer' AND g.region_code = ANY($1) AND g.staff_id <> $2 AND t.disabled_at IS NULL""",
            [code, code // 100 * 100, code // 10_000 * 10_000],
            staff_id,
        )
        others = {row["region_code"] for row in found}
        if not others or not (code in others or knowing):
            raise LastOfficer(field="knowing" if others else "", place=role.name)
