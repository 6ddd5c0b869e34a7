"""Unions as workers find them. The right one is proposed; the worker may take another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import NotFound
from server.kit.geo import Point
from server.kit.ids import read_code
from server.kit.text import clean, half_width
from server.membership.errors import UnionUnknown
from server.membership.models import ChosenBy, UnionKind
from server.people.actors import region_span
from server.stations.divisions import find_place
from server.stations.naming import typed_words

CODE_CHARS = 8
MOST_PROPOSED = 6
MOST_FOUND = 20
HERE = "closed_at IS NULL AND kind <> 'federation'"


class UnionView(msgspec.Struct, frozen=True):
    """A union as workers see it; `lineage` are the ids from the root down to itself."""

    id: UUID
    code: str
    name: str
    kind: UnionKind
    region_code: int
    lineage: tuple[UUID, ...]

    @property
    def is_joinable(self) -> bool:
        """Workers join a union below a federation."""
        return self.kind is not UnionKind.FEDERATION

    @property
    def is_workplace(self) -> bool:
        """Whether its name says where somebody works."""
        return self.kind in (UnionKind.EMPLOYER, UnionKind.SITE)

    @property
    def place_of_work(self) -> int | None:
        """Where its members work: a city or county; a whole province says too little."""
        return self.region_code if self.region_code % 10_000 else None


class Proposal(msgspec.Struct, frozen=True):
    """A union, and why it is proposed."""

    union: UnionView
    chosen_by: ChosenBy


def view_of(row: Any) -> UnionView:
    """A row of trade_union as a view."""
    return UnionView(
        row["id"], row["code"], row["name"], UnionKind(row["kind"]), row["region_code"], tuple(row["lineage"])
    )


async def union_by_id(union_id: UUID) -> UnionView:
    """Raises NotFound."""
    found = await sql.row("SELECT * FROM trade_union WHERE id = $1", union_id)
    if found is None:
        raise NotFound
    return view_of(found)


async def open_union(union_id: UUID) -> UnionView:
    """A union that is not closed, and will not be before this transaction ends. Raises UnionUnknown."""
    found = await sql.row("SELECT * FROM trade_union WHERE id = $1 AND closed_at IS NULL FOR KEY SHARE", union_id)
    if found is None:
        raise UnionUnknown(field="union")
    return view_of(found)


async def union_by_code(code: str) -> UnionView | None:
    """The open union whose poster carries this code, however it was typed; None for a code that names none."""
    read = read_code(half_width(clean(code)))[:CODE_CHARS]
    found = await sql.row("SELECT * FROM trade_union WHERE code = $1 AND closed_at IS NULL", read)
    return view_of(found) if found else None


async def propose(*, employer: str, region_code: int, origin_code: int | None = None) -> list[Proposal]:
    """Unions for somebody who works here, the best first: the employer's or site's own in the same city, those of
    the county's parks and streets from near to far, then the holding union of county, city or province, and at last
    that of where he comes from.
    """
    place = find_place(region_code)
    centre = place.centre if place else Point(0, 0)
    city = region_code // 100 * 100 if region_code % 100 else region_code
    around = _around(region_code)
    found = await sql.rows(
        f"""(SELECT 1 AS rank, u.*, 1 - word_similarity($1, search_text) AS far FROM trade_union u
            WHERE {HERE} AND kind IN ('employer', 'site', 'park') AND $1 <> '' AND $1 <% search_text
              AND region_code BETWEEN $2 AND $3 ORDER BY far LIMIT 3)
        UNION ALL
        (SELECT 2, u.*, coalesce(earth_distance(ll_to_earth(lat, lng), ll_to_earth($6, $7)), 1e9) AS far
            FROM trade_union u WHERE {HERE} AND kind IN ('street', 'park') AND region_code BETWEEN $4 AND $5
            ORDER BY far LIMIT 4)
        UNION ALL
        (SELECT 3, u.*, array_position($8, region_code)::float8 AS far FROM trade_union u
            WHERE {HERE} AND kind = 'holding' AND region_code = ANY($8) ORDER BY far LIMIT 3)
        ORDER BY rank, far""",
        " ".join(typed.written for typed in typed_words(employer)),
        *region_span(city),
        *region_span(region_code),
        centre.lat,
        centre.lng,
        [*around, *(code for code in _around(origin_code or 0) if code not in around)],
    )
    by = {1: ChosenBy.EMPLOYER, 2: ChosenBy.PLACE, 3: ChosenBy.PLACE}
    proposals = {row["id"]: Proposal(view_of(row), by[row["rank"]]) for row in reversed(found)}
    return list(reversed(proposals.values()))[:MOST_PROPOSED]


def _around(region_code: int) -> list[int]:
    """A division and those that hold it, from small to large."""
    return list(dict.fromkeys((region_code, region_code // 100 * 100, region_code // 10_000 * 10_000)))


async def find_unions(text: str) -> list[UnionView]:
    """Unions by name or code, the likeliest first."""
    words = " ".join(typed.written for typed in typed_words(text))
    if not words:
        return []
    found = await sql.rows(
        f"""SELECT * FROM trade_union WHERE {HERE} AND ($1 <% search_text OR code = $2)
        ORDER BY word_similarity($1, search_text) DESC, name LIMIT $3""",
        words,
        read_code(half_width(text))[:CODE_CHARS],
        MOST_FOUND,
    )
    return [view_of(row) for row in found]
