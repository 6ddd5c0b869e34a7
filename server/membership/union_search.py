"""Unions around a position."""

from __future__ import annotations

from server.db import sql
from server.kit.geo import Point
from server.membership.unions import HERE, MOST_FOUND, UnionView, view_of


async def unions_near(point: Point) -> list[tuple[UnionView, float]]:
    """The nearest unions that workers can join, with the metres to each."""
    found = await sql.rows(
        f"""SELECT u.*, earth_distance(ll_to_earth(lat, lng), ll_to_earth($1, $2)) AS far FROM trade_union u
        WHERE {HERE} AND lat IS NOT NULL ORDER BY ll_to_earth(lat, lng) <-> ll_to_earth($1, $2) LIMIT $3""",
        point.lat,
        point.lng,
        MOST_FOUND,
    )
    return [(view_of(row), row["far"]) for row in found]
