"""Tables of offerings, slots, bookings and their history."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class ServiceKind(StrEnum):
    HAIRCUT = "haircut"
    HEALTH_CHECK = "health_check"
    FREE_CLINIC = "free_clinic"
    LEGAL_ADVICE = "legal_advice"
    COUNSELLING = "counselling"
    FILM = "film"
    LECTURE = "lecture"
    VEHICLE_REPAIR = "vehicle_repair"
    HOT_MEAL = "hot_meal"
    JOB_ADVICE = "job_advice"
    TICKET_HELP = "ticket_help"


class Eligibility(StrEnum):
    """Who may book an offering."""

    EVERYBODY = "everybody"
    MEMBERS_FIRST = "members_first"
    MEMBERS_ONLY = "members_only"


class Status(StrEnum):
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    SERVED = "served"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NO_SHOW = "no_show"


ACTIVE = (Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED)
# A place stays taken after the visit, so that figures and `taken` agree; only these give it back.
RELEASED = (Status.DECLINED, Status.CANCELLED, Status.EXPIRED)


class Offering(Model):
    """One service at one station.

    `hours` replaces the station's hours where set (same eight-day shape). `horizon_days` is how far
    ahead slots exist; `general_days` how far ahead non-members may book where members go first;
    `notice_minutes` the latest time to book before the start; `cutoff_minutes` the latest to cancel or
    move. Without automatic confirmation staff have until `confirm_minutes` before the start. `provider` is
    what workers read about who serves them; with a `provider_id` it is that provider's name, and slots exist
    only when the provider is there.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField(db_index=True)
    region_code = fields.IntField()
    service = fields.CharEnumField(ServiceKind, max_length=20)
    minutes = fields.SmallIntField()
    capacity = fields.SmallIntField(default=1)
    notice_minutes = fields.IntField(default=30)
    cutoff_minutes = fields.IntField(default=60)
    confirm_minutes = fields.IntField(default=30)
    horizon_days = fields.SmallIntField(default=14)
    general_days = fields.SmallIntField(default=3)
    auto_confirm = fields.BooleanField(default=True)
    eligibility = fields.CharEnumField(Eligibility, max_length=16, default=Eligibility.EVERYBODY)
    bring = fields.CharField(120, default="")
    provider = fields.CharField(80, default="")
    provider_id = fields.UUIDField(null=True, db_index=True)
    hours = fields.JSONField[list[Any]](null=True)
    active = fields.BooleanField(default=True)
    rolled_until = fields.DateField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "offering"


class Slot(Model):
    """A bookable interval. A closed slot keeps its bookings but takes no new ones.

    `own_capacity` is what a manager decided for this one slot; without it the offering's capacity holds.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    offering_id = fields.UUIDField()
    station_id = fields.UUIDField()
    region_code = fields.IntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.SmallIntField()
    own_capacity = fields.SmallIntField(null=True)
    taken = fields.SmallIntField(default=0, db_default=0)
    closed = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "slot"
        unique_together = (("offering_id", "starts_at"),)
        indexes = (("station_id", "starts_at"),)


class Booking(Model):
    """One worker's place in a slot. `code` is what the worker shows; `request_key` makes a retry harmless."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(8, unique=True)
    slot_id = fields.UUIDField(db_index=True)
    offering_id = fields.UUIDField(db_index=True)
    station_id = fields.UUIDField()
    region_code = fields.IntField()
    person_id = fields.UUIDField()
    service = fields.CharEnumField(ServiceKind, max_length=20)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    status = fields.CharEnumField(Status, max_length=10)
    previous_status = fields.CharEnumField(Status, max_length=10, null=True)
    reason = fields.CharField(200, default="")
    confirm_by = fields.DatetimeField(null=True)
    escalated_at = fields.DatetimeField(null=True)
    changed_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    request_key = fields.CharField(64)

    class Meta:
        table = "booking"
        unique_together = (("person_id", "request_key"),)
        indexes = (("station_id", "starts_at"), ("person_id", "starts_at"))


class ActorKind(StrEnum):
    """Who changed something: the worker, staff, or the clock."""

    WORKER = "worker"
    STAFF = "staff"
    SYSTEM = "system"


