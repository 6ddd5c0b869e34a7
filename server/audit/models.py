"""The audit log's one table."""

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
