"""Tables of people, their sessions, codes and roles."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class Role(StrEnum):
    """What a grant allows; see `actors.Actor.may`."""

    STAFF = "staff"
    MANAGER = "manager"
    REVIEWER = "reviewer"
    OFFICER = "officer"
    AUDITOR = "auditor"


class InvitationKind(StrEnum):
    """`JOIN` makes an account with a role; `RESET` gives somebody a new second factor, `FORGOTTEN` another password."""

    JOIN = "join"
    RESET = "reset"
    FORGOTTEN = "pass"


class RequestKind(StrEnum):
    """What a second officer is asked for."""

    GRANT = "grant"
    RESET = "reset"
    FORGOTTEN = "pass"


class Outcome(StrEnum):
    """How a request to a second officer ended."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Purpose(StrEnum):
    """What a consent is for."""

    SENSITIVE = "sensitive"
    SHARING = "sharing"


class Person(Model):
    """A worker with a verified phone number; once erased, only the id that counts are kept by.

    Who was `brought_by` another worker came along in a group: such a person never signs in, has a phone only where the
    list named one, and `phone_index` is chance.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    phone_index = fields.CharField(64, unique=True)
    phone_sealed = fields.BinaryField()
    phone_tail = fields.CharField(4)
    name_sealed = fields.BinaryField(null=True)
    locale = fields.CharField(10, default="zh_CN")
    is_member = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)
    erased_at = fields.DatetimeField(null=True)
    brought_by = fields.UUIDField(null=True)

    class Meta:
        table = "person"


class Staff(Model):
    """Somebody who works for a station, a union or a region; `region_code` is where the first role lay."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    login = fields.CharField(60, unique=True)
    display_name = fields.CharField(60)
    password_hash = fields.CharField(200)
    totp_sealed = fields.BinaryField()
    totp_step = fields.BigIntField(default=0)
    region_code = fields.IntField(null=True, db_index=True)
    locale = fields.CharField(10, default="zh_CN")
    disabled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "staff"


class Consent(Model):
    """What a worker agreed to or refused, in which version of the words; the latest one of a purpose holds."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    purpose = fields.CharEnumField(Purpose, max_length=10)
    version = fields.CharField(10)
    agreed = fields.BooleanField()
    at = fields.DatetimeField()

    class Meta:
        table = "consent"
        indexes = (("person_id", "purpose", "at"),)


class Grant(Model):
    """A role at one station, over a region's subtree, or over a union's."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="grants", db_index=True
    )
    role = fields.CharEnumField(Role, max_length=10)
    station_id = fields.UUIDField(null=True, db_index=True)
    region_code = fields.IntField(null=True)
    union_id = fields.UUIDField(null=True, db_index=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "role_grant"


class Invitation(Model):
    """A code, kept as its keyed hash, that once makes an account, or gives `staff_id` a new second factor."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(InvitationKind, max_length=5)
    code_index = fields.CharField(64, unique=True)
    display_name = fields.CharField(60)
    role = fields.CharEnumField(Role, max_length=10, null=True)
    station_id = fields.UUIDField(null=True, db_index=True)
    region_code = fields.IntField(null=True)
    union_id = fields.UUIDField(null=True, db_index=True)
    invited_by = fields.UUIDField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    staff_id = fields.UUIDField(null=True, db_index=True)
    used_at = fields.DatetimeField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "invitation"


class RoleRequest(Model):
    """What one officer asks another to agree to: a role above a station, or a new second factor for its holder."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(RequestKind, max_length=5)
    staff_id = fields.UUIDField(db_index=True)
    role = fields.CharEnumField(Role, max_length=10, null=True)
    station_id = fields.UUIDField(null=True)
    region_code = fields.IntField(null=True)
    union_id = fields.UUIDField(null=True)
    asked_by = fields.UUIDField()
    asked_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    outcome = fields.CharEnumField(Outcome, max_length=9, null=True)
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "role_request"


class RecoveryCode(Model):
    """Signs in once where the authenticator is not at hand; only its keyed hash is kept."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff_id = fields.UUIDField()
    code_index = fields.CharField(64)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "recovery_code"
        unique_together = (("staff_id", "code_index"),)


class Session(Model):
    """A signed-in browser or API client; `id` is the SHA-256 of the token that only the client has.

    `proved_at` is when staff last gave password and code again, before changing one of them.
    """

    id = fields.CharField(64, primary_key=True)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="sessions", null=True, db_index=True
    )
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="sessions", null=True, db_index=True
    )
    device = fields.CharField(80, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    proved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"


class SignInCode(Model):
    """A code sent to a phone; only its keyed hash is kept."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    phone_index = fields.CharField(64)
    address_index = fields.CharField(64)
    code_index = fields.CharField(64)
    tries = fields.SmallIntField(default=0)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_code"
        indexes = (("phone_index", "created_at"), ("address_index", "created_at"))


class Attempt(Model):
    """A failed staff sign-in, counted per name and address; or that a name once came from an address."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    subject = fields.CharField(64)
    at = fields.DatetimeField()

    class Meta:
        table = "attempt"
        indexes = (("subject", "at"),)