class BookingEvent(Model):
    """One step of a booking's history; never changed. `slot_id` is the place held after the step."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    booking_id = fields.UUIDField()
    at = fields.DatetimeField()
    from_status = fields.CharEnumField(Status, max_length=10, null=True)
    to_status = fields.CharEnumField(Status, max_length=10)
    slot_id = fields.UUIDField()
    actor_kind = fields.CharEnumField(ActorKind, max_length=8)
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(200, default="")

    class Meta:
        table = "booking_event"
        indexes = (("booking_id", "at"),)


class WishKind(StrEnum):
    """What somebody waits for: one slot, any time of a day, or a service nearby this week."""

    SLOT = "slot"
    DAY = "day"
    NEAR = "near"


class WaitState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class WaitEntry(Model):
    """One worker's wish for a place that falls free, until `until`.

    A wish for a slot or a day has its offering and day; one for nearby has its service's centre instead, rounded to
    about a kilometre: where exactly somebody stood is nobody's business. While it is offered, `held_slot_id` is the
    place that is kept for them until `held_until`; it counts in the slot's `taken` like a booking.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField(db_index=True)
    kind = fields.CharEnumField(WishKind, max_length=4)
    state = fields.CharEnumField(WaitState, max_length=9, default=WaitState.WAITING)
    service = fields.CharEnumField(ServiceKind, max_length=20)
    station_id = fields.UUIDField(null=True)
    offering_id = fields.UUIDField(null=True)
    slot_id = fields.UUIDField(null=True)
    day = fields.DateField(null=True)
    lat = fields.FloatField(null=True)
    lng = fields.FloatField(null=True)
    until = fields.DatetimeField()
    held_slot_id = fields.UUIDField(null=True)
    held_until = fields.DatetimeField(null=True)
    joined_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "wait_entry"


class QueueStatus(StrEnum):
    """A number in today's queue: waits, is called to a counter, is done with, or is gone."""

    WAITING = "waiting"
    CALLED = "called"
    SERVED = "served"
    LEFT = "left"


class WalkIn(Model):
    """One place in a station's queue of a day: a number that was taken, or a checked-in booking once it was called.

    `came_at` says where somebody stands among those who wait: when the number was taken, later where he was not
    there when called. `ahead` marks a booking that was called at its time, before those who waited. `called_at` is
    when the visit began, `said_at` when the number was last called out. `secret` is the address of the number's
    page; `request_key` makes a retry harmless. What was before the last step is kept for taking it back.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField()
    region_code = fields.IntField()
    offering_id = fields.UUIDField(db_index=True)
    service = fields.CharEnumField(ServiceKind, max_length=20)
    day = fields.DateField()
    letter = fields.CharField(1, null=True)
    number = fields.SmallIntField(null=True)
    booking_id = fields.UUIDField(unique=True, null=True)
    person_id = fields.UUIDField(null=True, db_index=True)
    name_sealed = fields.BinaryField(null=True)
    secret = fields.CharField(32, unique=True)
    request_key = fields.CharField(64)
    status = fields.CharEnumField(QueueStatus, max_length=8, default=QueueStatus.WAITING)
    previous_status = fields.CharEnumField(QueueStatus, max_length=8, null=True)
    taken_at = fields.DatetimeField()
    came_at = fields.DatetimeField()
    previous_came_at = fields.DatetimeField(null=True)
    absent = fields.SmallIntField(default=0, db_default=0)
    ahead = fields.BooleanField(default=False, db_default=False)
    counter = fields.CharField(12, default="", db_default="")
    called_at = fields.DatetimeField(null=True)
    said_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    changed_at = fields.DatetimeField()
    changed_by = fields.UUIDField(null=True)

    class Meta:
        table = "walk_in"
        unique_together = (("station_id", "day", "letter", "number"), ("offering_id", "request_key"))


class WalkInDay(Model):
    """The numbers of one letter at a station on a day: the last one given out, and what became of forgotten ones.

    Figures of a day are the rows of `walk_in` and, once those are deleted, the sums here.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField()
    region_code = fields.IntField()
    day = fields.DateField()
    letter = fields.CharField(1)
    service = fields.CharEnumField(ServiceKind, max_length=20)
    taken = fields.SmallIntField()
    served = fields.SmallIntField(default=0, db_default=0)
    gone = fields.SmallIntField(default=0, db_default=0)
    waited_seconds = fields.BigIntField(default=0, db_default=0)
    served_seconds = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "walk_in_day"
        unique_together = (("station_id", "day", "letter"),)
