"""Tables of unions, applications, members and transfers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from server.kit.ids import new_id


class UnionKind(StrEnum):
    """`HOLDING` takes workers whose employer and street have no union yet."""

    FEDERATION = "federation"
    HOLDING = "holding"
    STREET = "street"
    PARK = "park"
    SITE = "site"
    EMPLOYER = "employer"


class ApplicationKind(StrEnum):
    JOIN = "join"
    CLAIM = "claim"
    CORRECTION = "correction"


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPEALED = "appealed"
    WITHDRAWN = "withdrawn"


class ChosenBy(StrEnum):
    """Why an application names its union."""

    POSTER = "poster"
    EMPLOYER = "employer"
    PLACE = "place"
    WORKER = "worker"


class MemberState(StrEnum):
    ACTIVE = "active"
    TRANSFERRING = "transferring"
    LEFT = "left"


class TransferState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


# The reviewer's desk is where these wait.
WAITING = (ApplicationState.SUBMITTED, ApplicationState.APPEALED)
OPEN = (ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.RETURNED, ApplicationState.APPEALED)


class Union(Model):
    """A union. `lineage` are the ids from the root down to itself; `code` stands on its poster."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(8, unique=True)
    name = fields.CharField(100)
    kind = fields.CharEnumField(UnionKind, max_length=12)
    parent_id = fields.UUIDField(null=True, db_index=True)
    lineage = ArrayField(element_type="uuid", default=list)
    region_code = fields.IntField(db_index=True)
    lat = fields.FloatField(null=True)
    lng = fields.FloatField(null=True)
    search_text = fields.TextField(default="")
    target = fields.IntField(default=0)
    demo = fields.BooleanField(default=False)
    closed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "trade_union"


class Application(Model):
    """A worker's request. `identity_sealed` holds an `identity.Identity`, `appeal_sealed` the worker's words.

    `union_id` is who decides; `wished_union_id` what the worker chose, where the register names another union:
    until that one has decided he is not told, since he may be somebody who guesses. `fields_wrong` is what a
    reviewer wants corrected.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField(db_index=True)
    kind = fields.CharEnumField(ApplicationKind, max_length=10, default=ApplicationKind.JOIN)
    state = fields.CharEnumField(ApplicationState, max_length=10, default=ApplicationState.DRAFT)
    union_id = fields.UUIDField(null=True)
    wished_union_id = fields.UUIDField(null=True)
    chosen_by = fields.CharEnumField(ChosenBy, max_length=8, null=True)
    identity_sealed = fields.BinaryField(null=True)
    document_index = fields.CharField(64, null=True, db_index=True)
    employer = fields.CharField(100, default="")
    region_code = fields.IntField(null=True)
    fields_wrong = ArrayField(element_type="text", default=list)
    reason = fields.CharField(300, default="")
    appeal_sealed = fields.BinaryField(null=True)
    decided_by = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    saved_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "application"


class Member(Model):
    """An entry in the register. Erased entries keep number, union and dates, and nothing that names anybody."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    number = fields.CharField(12, unique=True)
    person_id = fields.UUIDField(null=True)
    union_id = fields.UUIDField(db_index=True)
    state = fields.CharEnumField(MemberState, max_length=12, default=MemberState.ACTIVE)
    identity_sealed = fields.BinaryField(null=True)
    name_index = fields.CharField(64, null=True, db_index=True)
    document_index = fields.CharField(64, null=True)
    phone_sealed = fields.BinaryField(null=True)
    phone_index = fields.CharField(64, null=True, db_index=True)
    employer = fields.CharField(100, default="")
    joined_on = fields.DateField()
    card_version = fields.IntField(default=1)
    card_revoked_at = fields.DatetimeField(null=True)
    left_at = fields.DatetimeField(null=True)
    imported = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "member"


class Transfer(Model):
    """A member's request to be taken over by another union; nothing moves before it is accepted."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    member_id = fields.UUIDField(db_index=True)
    from_union_id = fields.UUIDField(db_index=True)
    to_union_id = fields.UUIDField(db_index=True)
    state = fields.CharEnumField(TransferState, max_length=10, default=TransferState.REQUESTED)
    employer = fields.CharField(100, default="")
    reason = fields.CharField(300, default="")
    asked_at = fields.DatetimeField()
    answer_by = fields.DatetimeField()
    escalated_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)

    class Meta:
        table = "transfer"


class MembershipEvent(Model):
    """One step of an application, a member or a transfer; append-only. `union_id` is the union it counts for."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField(db_index=True)
    subject = fields.CharField(12)
    subject_id = fields.UUIDField(db_index=True)
    step = fields.CharField(16)
    union_id = fields.UUIDField(null=True)
    actor_kind = fields.CharField(8)
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(300, default="")

    class Meta:
        table = "membership_event"


class UnionMonth(Model):
    """What happened in a union in a month; kept by a trigger on the events.

    `applications` and how they were decided are those of people who are in no register yet, each counted once however
    often it was corrected; `within_1` to `later` are decisions by the days that they took.
    """

    id = fields.BigIntField(primary_key=True)
    union_id = fields.UUIDField()
    month = fields.DateField()
    applications = fields.IntField(default=0)
    approvals = fields.IntField(default=0)
    returned = fields.IntField(default=0)
    rejected = fields.IntField(default=0)
    joined = fields.IntField(default=0)
    imported = fields.IntField(default=0)
    moved_in = fields.IntField(default=0)
    moved_out = fields.IntField(default=0)
    departed = fields.IntField(default=0)
    within_1 = fields.IntField(default=0)
    within_2 = fields.IntField(default=0)
    within_3 = fields.IntField(default=0)
    within_5 = fields.IntField(default=0)
    within_7 = fields.IntField(default=0)
    within_14 = fields.IntField(default=0)
    within_30 = fields.IntField(default=0)
    later = fields.IntField(default=0)

    class Meta:
        table = "union_month"
        unique_together = (("union_id", "month"),)


class UnionSize(Model):
    """How many members a union has itself, without the unions below it; kept by a trigger on the members."""

    union_id = fields.UUIDField(primary_key=True)
    members = fields.IntField(default=0)

    class Meta:
        table = "union_size"


class MemberImport(Model):
    """A file of members between upload and decision, sealed with its name; `summary` holds counts and mistakes."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff_id = fields.UUIDField(db_index=True)
    file_name_sealed = fields.BinaryField(null=True)
    content_sealed = fields.BinaryField()
    summary = fields.JSONField[dict[str, Any]]()
    created_at = fields.DatetimeField(auto_now_add=True)
    applied_at = fields.DatetimeField(null=True)

    class Meta:
        table = "member_import"
