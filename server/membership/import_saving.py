"""Many members beside the register, what they would change in it, and changing it: in sets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.kit.text import N_
from server.membership.identity import document_index, name_index, seal_identity
from server.membership.import_columns import TITLES, MemberRow
from server.membership.rules import new_number
from server.people.actors import Actor
from server.people.queries import PHONE
from server.stations.import_cells import CellError

ONE_AT_A_TIME = 0x6D656D6265727300  # any number that nothing else locks
STAGED = (
    "line", "id", "event_id", "union_id", "number", "identity_sealed", "name_index", "document_index", "phone_sealed",
    "phone_index", "employer", "joined_on",
)  # fmt: skip
STAGING = """
CREATE TEMP TABLE incoming_member (
  line int PRIMARY KEY, id uuid, event_id uuid, union_id uuid, number text, identity_sealed bytea, name_index text,
  document_index text, phone_sealed bytea, phone_index text, employer text, joined_on date)
ON COMMIT DROP
"""
# The member whom a line speaks of: whoever left is a member no more, and may join again.
KNOWN = "m.document_index = i.document_index AND m.state <> 'left'"
# A worker who proved the phone knows it better than a file. What a line leaves empty, it leaves as it is.
NEW_PHONE = "(i.phone_index IS NOT NULL AND m.person_id IS NULL AND i.phone_index IS DISTINCT FROM m.phone_index)"
DIFFERS = f"""({NEW_PHONE} OR (i.employer <> '' AND i.employer <> m.employer)
  OR coalesce(i.joined_on <> m.joined_on, false))"""
COUNT = f"""
SELECT count(*) FILTER (WHERE m.id IS NULL), count(*) FILTER (WHERE m.id IS NOT NULL AND {DIFFERS}),
  count(*) FILTER (WHERE m.id IS NOT NULL AND NOT {DIFFERS})
FROM incoming_member i LEFT JOIN member m ON {KNOWN}
"""
# Of another union's member nothing more is told than the union.
MISTAKES = f"""
SELECT line, what, said, count(*) OVER () AS total FROM (
  SELECT line, 'document_twice' AS what, first::text AS said
    FROM (SELECT line, min(line) OVER (PARTITION BY document_index) AS first FROM incoming_member) d WHERE line > first
  UNION ALL
  SELECT line, 'number_twice', first::text
    FROM (SELECT line, min(line) OVER (PARTITION BY number) AS first FROM incoming_member WHERE number IS NOT NULL) d
    WHERE line > first
  UNION ALL
  SELECT i.line, 'elsewhere', u.name FROM incoming_member i JOIN member m ON {KNOWN} AND m.union_id <> i.union_id
    JOIN trade_union u ON u.id = m.union_id
  UNION ALL
  SELECT i.line, 'other_name', '' FROM incoming_member i
    JOIN member m ON {KNOWN} AND m.union_id = i.union_id AND m.name_index <> i.name_index
  UNION ALL
  SELECT i.line, 'other_number', '' FROM incoming_member i
    JOIN member m ON {KNOWN} AND m.union_id = i.union_id AND m.number <> i.number
  UNION ALL
  SELECT i.line, 'number_taken', '' FROM incoming_member i JOIN member n ON n.number = i.number
    WHERE NOT EXISTS (SELECT FROM member m WHERE {KNOWN})
) mistake ORDER BY line LIMIT $1
"""
SAID = {
    "document_twice": ("document_number", N_("这个证件号在第 %(said)s 行已经有了。")),
    "number_twice": ("member_number", N_("这个会员号在第 %(said)s 行已经有了。")),
    "elsewhere": ("document_number", N_("已经是“%(said)s”的会员，请走转会。")),
    "other_name": ("name", N_("这个证件号登记的是别的姓名，请核对。要改姓名，请会员申请更正。")),
    "other_number": ("member_number", N_("和登记的会员号不一样。会员号不能改，请空着或者照登记的填。")),
    "number_taken": ("member_number", N_("这个会员号用过了，一个号只给一个人。请空着，导入时给新号。")),
}
CHANGE = f"""
UPDATE member m SET phone_sealed = CASE WHEN {NEW_PHONE} THEN i.phone_sealed ELSE m.phone_sealed END,
  phone_index = CASE WHEN {NEW_PHONE} THEN i.phone_index ELSE m.phone_index END,
  employer = coalesce(nullif(i.employer, ''), m.employer), joined_on = coalesce(i.joined_on, m.joined_on)
