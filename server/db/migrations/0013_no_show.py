"""Gentle limits after missed bookings, and the word of what is broken; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from server.kit.ids import new_id
from server.notices.models import NoticeKind
from tortoise import fields

CONSTRAINTS = {
    "no_show_policy_station_fk": ("no_show_policy", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "no_show_policy_gentle": ("no_show_policy", "CHECK (misses BETWEEN 2 AND 20 AND days BETWEEN 7 AND 180)"),
    "no_show_pardon_person_fk": ("no_show_pardon", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "no_show_pardon_station_fk": ("no_show_pardon", "FOREIGN KEY (station_id) REFERENCES station (id)"),
}


class Migration(migrations.Migration):
    dependencies = [("models", "0012_groups")]

    initial = False

    operations = [
        ops.CreateModel(
            name='NoShowPardon',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField()),
                ('station_id', fields.UUIDField()),
                ('staff_id', fields.UUIDField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'no_show_pardon', 'app': 'models', 'unique_together': (('person_id', 'station_id'),), 'pk_attr': 'id', 'table_description': 'A worker began anew at a station: what was missed until `at` does not count there.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='NoShowPolicy',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('station_id', fields.UUIDField(unique=True)),
                ('misses', fields.SmallIntField()),
                ('days', fields.SmallIntField()),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'no_show_policy', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Whoever missed `misses` bookings within `days` at this station has one open booking at a time here.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Notice',
            name='kind',
            field=fields.CharEnumField(description='BOOKING_REQUESTED: booking_requested\nBOOKING_CONFIRMED: booking_confirmed\nBOOKING_DECLINED: booking_declined\nBOOKING_CANCELLED: booking_cancelled\nBOOKING_MOVED: booking_moved\nBOOKING_EXPIRED: booking_expired\nBOOKING_AFFECTED: booking_affected\nBOOKING_REBOOKED: booking_rebooked\nREMINDER_EVENING: reminder_evening\nREMINDER_HOUR: reminder_hour\nESCALATION: escalation\nGROUP_BOOKED: group_booked\nGROUP_CANCELLED: group_cancelled\nGROUP_CHANGED: group_changed\nGROUP_AFFECTED: group_affected\nGROUP_PLACE: group_place\nGROUP_PLACE_GONE: group_place_gone\nWAITLIST_OFFERED: waitlist_offered\nWAITLIST_PASSED: waitlist_passed\nWAITLIST_GONE: waitlist_gone\nWAITLIST_ENDED: waitlist_ended\nFAULT_SAID: fault_said\nFAULT_FIXED: fault_fixed\nFAULT_CANNOT_FIX: fault_cannot_fix\nSUGGESTION_PLANNED: suggestion_planned\nSUGGESTION_BUILT: suggestion_built\nSUGGESTION_DECLINED: suggestion_declined\nAPPLICATION_SUBMITTED: application_submitted\nAPPLICATION_RETURNED: application_returned\nAPPLICATION_APPROVED: application_approved\nAPPLICATION_REJECTED: application_rejected\nAPPEAL_MADE: appeal_made\nAPPEAL_STUCK: appeal_stuck\nCARD_LINKED: card_linked\nCORRECTION_DONE: correction_done\nCORRECTION_RETURNED: correction_returned\nCORRECTION_REJECTED: correction_rejected\nCARD_REPLACED: card_replaced\nMEMBER_LEFT: member_left\nTRANSFER_ASKED: transfer_asked\nTRANSFER_LEAVING: transfer_leaving\nTRANSFER_OVERDUE: transfer_overdue\nTRANSFER_ACCEPTED: transfer_accepted\nTRANSFER_REFUSED: transfer_refused\nTRANSFER_EXPIRED: transfer_expired\nTRANSFER_WITHDRAWN: transfer_withdrawn\nTRANSFER_LAPSED: transfer_lapsed\nTRANSFER_GONE: transfer_gone\nSECOND_OFFICER: second_officer\nTRANSFER_STAYED: transfer_stayed', enum_type=NoticeKind, max_length=24),
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
    ]
