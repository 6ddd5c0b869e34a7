"""Tables of figures: by station, by division, and how far a night's roll-up has come."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from server.bookings.models import ServiceKind
from server.visits.models import Occupation


class Sums(Model):
    """What is counted. All of it can be added up over days, services and places.

    `offered` are the places that one could book, `taken` those that were held to the end, by whom came or not;
    `served`, `no_show`, `cancelled`, `declined` and `expired` are how bookings ended. `walk_in_*` are numbers of the
    queue. Each pair of seconds and a count measures people who were served: how long they waited until they were
    called, how long the visit took, and how long they were here from coming to leaving.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    service = fields.CharEnumField(ServiceKind, max_length=20)
    offered = fields.IntField(default=0, db_default=0)
    taken = fields.IntField(default=0, db_default=0)
    served = fields.IntField(default=0, db_default=0)
    no_show = fields.IntField(default=0, db_default=0)
    cancelled = fields.IntField(default=0, db_default=0)
    declined = fields.IntField(default=0, db_default=0)
    expired = fields.IntField(default=0, db_default=0)
    walk_in_taken = fields.IntField(default=0, db_default=0)
    walk_in_served = fields.IntField(default=0, db_default=0)
    walk_in_gone = fields.IntField(default=0, db_default=0)
    waited_seconds = fields.BigIntField(default=0, db_default=0)
    waits = fields.IntField(default=0, db_default=0)
    visit_seconds = fields.BigIntField(default=0, db_default=0)
    visits = fields.IntField(default=0, db_default=0)
    stay_seconds = fields.BigIntField(default=0, db_default=0)
    stays = fields.IntField(default=0, db_default=0)

    class Meta:
        abstract = True


class DayFigure(Sums):
    """One service at one station on one day that is over."""

    station_id = fields.UUIDField()
    region_code = fields.IntField()

    class Meta:
        table = "day_figure"
        unique_together = (("station_id", "day", "service"),)
        indexes = (("region_code", "day"),)


class RegionFigure(Sums):
    """One service in a division, with all divisions below it, on one day that is over."""

    region_code = fields.IntField()

    class Meta:
        table = "region_figure"
        unique_together = (("region_code", "day", "service"),)


class RegionVisits(Model):
    """How many of an occupation came into the stations of a division, with all below it, on one day that is over."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.IntField()
    day = fields.DateField()
    occupation = fields.CharEnumField(Occupation, max_length=12)
    visits = fields.IntField()

    class Meta:
        table = "region_visits"
        unique_together = (("region_code", "day", "occupation"),)


class RollUp(Model):
    """A night's roll-up of the days `since` to `until`.

    It is done with stations up to `after`, then with provinces up to `province`, and with all at `done_at`.
    """

    until = fields.DateField(primary_key=True)
    since = fields.DateField()
    after = fields.UUIDField()
    province = fields.IntField(default=0, db_default=0)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "roll_up"
