"""A whole country in the database, made inside it: stations, offerings, slots, members, bookings with their history.

Rows are numbered from 1, and ids and tokens follow from the numbers (`md5('slot 7')` is slot 7's id), so that
clients of a benchmark know them without asking. Secondary indexes are built after the rows, as after a restore.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

HOT_SLOTS = 2  # numbers 0 and 1: one for the limit, one for HTTP
WIDE_SLOTS = 10_000  # the numbers that follow
HOT_PLACES = 32_000
WIDE_PLACES = 2_000  # the slot's own: replanning its offering leaves them
SESSIONS = 200_000
FILLED = (
    "station", "offering", "slot", "person", "session", "trade_union", "member", "membership_event", "booking",
    "booking_event", "notice",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """How much of everything; the product's own country is the default."""

    stations: int = 186_100
    members: int = 4_000_000
    bookings: int = 50_000_000

    def scaled(self, scale: float) -> World:
        """All stations, and a share of the members and bookings (benchmarks need some thousands of each)."""
        return World(self.stations, max(SESSIONS, int(self.members * scale)), max(100_000, int(self.bookings * scale)))


def id_of(kind: str, number: int) -> UUID:
    """The id of a numbered row."""
    return UUID(hashlib.md5(f"{kind} {number}".encode(), usedforsecurity=False).hexdigest())


def token_of(number: int) -> str:
    """The session token of a numbered person."""
    return f"bench-session-{number}"


ID = "md5('{} ' || {})::uuid"


def _id(kind: str, number: str) -> str:
    return ID.format(kind, number)


STATEMENTS: dict[str, str] = {
    "station": f"""
INSERT INTO station (id, external_id, kind, name, region_code, address, landmark, phone, lat, lng, hours, facilities,
  unattended, search_text, demo, version, updated_at)
SELECT {_id("station", "n")}, 'g' || n, (ARRAY['rest_stop', 'workstation', 'workers_home'])[1 + n % 3],
  d.name || '工会驿站' || n, d.code, d.full_name || '工业路 ' || n % 300 || ' 号', '汽车站', '12351',
  d.lat + sin(n) * 0.2, d.lng + cos(n) * 0.2, jsonb_build_array(w, w, w, w, w, w, w, w),
  ARRAY[(ARRAY['wifi', 'toilet', 'charging'])[1 + n % 3], 'hot_water', 'microwave'], false,
  ' ' || d.pinyin || ' ' || d.initials || ' n' || n || (ARRAY[' 万达 广场', ' 凤岭', ' 工业 业园'])[1 + n % 3],
  false, 1, now()
FROM generate_series(1, $1::int) n
JOIN (SELECT *, '[[480, 1200]]'::jsonb AS w, row_number() OVER (ORDER BY code) AS place
  FROM division WHERE level = 'county') d
  ON d.place = 1 + n % (SELECT count(*) FROM division WHERE level = 'county')""",
    "offering": f"""
INSERT INTO offering (id, station_id, region_code, service, minutes, capacity, notice_minutes, cutoff_minutes,
  confirm_minutes, horizon_days, general_days, auto_confirm, eligibility, bring, provider, active, created_at)
SELECT {_id("offering", "n")}, {_id("station", "n")}, s.region_code,
  (ARRAY['haircut', 'health_check', 'legal_advice'])[1 + n % 3], 30, 2, 0, 60, 30, 14, 3, n % 5 > 0, 'everybody', '',
  '', true, now()
FROM generate_series(1, $1::int) n JOIN station s ON s.id = {_id("station", "n")}""",
    # Four times tomorrow at every station.
    "slot": f"""
INSERT INTO slot (id, offering_id, station_id, region_code, starts_at, ends_at, capacity, taken, closed)
SELECT {_id("next", "n * 4 + k")}, o.id, o.station_id, o.region_code, at, at + interval '30 minutes', 2, 0, false
FROM generate_series(1, $1::int) n JOIN offering o ON o.id = {_id("offering", "n")}, generate_series(0, 3) k,
  LATERAL (SELECT date_trunc('day', now()) + interval '1 day 2 hours' + k * interval '30 minutes' AS at) t""",
    # Two bookings share a past slot; the slots of a station follow each other through its past days.
    "past": f"""
INSERT INTO slot (id, offering_id, station_id, region_code, starts_at, ends_at, capacity, taken, closed)
SELECT {_id("past", "n")}, o.id, o.station_id, o.region_code, at, at + interval '30 minutes', 2, 2, false
FROM generate_series(0, $2::int / 2) n JOIN offering o ON o.id = {_id("offering", "(1 + n % $1::int)")},
  LATERAL (SELECT date_trunc('day', now()) - interval '1 day' + interval '1 hour'
    - (n / $1::int / 16) * interval '1 day' + (n / $1::int % 16) * interval '30 minutes' AS at) t""",
    # Slots of the benchmarks, each at a station of its own.
    "bench": f"""
INSERT INTO slot (id, offering_id, station_id, region_code, starts_at, ends_at, capacity, own_capacity, taken, closed)
SELECT {_id("slot", "n")}, o.id, o.station_id, o.region_code, at, at + interval '30 minutes',
  CASE WHEN n < {HOT_SLOTS} THEN {HOT_PLACES} ELSE {WIDE_PLACES} END, {WIDE_PLACES}, 0, false
FROM generate_series(0, {HOT_SLOTS + WIDE_SLOTS - 1}) n JOIN offering o ON o.id = {_id("offering", "n + 1")},
  LATERAL (SELECT date_trunc('day', now()) + interval '2 days 3 hours' AS at) t""",
    "person": f"""
INSERT INTO person (id, phone_index, phone_sealed, phone_tail, locale, is_member, created_at)
SELECT {_id("person", "n")}, md5(n::text) || md5('p' || n), sha256(n::text::bytea), lpad((n % 10000)::text, 4, '0'),
  'zh_CN', true, now() FROM generate_series(1, $1::int) n""",
    "session": f"""
INSERT INTO session (id, person_id, device, created_at, seen_at, expires_at)
SELECT encode(sha256(('bench-session-' || n)::bytea), 'hex'), {_id("person", "n")}, 'bench', now(), now(),
  now() + interval '30 days' FROM generate_series(1, {SESSIONS}) n""",
    # Staff of the whole country, for the steps of a desk.
    "staff": f"""
WITH made AS (INSERT INTO staff (id, login, display_name, password_hash, totp_sealed, totp_step, locale, created_at)
  VALUES ({_id("staff", "1")}, 'bench', 'bench', '', '', 0, 'zh_CN', now()) RETURNING id),
granted AS (INSERT INTO role_grant (id, staff_id, role, region_code, created_at)
  SELECT gen_random_uuid(), made.id, 'officer', code, now() FROM made, division WHERE level = 'province')
INSERT INTO session (id, staff_id, device, created_at, seen_at, expires_at)
SELECT encode(sha256('bench-session-0'), 'hex'), id, 'bench', now(), now(), now() + interval '12 hours' FROM made""",
    "trade_union": f"""
INSERT INTO trade_union (id, code, name, kind, parent_id, lineage, region_code, search_text, target, demo, created_at)
SELECT {_id("union", "n")}, 'B' || lpad(n::text, 7, '0'), '第' || n || '街道工会', 'street',
  CASE WHEN n > 0 THEN {_id("union", "0")} END,
  CASE WHEN n > 0 THEN ARRAY[{_id("union", "0")}, {_id("union", "n")}] ELSE ARRAY[{_id("union", "0")}] END,
  450103, '', 2000, false, now() FROM generate_series(0, 2000) n""",
    "member": f"""
INSERT INTO member (id, number, person_id, union_id, state, identity_sealed, name_index, document_index, employer,
  joined_on, card_version, imported, created_at)
SELECT {_id("member", "n")}, lpad(n::text, 12, '0'), {_id("person", "n")}, {_id("union", "(1 + n % 2000)")},
  'active', sha256(n::text::bytea), md5('n' || n % 50000), md5('d' || n), '', current_date, 1, false, now()
FROM generate_series(1, $1::int) n""",
    "booking": f"""
INSERT INTO booking (id, code, slot_id, offering_id, station_id, region_code, person_id, service, starts_at, ends_at,
  status, previous_status, reason, changed_at, created_at, request_key)
SELECT uuidv7(), upper(lpad(to_hex(n), 8, '0')), s.id, s.offering_id, s.station_id, s.region_code,
  {_id("person", "(1 + n % $1::int)")}, 'haircut', s.starts_at, s.ends_at, 'served', 'arrived', '', s.ends_at,
  s.starts_at - interval '1 day', n::text
FROM generate_series(1, $2::int) n JOIN slot s ON s.id = {_id("past", "(n / 2)")}""",
    "booking_event": """
INSERT INTO booking_event (id, booking_id, at, from_status, to_status, slot_id, actor_kind, reason)
SELECT uuidv7(), id, created_at, NULL, 'confirmed', slot_id, 'worker', '' FROM booking""",
}


