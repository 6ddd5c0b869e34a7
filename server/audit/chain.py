"""The chain that makes a changed, added or missing entry show. Why in batches: docs/decisions/0009-audit-chain.md.

Every entry waits in `audit_pending` from the instant it is written (a trigger sees to that, in the same transaction).
A recurring job gives the waiting ones their links, under a lock that writers never take. A link signs the entry's
content and the link before it with the operator's secret, so whoever holds only the database cannot sign anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from server.audit.errors import ChainBroken, TooYoung
from server.db import sql
from server.kit import clock
from server.kit.crypto import vault

log = structlog.get_logger()
BATCH = 1_000
KEEP_AT_LEAST = timedelta(days=183)
START = "0" * 64
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit chain', 0))"
LOCK_AND_WAIT = "SELECT pg_advisory_xact_lock(hashtextextended('audit chain', 0))"
COLUMNS = """e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.region_code, e.reason,
  e.request_id"""
LINKS = f"""SELECT l.number, l.entry_id, l.reason_index, l.hash, {COLUMNS}
FROM audit_link l LEFT JOIN audit_entry e ON e.id = l.entry_id WHERE l.number > $1 ORDER BY l.number"""
LOST = """SELECT p.entry_id FROM audit_pending p LEFT JOIN audit_entry e ON e.id = p.entry_id
WHERE e.id IS NULL ORDER BY p.entry_id LIMIT 1"""
UNCHAINED = """SELECT e.id FROM audit_entry e LEFT JOIN audit_link l ON l.entry_id = e.id
LEFT JOIN audit_pending p ON p.entry_id = e.id
WHERE l.entry_id IS NULL AND p.entry_id IS NULL ORDER BY e.at, e.id LIMIT 1"""


class Head(msgspec.Struct, frozen=True):
    """The end of the chain, or an anchor where it begins: what to write down elsewhere and compare one day."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True)
class Verified:
    """What a walk along the whole chain has seen: links, entries whose reason was forgotten with a person, its end."""

    links: int
    forgotten: int
    waiting: int
    head: Head


async def chain_pending() -> int:
    """Link what waits, oldest first; the number of links made. Where another worker does it already, none."""
    made = 0
    while done := await _chain_batch():
        made += done
    if made:
        # The log leaves the machine: whoever cuts off the chain's end does not cut it off there.
        log.info("audit.chained", links=made, head=str(await head()))
    return made


async def _chain_batch() -> int:
    async with sql.transaction():
        if not await sql.value(LOCK):
            return 0
        waiting = await sql.rows(
            f"""WITH taken AS (DELETE FROM audit_pending WHERE entry_id IN (
                SELECT p.entry_id FROM audit_pending p JOIN audit_entry w ON w.id = p.entry_id
                ORDER BY p.entry_id LIMIT $1) RETURNING entry_id)
            SELECT {COLUMNS} FROM taken JOIN audit_entry e ON e.id = taken.entry_id ORDER BY e.at, e.id""",
            BATCH,
        )
        last = await head()
        links, before = [], last.hash
        for number, entry in enumerate(waiting, last.number + 1):
            reason_index = _reason_index(entry["id"], entry["reason"])
            before = _sign(entry, reason_index, before)
            links.append((number, entry["id"], reason_index, before))
        await sql.copy("audit_link", ("number", "entry_id", "reason_index", "hash"), links)
    return len(links)


async def head() -> Head:
    """The last link; where there is none, what it would stand behind."""
    found = await sql.row(
        """SELECT number, hash FROM ((SELECT number, hash FROM audit_link ORDER BY number DESC LIMIT 1)
        UNION ALL (SELECT number, hash FROM audit_anchor ORDER BY number DESC LIMIT 1)) ends
        ORDER BY number DESC LIMIT 1"""
    )
    return Head(**found) if found else Head(0, START)


