from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from server.kit.ids import new_id
from server.membership.models import ApplicationKind, ApplicationState, ChosenBy, MemberState, TransferState, UnionKind
from server.notices.models import NoticeKind
from server.people.models import Purpose
from tortoise.contrib.postgres.fields import ArrayField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0002_constraints')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Application',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField(db_index=True)),
                ('kind', fields.CharEnumField(default=ApplicationKind.JOIN, description='JOIN: join\nCLAIM: claim\nCORRECTION: correction', enum_type=ApplicationKind, max_length=10)),
                ('state', fields.CharEnumField(default=ApplicationState.DRAFT, description='DRAFT: draft\nSUBMITTED: submitted\nRETURNED: returned\nAPPROVED: approved\nREJECTED: rejected\nAPPEALED: appealed\nWITHDRAWN: withdrawn', enum_type=ApplicationState, max_length=10)),
                ('union_id', fields.UUIDField(null=True)),
                ('wished_union_id', fields.UUIDField(null=True)),
                ('chosen_by', fields.CharEnumField(null=True, description='POSTER: poster\nEMPLOYER: employer\nPLACE: place\nWORKER: worker', enum_type=ChosenBy, max_length=8)),
                ('identity_sealed', fields.BinaryField(null=True)),
                ('document_index', fields.CharField(null=True, db_index=True, max_length=64)),
                ('employer', fields.CharField(default='', max_length=100)),
                ('region_code', fields.IntField(null=True)),
                ('fields_wrong', ArrayField(default=list, element_type='TEXT')),
                ('reason', fields.CharField(default='', max_length=300)),
                ('appeal_sealed', fields.BinaryField(null=True)),
                ('decided_by', fields.UUIDField(null=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('submitted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'application', 'app': 'models', 'pk_attr': 'id', 'table_description': "A worker's request. `identity_sealed` holds an `identity.Identity`, `appeal_sealed` the worker's words."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Consent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField()),
                ('purpose', fields.CharEnumField(description='SENSITIVE: sensitive\nSHARING: sharing', enum_type=Purpose, max_length=10)),
                ('version', fields.CharField(max_length=10)),
                ('agreed', fields.BooleanField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'consent', 'app': 'models', 'indexes': [Index(fields=['person_id', 'purpose', 'at'])], 'pk_attr': 'id', 'table_description': 'What a worker agreed to or refused, in which version of the words; the latest one of a purpose holds.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Member',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=12)),
                ('person_id', fields.UUIDField(null=True)),
                ('union_id', fields.UUIDField(db_index=True)),
                ('state', fields.CharEnumField(default=MemberState.ACTIVE, description='ACTIVE: active\nTRANSFERRING: transferring\nLEFT: left', enum_type=MemberState, max_length=12)),
                ('identity_sealed', fields.BinaryField(null=True)),
                ('name_index', fields.CharField(null=True, db_index=True, max_length=64)),
                ('document_index', fields.CharField(null=True, max_length=64)),
                ('phone_sealed', fields.BinaryField(null=True)),
                ('phone_index', fields.CharField(null=True, db_index=True, max_length=64)),
                ('employer', fields.CharField(default='', max_length=100)),
                ('joined_on', fields.DateField()),
                ('card_version', fields.IntField(default=1)),
                ('card_revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('left_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('imported', fields.BooleanField(default=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'member', 'app': 'models', 'pk_attr': 'id', 'table_description': 'An entry in the register. Erased entries keep number, union and dates, and nothing that names anybody.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MemberImport',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('staff_id', fields.UUIDField(db_index=True)),
                ('file_name_sealed', fields.BinaryField(null=True)),
                ('content_sealed', fields.BinaryField()),
                ('summary', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('applied_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'member_import', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A file of members between upload and decision, sealed with its name; `summary` holds counts and mistakes.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MembershipEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('subject', fields.CharField(max_length=12)),
                ('subject_id', fields.UUIDField(db_index=True)),
                ('step', fields.CharField(max_length=16)),
                ('union_id', fields.UUIDField(null=True)),
                ('actor_kind', fields.CharField(max_length=8)),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'membership_event', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One step of an application, a member or a transfer; append-only. `union_id` is the union it counts for.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Transfer',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('member_id', fields.UUIDField(db_index=True)),
                ('from_union_id', fields.UUIDField(db_index=True)),
                ('to_union_id', fields.UUIDField(db_index=True)),
                ('state', fields.CharEnumField(default=TransferState.REQUESTED, description='REQUESTED: requested\nACCEPTED: accepted\nREFUSED: refused\nWITHDRAWN: withdrawn\nEXPIRED: expired', enum_type=TransferState, max_length=10)),
                ('employer', fields.CharField(default='', max_length=100)),
                ('reason', fields.CharField(default='', max_length=300)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answer_by', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('escalated_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.UUIDField(null=True)),
            ],
            options={'table': 'transfer', 'app': 'models', 'pk_attr': 'id', 'table_description': "A member's request to be taken over by another union; nothing moves before it is accepted."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Union',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=8)),
                ('name', fields.CharField(max_length=100)),
                ('kind', fields.CharEnumField(description='FEDERATION: federation\nHOLDING: holding\nSTREET: street\nPARK: park\nSITE: site\nEMPLOYER: employer', enum_type=UnionKind, max_length=12)),
                ('parent_id', fields.UUIDField(null=True, db_index=True)),
                ('lineage', ArrayField(default=list, element_type='UUID')),
                ('region_code', fields.IntField(db_index=True)),
                ('lat', fields.FloatField(null=True)),
                ('lng', fields.FloatField(null=True)),
                ('search_text', fields.TextField(default='', unique=False)),
                ('target', fields.IntField(default=0)),
                ('demo', fields.BooleanField(default=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'trade_union', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A union. `lineage` are the ids from the root down to itself; `code` stands on its poster.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UnionMonth',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('union_id', fields.UUIDField()),
                ('month', fields.DateField()),
                ('applications', fields.IntField(default=0)),
                ('approvals', fields.IntField(default=0)),
                ('returned', fields.IntField(default=0)),
                ('rejected', fields.IntField(default=0)),
                ('joined', fields.IntField(default=0)),
                ('imported', fields.IntField(default=0)),
                ('moved_in', fields.IntField(default=0)),
                ('moved_out', fields.IntField(default=0)),
                ('departed', fields.IntField(default=0)),
                ('within_1', fields.IntField(default=0)),
                ('within_2', fields.IntField(default=0)),
                ('within_3', fields.IntField(default=0)),
                ('within_5', fields.IntField(default=0)),
                ('within_7', fields.IntField(default=0)),
                ('within_14', fields.IntField(default=0)),
                ('within_30', fields.IntField(default=0)),
                ('later', fields.IntField(default=0)),
            ],
            options={'table': 'union_month', 'app': 'models', 'unique_together': (('union_id', 'month'),), 'pk_attr': 'id', 'table_description': 'What happened in a union in a month; kept by a trigger on the events.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UnionSize',
            fields=[
                ('union_id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('members', fields.IntField(default=0)),
            ],
            options={'table': 'union_size', 'app': 'models', 'pk_attr': 'union_id', 'table_description': 'How many members a union has itself, without the unions below it; kept by a trigger on the members.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='Grant',
            options={'table': 'role_grant', 'app': 'models', 'pk_attr': 'id', 'table_description': "A role at one station, over a region's subtree, or over a union's."},
        ),
        ops.AddField(
            model_name='Grant',
            name='union_id',
            field=fields.UUIDField(null=True, db_index=True),
        ),
        ops.AlterField(
            model_name='Notice',
            name='kind',
            field=fields.CharEnumField(description='BOOKING_REQUESTED: booking_requested\nBOOKING_CONFIRMED: booking_confirmed\nBOOKING_DECLINED: booking_declined\nBOOKING_CANCELLED: booking_cancelled\nBOOKING_MOVED: booking_moved\nBOOKING_EXPIRED: booking_expired\nBOOKING_AFFECTED: booking_affected\nREMINDER_EVENING: reminder_evening\nREMINDER_HOUR: reminder_hour\nESCALATION: escalation\nAPPLICATION_SUBMITTED: application_submitted\nAPPLICATION_RETURNED: application_returned\nAPPLICATION_APPROVED: application_approved\nAPPLICATION_REJECTED: application_rejected\nAPPEAL_MADE: appeal_made\nAPPEAL_STUCK: appeal_stuck\nCARD_LINKED: card_linked\nCORRECTION_DONE: correction_done\nCORRECTION_RETURNED: correction_returned\nCORRECTION_REJECTED: correction_rejected\nCARD_REPLACED: card_replaced\nMEMBER_LEFT: member_left\nTRANSFER_ASKED: transfer_asked\nTRANSFER_LEAVING: transfer_leaving\nTRANSFER_OVERDUE: transfer_overdue\nTRANSFER_ACCEPTED: transfer_accepted\nTRANSFER_REFUSED: transfer_refused\nTRANSFER_EXPIRED: transfer_expired\nTRANSFER_WITHDRAWN: transfer_withdrawn\nTRANSFER_LAPSED: transfer_lapsed\nTRANSFER_GONE: transfer_gone\nTRANSFER_STAYED: transfer_stayed', enum_type=NoticeKind, max_length=24),
        ),
        ops.AlterModelOptions(
            name='Person',
            options={'table': 'person', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A worker with a verified phone number; once erased, only the id that counts are kept by.'},
        ),
        ops.AddField(
            model_name='Person',
            name='erased_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
