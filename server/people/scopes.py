"""Where roles lie, with the region and the lineage that decide who may give them.

The one place in this room that reads stations, unions and divisions: their rooms build on this one, so it asks their
tables and not their services.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from server.db import sql
from server.errors import Forbidden
from server.kit.ids import read_code
from server.kit.text import half_width
from server.people.actors import Actor, GrantHeld, region_span
from server.people.errors import PlaceUnclear, PlaceUnknown
from server.people.models import Role

STATION, UNION, REGION = "station", "union", "region"
# Where a role may lie; each is given at the first where both are possible.
PLACES_OF: dict[Role, tuple[str, ...]] = {
    Role.STAFF: (STATION, REGION),
    Role.MANAGER: (STATION, REGION),
    Role.REVIEWER: (UNION, REGION),
    Role.OFFICER: (REGION,),
    Role.AUDITOR: (REGION,),
}
# What a role may give to others, within its own scope.
GIVES: dict[Role, frozenset[Role]] = {
    Role.MANAGER: frozenset({Role.STAFF, Role.MANAGER}),
    Role.REVIEWER: frozenset({Role.REVIEWER}),
    Role.OFFICER: frozenset(Role),
}
PLACE = """s.name AS station_name, u.name AS union_name, d.full_name AS region_name,
  coalesce(g.region_code, s.region_code, u.region_code) AS lies_in, coalesce(u.lineage, '{}') AS lineage"""
PLACE_JOINS = """LEFT JOIN station s ON s.id = g.station_id LEFT JOIN trade_union u ON u.id = g.union_id
LEFT JOIN division d ON d.code = g.region_code"""


@dataclass(frozen=True)
class Placed:
    """A role and where it lies, named as people name it; `id` where it is somebody's."""

    role: Role
    station_id: UUID | None
    region_code: int | None
    union_id: UUID | None
    lies_in: int | None
    lineage: tuple[UUID, ...]
    name: str
    id: UUID | None = None

    @property
    def grant(self) -> GrantHeld:
        return GrantHeld(self.role, self.station_id, self.region_code, self.union_id)

    @property
    def code(self) -> str:
        """Role and place for the audit, which names nobody."""
        return f"{self.role} {self.station_id or self.union_id or self.region_code}"

    @property
    def needs_two(self) -> bool:
        """Whether it lies above a station: then one officer asks, and another agrees."""
        return self.station_id is None


CANDIDATES_MOST = 50
# What may be meant by $1 ($3 where it is a code), as a place for the role $2.
ASKED = "(SELECT $1::text AS typed, $2::text AS role, $3::text AS typed_code) asked"
NOBODYS = "NULL::uuid AS id, asked.role"
CANDIDATES = {
    STATION: f"""SELECT g.*, {PLACE} FROM (
        SELECT {NOBODYS}, t.id AS station_id, NULL::int AS region_code, NULL::uuid AS union_id FROM {ASKED}
        JOIN station t ON t.external_id IN (typed, upper(typed)) OR t.name = typed
        WHERE t.retired_at IS NULL LIMIT $4) g {PLACE_JOINS}""",
    UNION: f"""SELECT g.*, {PLACE} FROM (
        SELECT {NOBODYS}, NULL::uuid AS station_id, NULL::int AS region_code, t.id AS union_id FROM {ASKED}
        JOIN trade_union t ON t.code = typed_code OR t.name = typed
        WHERE t.closed_at IS NULL LIMIT $4) g {PLACE_JOINS}""",
    REGION: f"""SELECT g.*, {PLACE} FROM (
        SELECT {NOBODYS}, NULL::uuid AS station_id, t.code AS region_code, NULL::uuid AS union_id FROM {ASKED}
        JOIN division t ON t.code::text = typed OR t.full_name = typed OR t.name = typed LIMIT $4) g {PLACE_JOINS}""",
}


def may_give(actor: Actor, wanted: Placed) -> bool:
    """Whether a role of the actor reaches the place and includes what is to be given there."""
    return any(wanted.role in GIVES.get(held.role, ()) and _reaches(held, wanted) for held in actor.grants)


def may_agree(actor: Actor, wanted: Placed) -> bool:
    """Whether the actor may be the second: an officer of a region that holds the place."""
    return any(held.role is Role.OFFICER and _reaches(held, wanted) for held in actor.grants)