async def verify(expected: Head | None = None) -> Verified:
    """Walk the whole chain. Raises ChainBroken at the first entry that is not as it was written.

    `expected` is a head that somebody wrote down: the chain must hold it still, or it has lost its end.
    """
    async with sql.transaction():
        # One picture of everything; whoever writes meanwhile neither waits nor disturbs.
        await sql.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        first = last = await _anchor()
        links = forgotten = 0
        met = expected is None or expected in (first, Head(0, START))
        async for batch in sql.batches(LINKS, first.number, size=BATCH):
            for row in batch:
                forgotten += _check(row, last)
                last = Head(row["number"], row["hash"])
                met = met or last == expected
            links += len(batch)
        if stray := await sql.value(UNCHAINED):
            raise ChainBroken(where=str(stray), what="was written past the chain, or lost its link")
        if lost := await sql.value(LOST):
            raise ChainBroken(where=str(lost), what="is gone, before it was chained")
        waiting = await sql.value("SELECT count(*) FROM audit_pending")
    if not met and expected and expected.number > first.number:
        raise ChainBroken(where=str(expected.number), what="is not the link that was written down, or is gone")
    return Verified(links, forgotten, waiting, last)


async def purge(before: datetime) -> int:
    """Let go of entries older than `before`; how many went. The chain begins behind a signed anchor afterwards.

    Only what is whole goes: a broken chain is refused, for its traces would go too. Raises ChainBroken, TooYoung.
    """
    if before > clock.now() - KEEP_AT_LEAST:
        raise TooYoung(days=KEEP_AT_LEAST.days)
    gone = 0
    while done := await _purge_batch(before):
        gone += done
    return gone


async def _purge_batch(before: datetime) -> int:
    async with sql.transaction():
        await sql.run(LOCK_AND_WAIT)
        first = last = await _anchor()
        old: list[UUID] = []
        for row in await sql.rows(f"{LINKS} LIMIT $2", first.number, BATCH):
            _check(row, last)
            if row["at"] >= before:
                break
            last = Head(row["number"], row["hash"])
            old.append(row["entry_id"])
        if not old:
            return 0
        await sql.run("SELECT set_config('niangjia.purging', 'on', true)")
        await sql.run("DELETE FROM audit_link WHERE number <= $1", last.number)
        await sql.run("DELETE FROM audit_entry WHERE id = ANY($1)", old)
        await sql.run("DELETE FROM audit_anchor")
        now = clock.now()
        await sql.run(
            "INSERT INTO audit_anchor (number, hash, at, signature) VALUES ($1, $2, $3, $4)",
            last.number,
            last.hash,
            now,
            _sign_anchor(last, now),
        )
    return len(old)


async def _anchor() -> Head:
    """Behind which link the chain begins. Raises ChainBroken where somebody else set it."""
    found = await sql.row("SELECT number, hash, at, signature FROM audit_anchor ORDER BY number DESC LIMIT 1")
    if found is None:
        return Head(0, START)
    anchor = Head(found["number"], found["hash"])
    if found["signature"] != _sign_anchor(anchor, found["at"]):
        raise ChainBroken(where=str(anchor.number), what="is an anchor that the purge did not set")
    return anchor


def _check(row: sql.Record, before: Head) -> bool:
    """Whether the reason of a linked entry was forgotten. Raises ChainBroken where it is not as it was written."""
    if row["number"] != before.number + 1:
        raise ChainBroken(where=str(before.number + 1), what="is gone from the chain")
    if row["id"] is None:
        raise ChainBroken(where=str(row["entry_id"]), what=f"(link {row['number']}) is gone")
    written = row["reason_index"] == _reason_index(row["id"], row["reason"])
    if row["hash"] != _sign(row, row["reason_index"], before.hash) or (row["reason"] and not written):
        raise ChainBroken(where=str(row["entry_id"]), what=f"(link {row['number']}) is not as it was written")
    return not written


def _reason_index(entry_id: UUID, reason: str) -> str:
    """What a reason is known by in the chain: when a person is erased the words go, and this stays."""
    return vault().index(f"{entry_id} {reason}", "audit-reason")


def _sign(entry: sql.Record, reason_index: str, before: str) -> str:
    return vault().sign(msgspec.json.encode(_content(entry, reason_index, before)).decode(), "audit")


def _content(entry: sql.Record, reason_index: str, before: str) -> Sequence[Any]:
    return (
        before,
        str(entry["id"]),
        entry["at"].astimezone(UTC).isoformat(),
        entry["actor_kind"],
        str(entry["actor_id"] or ""),
        entry["action"],
        entry["subject_kind"],
        entry["subject_id"],
        entry["region_code"],
        reason_index,
        entry["request_id"],
    )


def _sign_anchor(anchor: Head, at: datetime) -> str:
    return vault().sign(f"{anchor} {at.astimezone(UTC).isoformat()}", "audit-anchor")
