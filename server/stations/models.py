"""Tables of stations, divisions and exceptional days."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from server.kit.ids import new_id


class StationKind(StrEnum):
    HUB = "hub"
    WORKSTATION = "workstation"
    WORKERS_HOME = "workers_home"
    REST_STOP = "rest_stop"
    SEASONAL = "seasonal"


class Facility(StrEnum):
    HOT_WATER = "hot_water"
    MICROWAVE = "microwave"
    FRIDGE = "fridge"
    CHARGING = "charging"
    AIR_CONDITIONING = "air_conditioning"
    HEATING = "heating"
    FIRST_AID = "first_aid"
    TOILET = "toilet"
    WIFI = "wifi"
    BOOKS = "books"
    SHOWER = "shower"
    NURSING_ROOM = "nursing_room"
    VEHICLE_REPAIR = "vehicle_repair"
    SEATS = "seats"
    LOCKERS = "lockers"
    TELEVISION = "television"


class Division(Model):
    """A province, city or county, with its centre in WGS-84."""

    code = fields.IntField(primary_key=True)
    name = fields.CharField(40)
    level = fields.CharField(10)
    parent_code = fields.IntField(null=True, db_index=True)
    full_name = fields.CharField(120)
    pinyin = fields.CharField(200)
    initials = fields.CharField(40)
    lat = fields.FloatField()
    lng = fields.FloatField()

    class Meta:
        table = "division"


class Station(Model):
    """A place where workers are served.

    `hours` is a list of eight days (Monday … Sunday, public holiday), each a list of `[opens, closes]`
    in minutes since midnight, 0..1440, in order and apart. `search_text` holds everything a person may
    type to find it: name, district, landmark, pinyin and its initials. `full_since` is when its staff said
    that nobody more fits in; it holds until the end of that day.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    external_id = fields.CharField(64, unique=True, null=True)
    kind = fields.CharEnumField(StationKind, max_length=16)
    name = fields.CharField(80)
    parent: fields.ForeignKeyNullableRelation[Station] = fields.ForeignKeyField(
        "models.Station", related_name="children", null=True, db_index=True
    )
    region_code = fields.IntField(db_index=True)
    address = fields.CharField(160, default="")
    landmark = fields.CharField(80, default="")
    phone = fields.CharField(24, default="")
    lat = fields.FloatField()
    lng = fields.FloatField()
    hours = fields.JSONField[list[Any]]()
    facilities = ArrayField(element_type="text", default=list)
    unattended = fields.BooleanField(default=False)
    season_from = fields.DateField(null=True)
    season_until = fields.DateField(null=True)
    search_text = fields.TextField()
    demo = fields.BooleanField(default=False)
    full_since = fields.DatetimeField(null=True)
    retired_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "station"


class StationDay(Model):
    """One date on which other hours hold: an empty list is a closure. `reason` is shown to workers."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    station: fields.ForeignKeyRelation[Station] = fields.ForeignKeyField("models.Station", related_name="days")
    day = fields.DateField()
    hours = fields.JSONField[list[Any]]()
    reason = fields.CharField(120, default="")

    class Meta:
        table = "station_day"
        unique_together = (("station", "day"),)


class StationPhoto(Model):
    """A picture of a station, small and without metadata; `digest` of its content is its address."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField()
    place = fields.SmallIntField()
    digest = fields.CharField(32)
    words = fields.CharField(80, default="")
    width = fields.SmallIntField()
    height = fields.SmallIntField()
    content = fields.BinaryField()
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "station_photo"
        unique_together = (("station_id", "digest"),)


class Route(Model):
    """A road home with warm stations along it, open between two dates. `region_code`: whose officers keep it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(60)
    road = fields.CharField(120, default="")
    region_code = fields.IntField()
    opens_on = fields.DateField()
    closes_on = fields.DateField(db_index=True)
    demo = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "route"


class RouteStop(Model):
    """A station on a route, `km` from its beginning along the road."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    route_id = fields.UUIDField()
    station_id = fields.UUIDField(db_index=True)
    km = fields.FloatField()

    class Meta:
        table = "route_stop"
        unique_together = (("route_id", "station_id"),)


class StationImport(Model):
    """A file of stations between upload and decision; rows are applied all together or not at all."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff_id = fields.UUIDField(db_index=True)
    file_name = fields.CharField(200)
    content = fields.BinaryField()
    rows = fields.IntField(default=0)
    summary = fields.JSONField[dict[str, Any]]()
    created_at = fields.DatetimeField(auto_now_add=True)
    applied_at = fields.DatetimeField(null=True)

    class Meta:
        table = "station_import"
