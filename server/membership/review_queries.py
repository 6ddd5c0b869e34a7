"""Reads of the reviewers: what waits for them, the oldest first, and one application with what is known beside it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from server.db import sql
from server.db.together import at_once
from server.kit import clock
from server.kit.ids import read_code
from server.kit.text import clean, half_width
from server.membership.identity import open_identity
from server.membership.models import WAITING, ApplicationKind, ApplicationState
from server.membership.scope import IN_SCOPE, STANDS, Scope, scope_of
from server.membership.waiting import COLUMNS, Waiting, waiting_of
from server.people.actors import Actor
from server.people.models import Role

PAGE = 30
MOST_COUNTED = 1_000
MOST_UNIONS = 50
# Ages are sealed: where only doubtful applications are wanted, so many are looked through for one page.
SCANNED = 1_000
OPENED_JUST_NOW = timedelta(minutes=10)
REVIEWERS = (Role.REVIEWER,)
Show = Literal["", "join", "claim", "correction", "appealed", "doubts"]
# What stands in these is the worker's alone until he sends it.
WORKERS_OWN = (ApplicationState.DRAFT, ApplicationState.RETURNED, ApplicationState.WITHDRAWN)


class Sought(msgspec.Struct, frozen=True):
    """What a reviewer wants to see: a union with all below it, as typed; a kind, "appealed" or "doubts"."""

    union: str = ""
    show: Show = ""


ALL = Sought()


# Appeals are for the union above, and never for whoever decided before. The scope's values are the first three.
MAY_DECIDE = """a.state IN ('submitted', 'appealed') AND (a.state = 'submitted' OR (
    (u.parent_id IS NULL OR trim_array(u.lineage, 1) && $1::uuid[] OR EXISTS (
      SELECT FROM unnest($2::int[], $3::int[]) AS span (first, last) WHERE u.region_code BETWEEN first AND last))
    AND NOT EXISTS (SELECT FROM membership_event e WHERE e.subject_id = a.id AND e.subject = 'application'
      AND e.actor_id = $4 AND e.step IN ('returned', 'rejected'))))"""
# The unions are looked up first: so the database goes through the index of their queues whatever the scope's size.
HERE = f"a.union_id = ANY($6) AND {MAY_DECIDE}"
# The page's ids come first: what is asked about each row is asked about no others.
QUEUE = f"""WITH found AS MATERIALIZED (
  SELECT a.id FROM application a JOIN trade_union u ON u.id = a.union_id
  WHERE {HERE} AND ($7 = '' OR a.kind = $7) AND (NOT $8 OR a.state = 'appealed')
    AND (a.submitted_at, a.id) > ($9, $10) ORDER BY a.submitted_at, a.id LIMIT $11)
SELECT {COLUMNS} WHERE a.id IN (SELECT id FROM found) ORDER BY a.submitted_at, a.id"""
COUNTS = f"""SELECT name, kind, state, count(*) AS count FROM (
  SELECT u.name, a.kind, a.state FROM application a JOIN trade_union u ON u.id = a.union_id
  WHERE {HERE} LIMIT $5) AS waiting GROUP BY 1, 2, 3"""


async def queue(actor: Actor, sought: Sought = ALL, after: str = "", most: int = PAGE) -> tuple[list[Waiting], str]:
    """What waits for this reviewer, the oldest first, and the cursor for more. Raises Forbidden."""
    scope = scope_of(actor, REVIEWERS)
    unions = await _unions(scope, sought.union)
    at = _read_cursor(after)
    size = SCANNED if sought.show == "doubts" else most + 1
    batch = await _batch(scope, actor, sought, unions, at, size)
    shown = [row for row in batch if sought.show != "doubts" or row.has_doubts]
    if len(shown) > most:
        return shown[:most], shown[most - 1].cursor
    return shown, batch[-1].cursor if len(batch) == size else ""


async def _unions(scope: Scope, typed: str = "") -> list[UUID]:
    """The unions of a scope where somebody waits; of those meant by what was typed with all below them.

    Far fewer wait than a federation has unions: so it is looked who waits, then where that is.
    """
    found = await sql.rows(
        f"""SELECT u.id FROM trade_union u WHERE {STANDS} AND ($4::uuid[] IS NULL OR u.lineage && $4) AND u.id IN (
          SELECT a.union_id FROM application a WHERE a.state IN ('submitted', 'appealed'))""",
        *scope.values,
        await _unions_meant(scope, typed) if typed else None,
    )
    return [row["id"] for row in found]


async def _batch(  # noqa: PLR0917 (the parts of one statement)
    scope: Scope, actor: Actor, sought: Sought, unions: list[UUID], at: tuple[datetime, UUID], size: int
) -> list[Waiting]:
    kind = sought.show if sought.show in set(ApplicationKind) else ""
    found = await sql.rows(
        QUEUE, *scope.values, actor.id, _lately(), unions, kind, sought.show == "appealed", *at, size
    )
    return [waiting_of(row) for row in found]


async def _unions_meant(scope: Scope, typed: str) -> list[UUID]:
    """The unions of a scope that are called exactly so or have this code; else those whose names hold it."""
    found = await sql.rows(
        f"""SELECT u.id, u.name = $4 OR u.code = $5 AS exact FROM trade_union u
        WHERE {IN_SCOPE} AND (u.code = $5 OR strpos(u.name, $4) > 0) ORDER BY exact DESC, u.name LIMIT $6""",
        *scope.values,
        clean(typed),
        read_code(half_width(typed)),
        MOST_UNIONS,
    )
    exact = [row["id"] for row in found if row["exact"]]
    return exact or [row["id"] for row in found]


class Counts(msgspec.Struct, frozen=True):
    """How much waits by what it is, and in which unions most; counted up to MOST_COUNTED."""

    shows: dict[str, int]
    unions: list[tuple[str, int]]
    transfers: int

    @property
    def total(self) -> int:
        return self.shows.get("", 0)


async def counts(actor: Actor) -> Counts:
    """What waits for this reviewer in figures, and the transfers beside it. Raises Forbidden."""
    scope = scope_of(actor, REVIEWERS)
    found, transfers = await at_once(_waiting_in(scope, actor), _transfers_to(scope))
    shows: Counter[str] = Counter()
    unions: Counter[str] = Counter()
    for row in found:
        names = ["", row["kind"]] + (["appealed"] if row["state"] == ApplicationState.APPEALED else [])
        shows.update(dict.fromkeys(names, row["count"]))
        unions[row["name"]] += row["count"]
    return Counts(dict(shows), unions.most_common(MOST_UNIONS), transfers)


async def _waiting_in(scope: Scope, actor: Actor) -> list[Any]:
    return await sql.rows(COUNTS, *scope.values, actor.id, MOST_COUNTED, await _unions(scope))


async def _transfers_to(scope: Scope) -> int:
    found: int = await sql.value(
        f"""SELECT count(*) FROM transfer t JOIN trade_union u ON u.id = t.to_union_id
        WHERE t.state = 'requested' AND {STANDS}""",
        *scope.values,
    )
    return found


async def ticked(actor: Actor, ids: list[UUID]) -> list[Waiting]:
    """Those of these applications that this reviewer may approve together, in the queue's order. Raises Forbidden."""
    found = await sql.rows(
        f"SELECT {COLUMNS} WHERE {STANDS} AND {MAY_DECIDE} AND a.id = ANY($6) ORDER BY a.submitted_at, a.id",
        *scope_of(actor, REVIEWERS).values,
        actor.id,
        _lately(),
        ids[:PAGE],
    )
    return [row for row in map(waiting_of, found) if row.is_plain]


