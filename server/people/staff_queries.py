"""Reads for who looks after staff: the people of one's scope, and what waits for a second officer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.people.actors import Actor, region_span
from server.people.models import RequestKind, Role
from server.people.scopes import PLACE, PLACE_JOINS, Placed, at_home, grants_of, may_agree, placed

PAGE = 50
ADMINS = (Role.MANAGER, Role.REVIEWER, Role.OFFICER)
# The staff of a scope: at these stations ($1), over unions below these ($2), with these roles ($5) in these spans of
# regions ($3, $4); whoever has no role is an officer's where the first one lay. Each part is gathered through an
# index, whatever the size of the others (OFFSET 0: one lookup for each station, union, colleague).
SPANS = """(SELECT first, last, array_agg(role) AS roles FROM unnest($3::int[], $4::int[], $5::text[])
    AS one (first, last, role) GROUP BY first, last) span"""
IN_SCOPE = f"""SELECT staff_id FROM role_grant WHERE station_id = ANY($1) AND role IN ('staff', 'manager')
  UNION SELECT g.staff_id FROM trade_union u CROSS JOIN LATERAL (
      SELECT staff_id FROM role_grant WHERE union_id = u.id AND role = 'reviewer' OFFSET 0) g
    WHERE u.lineage && $2::uuid[]
  UNION SELECT g.staff_id FROM {SPANS} JOIN role_grant g ON g.region_code BETWEEN first AND last
    AND g.role = ANY(span.roles)
  UNION SELECT g.staff_id FROM {SPANS} CROSS JOIN LATERAL (
      SELECT id FROM station WHERE region_code BETWEEN first AND last OFFSET 0) s CROSS JOIN LATERAL (
      SELECT staff_id FROM role_grant WHERE station_id = s.id AND role = ANY(span.roles) OFFSET 0) g
  UNION SELECT g.staff_id FROM {SPANS} CROSS JOIN LATERAL (
      SELECT id FROM trade_union WHERE region_code BETWEEN first AND last OFFSET 0) u CROSS JOIN LATERAL (
      SELECT staff_id FROM role_grant WHERE union_id = u.id AND role = ANY(span.roles) OFFSET 0) g
  UNION SELECT h.id FROM {SPANS} JOIN staff h ON h.region_code BETWEEN first AND last
    WHERE 'officer' = ANY(span.roles) AND NOT EXISTS (SELECT FROM role_grant g WHERE g.staff_id = h.id)"""
STAFF = f"""SELECT t.* FROM ({IN_SCOPE}) own CROSS JOIN LATERAL (
  SELECT id, login, display_name, disabled_at FROM staff WHERE id = own.staff_id OFFSET 0) t
WHERE ($6 = '' OR strpos(lower(t.display_name), $6) > 0 OR strpos(t.login, $6) > 0)
  AND ($7::uuid IS NULL OR t.id < $7) ORDER BY t.id DESC LIMIT $8"""
OPEN_REQUESTS = f"""SELECT g.id, g.kind, g.staff_id, t.display_name, coalesce(g.role, 'officer') AS role, g.station_id,
  g.region_code, g.union_id, g.asked_by, a.display_name AS asked_name, g.asked_at, g.expires_at, t.region_code AS home,
  {PLACE} FROM role_request g JOIN staff t ON t.id = g.staff_id JOIN staff a ON a.id = g.asked_by {PLACE_JOINS}
WHERE g.outcome IS NULL AND g.expires_at > $1 AND (g.asked_by = $2 OR EXISTS (
    SELECT FROM unnest($3::int[], $4::int[]) AS span (first, last)
    WHERE coalesce(g.region_code, s.region_code, u.region_code, t.region_code) BETWEEN first AND last))
ORDER BY g.asked_at LIMIT $5"""
ALL_ROLES = tuple(Role)


class StaffRow(msgspec.Struct, frozen=True):
    """One of the list, with everything that they may do where."""

    id: UUID
    login: str
    display_name: str
    disabled_at: datetime | None
    roles: list[Placed]


class RequestRow(msgspec.Struct, frozen=True):
    """What waits for a second officer; `mine` to take back, `decidable` by whoever looks."""

    id: UUID
    kind: RequestKind
    staff_id: UUID
    display_name: str
    asked_name: str
    asked_at: datetime
    expires_at: datetime
    role: Placed
    mine: bool
    decidable: bool


class SessionRow(msgspec.Struct, frozen=True):
    """Where somebody is signed in."""

    id: str
    device: str
    seen_at: datetime


def _spans(actor: Actor) -> tuple[list[int], list[int], list[str]]:
    """First and last region and role, for every role that one's regional roles may give."""
    spans = []
    for grant in actor.grants:
        if grant.region_code is None:
            continue
        first, last = region_span(grant.region_code)
        given = {Role.OFFICER: ALL_ROLES, Role.MANAGER: (Role.STAFF, Role.MANAGER), Role.REVIEWER: (Role.REVIEWER,)}
        spans += [(first, last, str(role)) for role in given.get(grant.role, ())]
    return [s[0] for s in spans], [s[1] for s in spans], [s[2] for s in spans]


async def staff_of(actor: Actor, typed: str = "", after: UUID | None = None) -> tuple[list[StaffRow], bool]:
    """The staff of one's scope, the newest first, and whether there are more. Raises Forbidden."""
    if not any(actor.holds(role) for role in ADMINS):
        raise Forbidden
    found = await sql.rows(
        STAFF,
        [g.station_id for g in actor.grants if g.role is Role.MANAGER and g.station_id],
        [g.union_id for g in actor.grants if g.role is Role.REVIEWER and g.union_id],
        *_spans(actor),
        typed.lower(),
        after,
        PAGE + 1,
    )
    roles = await grants_of([row["id"] for row in found[:PAGE]])
    return [StaffRow(**row, roles=roles[row["id"]]) for row in found[:PAGE]], len(found) > PAGE


async def open_requests(actor: Actor) -> list[RequestRow]:
    """What waits for this officer's yes or no, and what this one asked for, the oldest first."""
    officer = [region_span(g.region_code) for g in actor.grants if g.role is Role.OFFICER and g.region_code]
    found = await sql.rows(
        OPEN_REQUESTS,
        clock.now(),
        actor.id,
        [first for first, _ in officer],
        [last for _, last in officer],
        PAGE,
    )
    return [_request(row, actor) for row in found]


def _request(row: sql.Record, actor: Actor) -> RequestRow:
    role = placed(row) if row["kind"] == RequestKind.GRANT else at_home(row["home"])
    mine = row["asked_by"] == actor.id
    return RequestRow(
        row["id"],
        RequestKind(row["kind"]),
        row["staff_id"],
        row["display_name"],
        row["asked_name"],
        row["asked_at"],
        row["expires_at"],
        role,
        mine,
        not mine and row["staff_id"] != actor.id and may_agree(actor, role),
    )


async def sessions_of_staff(staff_id: UUID) -> list[SessionRow]:
    """Where somebody is signed in, the latest first; access was checked with the person."""
    found = await sql.rows(
        """SELECT id, device, seen_at FROM session WHERE staff_id = $1 AND expires_at > $2
        ORDER BY seen_at DESC LIMIT 50""",
        staff_id,
        clock.now(),
    )
    return [SessionRow(**row) for row in found]