def _reaches(held: GrantHeld, wanted: Placed) -> bool:
    if held.region_code is not None and wanted.region_code is not None:
        first, last = region_span(held.region_code)
        inner_first, inner_last = region_span(wanted.region_code)
        return first <= inner_first and inner_last <= last
    return held.covers(wanted.station_id, wanted.lies_in, wanted.lineage)


def placed(row: Any) -> Placed:
    """From a row with the columns of a grant and PLACE."""
    return Placed(
        Role(row["role"]),
        row["station_id"],
        row["region_code"],
        row["union_id"],
        row["lies_in"],
        tuple(row["lineage"]),
        row["station_name"] or row["union_name"] or row["region_name"] or str(row["region_code"] or ""),
        row["id"],
    )


def may_see(actor: Actor, roles: Collection[Placed], home: int | None) -> bool:
    """Whether one of somebody's roles is the actor's to give; without any, whether the home region is an officer's."""
    return any(may_give(actor, role) for role in roles) or (not roles and may_agree(actor, at_home(home)))


def may_manage(actor: Actor, roles: Collection[Placed], home: int | None) -> bool:
    """Whether all of somebody's roles are the actor's to give, so that none above the actor is touched."""
    return may_see(actor, roles, home) and all(may_give(actor, role) for role in roles)


def at_home(region_code: int | None) -> Placed:
    """The region itself, as the place of an officer."""
    return Placed(Role.OFFICER, None, region_code, None, region_code, (), "")


async def in_turn(actor: Actor) -> Actor:
    """The actor with the roles of this instant, until the end of the transaction. Raises Forbidden.

    Whoever changes roles and accounts takes turns, in whichever process: two officers who act on each other, or both
    on one request, cannot both be right.
    """
    await sql.run("SELECT pg_advisory_xact_lock(hashtextextended('roles', 0))")
    held = await active_grants(actor.id)
    if held is None:
        raise Forbidden
    return replace(actor, grants=held)


async def active_grants(staff_id: UUID | None) -> tuple[GrantHeld, ...] | None:
    """The roles of somebody who is not disabled."""
    if not await sql.value("SELECT true FROM staff WHERE id = $1 AND disabled_at IS NULL", staff_id):
        return None
    found = await sql.rows(
        "SELECT role, station_id, region_code, union_id FROM role_grant WHERE staff_id = $1", staff_id
    )
    return tuple(GrantHeld(Role(r["role"]), r["station_id"], r["region_code"], r["union_id"]) for r in found)


async def region_of(grant: GrantHeld) -> int | None:
    """The region that a role lies in."""
    return (await place_of(grant)).lies_in


async def place_of(grant: GrantHeld) -> Placed:
    """A role with everything that decides about it."""
    row = await sql.row(
        f"""SELECT g.*, {PLACE} FROM (SELECT NULL::uuid AS id, $1::text AS role, $2::uuid AS station_id,
            $3::int AS region_code, $4::uuid AS union_id) g {PLACE_JOINS}""",
        grant.role,
        grant.station_id,
        grant.region_code,
        grant.union_id,
    )
    return placed(row)


async def grants_of(staff_ids: Collection[UUID]) -> dict[UUID, list[Placed]]:
    """The roles of these, the oldest first."""
    found = await sql.rows(
        f"""SELECT g.id, g.staff_id, g.role, g.station_id, g.region_code, g.union_id, {PLACE}
        FROM role_grant g {PLACE_JOINS} WHERE g.staff_id = ANY($1) ORDER BY g.created_at, g.id""",
        list(staff_ids),
    )
    grants: dict[UUID, list[Placed]] = {staff_id: [] for staff_id in staff_ids}
    for row in found:
        grants[row["staff_id"]].append(placed(row))
    return grants


async def find_place(actor: Actor, role: Role, typed: str) -> Placed:
    """The place, where the actor may give this role, that somebody typed: by number, code or full name.

    Raises PlaceUnknown, PlaceUnclear.
    """
    plain = half_width(typed).strip()
    for kind in PLACES_OF[role]:
        rows = await sql.rows(CANDIDATES[kind], plain, role, read_code(plain), CANDIDATES_MOST)
        found = [place for place in map(placed, rows) if may_give(actor, place)]
        if len(found) > 1:
            raise PlaceUnclear(field="place", typed=typed)
        if found:
            return found[0]
    raise PlaceUnknown(field="place", typed=typed)
