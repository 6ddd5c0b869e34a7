"""An application as a reviewer sees it in the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from server.kit import clock
from server.kit.crypto import vault
from server.membership.identity import ADULT_AGE, Identity, open_identity
from server.membership.models import WAITING, ApplicationKind, ApplicationState, ChosenBy
from server.membership.rules import USUAL_DAYS
from server.membership.sealing import APPEAL
from server.stations.divisions import find_place

PENSION_AGE = 60
SECONDS_PER_HOUR = 3600


class Waiting(msgspec.Struct, frozen=True):
    """An application in the queue, with what a reviewer should look at twice."""

    id: UUID
    kind: ApplicationKind
    state: ApplicationState
    identity: Identity
    age: int
    phone_tail: str
    employer: str
    place: str
    union_id: UUID
    union_name: str
    union_closed: bool
    chosen_by: ChosenBy | None
    submitted_at: datetime
    reason: str
    appeal: str
    has_twin: bool
    is_anothers: bool
    phone_is_anothers: bool
    rejected_before: bool
    opened_by: str

    @property
    def is_minor(self) -> bool:
        return self.age < ADULT_AGE

    @property
    def is_old(self) -> bool:
        return self.age >= PENSION_AGE

    @property
    def has_doubts(self) -> bool:
        """Something to look at twice."""
        return (
            self.is_minor
            or self.is_old
            or self.has_twin
            or self.is_anothers
            or self.phone_is_anothers
            or self.rejected_before
            or self.union_closed
        )

    @property
    def is_plain(self) -> bool:
        """Nothing to look at twice: may be approved together with others."""
        return not self.has_doubts and self.state is ApplicationState.SUBMITTED and self.kind is ApplicationKind.JOIN

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING

    @property
    def days(self) -> int:
        """Full days of waiting."""
        return (clock.now() - self.submitted_at).days

    @property
    def hours(self) -> int:
        """Full hours of waiting."""
        return int((clock.now() - self.submitted_at).total_seconds()) // SECONDS_PER_HOUR

    @property
    def is_late(self) -> bool:
        """Waiting longer than workers are told that it takes."""
        return self.days >= USUAL_DAYS

    @property
    def cursor(self) -> str:
        """Where the queue goes on after this one."""
        return f"{self.submitted_at.isoformat()}~{self.id}"


# `$4` is who asks, `$5` since when an opening by somebody else counts.
COLUMNS = """a.*, u.name AS union_name, u.closed_at IS NOT NULL AS union_closed, p.phone_tail,
  EXISTS (SELECT FROM application o WHERE o.document_index = a.document_index AND o.person_id <> a.person_id) AS twin,
  EXISTS (SELECT FROM member m WHERE m.document_index = a.document_index AND m.state <> 'left'
    AND m.person_id <> a.person_id) AS is_anothers,
  EXISTS (SELECT FROM member m WHERE m.phone_index = p.phone_index AND m.state <> 'left'
    AND m.document_index <> a.document_index AND m.person_id IS DISTINCT FROM a.person_id) AS phone_is_anothers,
  EXISTS (SELECT FROM application o WHERE o.person_id = a.person_id AND o.id <> a.id AND o.state = 'rejected')
    AS rejected_before,
  (SELECT s.display_name FROM audit_entry e JOIN staff s ON s.id = e.actor_id WHERE e.subject_kind = 'person'
    AND e.subject_id = a.person_id::text AND e.action = 'application.opened' AND e.at > $5 AND e.actor_id <> $4
    ORDER BY e.at DESC LIMIT 1) AS opened_by
FROM application a JOIN trade_union u ON u.id = a.union_id JOIN person p ON p.id = a.person_id"""


def waiting_of(row: Any) -> Waiting:
    """A row of COLUMNS, opened."""
    identity = open_identity(row["identity_sealed"])
    place = find_place(row["region_code"])
    return Waiting(
        id=row["id"],
        kind=ApplicationKind(row["kind"]),
        state=ApplicationState(row["state"]),
        identity=identity,
        age=identity.age(clock.today()),
        phone_tail=row["phone_tail"],
        employer=row["employer"],
        place=place.full_name if place else "",
        union_id=row["union_id"],
        union_name=row["union_name"],
        union_closed=row["union_closed"],
        chosen_by=ChosenBy(row["chosen_by"]) if row["chosen_by"] else None,
        submitted_at=row["submitted_at"],
        reason=row["reason"],
        appeal=vault().open(row["appeal_sealed"], APPEAL) if row["appeal_sealed"] else "",
        has_twin=row["twin"],
        is_anothers=row["is_anothers"],
        phone_is_anothers=row["phone_is_anothers"],
        rejected_before=row["rejected_before"],
        opened_by=row["opened_by"] or "",
    )
