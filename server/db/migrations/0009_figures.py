"""What a day at a station came to, kept for long-term figures; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from server.bookings.models import ServiceKind
from server.visits.models import Occupation
from tortoise import fields
from tortoise.indexes import Index

SUMS_SANE = """CHECK (least(offered, taken, served, no_show, cancelled, declined, expired, walk_in_taken, walk_in_served,
  walk_in_gone, waited_seconds, waits, visit_seconds, visits, stay_seconds, stays) >= 0
  AND served + no_show <= taken AND walk_in_served + walk_in_gone <= walk_in_taken)"""
CONSTRAINTS = {
    "day_figure_station_fk": ("day_figure", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "day_figure_sane": ("day_figure", SUMS_SANE),
    "region_figure_sane": ("region_figure", SUMS_SANE),
    "region_visits_counted": ("region_visits", "CHECK (visits > 0)"),
    "roll_up_span": ("roll_up", "CHECK (since <= until)"),
}


class Migration(migrations.Migration):
    dependencies = [('models', '0008_waitlist')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DayFigure',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('day', fields.DateField()),
                ('service', fields.CharEnumField(description='HAIRCUT: haircut\nHEALTH_CHECK: health_check\nFREE_CLINIC: free_clinic\nLEGAL_ADVICE: legal_advice\nCOUNSELLING: counselling\nFILM: film\nLECTURE: lecture\nVEHICLE_REPAIR: vehicle_repair\nHOT_MEAL: hot_meal\nJOB_ADVICE: job_advice\nTICKET_HELP: ticket_help', enum_type=ServiceKind, max_length=20)),
                ('offered', fields.IntField(default=0, db_default=0)),
                ('taken', fields.IntField(default=0, db_default=0)),
                ('served', fields.IntField(default=0, db_default=0)),
                ('no_show', fields.IntField(default=0, db_default=0)),
                ('cancelled', fields.IntField(default=0, db_default=0)),
                ('declined', fields.IntField(default=0, db_default=0)),
                ('expired', fields.IntField(default=0, db_default=0)),
                ('walk_in_taken', fields.IntField(default=0, db_default=0)),
                ('walk_in_served', fields.IntField(default=0, db_default=0)),
                ('walk_in_gone', fields.IntField(default=0, db_default=0)),
                ('waited_seconds', fields.BigIntField(default=0, db_default=0)),
                ('waits', fields.IntField(default=0, db_default=0)),
                ('visit_seconds', fields.BigIntField(default=0, db_default=0)),
                ('visits', fields.IntField(default=0, db_default=0)),
                ('stay_seconds', fields.BigIntField(default=0, db_default=0)),
                ('stays', fields.IntField(default=0, db_default=0)),
                ('station_id', fields.UUIDField()),
                ('region_code', fields.IntField()),
            ],
            options={'table': 'day_figure', 'app': 'models', 'unique_together': (('station_id', 'day', 'service'),), 'indexes': [Index(fields=['region_code', 'day'])], 'pk_attr': 'id', 'table_description': 'One service at one station on one day that is over.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RegionFigure',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('day', fields.DateField()),
                ('service', fields.CharEnumField(description='HAIRCUT: haircut\nHEALTH_CHECK: health_check\nFREE_CLINIC: free_clinic\nLEGAL_ADVICE: legal_advice\nCOUNSELLING: counselling\nFILM: film\nLECTURE: lecture\nVEHICLE_REPAIR: vehicle_repair\nHOT_MEAL: hot_meal\nJOB_ADVICE: job_advice\nTICKET_HELP: ticket_help', enum_type=ServiceKind, max_length=20)),
                ('offered', fields.IntField(default=0, db_default=0)),
                ('taken', fields.IntField(default=0, db_default=0)),
                ('served', fields.IntField(default=0, db_default=0)),
                ('no_show', fields.IntField(default=0, db_default=0)),
                ('cancelled', fields.IntField(default=0, db_default=0)),
                ('declined', fields.IntField(default=0, db_default=0)),
                ('expired', fields.IntField(default=0, db_default=0)),
                ('walk_in_taken', fields.IntField(default=0, db_default=0)),
                ('walk_in_served', fields.IntField(default=0, db_default=0)),
                ('walk_in_gone', fields.IntField(default=0, db_default=0)),
                ('waited_seconds', fields.BigIntField(default=0, db_default=0)),
                ('waits', fields.IntField(default=0, db_default=0)),
                ('visit_seconds', fields.BigIntField(default=0, db_default=0)),
                ('visits', fields.IntField(default=0, db_default=0)),
                ('stay_seconds', fields.BigIntField(default=0, db_default=0)),
                ('stays', fields.IntField(default=0, db_default=0)),
                ('region_code', fields.IntField()),
            ],
            options={'table': 'region_figure', 'app': 'models', 'unique_together': (('region_code', 'day', 'service'),), 'pk_attr': 'id', 'table_description': 'One service in a division, with all divisions below it, on one day that is over.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RegionVisits',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('region_code', fields.IntField()),
                ('day', fields.DateField()),
                ('occupation', fields.CharEnumField(description='CONSTRUCTION: construction\nSANITATION: sanitation\nCOURIER: courier\nRIDER: rider\nDRIVER: driver\nSECURITY: security\nFACTORY: factory\nOTHER: other', enum_type=Occupation, max_length=12)),
                ('visits', fields.IntField()),
            ],
            options={'table': 'region_visits', 'app': 'models', 'unique_together': (('region_code', 'day', 'occupation'),), 'pk_attr': 'id', 'table_description': 'How many of an occupation came into the stations of a division, with all below it, on one day that is over.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RollUp',
            fields=[
                ('until', fields.DateField(primary_key=True, unique=True, db_index=True)),
                ('since', fields.DateField()),
                ('after', fields.UUIDField()),
                ('province', fields.IntField(default=0, db_default=0)),
                ('done_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'roll_up', 'app': 'models', 'pk_attr': 'until', 'table_description': "A night's roll-up of the days `since` to `until`."},
            bases=['Model'],
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
    ]
