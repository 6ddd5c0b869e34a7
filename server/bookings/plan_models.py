"""Tables of who provides a service, and of the days on which a provider or an offering is not there as usual."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class ProviderKind(StrEnum):
    HOSPITAL = "hospital"
    LAW_FIRM = "law_firm"
    BARBER = "barber"
    TRAINER = "trainer"
    VOLUNTEER = "volunteer"
    OTHER = "other"


class Provider(Model):
    """Who comes to a station to serve: a hospital, a law firm, a barber.

    `hours` is the week in which they come (the eight-day shape of stations), None for whenever the station is open.
    One who is not `active` serves nobody: their offerings have no slots.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField(db_index=True)
    kind = fields.CharEnumField(ProviderKind, max_length=10)
    name = fields.CharField(80)
    phone = fields.CharField(24, default="")
    hours = fields.JSONField[list[Any]](null=True)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "provider"


class ProviderDay(Model):
    """One date on which a provider comes at other times than in the week; an empty list: not at all."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    provider_id = fields.UUIDField()
    day = fields.DateField()
    hours = fields.JSONField[list[Any]]()
    reason = fields.CharField(120, default="")

    class Meta:
        table = "provider_day"
        unique_together = (("provider_id", "day"),)


class OfferingDay(Model):
    """One date on which an offering is there only within these times; an empty list: not at all."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    offering_id = fields.UUIDField()
    day = fields.DateField()
    hours = fields.JSONField[list[Any]]()
    reason = fields.CharField(120, default="")

    class Meta:
        table = "offering_day"
        unique_together = (("offering_id", "day"),)
