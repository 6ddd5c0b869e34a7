"""Appeals: the union above looks again, and never somebody who decided before."""

from __future__ import annotations

from uuid import UUID

from server.db import sql
from server.membership.errors import ForUnionAbove, OwnDecision
from server.membership.unions import UnionView
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people.actors import Actor
from server.people.models import Role
from server.people.queries import reviewers_of, staff_with_role

DECIDERS = """SELECT DISTINCT actor_id FROM membership_event
WHERE subject_id = $1 AND subject = 'application' AND step IN ('returned', 'rejected')"""


def lineage_above(union: UnionView) -> tuple[UUID, ...]:
    """The unions above; a root has none above it and answers itself."""
    return union.lineage[:-1] or union.lineage


async def tell_judges(application_id: UUID, union: UnionView) -> None:
    """Those who can look again hear of it, the nearest first; where there is nobody, the region's officers do."""
    before = await _deciders(application_id)
    judges = await reviewers_of(lineage_above(union), besides=before)
    if not judges:
        regional = await staff_with_role(Role.REVIEWER, None, union.region_code)
        judges = [staff_id for staff_id in regional if staff_id not in before]
    kind = NoticeKind.APPEAL_MADE
    if not judges:
        judges, kind = await staff_with_role(Role.OFFICER, None, union.region_code), NoticeKind.APPEAL_STUCK
    for staff_id in judges:
        await notices.tell_staff(staff_id, kind, {"union": union.name})


async def refuse_to_judge(actor: Actor, application_id: UUID, union: UnionView) -> None:
    """Raises ForUnionAbove, or OwnDecision for whoever decided before."""
    if not actor.may(Role.REVIEWER, lineage=lineage_above(union), region_code=union.region_code):
        raise ForUnionAbove
    if actor.id in await _deciders(application_id):
        raise OwnDecision


async def _deciders(application_id: UUID) -> list[UUID]:
    return [row["actor_id"] for row in await sql.rows(DECIDERS, application_id)]
