"""Who is asking: the answer every handler and service works with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from server.errors import Forbidden
from server.people.models import Role

# A role includes the ones listed behind it.
INCLUDES: dict[Role, frozenset[Role]] = {
    Role.STAFF: frozenset({Role.STAFF}),
    Role.MANAGER: frozenset({Role.STAFF, Role.MANAGER}),
    Role.REVIEWER: frozenset({Role.REVIEWER}),
    Role.OFFICER: frozenset({Role.STAFF, Role.MANAGER, Role.OFFICER}),
    Role.AUDITOR: frozenset({Role.AUDITOR}),
}


def region_span(code: int) -> tuple[int, int]:
    """First and last division code of a subtree: a province 450000 spans to 459999, a city 450100 to 450199."""
    if code % 10_000 == 0:
        return code, code + 9_999
    if code % 100 == 0:
        return code, code + 99
    return code, code


@dataclass(frozen=True)
class GrantHeld:
    """A role at one station, over a region's subtree, or over a union's; exactly one of the three is set."""

    role: Role
    station_id: UUID | None = None
    region_code: int | None = None
    union_id: UUID | None = None

    def covers(self, station_id: UUID | None, region_code: int | None, lineage: Collection[UUID]) -> bool:
        """Whether the scope holds a station, given its region, or a union, given its region and its lineage."""
        if self.union_id is not None:
            return self.union_id in lineage
        if self.station_id is not None:
            return self.station_id == station_id
        if self.region_code is None or region_code is None:
            return False
        first, last = region_span(self.region_code)
        return first <= region_code <= last


@dataclass(frozen=True)
class Actor:
    """A visitor, a signed-in worker or a signed-in member of staff, for the time of one request."""

    kind: Literal["visitor", "worker", "staff", "system"] = "visitor"
    id: UUID | None = None
    session_id: str = ""
    display_name: str = ""
    is_member: bool = False
    locale: str = ""
    grants: tuple[GrantHeld, ...] = ()
    unread: int = 0

    def may(
        self,
        role: Role,
        *,
        station_id: UUID | None = None,
        region_code: int | None = None,
        lineage: Collection[UUID] = (),
    ) -> bool:
        """Whether a grant gives `role` at this station, in this region, or over the union with this lineage."""
        return any(role in INCLUDES[g.role] and g.covers(station_id, region_code, lineage) for g in self.grants)

    def holds(self, role: Role) -> bool:
        """Whether a grant gives `role` anywhere."""
        return any(role in INCLUDES[g.role] for g in self.grants)

    @property
    def home(self) -> str:
        """Where this member of staff begins the day."""
        if self.holds(Role.STAFF):
            return "/desk"
        if self.holds(Role.REVIEWER):
            return "/review"
        return "/audit" if self.holds(Role.AUDITOR) else "/staff/account"

    def require(
        self,
        role: Role,
        *,
        station_id: UUID | None = None,
        region_code: int | None = None,
        lineage: Collection[UUID] = (),
    ) -> None:
        """Raise Forbidden unless `may`."""
        if not self.may(role, station_id=station_id, region_code=region_code, lineage=lineage):
            raise Forbidden


VISITOR = Actor()
SYSTEM = Actor(kind="system")
