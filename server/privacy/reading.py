"""Who dealt with a worker's data: which office, when, what and why. Staff are named by their office alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from server.audit import own_data as audit
from server.audit.own_data import Act
from server.bookings import own_data as bookings
from server.kit import clock
from server.membership import own_data as membership
from server.people import own_data as people
from server.people.models import Role
from server.people.own_data import Office
from server.stations.divisions import find_place
from server.stations.queries import station_names

AT_STATIONS = (Role.STAFF, Role.MANAGER)
IMPORTED = "members.imported"
EXPORTED = "members.exported"


class Reading(msgspec.Struct, frozen=True):
    """One act of staff. `office` is the station, union or region they act for, "" where they left since."""

    at: datetime
    action: str
    role: Role | None
    office: str
    reason: str


@dataclass(frozen=True)
class Names:
    """What stations and unions are called."""

    stations: Mapping[UUID, str]
    unions: Mapping[UUID, str]

    def office(self, office: Office | None) -> str:
        if office is None:
            return ""
        if office.union_id:
            return self.unions.get(office.union_id, "")
        if office.station_id:
            return self.stations.get(office.station_id, "")
        place = find_place(office.region_code)
        return place.full_name if place else ""


async def readings_of(person_id: UUID) -> list[Reading]:
    """Everything that staff did with the worker's data, the latest first."""
    acts = await audit.acts_of_staff(await subjects_of(person_id))
    acts += await _taken_out(person_id)
    acts += [Act(at, staff_id, IMPORTED, "") for at, staff_id in await membership.imports_of(person_id)]
    offices = await people.offices_of({act.staff_id for act in acts})
    names = await _names(office for held in offices.values() for office in held)
    return [
        _reading(act, _acting_as(act, offices.get(act.staff_id, [])), names)
        for act in sorted(acts, key=lambda act: act.at, reverse=True)
    ]


async def subjects_of(person_id: UUID) -> dict[str, list[UUID]]:
    """What the audit calls this worker by."""
    return {"person": [person_id]} | await bookings.subjects(person_id) | dict(await membership.subjects(person_id))


async def _taken_out(person_id: UUID) -> list[Act]:
    """Each file with a register that held the worker then."""
    found: dict[tuple[datetime, UUID], Act] = {}
    for kept in await membership.kept_in_registers(person_id):
        for act in await audit.exports_of(kept.codes, kept.since, kept.until or clock.now()):
            found[act.at, act.staff_id] = act
    return list(found.values())


async def _names(offices: Iterable[Office]) -> Names:
    held = list(offices)
    return Names(
        await station_names([office.station_id for office in held if office.station_id]),
        await membership.union_names([office.union_id for office in held if office.union_id]),
    )


def _acting_as(act: Act, offices: Sequence[Office]) -> Office | None:
    """The office that goes with the act, where somebody holds several."""
    at_desk = act.action.startswith("booking")
    return next((office for office in offices if (office.role in AT_STATIONS) == at_desk), next(iter(offices), None))


def _reading(act: Act, office: Office | None, names: Names) -> Reading:
    # An export's reason begins with how many it took.
    reason = act.reason.partition(": ")[2] if act.action == EXPORTED else act.reason
    return Reading(act.at, act.action, office.role if office else None, names.office(office), reason)
