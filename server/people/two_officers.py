"""Two officers: what lies above a station is asked for by one person and agreed to by another.

Never the same person, never the one it is about; within seven days; of two who answer at once, one is told that it is
done. The database keeps the first rule too (`role_request_two_people`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from server.db import sql
from server.errors import Conflict, Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import queries
from server.people.actors import Actor
from server.people.errors import NotTwice, NotYourself, RequestClosed, RequestWaits, RoleHeld
from server.people.inviting import make_password_reset, make_reset
from server.people.models import Outcome, RequestKind, Role
from server.people.scopes import (
    PLACE,
    PLACE_JOINS,
    Placed,
    active_grants,
    at_home,
    grants_of,
    in_turn,
    may_agree,
    may_give,
    may_manage,
    placed,
)
from server.people.staff_admin import colleague, give, managed, note

REQUEST_LIFE = timedelta(days=7)
RESETS = {RequestKind.RESET: make_reset, RequestKind.FORGOTTEN: make_password_reset}


@dataclass(frozen=True)
class Done:
    """What came of it for whom: done at once, or asked; `code` is to be handed over, and is shown this once."""

    staff_id: UUID
    asked: bool = False
    code: str = ""
    kind: RequestKind = RequestKind.GRANT


async def grant_role(*, actor: Actor, staff_id: UUID, role: Placed) -> Done:
    """Give a role at a station, or ask another officer for one above. Raises Forbidden, NotFound, NotYourself,
    RoleHeld, RequestWaits.
    """
    async with sql.transaction():
        actor = await in_turn(actor)
        who = await colleague(actor, staff_id)
        if who.id == actor.id:
            raise NotYourself
        if not may_give(actor, role):
            raise Forbidden
        if who.disabled_at:
            raise Conflict
        if any(held.grant == role.grant for held in who.roles):
            raise RoleHeld
        if role.needs_two:
            await ask(actor, staff_id, RequestKind.GRANT, role)
            return Done(staff_id, asked=True)
        await give(staff_id, role)
        await note(actor, "role.granted", staff_id, role.lies_in, role.code)
    return Done(staff_id)


async def reset_second_factor(*, actor: Actor, staff_id: UUID) -> Done:
    """Void somebody's authenticator and codes, and make a code to set up new ones; above a station ask for it.

    Raises what `managed` raises, and RequestWaits.
    """
    return await _reset(actor, staff_id, RequestKind.RESET)


async def reset_password(*, actor: Actor, staff_id: UUID) -> Done:
    """Make a code with which somebody who forgot the password chooses another; above a station ask for it.

    The authenticator stays, and is asked for. Raises what `managed` raises, and RequestWaits.
    """
    return await _reset(actor, staff_id, RequestKind.FORGOTTEN)


async def _reset(actor: Actor, staff_id: UUID, kind: RequestKind) -> Done:
    async with sql.transaction():
        actor, who = await managed(actor, staff_id)
        if any(role.needs_two for role in who.roles):
            await ask(actor, staff_id, kind, at_home(who.region_code))
            return Done(staff_id, asked=True)
        code = await RESETS[kind](actor, who.id, who.display_name, who.region_code)
        return Done(staff_id, code=code, kind=kind)


async def ask(actor: Actor, staff_id: UUID, kind: RequestKind, role: Placed) -> None:
    """Note what a second officer is to agree to. In the caller's transaction and turn. Raises RequestWaits."""
    now = clock.now()
    await sql.run(
        """UPDATE role_request SET outcome = 'expired', decided_at = $2
        WHERE staff_id = $1 AND outcome IS NULL AND expires_at <= $2""",
        staff_id,
        now,
    )
    is_grant = kind is RequestKind.GRANT
    try:
        await sql.run(
            """INSERT INTO role_request
                (id, kind, staff_id, role, station_id, region_code, union_id, asked_by, asked_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
            new_id(),
            kind,
            staff_id,
            role.role if is_grant else None,
            role.station_id,
            role.region_code if is_grant else None,
            role.union_id,
            actor.id,
            now,
            now + REQUEST_LIFE,
        )
    except asyncpg.UniqueViolationError as error:
        raise RequestWaits from error
    await note(actor, f"{kind}.asked", staff_id, role.lies_in, role.code if is_grant else "")
    await _tell_officers(actor, staff_id, role)


async def _tell_officers(actor: Actor, staff_id: UUID, role: Placed) -> None:
    """Whoever may be the second officer hears that somebody waits."""
    if role.lies_in is None:
        return
    for officer in await queries.staff_with_role(Role.OFFICER, None, role.lies_in):
        if officer not in (actor.id, staff_id):
            await notices.tell_staff(officer, NoticeKind.SECOND_OFFICER, {})


async def approve(*, actor: Actor, request_id: UUID) -> Done:
    """Be the second officer. Raises NotFound, Forbidden, NotTwice, NotYourself, RequestClosed."""
    async with sql.transaction():
        actor, request = await _to_decide(actor, request_id)
        done = await _carry_out(actor, request)
        await _close(actor, request, Outcome.APPROVED)
    return done


async def refuse(*, actor: Actor, request_id: UUID) -> None:
    """Say no as the second officer. Raises what `approve` raises."""
    async with sql.transaction():
        actor, request = await _to_decide(actor, request_id)
        await _close(actor, request, Outcome.REFUSED)


async def take_back(*, actor: Actor, request_id: UUID) -> None:
    """Ask no longer. Raises NotFound, RequestClosed."""
    async with sql.transaction():
        actor = await in_turn(actor)
        request = await _open(request_id)
        if request["asked_by"] != actor.id:
            raise NotFound
        await _close(actor, request, Outcome.WITHDRAWN)


async def _open(request_id: UUID) -> Any:
    found = await sql.row(
        f"""SELECT g.id, g.kind, g.staff_id, coalesce(g.role, 'officer') AS role, g.station_id, g.region_code,
            g.union_id, g.asked_by, g.outcome, g.expires_at, t.region_code AS home, t.display_name, {PLACE}
        FROM role_request g JOIN staff t ON t.id = g.staff_id {PLACE_JOINS} WHERE g.id = $1""",
        request_id,
    )
    if found is None:
        raise NotFound
    if found["outcome"] or found["expires_at"] <= clock.now():
        raise RequestClosed
    return found


async def _to_decide(actor: Actor, request_id: UUID) -> tuple[Actor, Any]:
    """An open request that this actor may decide, in turn."""
    actor = await in_turn(actor)
    request = await _open(request_id)
    wanted = await _wanted(request)
    if not all(may_agree(actor, role) for role in wanted):
        raise NotFound
    if request["staff_id"] == actor.id:
        raise NotYourself
    if request["asked_by"] == actor.id:
        raise NotTwice
    return actor, request


async def _wanted(request: Any) -> list[Placed]:
    """What the second officer must reach: the role's place, or all that the person's second factor opens."""
    if request["kind"] == RequestKind.GRANT:
        return [placed(request)]
    roles = (await grants_of([request["staff_id"]]))[request["staff_id"]]
    return roles or [at_home(request["home"])]


async def _carry_out(actor: Actor, request: Any) -> Done:
    """Do what was asked for, if whoever asked still might. Raises RequestClosed."""
    asked_by = await active_grants(request["asked_by"])
    first = replace(actor, id=request["asked_by"], grants=asked_by or ())
    wanted = await _wanted(request)
    if not await sql.value("SELECT true FROM staff WHERE id = $1 AND disabled_at IS NULL", request["staff_id"]):
        raise RequestClosed
    if request["kind"] in RESETS:
        roles = (await grants_of([request["staff_id"]]))[request["staff_id"]]
        if not may_manage(first, roles, request["home"]):
            raise RequestClosed
        kind = RequestKind(request["kind"])
        code = await RESETS[kind](actor, request["staff_id"], request["display_name"], request["home"])
        return Done(request["staff_id"], code=code, kind=kind)
    if not may_give(first, wanted[0]):
        raise RequestClosed
    try:
        await give(request["staff_id"], wanted[0])
    except RoleHeld as error:
        raise RequestClosed from error
    return Done(request["staff_id"])


async def _close(actor: Actor, request: Any, outcome: Outcome) -> None:
    await sql.run(
        "UPDATE role_request SET outcome = $2, decided_by = $3, decided_at = $4 WHERE id = $1",
        request["id"],
        outcome,
        actor.id,
        clock.now(),
    )
    role = placed(request)
    is_grant = request["kind"] == RequestKind.GRANT
    region = role.lies_in if is_grant else request["home"]
    await note(actor, f"{request['kind']}.{outcome}", request["staff_id"], region, role.code if is_grant else "")
