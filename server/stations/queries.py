"""Reads of stations and divisions alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec

from server.db import sql
from server.kit.text import clean, half_width
from server.people.actors import region_span

LIKE_SPECIALS = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


class DivisionItem(msgspec.Struct, frozen=True):
    """A province, city or county with its centre in WGS-84."""

    code: int
    name: str
    level: str
    parent_code: int | None
    full_name: str
    lat: float
    lng: float


async def find_divisions(*, parent: int | None, text: str, limit: int) -> list[DivisionItem]:
    """Divisions directly below one, or by name, pinyin or initials anywhere below it."""
    plain = clean(half_width(text)).lower()
    first, last = region_span(parent) if parent else (0, 999_999)
    found = await sql.rows(
        """SELECT code, name, level, parent_code, full_name, lat, lng FROM division
        WHERE CASE WHEN $1 = '' THEN parent_code IS NOT DISTINCT FROM $2
          ELSE code BETWEEN $3 AND $4 AND code IS DISTINCT FROM $2
            AND (full_name || ' ' || pinyin || ' ' || initials) LIKE $5 END
        ORDER BY code LIMIT $6""",
        plain,
        parent,
        first,
        last,
        f"%{plain.translate(LIKE_SPECIALS)}%",
        limit,
    )
    return [DivisionItem(**row) for row in found]


async def station_names(station_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What stations are called, retired ones too."""
    found = await sql.rows("SELECT id, name FROM station WHERE id = ANY($1)", list(station_ids))
    return {row["id"]: row["name"] for row in found}


EXPORTED = """
SELECT s.id, s.external_id, s.name, s.kind, s.region_code, s.lat, s.lng, s.hours, s.address, s.landmark, s.phone,
  s.facilities, s.unattended, s.season_from, s.season_until, s.retired_at, s.demo,
  (SELECT p.external_id FROM station p WHERE p.id = s.parent_id) AS parent
FROM station s
WHERE s.id > $1 AND EXISTS (SELECT FROM unnest($2::int[], $3::int[]) AS span (first, last)
  WHERE s.region_code BETWEEN span.first AND span.last)
ORDER BY s.id LIMIT $4
"""
BATCH = 500


async def every_station(regions: Sequence[int]) -> AsyncIterator[sql.Record]:
    """All stations of these regions' subtrees, retired ones too, without holding a connection in between."""
    spans = [region_span(code) for code in regions]
    after = UUID(int=0)
    while True:
        batch = await sql.rows(EXPORTED, after, [s[0] for s in spans], [s[1] for s in spans], BATCH)
        for row in batch:
            yield row
        if len(batch) < BATCH:
            return
        after = batch[-1]["id"]
