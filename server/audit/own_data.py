"""What the audit holds about somebody: who dealt with their data. Entries stay; the words in them can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql

# Subjects: ids by the kind of thing they are of.
Subjects = Mapping[str, Iterable[UUID]]
OF_SUBJECTS = """(subject_kind, subject_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))"""


class Act(msgspec.Struct, frozen=True):
    """What staff did, when and why."""

    at: datetime
    staff_id: UUID
    action: str
    reason: str


async def acts_of_staff(subjects: Subjects) -> list[Act]:
    """What staff did with any of these, the latest first."""
    found = await sql.rows(
        f"""SELECT at, actor_id AS staff_id, action, reason FROM audit_entry
        WHERE {OF_SUBJECTS} AND actor_kind = 'staff' AND actor_id IS NOT NULL ORDER BY at DESC, id DESC""",
        *_pairs(subjects),
    )
    return [Act(**row) for row in found]


async def exports_of(codes: Sequence[str], since: datetime, until: datetime) -> list[Act]:
    """The times when a register that holds one of these unions or regions (by code) was taken out."""
    found = await sql.rows(
        """SELECT at, actor_id AS staff_id, action, reason FROM audit_entry
        WHERE subject_kind = 'members' AND action = 'members.exported' AND actor_id IS NOT NULL
          AND string_to_array(subject_id, ' ') && $1::text[] AND at BETWEEN $2 AND $3
        ORDER BY at DESC, id DESC""",
        list(codes),
        since,
        until,
    )
    return [Act(**row) for row in found]


async def forget_words(subjects: Subjects) -> None:
    """Blank the reasons that staff wrote about these; who did what and when stays. After `sql.blank_histories`."""
    await sql.run(f"UPDATE audit_entry SET reason = '' WHERE {OF_SUBJECTS} AND reason <> ''", *_pairs(subjects))


def _pairs(subjects: Subjects) -> tuple[list[Any], list[Any]]:
    pairs = [(kind, str(subject_id)) for kind, ids in subjects.items() for subject_id in ids]
    return [kind for kind, _ in pairs], [subject_id for _, subject_id in pairs]
