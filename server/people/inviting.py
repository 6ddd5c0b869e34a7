"""Invitations: a code, given from hand to hand, that works once within three days and is kept as its keyed hash."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_code, new_id, read_code
from server.kit.text import half_width
from server.people import service
from server.people.actors import Actor
from server.people.errors import InvitationTooMany, InvitationUnusable
from server.people.models import InvitationKind
from server.people.scopes import PLACE, PLACE_JOINS, Placed, active_grants, in_turn, may_give, placed
from server.people.staff_admin import note
from server.people.totp import TOTP, new_secret

INVITATION_LIFE = timedelta(days=3)
CODE_CHARS, GROUP = 12, 4
# A code has 60 random bits; this only stops machines.
TRIES, TRIES_WINDOW = 30, timedelta(minutes=10)


class Invited(msgspec.Struct, frozen=True):
    """An invitation that can still be used."""

    id: UUID
    kind: InvitationKind
    display_name: str
    invited_by: UUID
    expires_at: datetime
    staff_id: UUID | None
    login: str
    role: Placed | None


USABLE = f"""SELECT g.id, g.kind, g.display_name, g.invited_by, g.expires_at, g.staff_id, t.login, g.role, g.station_id,
  g.region_code, g.union_id, {PLACE} FROM invitation g LEFT JOIN staff t ON t.id = g.staff_id {PLACE_JOINS}
WHERE g.used_at IS NULL AND g.withdrawn_at IS NULL AND g.expires_at > $1"""


async def invite(*, actor: Actor, display_name: str, role: Placed) -> str:
    """A code with which somebody makes an account and has this role; shown this once. Raises Forbidden.

    A role above a station still needs a second officer, who is asked as soon as the account is there.
    """
    async with sql.transaction():
        actor = await in_turn(actor)
        if not may_give(actor, role):
            raise Forbidden
        invitation_id, code = await _make(actor, InvitationKind.JOIN, display_name, role=role)
        await note(actor, "staff.invited", invitation_id, role.lies_in, role.code)
    return code


async def make_reset(actor: Actor, staff_id: UUID, display_name: str, region_code: int | None) -> str:
    """Void a second factor and end its sessions; the code to set up another. In the caller's transaction and turn."""
    await sql.run("UPDATE staff SET totp_sealed = $2 WHERE id = $1", staff_id, vault().seal(new_secret(), TOTP))
    await sql.run("DELETE FROM recovery_code WHERE staff_id = $1", staff_id)
    await sql.run("DELETE FROM session WHERE staff_id = $1", staff_id)
    code = await _make_anew(actor, InvitationKind.RESET, staff_id, display_name)
    await note(actor, "staff.factor_reset", staff_id, region_code)
    return code


async def make_password_reset(actor: Actor, staff_id: UUID, display_name: str, region_code: int | None) -> str:
    """The code to choose another password with. Nothing changes until it is used, together with the second factor.

    In the caller's transaction and turn.
    """
    code = await _make_anew(actor, InvitationKind.FORGOTTEN, staff_id, display_name)
    await note(actor, "staff.password_reset", staff_id, region_code)
    return code


async def _make_anew(actor: Actor, kind: InvitationKind, staff_id: UUID, display_name: str) -> str:
    """A code for an account; those of before work no more, so that no two of them lead in together."""
    await sql.run(
        "UPDATE invitation SET withdrawn_at = $2 WHERE staff_id = $1 AND used_at IS NULL AND withdrawn_at IS NULL",
        staff_id,
        clock.now(),
    )
    _, code = await _make(actor, kind, display_name, staff_id=staff_id)
    return code


async def _make(
    actor: Actor, kind: InvitationKind, display_name: str, *, role: Placed | None = None, staff_id: UUID | None = None
) -> tuple[UUID, str]:
    invitation_id, code, now = new_id(), new_code(CODE_CHARS), clock.now()
    await sql.run(
        """INSERT INTO invitation (id, kind, code_index, display_name, role, station_id, region_code, union_id,
            invited_by, created_at, expires_at, staff_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        invitation_id,
        kind,
        _code_index(code),
        display_name,
        role.role if role else None,
        role.station_id if role else None,
        role.region_code if role else None,
        role.union_id if role else None,
        actor.id,
        now,
        now + INVITATION_LIFE,
        staff_id,
    )
    return invitation_id, "-".join(code[at : at + GROUP] for at in range(0, CODE_CHARS, GROUP))


async def withdraw_invitation(*, actor: Actor, invitation_id: UUID) -> None:
    """A code that went astray works no more. Raises NotFound."""
    async with sql.transaction():
        actor = await in_turn(actor)
        found = await sql.row(f"{USABLE} AND g.id = $2", clock.now(), invitation_id)
        invited = _read(found) if found else None
        if invited is None or not (invited.invited_by == actor.id or (invited.role and may_give(actor, invited.role))):
            raise NotFound
        await sql.run("UPDATE invitation SET withdrawn_at = $2 WHERE id = $1", invitation_id, clock.now())
        region = invited.role.lies_in if invited.role else None
        await note(actor, "staff.invitation_withdrawn", invitation_id, region)


async def read_invitation(*, code: str, address: str) -> Invited:
    """What a code is for; looking does not use it. Raises InvitationUnusable, InvitationTooMany."""
    retry_after = await service.count_try(vault().index(address, "invitation-address"), TRIES_WINDOW, TRIES)
    if retry_after:
        raise InvitationTooMany(retry_after=retry_after, field="code")
    return await _usable(await sql.row(f"{USABLE} AND g.code_index = $2", clock.now(), _code_index(code)))


async def use_invitation(invitation_id: UUID, staff_id: UUID) -> Invited:
    """Use it up: once, whoever comes at the same time. In the caller's transaction. Raises InvitationUnusable."""
    invited = await _usable(await sql.row(f"{USABLE} AND g.id = $2 FOR UPDATE OF g", clock.now(), invitation_id))
    await sql.run(
        "UPDATE invitation SET used_at = $2, staff_id = $3 WHERE id = $1", invitation_id, clock.now(), staff_id
    )
    return invited


async def _usable(found: Any) -> Invited:
    """Raises InvitationUnusable, also where whoever invited might not do so any more."""
    if found is None:
        raise InvitationUnusable(field="code")
    invited = _read(found)
    held = await active_grants(invited.invited_by)
    if held is None or (invited.role and not may_give(Actor("staff", invited.invited_by, grants=held), invited.role)):
        raise InvitationUnusable(field="code")
    return invited


def _read(row: Any) -> Invited:
    return Invited(
        row["id"],
        InvitationKind(row["kind"]),
        row["display_name"],
        row["invited_by"],
        row["expires_at"],
        row["staff_id"],
        row["login"] or "",
        placed(row) if row["role"] else None,
    )


async def own_invitations(actor: Actor) -> list[Invited]:
    """Those that this one made and nobody has used yet, the latest first."""
    found = await sql.rows(
        f"{USABLE} AND g.invited_by = $2 AND g.kind = 'join' ORDER BY g.id DESC LIMIT 50", clock.now(), actor.id
    )
    return [_read(row) for row in found]


def _code_index(code: str) -> str:
    return vault().index(read_code(half_width(code)), "invitation")
