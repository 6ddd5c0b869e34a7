"""The outbox: what is due goes out, in any number of worker processes.

A message is claimed under a lease, sent outside the transaction, then recorded. A crash between sending
and recording sends it once more when the lease ends: late or twice is better than never.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec
import structlog

from server.db import sql
from server.kit import clock
from server.kit.i18n import speaking
from server.notices import rules
from server.notices.models import NoticeKind
from server.notices.sms import SmsDown, SmsRefused, sms
from server.notices.texts import write_text

log = structlog.get_logger()
BATCH = 50
LEASE = timedelta(minutes=2)


class Contact(Protocol):
    """Where a worker is reached, and in which language."""

    @property
    def phone(self) -> str: ...
    @property
    def locale(self) -> str: ...


Contacts = Callable[[Iterable[UUID]], Awaitable[Mapping[UUID, Contact]]]


async def deliver_due(contacts: Contacts, service_names: Mapping[str, str]) -> int:
    """Send what is due; how many messages were taken up. `contacts` opens phones, `service_names` are gettext ids."""
    taken = 0
    while claimed := await _claim():
        taken += len(claimed)
        reached = await contacts({row["person_id"] for row in claimed if row["person_id"]})
        for row in claimed:
            await _deliver(row, reached.get(row["person_id"]), service_names)
    return taken


async def _claim() -> list[Any]:
    now = clock.now()
    return await sql.rows(
        """UPDATE notice SET next_try_at = $2 WHERE id IN (
            SELECT id FROM notice WHERE state = 'due' AND next_try_at <= $1
            ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING id, person_id, kind, params, push, tries""",
        now,
        now + LEASE,
        BATCH,
    )


async def _deliver(row: Any, contact: Contact | None, names: Mapping[str, str]) -> None:
    if not row["push"] or contact is None:
        await _sent(row["id"], "")
        return
    with speaking(contact.locale):
        text = write_text(NoticeKind(row["kind"]), msgspec.json.decode(row["params"]), names)
    try:
        receipt = await sms().send_notice(contact.phone, text)
    except SmsRefused as error:
        await _failed(row["id"], error.code)
    except SmsDown as error:
        await _try_later(row, error.code)
    else:
        await _sent(row["id"], receipt)


async def _sent(notice_id: UUID, receipt: str) -> None:
    await sql.run(
        "UPDATE notice SET state = 'sent', sent_at = $2, receipt = $3, error = '' WHERE id = $1 AND state = 'due'",
        notice_id,
        clock.now(),
        receipt[:80],
    )


async def _try_later(row: Any, error: str) -> None:
    at = rules.next_try(row["tries"] + 1, clock.now())
    if at is None:
        await _failed(row["id"], error)
        return
    await sql.run(
        "UPDATE notice SET tries = tries + 1, next_try_at = $2, error = $3 WHERE id = $1 AND state = 'due'",
        row["id"],
        at,
        error,
    )


async def _failed(notice_id: UUID, error: str) -> None:
    log.warning("notice.failed", notice=str(notice_id), error=error)
    await sql.run(
        "UPDATE notice SET state = 'failed', tries = tries + 1, error = $2 WHERE id = $1 AND state = 'due'",
        notice_id,
        error,
    )
