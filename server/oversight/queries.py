"""Reads of the audit by region. Every region is one value of an index that holds its entries in the order of time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import msgspec

from server.db import sql
from server.errors import Forbidden
from server.people.actors import Actor
from server.people.models import Role

PAGE = 50
BATCH = 500
READERS = (Role.OFFICER, Role.AUDITOR)
# A region's level by its code, and the indexed expression that all its entries share.
LEVELS = {10_000: "e.region_code / 10000", 100: "e.region_code / 100", 1: "e.region_code"}
COLUMNS = "e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.region_code, e.reason"
OF_REGION = {
    size: f"SELECT {COLUMNS} FROM audit_entry e WHERE {LEVEL} = $1 AND e.at >= $2 AND e.at < $3 "
    for size, LEVEL in LEVELS.items()
}
# What is not asked for is no condition of the statement, so that each search finds its own index.
ACTOR = {True: "AND e.actor_id = ANY($4::uuid[]) ", False: "AND $4::uuid[] IS NULL "}
ACTION = {True: "AND e.action = $5 ", False: "AND $5 = '' "}
KIND = {True: "AND e.subject_kind = $6 ", False: "AND $6 = '' "}
SUBJECT = {True: "AND e.subject_id = $7 ", False: "AND $7 = '' "}
BEFORE = {True: "AND (e.at, e.id) < ($8, $9) ", False: "AND $8::timestamptz IS NULL AND $9::uuid IS NULL "}
NEWEST = "ORDER BY e.at DESC, e.id DESC LIMIT $10"
# About whom somebody wrote words, those words stay where they were written.
ABOUT_PEOPLE = ("person", "member", "application", "transfer", "booking")
NAMED = """SELECT e.*, coalesce(a.display_name, '') AS actor_name,
  coalesce(st.name, u.name, s.display_name, '') AS subject_name, coalesce(d.full_name, '') AS place FROM e
CROSS JOIN LATERAL (
  SELECT CASE WHEN e.subject_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN e.subject_id::uuid END AS id) about
LEFT JOIN staff a ON e.actor_kind = 'staff' AND a.id = e.actor_id
LEFT JOIN station st ON e.subject_kind = 'station' AND st.id = about.id
LEFT JOIN trade_union u ON e.subject_kind = 'union' AND u.id = about.id
LEFT JOIN staff s ON e.subject_kind = 'staff' AND s.id = about.id
LEFT JOIN division d ON d.code = e.region_code
ORDER BY e.at DESC, e.id DESC"""


class Asked(msgspec.Struct, frozen=True):
    """What is looked for. `actors` are the colleagues whose name was typed, None for everybody."""

    since: datetime
    until: datetime
    actors: list[UUID] | None = None
    action: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    before: tuple[datetime, UUID] | None = None


class Entry(msgspec.Struct, frozen=True):
    """One act, with the names of colleagues and places that whoever reads may know."""

    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    action: str
    subject_kind: str
    subject_id: str
    region_code: int | None
    reason: str
    actor_name: str = ""
    subject_name: str = ""
    place: str = ""


def regions_of(actor: Actor) -> list[int]:
    """The regions whose audit this one reads, without those that lie in another. Raises Forbidden."""
    codes = {g.region_code for g in actor.grants if g.role in READERS and g.region_code is not None}
    if not codes:
        raise Forbidden
    return sorted(code for code in codes if not codes & ({code // 100 * 100, code // 10_000 * 10_000} - {code}))


async def log(actor: Actor, asked: Asked, limit: int = PAGE) -> list[Entry]:
    """The newest entries of one's regions that fit, with names. Raises Forbidden."""
    found: list[sql.Record] = []
    for code in regions_of(actor):
        found += await _of_region(code, asked, limit)
    found.sort(key=lambda row: (row["at"], row["id"]), reverse=True)
    return [_entry(row) for row in found[:limit]]


async def _of_region(code: int, asked: Asked, limit: int) -> list[sql.Record]:
    size = next(size for size in LEVELS if code % size == 0)
    at, entry_id = asked.before or (None, None)
    statement = (
        OF_REGION[size],
        ACTOR[asked.actors is not None],
        ACTION[asked.action != ""],
        KIND[asked.subject_kind != ""],
        SUBJECT[asked.subject_id != ""],
        BEFORE[at is not None],
        NEWEST,
    )
    return await sql.rows(
        "WITH e AS MATERIALIZED (" + "".join(statement) + ") " + NAMED,
        code // size,
        asked.since,
        asked.until,
        asked.actors,
        asked.action,
        asked.subject_kind,
        asked.subject_id,
        at,
        entry_id,
        limit,
    )


async def whole_log(actor: Actor, asked: Asked) -> AsyncIterator[list[Entry]]:
    """All that fits, the newest first, a batch at a time: so the table is never held, nor a transaction."""
    while batch := await log(actor, asked, BATCH):
        yield batch
        asked = msgspec.structs.replace(asked, before=(batch[-1].at, batch[-1].id))


def _entry(row: sql.Record) -> Entry:
    return Entry(**{**row, "reason": "" if row["subject_kind"] in ABOUT_PEOPLE else row["reason"]})


async def colleagues_named(typed: str) -> list[UUID]:
    """Staff by login or by the name that colleagues see."""
    found = await sql.rows("SELECT id FROM staff WHERE login = $1 OR display_name = $2 LIMIT 100", typed.lower(), typed)
    return [row["id"] for row in found]
