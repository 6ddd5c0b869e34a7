"""Reads of the tree of unions, a level at a time: no page asks for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit.geo import Point
from server.kit.ids import read_code
from server.kit.text import half_width
from server.membership.scope import IN_SCOPE, STANDS, scope_of
from server.membership.union_admin import may_keep
from server.membership.unions import CODE_CHARS, UnionView, view_of
from server.people.actors import Actor
from server.stations.divisions import find_place
from server.stations.naming import typed_words

PAGE = 50
# All below the unions of a page are gathered once, and counted together.
ROWS = """
WITH asked AS (SELECT id, place FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place)),
below AS MATERIALIZED (SELECT a.id AS top, d.id FROM asked a JOIN trade_union d ON d.lineage @> ARRAY[a.id]),
sizes AS (SELECT b.top, sum(s.members) AS members FROM below b JOIN union_size s ON s.union_id = b.id GROUP BY 1),
queues AS (
  SELECT b.top, count(*) AS waiting FROM below b JOIN application a ON a.union_id = b.id
  WHERE a.state IN ('submitted', 'appealed') GROUP BY 1),
moves AS (
  SELECT b.top, count(*) AS moving FROM below b JOIN transfer t ON t.to_union_id = b.id
  WHERE t.state = 'requested' GROUP BY 1)
SELECT u.*, p.name AS parent_name, coalesce(members, 0) AS members, coalesce(waiting, 0) AS waiting,
  coalesce(moving, 0) AS moving,
  (SELECT count(*) FROM trade_union c WHERE c.parent_id = u.id AND c.closed_at IS NULL) AS children
FROM asked JOIN trade_union u ON u.id = asked.id LEFT JOIN trade_union p ON p.id = u.parent_id
LEFT JOIN sizes ON sizes.top = u.id LEFT JOIN queues ON queues.top = u.id LEFT JOIN moves ON moves.top = u.id
ORDER BY asked.place
"""
# Of the unions of spans of regions those are gathered once whose parent is not among them; what is left is few.
TOPS = f"""
WITH own AS MATERIALIZED (SELECT t.id, t.parent_id FROM unnest($2::int[], $3::int[]) AS span (first, last)
  JOIN trade_union t ON t.region_code BETWEEN first AND last),
high AS (SELECT unnest($1::uuid[]) AS id
  UNION SELECT id FROM own WHERE parent_id IS NULL OR parent_id NOT IN (SELECT id FROM own))
SELECT m.id FROM high JOIN trade_union m ON m.id = high.id
WHERE NOT EXISTS (SELECT FROM trade_union u WHERE u.id = m.parent_id AND {STANDS})
  AND ($4::uuid IS NULL OR (m.closed_at IS NOT NULL, m.region_code, m.name, m.id) >
    (SELECT closed_at IS NOT NULL, region_code, name, id FROM trade_union WHERE id = $4))
ORDER BY m.closed_at IS NOT NULL, m.region_code, m.name, m.id LIMIT $5
"""


class UnionRow(msgspec.Struct, frozen=True):
    """A union with the figures of itself and all below it; `children` are the open ones directly below."""

    union: UnionView
    parent_id: UUID | None
    parent_name: str
    point: Point | None
    target: int
    closed: bool
    members: int
    waiting: int
    moving: int
    children: int

    @property
    def place(self) -> str:
        """Where it is, as the division is called in full."""
        found = find_place(self.union.region_code)
        return found.full_name if found else ""

    @property
    def short_place(self) -> str:
        """The same as people say it: 南宁青秀."""
        found = find_place(self.union.region_code)
        return "".join(found.chain[1:] or found.chain) if found else ""


async def top_unions(actor: Actor, after: UUID | None = None) -> tuple[list[UnionRow], UUID | None]:
    """The highest unions that somebody keeps, and the cursor for more. Raises Forbidden."""
    found = await sql.rows(TOPS, *scope_of(actor).values, after, PAGE + 1)
    return await _page(found)


async def unions_below(union_id: UUID, after: UUID | None = None) -> tuple[list[UnionRow], UUID | None]:
    """The unions directly below one, open ones first, and the cursor for more."""
    found = await sql.rows(
        """SELECT id FROM trade_union u WHERE parent_id = $1
          AND ($2::uuid IS NULL OR (u.closed_at IS NOT NULL, u.region_code, u.name, u.id) >
            (SELECT closed_at IS NOT NULL, region_code, name, id FROM trade_union WHERE id = $2))
        ORDER BY u.closed_at IS NOT NULL, u.region_code, u.name, u.id LIMIT $3""",
        union_id,
        after,
        PAGE + 1,
    )
    return await _page(found)


async def search_unions(actor: Actor, text: str) -> list[UnionRow]:
    """Unions that somebody keeps by name or code, closed ones too, the likeliest first. Raises Forbidden."""
    scope = scope_of(actor)
    words = " ".join(typed.written for typed in typed_words(text))
    if not words:
        return []
    found = await sql.rows(
        f"""SELECT u.id FROM trade_union u WHERE ($4 <% u.search_text OR u.code = $5) AND {IN_SCOPE}
        ORDER BY u.code = $5 DESC, word_similarity($4, u.search_text) DESC, u.name, u.id LIMIT $6""",
        *scope.values,
        words,
        read_code(half_width(text))[:CODE_CHARS],
        PAGE,
    )
    return await _rows([row["id"] for row in found])


async def union_kept(actor: Actor, union_id: UUID) -> UnionRow:
    """A union that somebody may look at: of one's region, or one's own and below. Raises NotFound, Forbidden."""
    found = await _rows([union_id])
    if not found:
        raise NotFound
    if not may_keep(actor, found[0].union.lineage, found[0].union.region_code):
        raise Forbidden
    return found[0]


async def kept_with_path(actor: Actor, union_id: UUID) -> tuple[UnionRow, list[tuple[UnionView, bool]]]:
    """A union and the way to it, as below. Raises NotFound, Forbidden."""
    row = await union_kept(actor, union_id)
    return row, await path_to(actor, row.union)


async def path_to(actor: Actor, union: UnionView) -> list[tuple[UnionView, bool]]:
    """The unions above one from the top down, and whether somebody may look at them."""
    found = await sql.rows(
        "SELECT * FROM trade_union WHERE id = ANY($1) ORDER BY cardinality(lineage)", list(union.lineage[:-1])
    )
    views = [view_of(row) for row in found]
    return [(view, may_keep(actor, view.lineage, view.region_code)) for view in views]


async def _page(found: Sequence[Any]) -> tuple[list[UnionRow], UUID | None]:
    rows = await _rows([row["id"] for row in found[:PAGE]])
    return rows, rows[-1].union.id if len(found) > PAGE else None


async def _rows(ids: list[UUID]) -> list[UnionRow]:
    """These unions with their figures, in this order."""
    found = await sql.rows(
        ROWS,
        ids,
    )
    return [
        UnionRow(
            union=view_of(row),
            parent_id=row["parent_id"],
            parent_name=row["parent_name"] or "",
            point=Point(row["lat"], row["lng"]) if row["lat"] is not None else None,
            target=row["target"],
            closed=row["closed_at"] is not None,
            members=row["members"],
            waiting=row["waiting"],
            moving=row["moving"],
            children=row["children"],
        )
        for row in found
    ]
