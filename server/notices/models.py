"""The outbox and inbox table."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from server.kit.ids import new_id


class NoticeKind(StrEnum):
    BOOKING_REQUESTED = "booking_requested"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_DECLINED = "booking_declined"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_MOVED = "booking_moved"
    BOOKING_EXPIRED = "booking_expired"
    BOOKING_AFFECTED = "booking_affected"
    BOOKING_REBOOKED = "booking_rebooked"
    REMINDER_EVENING = "reminder_evening"
    REMINDER_HOUR = "reminder_hour"
    ESCALATION = "escalation"
    GROUP_BOOKED = "group_booked"
    GROUP_CANCELLED = "group_cancelled"
    GROUP_CHANGED = "group_changed"
    GROUP_AFFECTED = "group_affected"
    GROUP_PLACE = "group_place"
    GROUP_PLACE_GONE = "group_place_gone"
    WAITLIST_OFFERED = "waitlist_offered"
    WAITLIST_PASSED = "waitlist_passed"
    WAITLIST_GONE = "waitlist_gone"
    WAITLIST_ENDED = "waitlist_ended"
    FAULT_SAID = "fault_said"
    FAULT_FIXED = "fault_fixed"
    FAULT_CANNOT_FIX = "fault_cannot_fix"
    SUGGESTION_PLANNED = "suggestion_planned"
    SUGGESTION_BUILT = "suggestion_built"
    SUGGESTION_DECLINED = "suggestion_declined"
    APPLICATION_SUBMITTED = "application_submitted"
    APPLICATION_RETURNED = "application_returned"
    APPLICATION_APPROVED = "application_approved"
    APPLICATION_REJECTED = "application_rejected"
    APPEAL_MADE = "appeal_made"
    APPEAL_STUCK = "appeal_stuck"
    CARD_LINKED = "card_linked"
    CORRECTION_DONE = "correction_done"
    CORRECTION_RETURNED = "correction_returned"
    CORRECTION_REJECTED = "correction_rejected"
    CARD_REPLACED = "card_replaced"
    MEMBER_LEFT = "member_left"
    TRANSFER_ASKED = "transfer_asked"
    TRANSFER_LEAVING = "transfer_leaving"
    TRANSFER_OVERDUE = "transfer_overdue"
    TRANSFER_ACCEPTED = "transfer_accepted"
    TRANSFER_REFUSED = "transfer_refused"
    TRANSFER_EXPIRED = "transfer_expired"
    TRANSFER_WITHDRAWN = "transfer_withdrawn"
    TRANSFER_LAPSED = "transfer_lapsed"
    TRANSFER_GONE = "transfer_gone"
    SECOND_OFFICER = "second_officer"
    TRANSFER_STAYED = "transfer_stayed"


class NoticeState(StrEnum):
    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Notice(Model):
    """A message. `push` asks for SMS besides the inbox; `next_try_at` is when the worker process looks again."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField(null=True)
    staff_id = fields.UUIDField(null=True)
    station_id = fields.UUIDField(null=True)
    booking_id = fields.UUIDField(null=True, db_index=True)
    kind = fields.CharEnumField(NoticeKind, max_length=24)
    params = fields.JSONField[dict[str, Any]](default=dict)
    push = fields.BooleanField(default=True)
    state = fields.CharEnumField(NoticeState, max_length=10, default=NoticeState.DUE)
    due_at = fields.DatetimeField()
    next_try_at = fields.DatetimeField()
    tries = fields.SmallIntField(default=0)
    sent_at = fields.DatetimeField(null=True)
    read_at = fields.DatetimeField(null=True)
    receipt = fields.CharField(80, default="")
    error = fields.CharField(200, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "notice"
        indexes = (("person_id", "due_at"), ("staff_id", "due_at"))
