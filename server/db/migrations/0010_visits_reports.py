"""Doors and their visits, what is broken, where a station is missed; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from server.kit.ids import new_id
from server.notices.models import NoticeKind
from server.reports.models import FaultState, SuggestionState, Thing
from server.visits.models import Occupation
from tortoise.contrib.postgres.fields import ArrayField
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

OPEN = "state IN ('open', 'in_progress')"
UNDECIDED = "state IN ('new', 'considered', 'planned')"

CONSTRAINTS = {
    "door_station_fk": ("door", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "visit_day_station_fk": ("visit_day", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "visit_day_counted": ("visit_day", "CHECK (visits > 0)"),
    "fault_station_fk": ("fault", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "fault_closed": ("fault", f"CHECK ((closed_at IS NULL) = ({OPEN}))"),
    "fault_reason": ("fault", "CHECK (state <> 'cannot_fix' OR reason <> '')"),
    "fault_voices": ("fault", "CHECK (voices > 0)"),
    "fault_event_fault_fk": ("fault_event", "FOREIGN KEY (fault_id) REFERENCES fault (id)"),
    "fault_voice_fault_fk": ("fault_voice", "FOREIGN KEY (fault_id) REFERENCES fault (id)"),
    "fault_voice_person_fk": ("fault_voice", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "fault_photo_voice_fk": ("fault_photo", "FOREIGN KEY (voice_id) REFERENCES fault_voice (id) ON DELETE CASCADE"),
    "fault_photo_small": (
        "fault_photo",
        "CHECK (octet_length(content) <= 1000000 AND width BETWEEN 1 AND 1280 AND height BETWEEN 1 AND 1280)",
    ),
    "suggestion_station_fk": ("suggestion", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "suggestion_person_fk": ("suggestion", "FOREIGN KEY (proposed_by) REFERENCES person (id)"),
    # Nobody's exact position is stored.
    "suggestion_about": (
        "suggestion",
        "CHECK (lat = round(lat::numeric, 3)::float8 AND lng = round(lng::numeric, 3)::float8)",
    ),
    "suggestion_built": ("suggestion", "CHECK ((state = 'built') = (station_id IS NOT NULL))"),
    "suggestion_reason": ("suggestion", "CHECK (state <> 'declined' OR reason <> '')"),
    "suggestion_supporters": ("suggestion", "CHECK (supporters >= 0)"),
    "suggestion_support_of_fk": (
        "suggestion_support",
        "FOREIGN KEY (suggestion_id) REFERENCES suggestion (id)",
    ),
    "suggestion_support_person_fk": ("suggestion_support", "FOREIGN KEY (person_id) REFERENCES person (id)"),
}
INDEXES = {
    "fault_open_of_region": f"fault (region_code, opened_at) WHERE {OPEN}",
    "fault_open_of_station": f"fault (station_id, opened_at) WHERE {OPEN}",
    # Of a region: from the latest backwards, until a page is full.
    "fault_closed_last": "fault (closed_at, id, region_code) WHERE closed_at IS NOT NULL",
    "fault_closed_of_station": "fault (station_id, closed_at) WHERE closed_at IS NOT NULL",
    "suggestion_near": f"suggestion USING gist (ll_to_earth(lat, lng)) WHERE {UNDECIDED}",
    "suggestion_most_wanted": f"suggestion (supporters, id, region_code) WHERE {UNDECIDED}",
    "suggestion_decided": "suggestion (changed_at, id, region_code) WHERE state IN ('built', 'declined')",
}
UNIQUE_INDEXES = {
    # The same thing said again joins the fault; what else may be wrong is each time another thing.
    "fault_one_open": f"fault (station_id, thing) WHERE {OPEN} AND thing <> 'other'",
    "fault_voice_once": "fault_voice (fault_id, person_id) WHERE person_id IS NOT NULL",
}
TRIGGERS = {
    "fault_event_append_only": (
        "fault_event",
        "BEFORE UPDATE OR DELETE ON fault_event FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
    "fault_event_never_emptied": (
        "fault_event",
        "BEFORE TRUNCATE ON fault_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ),
    # Whatever was under way while a person was erased adds nothing to them afterwards.
    "fault_voice_of_nobody": (
        "fault_voice",
        "BEFORE INSERT ON fault_voice FOR EACH ROW WHEN (NEW.person_id IS NOT NULL) EXECUTE FUNCTION refuse_erased()",
    ),
    "suggestion_support_of_nobody": (
        "suggestion_support",
        "BEFORE INSERT ON suggestion_support FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
    ),
}


class Migration(migrations.Migration):
    dependencies = [('models', '0009_figures')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Door',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('station_id', fields.UUIDField(unique=True)),
                ('code', fields.CharField(unique=True, max_length=12)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('made_by', fields.UUIDField(null=True)),
            ],
            options={'table': 'door', 'app': 'models', 'pk_attr': 'id', 'table_description': "The code on the poster at a station's door. A new one makes the old poster useless."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Fault',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('station_id', fields.UUIDField()),
                ('region_code', fields.IntField()),
                ('thing', fields.CharEnumField(description='HOT_WATER: hot_water\nMICROWAVE: microwave\nFRIDGE: fridge\nCHARGING: charging\nAIR_CONDITIONING: air_conditioning\nHEATING: heating\nFIRST_AID: first_aid\nTOILET: toilet\nWIFI: wifi\nBOOKS: books\nSHOWER: shower\nNURSING_ROOM: nursing_room\nVEHICLE_REPAIR: vehicle_repair\nSEATS: seats\nLOCKERS: lockers\nTELEVISION: television\nDOOR: door\nLIGHTS: lights\nCLEANLINESS: cleanliness\nOTHER: other', enum_type=Thing, max_length=16)),
                ('state', fields.CharEnumField(default=FaultState.OPEN, description='OPEN: open\nIN_PROGRESS: in_progress\nFIXED: fixed\nCANNOT_FIX: cannot_fix', enum_type=FaultState, max_length=12)),
                ('voices', fields.IntField(default=0, db_default=0)),
                ('reason', fields.CharField(default='', db_default='', max_length=120)),
                ('opened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('said_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_by', fields.UUIDField(null=True)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fault', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One broken thing at a station; `reason` says to workers why it cannot be repaired.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FaultEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('fault_id', fields.UUIDField(db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('from_state', fields.CharEnumField(null=True, description='OPEN: open\nIN_PROGRESS: in_progress\nFIXED: fixed\nCANNOT_FIX: cannot_fix', enum_type=FaultState, max_length=12)),
                ('to_state', fields.CharEnumField(description='OPEN: open\nIN_PROGRESS: in_progress\nFIXED: fixed\nCANNOT_FIX: cannot_fix', enum_type=FaultState, max_length=12)),
                ('actor_kind', fields.CharField(max_length=8)),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(default='', db_default='', max_length=120)),
            ],
            options={'table': 'fault_event', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One step of a fault, for ever. Of workers it says only that it was one.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FaultPhoto',
            fields=[
                ('voice_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('content', fields.BinaryField()),
                ('width', fields.SmallIntField()),
                ('height', fields.SmallIntField()),
            ],
            options={'table': 'fault_photo', 'app': 'models', 'pk_attr': 'voice_id', 'table_description': 'The photo that came with a voice: made small, without metadata.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FaultVoice',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('fault_id', fields.UUIDField(db_index=True)),
                ('person_id', fields.UUIDField(null=True, db_index=True)),
                ('secret', fields.CharField(unique=True, max_length=32)),
                ('request_key', fields.CharField(unique=True, max_length=64)),
                ('words', fields.CharField(default='', db_default='', max_length=200)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fault_voice', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What one person said of a fault; `secret` is the address where he sees how it goes.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Suggestion',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('region_code', fields.IntField()),
                ('lat', fields.FloatField()),
                ('lng', fields.FloatField()),
                ('by_position', fields.BooleanField(default=True, db_default=True)),
                ('landmark', fields.CharField(default='', db_default='', max_length=60)),
                ('wants', ArrayField(default=list, element_type='TEXT')),
                ('state', fields.CharEnumField(default=SuggestionState.NEW, description='NEW: new\nCONSIDERED: considered\nPLANNED: planned\nBUILT: built\nDECLINED: declined', enum_type=SuggestionState, max_length=10)),
                ('supporters', fields.IntField(default=0, db_default=0)),
                ('reason', fields.CharField(default='', db_default='', max_length=120)),
                ('station_id', fields.UUIDField(null=True)),
                ('proposed_by', fields.UUIDField(null=True, db_index=True)),
                ('request_key', fields.CharField(unique=True, max_length=64)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_by', fields.UUIDField(null=True)),
            ],
            options={'table': 'suggestion', 'app': 'models', 'indexes': [Index(fields=['region_code', 'state'])], 'pk_attr': 'id', 'table_description': 'A place where a station is missed. `station_id` is what was built there.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SuggestionSupport',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('suggestion_id', fields.UUIDField()),
                ('person_id', fields.UUIDField(db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'suggestion_support', 'app': 'models', 'unique_together': (('suggestion_id', 'person_id'),), 'pk_attr': 'id', 'table_description': "One person's support of a suggestion."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='VisitDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('station_id', fields.UUIDField()),
                ('region_code', fields.IntField()),
                ('day', fields.DateField()),
                ('occupation', fields.CharEnumField(description='CONSTRUCTION: construction\nSANITATION: sanitation\nCOURIER: courier\nRIDER: rider\nDRIVER: driver\nSECURITY: security\nFACTORY: factory\nOTHER: other', enum_type=Occupation, max_length=12)),
                ('visits', fields.IntField(default=0, db_default=0)),
            ],
            options={'table': 'visit_day', 'app': 'models', 'unique_together': (('station_id', 'day', 'occupation'),), 'indexes': [Index(fields=['region_code', 'day'])], 'pk_attr': 'id', 'table_description': 'How many of an occupation came into a station on a day; who they were is not known.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Notice',
            name='kind',
            field=fields.CharEnumField(description='BOOKING_REQUESTED: booking_requested\nBOOKING_CONFIRMED: booking_confirmed\nBOOKING_DECLINED: booking_declined\nBOOKING_CANCELLED: booking_cancelled\nBOOKING_MOVED: booking_moved\nBOOKING_EXPIRED: booking_expired\nBOOKING_AFFECTED: booking_affected\nREMINDER_EVENING: reminder_evening\nREMINDER_HOUR: reminder_hour\nESCALATION: escalation\nWAITLIST_OFFERED: waitlist_offered\nWAITLIST_PASSED: waitlist_passed\nWAITLIST_GONE: waitlist_gone\nWAITLIST_ENDED: waitlist_ended\nFAULT_FIXED: fault_fixed\nFAULT_CANNOT_FIX: fault_cannot_fix\nSUGGESTION_PLANNED: suggestion_planned\nSUGGESTION_BUILT: suggestion_built\nSUGGESTION_DECLINED: suggestion_declined\nAPPLICATION_SUBMITTED: application_submitted\nAPPLICATION_RETURNED: application_returned\nAPPLICATION_APPROVED: application_approved\nAPPLICATION_REJECTED: application_rejected\nAPPEAL_MADE: appeal_made\nAPPEAL_STUCK: appeal_stuck\nCARD_LINKED: card_linked\nCORRECTION_DONE: correction_done\nCORRECTION_RETURNED: correction_returned\nCORRECTION_REJECTED: correction_rejected\nCARD_REPLACED: card_replaced\nMEMBER_LEFT: member_left\nTRANSFER_ASKED: transfer_asked\nTRANSFER_LEAVING: transfer_leaving\nTRANSFER_OVERDUE: transfer_overdue\nTRANSFER_ACCEPTED: transfer_accepted\nTRANSFER_REFUSED: transfer_refused\nTRANSFER_EXPIRED: transfer_expired\nTRANSFER_WITHDRAWN: transfer_withdrawn\nTRANSFER_LAPSED: transfer_lapsed\nTRANSFER_GONE: transfer_gone\nTRANSFER_STAYED: transfer_stayed', enum_type=NoticeKind, max_length=24),
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
        ops.RunSQL([f"CREATE UNIQUE INDEX {name} ON {body}" for name, body in UNIQUE_INDEXES.items()]),
        ops.RunSQL([f"CREATE TRIGGER {name} {body}" for name, (_, body) in TRIGGERS.items()]),
    ]