async def fill(url: str, world: World) -> dict[str, float]:
    """Make the country in a migrated database with divisions; seconds by step. What is there already stays."""
    connection = await asyncpg.connect(url)
    took: dict[str, float] = {}
    try:
        await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
        await connection.execute("SET synchronous_commit = off; SET max_parallel_maintenance_workers = 2")
        async with _bare(connection, took):
            counts = {"station": [world.stations], "offering": [world.stations], "slot": [world.stations]}
            counts |= {"past": [world.stations, world.bookings], "booking": [world.members, world.bookings]}
            counts |= {step: [world.members] for step in ("person", "member")}
            for step, statement in STATEMENTS.items():
                began = time.perf_counter()
                await connection.execute(statement, *counts.get(step, []))
                took[step] = time.perf_counter() - began
        began = time.perf_counter()
        await connection.execute("RESET session_replication_role")
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        took["analyze"] = time.perf_counter() - began
    finally:
        await connection.close()
    return took


@asynccontextmanager
async def _bare(connection: asyncpg.Connection, took: dict[str, float]) -> AsyncIterator[None]:
    """The big tables without their secondary indexes and index-backed constraints; all are built again at the end."""
    constraints = await connection.fetch(
        """SELECT conrelid::regclass::text AS "table", conname AS name, pg_get_constraintdef(oid) AS body
        FROM pg_constraint WHERE contype IN ('u', 'x') AND conrelid::regclass::text = ANY($1)""",
        list(FILLED),
    )
    for row in constraints:
        await connection.execute(f'ALTER TABLE {row["table"]} DROP CONSTRAINT "{row["name"]}"')
    indexes = await connection.fetch(
        """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS body FROM pg_index
        WHERE indrelid::regclass::text = ANY($1) AND NOT indisprimary""",
        list(FILLED),
    )
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    yield
    began = time.perf_counter()
    for row in indexes:
        await connection.execute(row["body"])
    for row in constraints:
        await connection.execute(f'ALTER TABLE {row["table"]} ADD CONSTRAINT "{row["name"]}" {row["body"]}')
    took["indexes"] = time.perf_counter() - began
