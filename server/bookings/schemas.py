"""Shapes that queries give to pages and the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from server.bookings.models import ActorKind, Eligibility, ServiceKind, Status


def as_struct(kind: Any, row: Any, **more: Any) -> Any:
    """A record's columns as the Struct that names them."""
    wanted = {name: row[name] for name in kind.__struct_fields__ if name not in more}
    return msgspec.convert(wanted | more, kind)


class BookingMade(msgspec.Struct, frozen=True):
    """A booking as a verb leaves it."""

    id: UUID
    code: str
    status: Status
    slot_id: UUID
    offering_id: UUID
    station_id: UUID
    starts_at: datetime
    ends_at: datetime


class OfferingView(msgspec.Struct, frozen=True):
    """One service at one station, as the booking pages show it."""

    id: UUID
    service: ServiceKind
    minutes: int
    capacity: int
    notice_minutes: int
    cutoff_minutes: int
    horizon_days: int
    general_days: int
    auto_confirm: bool
    eligibility: Eligibility
    bring: str
    provider: str
    active: bool
    station_id: UUID
    station_name: str
    station_phone: str
    address: str
    landmark: str
    lat: float
    lng: float


class DayFree(msgspec.Struct, frozen=True):
    """One day of the strip: free places and slots at all; `reason` says why a day has none."""

    day: date
    free: int
    slots: int
    open: bool
    reason: str = ""


class SlotView(msgspec.Struct, frozen=True):
    """A time to choose: `free` places of `capacity`; `refused` is the code of the refusal or ""."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int
    refused: str


class DayStrip(msgspec.Struct, frozen=True):
    """An offering with its days, and the times of the chosen one."""

    offering: OfferingView
    days: list[DayFree]
    day: date | None
    slots: list[SlotView]


class SlotChoice(msgspec.Struct, frozen=True):
    """A slot with its offering, as the page before booking shows it."""

    offering: OfferingView
    slot: SlotView


class Alternative(msgspec.Struct, frozen=True):
    """Another place to go: `distance_m` is 0 at the same station."""

    slot_id: UUID
    offering_id: UUID
    station_id: UUID
    station_name: str
    starts_at: datetime
    free: int
    distance_m: float


class Step(msgspec.Struct, frozen=True):
    """One line of a booking's history."""

    at: datetime
    from_status: Status | None
    to_status: Status
    actor_kind: ActorKind
    reason: str


class TicketView(msgspec.Struct, frozen=True):
    """Everything a ticket shows."""

    id: UUID
    code: str
    status: Status
    reason: str
    starts_at: datetime
    ends_at: datetime
    confirm_by: datetime | None
    changed_at: datetime
    created_at: datetime
    slot_id: UUID
    slot_closed: bool
    offering: OfferingView
    history: list[Step]


class Companion(msgspec.Struct, frozen=True):
    """Whose ticket it is where its reader booked it for a group."""

    group_id: UUID
    seat: int
    name: str


class TicketLine(msgspec.Struct, frozen=True):
    """A booking in the worker's list."""

    id: UUID
    code: str
    status: Status
    service: ServiceKind
    station_id: UUID
    station_name: str
    starts_at: datetime
    ends_at: datetime


class GroupLine(msgspec.Struct, frozen=True):
    """A group in its foreman's list; `coming` still have a place, the first at `starts_at`."""

    id: UUID
    code: str
    service: ServiceKind
    station_name: str
    people: int
    coming: int
    starts_at: datetime


class TicketPage(msgspec.Struct, frozen=True):
    """Bookings with a cursor for more; "" at the end."""

    items: list[TicketLine]
    next_cursor: str


class DeskLine(msgspec.Struct, frozen=True):
    """A booking on the desk's sheet; staff see a name, the last digits and the booking, nothing else."""

    id: UUID
    code: str
    status: Status
    previous_status: Status | None
    service: ServiceKind
    offering_id: UUID
    person_id: UUID
    name: str
    phone_tail: str
    starts_at: datetime
    ends_at: datetime
    confirm_by: datetime | None
    escalated: bool
    changed_at: datetime
    slot_closed: bool
    is_member: bool
    reason: str
    group_id: UUID | None = None
    group_code: str | None = None
    seat: int | None = None


class DeskDay(msgspec.Struct, frozen=True):
    """A station's day: who waits for an answer (whatever the day), then the day by time; booked of how many places.

    `limits`: whoever missed several has one open booking at a time here.
    """

    station_id: UUID
    station_name: str
    region_code: int
    day: date
    awaiting: list[DeskLine]
    lines: list[DeskLine]
    taken: int
    places: int
    limits: bool
