"""Who waits for a place that falls free; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from server.bookings.models import ServiceKind, WaitState, WishKind
from server.kit.ids import new_id
from server.notices.models import NoticeKind
from tortoise import fields

CONSTRAINTS = {
    "wait_entry_person_fk": ("wait_entry", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "wait_entry_slot_fk": ("wait_entry", "FOREIGN KEY (slot_id) REFERENCES slot (id)"),
    "wait_entry_held_slot_fk": ("wait_entry", "FOREIGN KEY (held_slot_id) REFERENCES slot (id)"),
    "wait_entry_shape": (
        "wait_entry",
        "CHECK (CASE kind WHEN 'near' THEN num_nonnulls(slot_id, offering_id, day) = 0 AND num_nonnulls(lat, lng) = 2 "
        "ELSE num_nonnulls(station_id, offering_id, day) = 3 AND num_nonnulls(lat, lng) = 0 "
        "AND (slot_id IS NOT NULL) = (kind = 'slot') END)",
    ),
    # An offer is a place that is kept, until a time.
    "wait_entry_held": (
        "wait_entry",
        "CHECK (num_nonnulls(held_slot_id, held_until) = CASE state WHEN 'offered' THEN 2 ELSE 0 END)",
    ),
    # Nobody's exact position is stored.
    "wait_entry_about": (
        "wait_entry",
        "CHECK (lat = round(lat::numeric, 2)::float8 AND lng = round(lng::numeric, 2)::float8)",
    ),
}
INDEXES = {
    "wait_entry_of_day": "wait_entry (offering_id, day) WHERE state IN ('waiting', 'offered')",
    "wait_entry_near": "wait_entry USING gist (ll_to_earth(lat, lng)) WHERE state = 'waiting' AND kind = 'near'",
    "wait_entry_until": "wait_entry (until) WHERE state = 'waiting'",
    "wait_entry_held_until": "wait_entry (held_until) WHERE state = 'offered'",
    "wait_entry_of_slot": "wait_entry (slot_id) WHERE slot_id IS NOT NULL",
    "wait_entry_held_slot": "wait_entry (held_slot_id) WHERE held_slot_id IS NOT NULL",
}
UNIQUE_INDEXES = {
    "wait_entry_once": (
        "wait_entry (person_id, kind, service, slot_id, offering_id, day) NULLS NOT DISTINCT "
        "WHERE state IN ('waiting', 'offered')"
    ),
}


class Migration(migrations.Migration):
    dependencies = [('models', '0007_walk_ins')]

    initial = False

    operations = [
        ops.CreateModel(
            name='WaitEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField(db_index=True)),
                ('kind', fields.CharEnumField(description='SLOT: slot\nDAY: day\nNEAR: near', enum_type=WishKind, max_length=4)),
                ('state', fields.CharEnumField(default=WaitState.WAITING, description='WAITING: waiting\nOFFERED: offered\nACCEPTED: accepted\nREFUSED: refused\nPASSED: passed\nWITHDRAWN: withdrawn\nENDED: ended', enum_type=WaitState, max_length=9)),
                ('service', fields.CharEnumField(description='HAIRCUT: haircut\nHEALTH_CHECK: health_check\nFREE_CLINIC: free_clinic\nLEGAL_ADVICE: legal_advice\nCOUNSELLING: counselling\nFILM: film\nLECTURE: lecture\nVEHICLE_REPAIR: vehicle_repair\nHOT_MEAL: hot_meal\nJOB_ADVICE: job_advice\nTICKET_HELP: ticket_help', enum_type=ServiceKind, max_length=20)),
                ('station_id', fields.UUIDField(null=True)),
                ('offering_id', fields.UUIDField(null=True)),
                ('slot_id', fields.UUIDField(null=True)),
                ('day', fields.DateField(null=True)),
                ('lat', fields.FloatField(null=True)),
                ('lng', fields.FloatField(null=True)),
                ('until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('held_slot_id', fields.UUIDField(null=True)),
                ('held_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('joined_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wait_entry', 'app': 'models', 'pk_attr': 'id', 'table_description': "One worker's wish for a place that falls free, until `until`."},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Notice',
            name='kind',
            field=fields.CharEnumField(description='BOOKING_REQUESTED: booking_requested\nBOOKING_CONFIRMED: booking_confirmed\nBOOKING_DECLINED: booking_declined\nBOOKING_CANCELLED: booking_cancelled\nBOOKING_MOVED: booking_moved\nBOOKING_EXPIRED: booking_expired\nBOOKING_AFFECTED: booking_affected\nREMINDER_EVENING: reminder_evening\nREMINDER_HOUR: reminder_hour\nESCALATION: escalation\nWAITLIST_OFFERED: waitlist_offered\nWAITLIST_PASSED: waitlist_passed\nWAITLIST_GONE: waitlist_gone\nWAITLIST_ENDED: waitlist_ended\nAPPLICATION_SUBMITTED: application_submitted\nAPPLICATION_RETURNED: application_returned\nAPPLICATION_APPROVED: application_approved\nAPPLICATION_REJECTED: application_rejected\nAPPEAL_MADE: appeal_made\nAPPEAL_STUCK: appeal_stuck\nCARD_LINKED: card_linked\nCORRECTION_DONE: correction_done\nCORRECTION_RETURNED: correction_returned\nCORRECTION_REJECTED: correction_rejected\nCARD_REPLACED: card_replaced\nMEMBER_LEFT: member_left\nTRANSFER_ASKED: transfer_asked\nTRANSFER_LEAVING: transfer_leaving\nTRANSFER_OVERDUE: transfer_overdue\nTRANSFER_ACCEPTED: transfer_accepted\nTRANSFER_REFUSED: transfer_refused\nTRANSFER_EXPIRED: transfer_expired\nTRANSFER_WITHDRAWN: transfer_withdrawn\nTRANSFER_LAPSED: transfer_lapsed\nTRANSFER_GONE: transfer_gone\nTRANSFER_STAYED: transfer_stayed', enum_type=NoticeKind, max_length=24),
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
        ops.RunSQL([f"CREATE UNIQUE INDEX {name} ON {body}" for name, body in UNIQUE_INDEXES.items()]),
    ]