FROM incoming_member i WHERE {KNOWN} AND {DIFFERS}
"""
WITHOUT_NUMBER = f"""
SELECT i.line, u.region_code / 10000 AS province FROM incoming_member i JOIN trade_union u ON u.id = i.union_id
WHERE i.number IS NULL AND NOT EXISTS (SELECT FROM member m WHERE {KNOWN})
"""
GIVE_NUMBERS = """
UPDATE incoming_member i SET number = given.number FROM unnest($1::int[], $2::text[]) AS given (line, number)
WHERE i.line = given.line AND NOT EXISTS (SELECT FROM member m WHERE m.number = given.number)
  AND NOT EXISTS (SELECT FROM incoming_member o WHERE o.number = given.number)
"""
ADD = f"""
INSERT INTO member (id, number, union_id, state, identity_sealed, name_index, document_index, phone_sealed, phone_index,
  employer, joined_on, card_version, imported, created_at)
SELECT id, number, union_id, 'active', identity_sealed, name_index, document_index, phone_sealed, phone_index, employer,
  coalesce(joined_on, $2::date), 1, true, $1
FROM incoming_member i WHERE NOT EXISTS (SELECT FROM member m WHERE {KNOWN})
"""
# After the members, as everywhere: two transactions that count in the same unions then wait and never in a circle.
NOTE_ADDED = """
INSERT INTO membership_event (id, at, subject, subject_id, step, union_id, actor_kind, actor_id, reason)
SELECT i.event_id, $1, 'member', i.id, 'imported', i.union_id, $2, $3, ''
FROM incoming_member i JOIN member m ON m.id = i.id
"""


class Counts(msgspec.Struct, frozen=True):
    """How many members the lines add, change and leave as they are."""

    new: int
    changed: int
    unchanged: int


async def open_staging() -> None:
    """A place beside the register, until the transaction ends."""
    await sql.take_time()
    await sql.run(STAGING)


async def take_turns() -> None:
    """Wait for whoever writes a file into the register: each one meets what the one before has written."""
    await sql.take_time()
    await sql.run("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)


def sealed(row: MemberRow) -> tuple[Any, ...]:
    """A line of STAGED."""
    identity, phone = row.identity, row.phone
    return (
        row.line, new_id(), new_id(), row.union_id, row.number, seal_identity(identity), name_index(identity.name),
        document_index(identity), vault().seal(phone, PHONE) if phone else None,
        vault().index(phone, PHONE) if phone else None, row.employer, row.joined_on,
    )  # fmt: skip


async def stage(records: Sequence[tuple[Any, ...]]) -> None:
    await sql.copy("incoming_member", STAGED, records)


async def staged_mistakes(most: int) -> tuple[int, list[CellError]]:
    """What only the register or the whole file can tell is wrong: how much, and the first of it."""
    await sql.run("ANALYZE incoming_member")
    found = await sql.rows(MISTAKES, most)
    errors = []
    for row in found:
        key, message = SAID[row["what"]]
        errors.append(CellError(row["line"], TITLES[key], message, {"said": row["said"]} if row["said"] else {}))
    return (found[0]["total"] if found else 0), errors


async def count_staged() -> Counts:
    return Counts(*(await sql.row(COUNT) or ()))


async def apply_staged(actor: Actor) -> None:
    """Write the staged lines into the register."""
    await sql.run(CHANGE)
    await _give_numbers()
    await sql.run(ADD, clock.now(), clock.today())
    await sql.run(NOTE_ADDED, clock.now(), actor.kind, actor.id)


async def _give_numbers() -> None:
    """Numbers are random: one that is taken is drawn again."""
    while waiting := await sql.rows(WITHOUT_NUMBER):
        given = await asyncio.to_thread(lambda rows: {new_number(r["province"]): r["line"] for r in rows}, waiting)
        await sql.run(GIVE_NUMBERS, list(given.values()), list(given))
