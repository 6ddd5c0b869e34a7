"""Tables of faults with what people said of them, and of suggestions with who supports them."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from server.kit.ids import new_id


class Thing(StrEnum):
    """What may be broken: every facility of stations, and what each station has."""

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
    DOOR = "door"
    LIGHTS = "lights"
    CLEANLINESS = "cleanliness"
    OTHER = "other"


class FaultState(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    FIXED = "fixed"
    CANNOT_FIX = "cannot_fix"


class SuggestionState(StrEnum):
    NEW = "new"
    CONSIDERED = "considered"
    PLANNED = "planned"
    BUILT = "built"
    DECLINED = "declined"


class Fault(Model):
    """One broken thing at a station; `reason` says to workers why it cannot be repaired."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    station_id = fields.UUIDField()
    region_code = fields.IntField()
    thing = fields.CharEnumField(Thing, max_length=16)
    state = fields.CharEnumField(FaultState, max_length=12, default=FaultState.OPEN)
    voices = fields.IntField(default=0, db_default=0)
    reason = fields.CharField(120, default="", db_default="")
    opened_at = fields.DatetimeField()
    said_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    changed_by = fields.UUIDField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "fault"


class FaultEvent(Model):
    """One step of a fault, for ever. Of workers it says only that it was one."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    fault_id = fields.UUIDField(db_index=True)
    at = fields.DatetimeField()
    from_state = fields.CharEnumField(FaultState, max_length=12, null=True)
    to_state = fields.CharEnumField(FaultState, max_length=12)
    actor_kind = fields.CharField(8)
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(120, default="", db_default="")

    class Meta:
        table = "fault_event"


class FaultVoice(Model):
    """What one person said of a fault; `secret` is the address where he sees how it goes."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    fault_id = fields.UUIDField(db_index=True)
    person_id = fields.UUIDField(null=True, db_index=True)
    secret = fields.CharField(32, unique=True)
    request_key = fields.CharField(64, unique=True)
    words = fields.CharField(200, default="", db_default="")
    at = fields.DatetimeField()

    class Meta:
        table = "fault_voice"


class FaultPhoto(Model):
    """The photo that came with a voice: made small, without metadata."""

    voice_id = fields.UUIDField(primary_key=True)
    content = fields.BinaryField()
    width = fields.SmallIntField()
    height = fields.SmallIntField()

    class Meta:
        table = "fault_photo"


class Suggestion(Model):
    """A place where a station is missed. `station_id` is what was built there.

    It lies where somebody stood, to about 100 m; or, not `by_position`, somewhere in the district with that centre.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    region_code = fields.IntField()
    lat = fields.FloatField()
    lng = fields.FloatField()
    by_position = fields.BooleanField(default=True, db_default=True)
    landmark = fields.CharField(60, default="", db_default="")
    wants = ArrayField(element_type="text", default=list)
    state = fields.CharEnumField(SuggestionState, max_length=10, default=SuggestionState.NEW)
    supporters = fields.IntField(default=0, db_default=0)
    reason = fields.CharField(120, default="", db_default="")
    station_id = fields.UUIDField(null=True)
    proposed_by = fields.UUIDField(null=True, db_index=True)
    request_key = fields.CharField(64, unique=True)
    proposed_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    changed_by = fields.UUIDField(null=True)

    class Meta:
        table = "suggestion"
        indexes = (("region_code", "state"),)


class SuggestionSupport(Model):
    """One person's support of a suggestion."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    suggestion_id = fields.UUIDField()
    person_id = fields.UUIDField(db_index=True)
    at = fields.DatetimeField()

    class Meta:
        table = "suggestion_support"
        unique_together = (("suggestion_id", "person_id"),)
