"""Reads about moves between unions: what waits, who is leaving, where a member has been."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.membership.identity import open_identity
from server.membership.schemas import Move
from server.membership.scope import STANDS, scope_of
from server.people.actors import Actor
from server.people.models import Role

REVIEWERS = (Role.REVIEWER,)
MOST = 100


# `u` is the union whose reviewers are asked about: the one to move to, or the one to leave.
COLUMNS = """t.*, m.identity_sealed, m.number, m.joined_on,
  (SELECT name FROM trade_union WHERE id = t.from_union_id) AS from_union,
  (SELECT name FROM trade_union WHERE id = t.to_union_id) AS to_union"""
COMING = f"""SELECT {COLUMNS} FROM transfer t JOIN trade_union u ON u.id = t.to_union_id
JOIN member m ON m.id = t.member_id
WHERE t.state = 'requested' AND {STANDS} ORDER BY t.answer_by, t.id LIMIT $4"""
LEAVING = f"""SELECT {COLUMNS} FROM transfer t JOIN trade_union u ON u.id = t.from_union_id
JOIN member m ON m.id = t.member_id
WHERE t.state = 'requested' AND {STANDS} ORDER BY t.answer_by, t.id LIMIT $4"""


async def coming(actor: Actor) -> list[Move]:
    """Requests that this reviewer may answer, the most pressing first. Raises Forbidden."""
    return [_move(row) for row in await sql.rows(COMING, *scope_of(actor, REVIEWERS).values, MOST)]


async def leaving(actor: Actor) -> list[Move]:
    """Members of one's unions who asked another union to take them over. Raises Forbidden."""
    return [_move(row) for row in await sql.rows(LEAVING, *scope_of(actor, REVIEWERS).values, MOST)]


def _move(row: Any) -> Move:
    return Move(
        id=row["id"],
        name=open_identity(row["identity_sealed"]).name,
        number=row["number"],
        from_union=row["from_union"],
        to_union=row["to_union"],
        employer=row["employer"],
        joined_on=row["joined_on"],
        asked_at=row["asked_at"],
        answer_by=row["answer_by"],
        escalated=row["escalated_at"] is not None,
    )


class Stay(msgspec.Struct, frozen=True):
    """A union, and the day since which a member belongs or belonged to it."""

    since: date
    union: str


async def union_history(member_id: UUID) -> list[Stay]:
    """The unions of a member from the first to the present one."""
    found = await sql.rows(
        """SELECT NULL AS at, m.joined_on, u.name FROM member m
        LEFT JOIN LATERAL (SELECT from_union_id FROM transfer WHERE member_id = m.id AND state = 'accepted'
          ORDER BY decided_at LIMIT 1) first ON true
        JOIN trade_union u ON u.id = coalesce(first.from_union_id, m.union_id) WHERE m.id = $1
        UNION ALL
        SELECT t.decided_at, NULL, u.name FROM transfer t JOIN trade_union u ON u.id = t.to_union_id
        WHERE t.member_id = $1 AND t.state = 'accepted' ORDER BY at NULLS FIRST""",
        member_id,
    )
    return [Stay(row["joined_on"] or clock.local(row["at"]).date(), row["name"]) for row in found]
