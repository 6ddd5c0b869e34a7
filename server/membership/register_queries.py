"""Reads of the register: members of one's unions, and what happened to one of them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from server.db import sql
from server.kit.text import clean, half_width
from server.membership.errors import NameWrong
from server.membership.identity import name_index, open_identity, read_name
from server.membership.models import MemberState
from server.membership.review_queries import REVIEWERS
from server.membership.scope import IN_SCOPE, scope_of
from server.people.actors import Actor

LONGEST_SEARCH = 60
MOST_FOUND = 50
MOST_STEPS = 100


class MemberFound(msgspec.Struct, frozen=True):
    """A member in a reviewer's list."""

    id: UUID
    number: str
    name: str
    hidden_number: str
    union_name: str
    state: MemberState
    joined_on: date
    has_phone: bool


async def find_members(actor: Actor, typed: str) -> list[MemberFound]:
    """Members of one's unions by number or exact name. Raises Forbidden."""
    typed = clean(typed)[:LONGEST_SEARCH]
    found = await sql.rows(
        f"""SELECT m.*, u.name AS union_name FROM member m JOIN trade_union u ON u.id = m.union_id
        WHERE m.state <> 'left' AND (m.number = $4 OR m.name_index = $5) AND {IN_SCOPE}
        ORDER BY m.joined_on DESC, m.id LIMIT $6""",
        *scope_of(actor, REVIEWERS).values,
        "".join(ch for ch in half_width(typed) if ch.isdigit()),
        name_index(_name(typed)),
        MOST_FOUND,
    )
    shown = []
    for row in found:
        identity = open_identity(row["identity_sealed"])
        shown.append(
            MemberFound(
                id=row["id"],
                number=row["number"],
                name=identity.name,
                hidden_number=identity.hidden_number,
                union_name=row["union_name"],
                state=MemberState(row["state"]),
                joined_on=row["joined_on"],
                has_phone=row["person_id"] is not None,
            )
        )
    return shown


def _name(typed: str) -> str:
    """A name as the register writes it; what is none, as typed."""
    try:
        return read_name(typed)
    except NameWrong:
        return typed


class Step(msgspec.Struct, frozen=True):
    """A line of a history; `who` is "" where nobody of the staff did it."""

    step: str
    at: datetime
    union_name: str
    actor_kind: str
    who: str
    reason: str


async def history_of(subject: str, subject_id: UUID) -> list[Step]:
    """What happened to an application or a member, the latest first; the scope was checked where it was opened."""
    found = await sql.rows(
        """SELECT e.step, e.at, u.name AS union_name, e.actor_kind, s.display_name, e.reason FROM membership_event e
        LEFT JOIN trade_union u ON u.id = e.union_id
        LEFT JOIN staff s ON e.actor_kind = 'staff' AND s.id = e.actor_id
        WHERE e.subject_id = $1 AND e.subject = $2 ORDER BY e.at DESC, e.id DESC LIMIT $3""",
        subject_id,
        subject,
        MOST_STEPS,
    )
    return [
        Step(
            row["step"], row["at"], row["union_name"] or "", row["actor_kind"], row["display_name"] or "", row["reason"]
        )
        for row in found
    ]
