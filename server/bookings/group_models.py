"""Tables of places that one worker books for many. They are filled in the room of groups; the desk reads them here."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from server.bookings.models import ServiceKind
from server.kit.ids import new_id


class GroupBooking(Model):
    """What one worker, the foreman, booked for many in one go.

    Each place is an ordinary booking of somebody who was brought along; `code` finds all of them at the desk. Some time
    after the last place is over (`ends_at`), who came along is forgotten (`forgotten_at`).
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(8, unique=True)
    foreman_id = fields.UUIDField()
    service = fields.CharEnumField(ServiceKind, max_length=20)
    station_id = fields.UUIDField()
    people = fields.SmallIntField()
    request_key = fields.CharField(64)
    ends_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    forgotten_at = fields.DatetimeField(null=True)

    class Meta:
        table = "group_booking"
        unique_together = (("foreman_id", "request_key"),)


class GroupPlace(Model):
    """A booking that belongs to a group; `seat` numbers its people from 1, as the list did."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    group_id = fields.UUIDField()
    booking_id = fields.UUIDField(unique=True)
    seat = fields.SmallIntField()

    class Meta:
        table = "group_place"
        unique_together = (("group_id", "seat"),)
