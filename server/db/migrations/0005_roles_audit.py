from tortoise import migrations
from tortoise.migrations import operations as ops
from server.kit.ids import new_id
from server.people.models import InvitationKind, Outcome, RequestKind, Role
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0004_membership_constraints')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AuditAnchor',
            fields=[
                ('number', fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ('hash', fields.CharField(max_length=64)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('signature', fields.CharField(max_length=64)),
            ],
            options={'table': 'audit_anchor', 'app': 'models', 'pk_attr': 'number', 'table_description': 'Where old entries were deleted: the last link that went, signed; the chain begins behind it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditLink',
            fields=[
                ('number', fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ('entry_id', fields.UUIDField(unique=True)),
                ('reason_index', fields.CharField(max_length=64)),
                ('hash', fields.CharField(max_length=64)),
            ],
            options={'table': 'audit_link', 'app': 'models', 'pk_attr': 'number', 'table_description': "One link of the chain: `hash` is a signature over the entry's content and the link before."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditPending',
            fields=[
                ('entry_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
            ],
            options={'table': 'audit_pending', 'app': 'models', 'pk_attr': 'entry_id', 'table_description': 'An entry that waits to be chained; a trigger puts it here with the entry.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Invitation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='JOIN: join\nRESET: reset', enum_type=InvitationKind, max_length=5)),
                ('code_index', fields.CharField(unique=True, max_length=64)),
                ('display_name', fields.CharField(max_length=60)),
                ('role', fields.CharEnumField(null=True, description='STAFF: staff\nMANAGER: manager\nREVIEWER: reviewer\nOFFICER: officer\nAUDITOR: auditor', enum_type=Role, max_length=10)),
                ('station_id', fields.UUIDField(null=True, db_index=True)),
                ('region_code', fields.IntField(null=True)),
                ('union_id', fields.UUIDField(null=True, db_index=True)),
                ('invited_by', fields.UUIDField()),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('staff_id', fields.UUIDField(null=True, db_index=True)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'invitation', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A code, kept as its keyed hash, that once makes an account, or gives `staff_id` a new second factor.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('staff_id', fields.UUIDField()),
                ('code_index', fields.CharField(max_length=64)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'recovery_code', 'app': 'models', 'unique_together': (('staff_id', 'code_index'),), 'pk_attr': 'id', 'table_description': 'Signs in once where the authenticator is not at hand; only its keyed hash is kept.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RoleRequest',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='GRANT: grant\nRESET: reset', enum_type=RequestKind, max_length=5)),
                ('staff_id', fields.UUIDField(db_index=True)),
                ('role', fields.CharEnumField(null=True, description='STAFF: staff\nMANAGER: manager\nREVIEWER: reviewer\nOFFICER: officer\nAUDITOR: auditor', enum_type=Role, max_length=10)),
                ('station_id', fields.UUIDField(null=True)),
                ('region_code', fields.IntField(null=True)),
                ('union_id', fields.UUIDField(null=True)),
                ('asked_by', fields.UUIDField()),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('outcome', fields.CharEnumField(null=True, description='APPROVED: approved\nREFUSED: refused\nWITHDRAWN: withdrawn\nEXPIRED: expired', enum_type=Outcome, max_length=9)),
                ('decided_by', fields.UUIDField(null=True)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'role_request', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What one officer asks another to agree to: a role above a station, or a new second factor for its holder.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Session',
            name='proved_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterModelOptions(
            name='Staff',
            options={'table': 'staff', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Somebody who works for a station, a union or a region; `region_code` is where the first role lay.'},
        ),
        ops.AddField(
            model_name='Staff',
            name='region_code',
            field=fields.IntField(null=True, db_index=True),
        ),
    ]
