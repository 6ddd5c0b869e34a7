"""The recurring jobs: sweeps over what the database says is due. Any number of workers may run them at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from server.audit.chain import chain_pending
from server.bookings.desk import escalate_overdue, expire_overdue
from server.bookings.slots import roll_slots
from server.bookings.waitlist_offers import expire_holds
from server.bookings.walk_ins import forget_numbers
from server.bookings.words import SERVICE_NAMES
from server.figures.rolling import roll_up
from server.groups.forgetting import forget_guests
from server.groups.messages import remind_groups
from server.membership.applying import forget_drafts
from server.membership.importing import forget_old_imports
from server.membership.transfers import escalate_transfers, expire_transfers
from server.notices.outbox import deliver_due
from server.people.queries import contacts
from server.people.service import forget_old
from server.reports.faults import forget_voices


@dataclass(frozen=True)
class Job:
    """Something to be done again and again: at the start, `every` so often, and when `wake_on` is notified.

    Running it twice at once, or twice in a row, does no more than once.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]
    wake_on: str = ""


async def deliver_notices() -> int:
    """The outbox, with whom to reach and what services are called."""
    return await deliver_due(contacts, {kind.value: text for kind, text in SERVICE_NAMES.items()})


JOBS = (
    Job("notices.deliver", timedelta(seconds=5), deliver_notices, wake_on="outbox"),
    Job("slots.roll", timedelta(hours=1), roll_slots),
    Job("bookings.expire", timedelta(seconds=20), expire_overdue),
    Job("waitlist.expire", timedelta(seconds=20), expire_holds),
    Job("bookings.escalate", timedelta(seconds=20), escalate_overdue),
    Job("walk_ins.forget", timedelta(hours=1), forget_numbers),
    Job("figures.roll_up", timedelta(minutes=10), roll_up),
    Job("transfers.escalate", timedelta(minutes=10), escalate_transfers),
    Job("transfers.expire", timedelta(minutes=10), expire_transfers),
    Job("people.forget", timedelta(hours=1), forget_old),
    Job("audit.chain", timedelta(seconds=10), chain_pending),
    Job("applications.forget_drafts", timedelta(hours=1), forget_drafts),
    Job("members.forget_imports", timedelta(hours=1), forget_old_imports),
    Job("groups.remind", timedelta(minutes=10), remind_groups),
    Job("groups.forget_guests", timedelta(hours=6), forget_guests),
    Job("faults.forget_voices", timedelta(hours=6), forget_voices),
)
