"""Places that a foreman books for many; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from server.bookings.models import ServiceKind
from server.kit.ids import new_id
from server.notices.models import NoticeKind
from tortoise import fields

CONSTRAINTS = {
    "group_booking_foreman_fk": ("group_booking", "FOREIGN KEY (foreman_id) REFERENCES person (id)"),
    "group_booking_station_fk": ("group_booking", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "group_booking_people": ("group_booking", "CHECK (people BETWEEN 1 AND 200)"),
    "group_place_group_fk": ("group_place", "FOREIGN KEY (group_id) REFERENCES group_booking (id)"),
    "group_place_booking_fk": ("group_place", "FOREIGN KEY (booking_id) REFERENCES booking (id)"),
    "group_place_seat": ("group_place", "CHECK (seat BETWEEN 1 AND 200)"),
}
INDEXES = {
    "group_booking_to_forget": "group_booking (ends_at) WHERE forgotten_at IS NULL",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0011_station_life")]

    initial = False

    operations = [
        ops.CreateModel(
            name='GroupBooking',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=8)),
                ('foreman_id', fields.UUIDField()),
                ('service', fields.CharEnumField(description='HAIRCUT: haircut\nHEALTH_CHECK: health_check\nFREE_CLINIC: free_clinic\nLEGAL_ADVICE: legal_advice\nCOUNSELLING: counselling\nFILM: film\nLECTURE: lecture\nVEHICLE_REPAIR: vehicle_repair\nHOT_MEAL: hot_meal\nJOB_ADVICE: job_advice\nTICKET_HELP: ticket_help', enum_type=ServiceKind, max_length=20)),
                ('station_id', fields.UUIDField()),
                ('people', fields.SmallIntField()),
                ('request_key', fields.CharField(max_length=64)),
                ('ends_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('forgotten_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'group_booking', 'app': 'models', 'unique_together': (('foreman_id', 'request_key'),), 'pk_attr': 'id', 'table_description': 'What one worker, the foreman, booked for many in one go.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='GroupPlace',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('group_id', fields.UUIDField()),
                ('booking_id', fields.UUIDField(unique=True)),
                ('seat', fields.SmallIntField()),
            ],
            options={'table': 'group_place', 'app': 'models', 'unique_together': (('group_id', 'seat'),), 'pk_attr': 'id', 'table_description': 'A booking that belongs to a group; `seat` numbers its people from 1, as the list did.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Notice',
            name='kind',
            field=fields.CharEnumField(description='BOOKING_REQUESTED: booking_requested\nBOOKING_CONFIRMED: booking_confirmed\nBOOKING_DECLINED: booking_declined\nBOOKING_CANCELLED: booking_cancelled\nBOOKING_MOVED: booking_moved\nBOOKING_EXPIRED: booking_expired\nBOOKING_AFFECTED: booking_affected\nBOOKING_REBOOKED: booking_rebooked\nREMINDER_EVENING: reminder_evening\nREMINDER_HOUR: reminder_hour\nESCALATION: escalation\nGROUP_BOOKED: group_booked\nGROUP_CANCELLED: group_cancelled\nGROUP_CHANGED: group_changed\nGROUP_AFFECTED: group_affected\nGROUP_PLACE: group_place\nWAITLIST_OFFERED: waitlist_offered\nWAITLIST_PASSED: waitlist_passed\nWAITLIST_GONE: waitlist_gone\nWAITLIST_ENDED: waitlist_ended\nFAULT_FIXED: fault_fixed\nFAULT_CANNOT_FIX: fault_cannot_fix\nSUGGESTION_PLANNED: suggestion_planned\nSUGGESTION_BUILT: suggestion_built\nSUGGESTION_DECLINED: suggestion_declined\nAPPLICATION_SUBMITTED: application_submitted\nAPPLICATION_RETURNED: application_returned\nAPPLICATION_APPROVED: application_approved\nAPPLICATION_REJECTED: application_rejected\nAPPEAL_MADE: appeal_made\nAPPEAL_STUCK: appeal_stuck\nCARD_LINKED: card_linked\nCORRECTION_DONE: correction_done\nCORRECTION_RETURNED: correction_returned\nCORRECTION_REJECTED: correction_rejected\nCARD_REPLACED: card_replaced\nMEMBER_LEFT: member_left\nTRANSFER_ASKED: transfer_asked\nTRANSFER_LEAVING: transfer_leaving\nTRANSFER_OVERDUE: transfer_overdue\nTRANSFER_ACCEPTED: transfer_accepted\nTRANSFER_REFUSED: transfer_refused\nTRANSFER_EXPIRED: transfer_expired\nTRANSFER_WITHDRAWN: transfer_withdrawn\nTRANSFER_LAPSED: transfer_lapsed\nTRANSFER_GONE: transfer_gone\nSECOND_OFFICER: second_officer\nTRANSFER_STAYED: transfer_stayed', enum_type=NoticeKind, max_length=24),
        ),
        ops.AddField(
            model_name='Person',
            name='brought_by',
            field=fields.UUIDField(null=True),
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
    ]
