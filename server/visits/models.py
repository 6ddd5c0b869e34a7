"""Tables of doors and of visits that were counted at them."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class Occupation(StrEnum):
    """What work a visitor does, as he taps it himself."""

    CONSTRUCTION = "construction"
    SANITATION = "sanitation"
    COURIER = "courier"
    RIDER = "rider"
    DRIVER = "driver"
    SECURITY = "security"
    FACTORY = "factory"
    OTHER = "other"


class Door(Model):
    """The code on the poster at a station's door. A new one makes the old poster useless."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField(unique=True)
    code = fields.CharField(12, unique=True)
    made_at = fields.DatetimeField()
    made_by = fields.UUIDField(null=True)

    class Meta:
        table = "door"


class VisitDay(Model):
    """How many of an occupation came into a station on a day; who they were is not known."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField()
    region_code = fields.IntField()
    day = fields.DateField()
    occupation = fields.CharEnumField(Occupation, max_length=12)
    visits = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "visit_day"
        unique_together = (("station_id", "day", "occupation"),)
        indexes = (("region_code", "day"),)
