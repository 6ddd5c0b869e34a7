"""The outbox: what is due goes out, in any number of worker processes.

A message is claimed under a lease, sent outside the transaction, then recorded. A crash between sending
and recording sends it once more when the lease ends: late or twice is better than never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any, Protocol
from uuid import UUID

import msgspec
import structlog

from server.db import sql
from server.kit import clock
from server.notices import rules
from server.notices.models import NoticeKind
from server.notices.sms import SmsDown, SmsLimited, SmsRefused, sms
from server.notices.texts import write_sms

log = structlog.get_logger()
BATCH = 20
LEASE = timedelta(minutes=2)  # far longer than a batch takes, whose messages go out side by side
NOBODY, TOO_LATE = "nobody-to-reach", "too-late"
_luck = SystemRandom().random


class Contact(Protocol):
    """Where a worker is reached, and in which language."""

    @property
    def phone(self) -> str: ...
    @property
    def locale(self) -> str: ...


Contacts = Callable[[Iterable[UUID]], Awaitable[Mapping[UUID, Contact]]]


async def deliver_due(contacts: Contacts, service_names: Mapping[str, str]) -> int:
    """Send what is due; how many messages were taken up. `contacts` opens phones, `service_names` are gettext ids.

    Stops early where the gateway takes nothing: what was not tried waits for the next run.
    """
    taken = 0
    while claimed := await _claim():
        taken += len(claimed)
        done = await asyncio.gather(*(_deliver(row, contacts, service_names) for row in claimed))
        if not any(done):
            break
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


async def _deliver(row: Any, contacts: Contacts, names: Mapping[str, str]) -> bool:
    """Bring one message to its end, or plan its next try; whether the gateway is not to blame for waiting.

    Whatever is wrong with one message stays with it.
    """
    starts_at: datetime | None = None
    try:
        params = msgspec.json.decode(row["params"])
        starts_at = datetime.fromisoformat(params["starts_at"]) if "starts_at" in params else None
        await _send(row, params, starts_at, contacts, names)
    except SmsRefused as error:
        await _failed(row["id"], error.code)
    except (SmsDown, SmsLimited) as error:
        await _try_later(row, starts_at, error.code)
        return isinstance(error, SmsLimited)
    except Exception as error:  # whatever it is, the other messages and the next try go on
        log.exception("notice.broken", notice=str(row["id"]))
        await _try_later(row, starts_at, type(error).__name__)
    return True


async def _send(
    row: Any, params: dict[str, Any], starts_at: datetime | None, contacts: Contacts, names: Mapping[str, str]
) -> None:
    kind = NoticeKind(row["kind"])
    if not row["push"]:
        await _sent(row["id"], "")
        return
    if rules.comes_too_late(kind, starts_at, clock.now()):
        await _drop(row["id"], TOO_LATE)
        return
    contact = (await contacts([row["person_id"]])).get(row["person_id"])
    if contact is None:
        await _drop(row["id"], NOBODY)
        return
    receipt = await sms().send_notice(contact.phone, write_sms(kind, params, names, contact.locale))
    await _sent(row["id"], receipt)


async def _sent(notice_id: UUID, receipt: str) -> None:
    await sql.run(
        "UPDATE notice SET state = 'sent', sent_at = $2, receipt = $3, error = '' WHERE id = $1 AND state = 'due'",
        notice_id,
        clock.now(),
        receipt[:80],
    )


async def _drop(notice_id: UUID, why: str) -> None:
    await sql.run("UPDATE notice SET state = 'withdrawn', error = $2 WHERE id = $1 AND state = 'due'", notice_id, why)


async def _try_later(row: Any, starts_at: datetime | None, error: str) -> None:
    at = rules.next_try(row["tries"] + 1, clock.now(), starts_at, luck=_luck())
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
