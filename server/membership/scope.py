"""Whose register somebody keeps: an officer the unions of a region's subtree, a reviewer a union with those below."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from server.db import sql
from server.errors import Forbidden
from server.kit.ids import read_code
from server.kit.text import half_width
from server.membership.errors import UnionUnknown
from server.people.actors import Actor, region_span
from server.people.models import Role
from server.stations.divisions import find_place

KEEPERS = (Role.OFFICER, Role.REVIEWER)
# Whether the union `u` lies in a scope, whose `values` are the statement's first three.
IN_SCOPE = """u.id IN (SELECT id FROM trade_union WHERE lineage && $1::uuid[]
  UNION ALL SELECT t.id FROM unnest($2::int[], $3::int[]) AS span (first, last)
    JOIN trade_union t ON t.region_code BETWEEN first AND last)"""
# The same of few unions, which are looked at one by one: nothing is gathered for it.
STANDS = """(u.lineage && $1::uuid[] OR EXISTS (
  SELECT FROM unnest($2::int[], $3::int[]) AS span (first, last) WHERE u.region_code BETWEEN first AND last))"""


@dataclass(frozen=True)
class Scope:
    """Unions with all below them, and spans of division codes."""

    unions: tuple[UUID, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def values(self) -> tuple[list[UUID], list[int], list[int]]:
        """The parameters of IN_SCOPE."""
        return list(self.unions), [first for first, _ in self.spans], [last for _, last in self.spans]

    @property
    def region_code(self) -> int | None:
        """The region, where the scope is just one."""
        return self.spans[0][0] or None if len(self.spans) == 1 and not self.unions else None


EVERYWHERE = Scope(spans=((0, 999_999),))


def scope_of(actor: Actor, roles: Collection[Role] = KEEPERS) -> Scope:
    """The unions whose register this member of staff keeps. Raises Forbidden."""
    grants = [grant for grant in actor.grants if grant.role in roles]
    scope = Scope(
        tuple(grant.union_id for grant in grants if grant.union_id is not None),
        tuple(region_span(grant.region_code) for grant in grants if grant.region_code is not None),
    )
    if not scope.unions and not scope.spans:
        raise Forbidden
    return scope


async def scope_names(scope: Scope) -> list[str]:
    """The regions and unions of a scope, as people call them."""
    regions = [place.full_name for place in (find_place(first) for first, _ in scope.spans) if place]
    unions = await sql.rows("SELECT name FROM trade_union WHERE id = ANY($1) ORDER BY code", list(scope.unions))
    return regions + [row["name"] for row in unions]


async def scope_codes(scope: Scope) -> list[str]:
    """The codes of a scope's regions and unions, which name nobody."""
    unions = await sql.rows("SELECT code FROM trade_union WHERE id = ANY($1) ORDER BY code", list(scope.unions))
    return [str(first) for first, _ in scope.spans] + [row["code"] for row in unions]


@dataclass(frozen=True)
class UnionFound:
    """A union by its code or name, and whether it lies in somebody's scope."""

    id: UUID
    code: str
    name: str
    mine: bool


async def narrowed(scope: Scope, union_code: str) -> Scope:
    """A union with all below it. Raises UnionUnknown where the scope does not hold it."""
    found = [union for union in await unions_named(scope, [read_code(half_width(union_code))], []) if union.mine]
    if not found:
        raise UnionUnknown(field="union")
    return Scope(unions=(found[0].id,))


async def unions_named(scope: Scope, codes: list[str], names: list[str]) -> list[UnionFound]:
    """The open unions of these codes and of these names."""
    found = await sql.rows(
        f"""SELECT u.id, u.code, u.name, {IN_SCOPE} AS mine FROM trade_union u
        WHERE u.closed_at IS NULL AND (u.code = ANY($4) OR u.name = ANY($5))""",
        *scope.values,
        codes,
        names,
    )
    return [UnionFound(**row) for row in found]
