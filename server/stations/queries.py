"""Reads of stations and divisions alone."""

from __future__ import annotations

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