class Registered(msgspec.Struct, frozen=True):
    """The entry in the register that an application is about. `same_phone` is None where the register has none."""

    member_id: UUID
    name: str
    hidden_number: str
    union_name: str
    joined_on: date
    same_phone: bool | None


class Decision(msgspec.Struct, frozen=True):
    """The last word on an application: what, by whom ("" for the worker himself), when and why."""

    state: ApplicationState
    who: str
    at: datetime
    reason: str


class ApplicationSeen(msgspec.Struct, frozen=True):
    """One application for its reviewer; nobody is named while it is the worker's to write, nor once he is erased."""

    row: Waiting | None
    decision: Decision | None
    registered: Registered | None


async def application_seen(actor: Actor, application_id: UUID) -> ApplicationSeen:
    """One application of one's unions. Raises Forbidden."""
    found = await sql.row(
        f"SELECT {COLUMNS} WHERE {STANDS} AND a.id = $6",
        *scope_of(actor, REVIEWERS).values,
        actor.id,
        _lately(),
        application_id,
    )
    if found is None:
        return ApplicationSeen(None, None, None)
    state = ApplicationState(found["state"])
    decision = None if state in WAITING else await _decision(found, state)
    if found["identity_sealed"] is None or state in WORKERS_OWN:
        return ApplicationSeen(None, decision, None)
    return ApplicationSeen(waiting_of(found), decision, await _registered(found) if state in WAITING else None)


async def _decision(found: Any, state: ApplicationState) -> Decision:
    who = await sql.value("SELECT display_name FROM staff WHERE id = $1", found["decided_by"])
    return Decision(state, who or "", found["decided_at"] or found["saved_at"], found["reason"])


async def _registered(found: Any) -> Registered | None:
    """A claim is about the entry with its document, a correction about the worker's own."""
    if found["kind"] == ApplicationKind.JOIN:
        return None
    claim = found["kind"] == ApplicationKind.CLAIM
    entry = await sql.row(
        """SELECT m.*, u.name AS union_name, m.phone_index = p.phone_index AS same_phone
        FROM member m JOIN trade_union u ON u.id = m.union_id JOIN person p ON p.id = $2
        WHERE m.state <> 'left' AND (m.document_index = $1 OR m.person_id = $3)""",
        found["document_index"] if claim else None,
        found["person_id"],
        None if claim else found["person_id"],
    )
    if entry is None:
        return None
    identity = open_identity(entry["identity_sealed"])
    return Registered(
        entry["id"],
        identity.name,
        identity.hidden_number,
        entry["union_name"],
        entry["joined_on"],
        entry["same_phone"],
    )


def _lately() -> datetime:
    return clock.now() - OPENED_JUST_NOW


def _read_cursor(typed: str) -> tuple[datetime, UUID]:
    """Where the page before ended; anything unreadable starts from the top."""
    at, _, last = typed.partition("~")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(last)
    except (ValueError, OverflowError):
        return datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0)
