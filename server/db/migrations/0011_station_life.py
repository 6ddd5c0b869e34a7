"""Providers, days of providers and offerings, capacity of one slot, photos, roads home with warm stops.

What `offering.provider` says stays what workers read; a provider with days of its own is linked beside it. The lists
have the shape of 0002.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from server.bookings.plan_models import ProviderKind
from server.kit.ids import new_id
from server.notices.models import NoticeKind
from server.people.models import InvitationKind, RequestKind
from tortoise import fields

CONSTRAINTS = {
    "provider_station_fk": ("provider", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "provider_hours_shape": ("provider", "CHECK (jsonb_array_length(hours) = 8)"),
    "provider_day_provider_fk": ("provider_day", "FOREIGN KEY (provider_id) REFERENCES provider (id)"),
    "offering_day_offering_fk": ("offering_day", "FOREIGN KEY (offering_id) REFERENCES offering (id)"),
    "offering_provider_fk": ("offering", "FOREIGN KEY (provider_id) REFERENCES provider (id)"),
    "slot_own_capacity": ("slot", "CHECK (own_capacity BETWEEN 0 AND 2000)"),
    "station_photo_station_fk": ("station_photo", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "station_photo_small": ("station_photo", "CHECK (width > 0 AND height > 0 AND length(content) <= 2000000)"),
    "route_dates": ("route", "CHECK (opens_on <= closes_on)"),
    "route_stop_route_fk": ("route_stop", "FOREIGN KEY (route_id) REFERENCES route (id) ON DELETE CASCADE"),
    "route_stop_station_fk": ("route_stop", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "route_stop_km": ("route_stop", "CHECK (km BETWEEN 0 AND 5000)"),
}
INDEXES = {
    # Adding a field makes no index.
    "offering_provider_id": "offering (provider_id)",
}


class Migration(migrations.Migration):
    dependencies = [('models', '0010_visits_reports')]

    initial = False

    operations = [
        ops.CreateModel(
            name='OfferingDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('offering_id', fields.UUIDField()),
                ('day', fields.DateField()),
                ('hours', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('reason', fields.CharField(default='', max_length=120)),
            ],
            options={'table': 'offering_day', 'app': 'models', 'unique_together': (('offering_id', 'day'),), 'pk_attr': 'id', 'table_description': 'One date on which an offering is there only within these times; an empty list: not at all.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Provider',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('station_id', fields.UUIDField(db_index=True)),
                ('kind', fields.CharEnumField(description='HOSPITAL: hospital\nLAW_FIRM: law_firm\nBARBER: barber\nTRAINER: trainer\nVOLUNTEER: volunteer\nOTHER: other', enum_type=ProviderKind, max_length=10)),
                ('name', fields.CharField(max_length=80)),
                ('phone', fields.CharField(default='', max_length=24)),
                ('hours', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('active', fields.BooleanField(default=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'provider', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Who comes to a station to serve: a hospital, a law firm, a barber.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ProviderDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('provider_id', fields.UUIDField()),
                ('day', fields.DateField()),
                ('hours', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('reason', fields.CharField(default='', max_length=120)),
            ],
            options={'table': 'provider_day', 'app': 'models', 'unique_together': (('provider_id', 'day'),), 'pk_attr': 'id', 'table_description': 'One date on which a provider comes at other times than in the week; an empty list: not at all.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Route',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=60)),
                ('road', fields.CharField(default='', max_length=120)),
                ('region_code', fields.IntField()),
                ('opens_on', fields.DateField()),
                ('closes_on', fields.DateField(db_index=True)),
                ('demo', fields.BooleanField(default=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'route', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A road home with warm stations along it, open between two dates. `region_code`: whose officers keep it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RouteStop',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('route_id', fields.UUIDField()),
                ('station_id', fields.UUIDField(db_index=True)),
                ('km', fields.FloatField()),
            ],
            options={'table': 'route_stop', 'app': 'models', 'unique_together': (('route_id', 'station_id'),), 'pk_attr': 'id', 'table_description': 'A station on a route, `km` from its beginning along the road.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StationPhoto',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('station_id', fields.UUIDField()),
                ('place', fields.SmallIntField()),
                ('digest', fields.CharField(max_length=32)),
                ('words', fields.CharField(default='', max_length=80)),
                ('width', fields.SmallIntField()),
                ('height', fields.SmallIntField()),
                ('content', fields.BinaryField()),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'station_photo', 'app': 'models', 'unique_together': (('station_id', 'digest'),), 'pk_attr': 'id', 'table_description': 'A picture of a station, small and without metadata; `digest` of its content is its address.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Offering',
            name='provider_id',
            field=fields.UUIDField(null=True, db_index=True),
        ),
        ops.AddField(
            model_name='Slot',
            name='own_capacity',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name='Station',
            name='full_since',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name='Invitation',
            name='kind',
            field=fields.CharEnumField(description='JOIN: join\nRESET: reset\nFORGOTTEN: pass', enum_type=InvitationKind, max_length=5),
        ),
        ops.AlterField(
            model_name='Notice',
            name='kind',
            field=fields.CharEnumField(description='BOOKING_REQUESTED: booking_requested\nBOOKING_CONFIRMED: booking_confirmed\nBOOKING_DECLINED: booking_declined\nBOOKING_CANCELLED: booking_cancelled\nBOOKING_MOVED: booking_moved\nBOOKING_EXPIRED: booking_expired\nBOOKING_AFFECTED: booking_affected\nBOOKING_REBOOKED: booking_rebooked\nREMINDER_EVENING: reminder_evening\nREMINDER_HOUR: reminder_hour\nESCALATION: escalation\nWAITLIST_OFFERED: waitlist_offered\nWAITLIST_PASSED: waitlist_passed\nWAITLIST_GONE: waitlist_gone\nWAITLIST_ENDED: waitlist_ended\nFAULT_FIXED: fault_fixed\nFAULT_CANNOT_FIX: fault_cannot_fix\nSUGGESTION_PLANNED: suggestion_planned\nSUGGESTION_BUILT: suggestion_built\nSUGGESTION_DECLINED: suggestion_declined\nAPPLICATION_SUBMITTED: application_submitted\nAPPLICATION_RETURNED: application_returned\nAPPLICATION_APPROVED: application_approved\nAPPLICATION_REJECTED: application_rejected\nAPPEAL_MADE: appeal_made\nAPPEAL_STUCK: appeal_stuck\nCARD_LINKED: card_linked\nCORRECTION_DONE: correction_done\nCORRECTION_RETURNED: correction_returned\nCORRECTION_REJECTED: correction_rejected\nCARD_REPLACED: card_replaced\nMEMBER_LEFT: member_left\nTRANSFER_ASKED: transfer_asked\nTRANSFER_LEAVING: transfer_leaving\nTRANSFER_OVERDUE: transfer_overdue\nTRANSFER_ACCEPTED: transfer_accepted\nTRANSFER_REFUSED: transfer_refused\nTRANSFER_EXPIRED: transfer_expired\nTRANSFER_WITHDRAWN: transfer_withdrawn\nTRANSFER_LAPSED: transfer_lapsed\nTRANSFER_GONE: transfer_gone\nSECOND_OFFICER: second_officer\nTRANSFER_STAYED: transfer_stayed', enum_type=NoticeKind, max_length=24),
        ),
        ops.AlterField(
            model_name='RoleRequest',
            name='kind',
            field=fields.CharEnumField(description='GRANT: grant\nRESET: reset\nFORGOTTEN: pass', enum_type=RequestKind, max_length=5),
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
    ]
