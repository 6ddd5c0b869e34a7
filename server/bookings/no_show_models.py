"""Tables of a gentle limit after missed bookings; without a row nothing follows from missing one."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class NoShowPolicy(Model):
    """Whoever missed `misses` bookings within `days` at this station has one open booking at a time here."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField(unique=True)
    misses = fields.SmallIntField()
    days = fields.SmallIntField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "no_show_policy"


class NoShowPardon(Model):
    """A worker began anew at a station: what was missed until `at` does not count there."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    station_id = fields.UUIDField()
    staff_id = fields.UUIDField()
    at = fields.DatetimeField()

    class Meta:
        table = "no_show_pardon"
        unique_together = (("person_id", "station_id"),)
