"""The audit log: entries, the chain that makes a changed one show, and where a shortened chain begins."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class AuditEntry(Model):
    """One act. Texts hold no personal data: subjects are named by id."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField(db_index=True)
    actor_kind = fields.CharField(8)
    actor_id = fields.UUIDField(null=True, db_index=True)
    action = fields.CharField(40)
    subject_kind = fields.CharField(20)
    subject_id = fields.CharField(64)
    region_code = fields.IntField(null=True)
    reason = fields.CharField(200, default="")
    request_id = fields.CharField(36, default="")

    class Meta:
        table = "audit_entry"
        indexes = (("subject_kind", "subject_id"),)


class AuditPending(Model):
    """An entry that waits to be chained; a trigger puts it here with the entry."""

    entry_id = fields.UUIDField(primary_key=True)

    class Meta:
        table = "audit_pending"


class AuditLink(Model):
    """One link of the chain: `hash` is a signature over the entry's content and the link before."""

    number = fields.BigIntField(primary_key=True)
    entry_id = fields.UUIDField(unique=True)
    reason_index = fields.CharField(64)
    hash = fields.CharField(64)

    class Meta:
        table = "audit_link"


class AuditAnchor(Model):
    """Where old entries were deleted: the last link that went, signed; the chain begins behind it."""

    number = fields.BigIntField(primary_key=True)
    hash = fields.CharField(64)
    at = fields.DatetimeField()
    signature = fields.CharField(64)

    class Meta:
        table = "audit_anchor"
