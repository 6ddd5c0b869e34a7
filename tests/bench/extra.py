"""Something for every list in a filled country: a busy station, a worker with many tickets, what waits for reviewers.

Only adds rows, once. What others need to be plausible beside them (notices, audit, figures of days, other unions and
staff) is made in the hundreds of thousands, so that the planner sees big tables where a country has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from server.kit import clock
from server.membership.identity import Document, Identity, name_index, seal_identity
from tests.bench.world import _id, id_of

HERE, PROVINCE = 450103, 450000
ROWS = 100_000
DAYS = 60  # with figures
APPLICANTS, TICKETS, TODAY = 500, 300, 2_000
IDENTITY = Identity("韦秀英", Document.ID_CARD, "450103199001010024", date(1990, 1, 1), "female")
# Sessions by who sits there; `token` is what the browser carries.
WORKER, STAFF = "worker", {
    "desk": ("manager", "station_id"),
    "officer": ("officer", "region_code"),
    "auditor": ("auditor", "region_code"),
    "reviewer": ("reviewer", "union_id"),
}  # fmt: skip
DAY = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
MIDNIGHT = f"({DAY}::timestamp AT TIME ZONE 'Asia/Shanghai')"
LATER = "n % 10 * interval '1 hour'"


@dataclass(frozen=True)
class Extra:
    """Where it is busy, and what addresses are made of."""

    station: UUID
    ids: dict[str, str]


def token(who: str) -> str:
    return f"bench-session-{who}"


# $1: the busy station, $2: how many stations, members there are ($3).
GIVEN = "WITH given AS (SELECT $1::uuid, $2::int, $3::int) "
STATEMENTS: dict[str, str] = {
    "offering": f"""
INSERT INTO offering (id, station_id, region_code, service, minutes, capacity, notice_minutes, cutoff_minutes,
  confirm_minutes, horizon_days, general_days, auto_confirm, eligibility, bring, provider, active, created_at)
SELECT {_id("busy offering", "n")}, $1, {HERE}, (ARRAY['haircut', 'health_check', 'legal_advice'])[1 + n % 3], 30, 10,
  0, 60, 30, 14, 3, n % 5 > 0, 'everybody', '', '', true, now() FROM generate_series(0, 9) n""",
    # Ten offerings with a time every half hour from 8 to 20; today is nearly taken.
    "slot": f"""
INSERT INTO slot (id, offering_id, station_id, region_code, starts_at, ends_at, capacity, taken, closed)
SELECT {_id("busy", "d * 240 + n")}, {_id("busy offering", "n / 24")}, $1, {HERE}, at, at + interval '30 minutes', 10,
  CASE WHEN d = 0 THEN {TODAY} / 240 + (n BETWEEN 1 AND {TODAY} % 240)::int ELSE 0 END, false
FROM generate_series(0, 13) d, generate_series(0, 239) n,
  LATERAL (SELECT {MIDNIGHT} + d * interval '1 day' + interval '8 hours' + n % 24 * interval '30 minutes' AS at) t""",
    "booking": f"""
INSERT INTO booking (id, code, slot_id, offering_id, station_id, region_code, person_id, service, starts_at, ends_at,
  status, previous_status, reason, changed_at, created_at, request_key, confirm_by)
SELECT {_id("busy booking", "n")}, 'X' || lpad(n::text, 7, '0'), s.id, s.offering_id, $1, {HERE}, {_id("person", "n")},
  o.service, s.starts_at, s.ends_at, (ARRAY['requested', 'confirmed', 'arrived', 'served', 'confirmed'])[1 + n % 5],
  NULL, '', now(), now(), 'busy', CASE WHEN n % 5 = 0 THEN now() + interval '1 hour' END
FROM generate_series(1, {TODAY}) n JOIN slot s ON s.id = {_id("busy", "(n % 240)")}
JOIN offering o ON o.id = s.offering_id""",
    "worker": f"""
INSERT INTO person (id, phone_index, phone_sealed, phone_tail, locale, is_member, created_at)
SELECT {_id("extra", "n")}, md5('x' || n) || md5('y' || n), sha256(n::text::bytea), lpad((n % 10000)::text, 4, '0'),
  'zh_CN', false, now() FROM generate_series(0, {APPLICANTS}) n""",
    "ticket": f"""
INSERT INTO booking (id, code, slot_id, offering_id, station_id, region_code, person_id, service, starts_at, ends_at,
  status, previous_status, reason, changed_at, created_at, request_key)
SELECT {_id("ticket", "n")}, 'Y' || lpad(n::text, 7, '0'), s.id, s.offering_id, s.station_id, s.region_code,
  {_id("extra", "0")}, 'haircut', s.starts_at, s.ends_at, 'served', 'arrived', '', s.ends_at, s.starts_at, 'x' || n
FROM generate_series(1, {TICKETS}) n JOIN slot s ON s.id = {_id("past", "n")}""",
    "ahead": f"""
INSERT INTO booking (id, code, slot_id, offering_id, station_id, region_code, person_id, service, starts_at, ends_at,
  status, previous_status, reason, changed_at, created_at, request_key)
SELECT {_id("ahead", "n")}, 'Z' || lpad(n::text, 7, '0'), s.id, s.offering_id, s.station_id, s.region_code,
  {_id("extra", "0")}, 'haircut', s.starts_at, s.ends_at, 'confirmed', NULL, '', now(), now(), 'ahead' || n
FROM generate_series(1, 5) n JOIN slot s ON s.id = {_id("busy", "n * 240")}""",
    "ticket history": """
INSERT INTO booking_event (id, booking_id, at, from_status, to_status, slot_id, actor_kind, reason)
SELECT uuidv7(), id, created_at, NULL, 'confirmed', slot_id, 'worker', '' FROM booking
WHERE code BETWEEN 'X' AND 'ZZ' AND request_key ~ '^(busy|x|ahead)'""",
    "group_booking": f"""
INSERT INTO group_booking (id, code, foreman_id, service, station_id, people, request_key, ends_at, created_at)
SELECT {_id("group", "n")}, 'G' || lpad(n::text, 7, '0'), CASE WHEN n = 0 THEN {_id("extra", "0")}
  ELSE {_id("person", "(1 + n % $3)")} END, 'haircut', $1, 40, 'g' || n, now() + interval '1 day', now()
FROM generate_series(0, 50000) n""",
    "group_place": f"""
INSERT INTO group_place (id, group_id, booking_id, seat)
SELECT gen_random_uuid(), {_id("group", "n")}, CASE WHEN n = 0 THEN {_id("busy booking", "seat * 5 + 1")}
  ELSE gen_random_uuid() END, seat FROM generate_series(0, 50000) n, generate_series(1, 40) seat
WHERE n = 0 OR seat <= 4""",
    "notice": f"""
INSERT INTO notice (id, person_id, staff_id, kind, params, push, state, due_at, next_try_at, tries, sent_at, receipt,
  error, created_at)
SELECT gen_random_uuid(), CASE WHEN n > 50 THEN {_id("person", "(1 + n % $3)")} WHEN n > 0 THEN {_id("extra", "0")} END,
  CASE WHEN n <= 0 THEN {_id("extra staff", "0")} END, 'booking_confirmed', jsonb_build_object('code', 'X', 'station',
  '驿站', 'service', 'haircut', 'starts_at', now()), true, 'sent', at, at, 1, at, '', '', at
FROM generate_series(-50, {ROWS}) n, LATERAL (SELECT now() - abs(n) * interval '1 minute' AS at) t""",
    "audit_entry": f"""
INSERT INTO audit_entry (id, at, actor_kind, actor_id, action, subject_kind, subject_id, region_code, reason,
  request_id)
SELECT gen_random_uuid(), now() - n * interval '2 minutes', 'staff', {_id("extra staff", "(n % 5000)")},
  (ARRAY['staff.signed_in', 'application.opened', 'application.approved', 'member.opened'])[1 + n % 4],
  CASE WHEN n % 4 = 0 THEN 'staff' ELSE 'application' END, {_id("application", "n")}::text,
  CASE WHEN n % 20 = 0 THEN {HERE} ELSE s.region_code END, '', ''
FROM generate_series(1, {ROWS}) n JOIN station s ON s.id = {_id("station", "(1 + n % $2)")}""",
    "trade_union": f"""
INSERT INTO trade_union (id, code, name, kind, parent_id, lineage, region_code, search_text, target, demo, created_at)
SELECT {_id("site union", "n")}, 'S' || lpad(n::text, 7, '0'), '第' || n || '工地工会', 'site', {_id("union", "above")},
  ARRAY[{_id("union", "0")}, {_id("union", "above")}, {_id("site union", "n")}], d.code, ' n' || n || ' ', 100, false,
  now() FROM generate_series(1, 60000) n CROSS JOIN LATERAL (SELECT 1 + n % 2000 AS above) t
JOIN (SELECT code, row_number() OVER () - 1 AS place, count(*) OVER () AS places FROM division
  WHERE level = 'county' AND code / 10000 = {PROVINCE} / 10000) d ON d.place = n % d.places""",
    "union_size": "INSERT INTO union_size (union_id, members) SELECT id, 100 FROM trade_union ON CONFLICT DO NOTHING",
    "union_month": f"""
INSERT INTO union_month (union_id, month, applications, approvals, returned, rejected, joined, imported, moved_in,
  moved_out, departed, within_1, within_2, within_3, within_5, within_7, within_14, within_30, later)
SELECT {_id("union", "n")}, date_trunc('month', {DAY})::date - k * interval '1 month', 9, 8, 1, 0, 8, 0, 0, 0, 0, 4, 4,
  0, 0, 0, 0, 0, 0 FROM generate_series(0, 2000) n, generate_series(0, 35) k ON CONFLICT DO NOTHING""",
    "application": f"""
INSERT INTO application (id, person_id, kind, state, union_id, wished_union_id, chosen_by, identity_sealed,
  document_index, employer, region_code, fields_wrong, reason, created_at, saved_at, submitted_at, decided_at)
SELECT {_id("application", "n")}, {_id("person", "(1 + n % $3)")}, 'join', 'approved',
  {_id("union", "(1 + n % 2000)")}, NULL, 'worker', '', md5('d' || n), '', {HERE}, '{{}}', '', at, at, at,
  at + interval '2 days'
FROM generate_series(1, {ROWS}) n, LATERAL (SELECT now() - interval '9 days' - n * interval '2 minutes' AS at)
  t""",
    "applicant": f"""
INSERT INTO application (id, person_id, kind, state, union_id, wished_union_id, chosen_by, identity_sealed,
  document_index, employer, region_code, fields_wrong, reason, created_at, saved_at, submitted_at)
SELECT {_id("applicant", "n")}, {_id("extra", "n")}, 'join', 'submitted', {_id("union", "(1 + n % 2000)")}, NULL,
  'worker', '', md5('e' || n), '', {HERE}, '{{}}', '', at, at, at
FROM generate_series(1, {APPLICANTS}) n, LATERAL (SELECT now() - n * interval '10 minutes' AS at) t""",
    "membership_event": """
INSERT INTO membership_event (id, at, subject, subject_id, step, union_id, actor_kind, reason)
SELECT gen_random_uuid(), decided_at, 'application', id, 'approved', union_id, 'staff', ''
FROM application WHERE decided_at IS NOT NULL UNION ALL
SELECT gen_random_uuid(), submitted_at, 'application', id, 'submitted', union_id, 'worker', '' FROM application""",
    "member": f"""
INSERT INTO member (id, number, person_id, union_id, state, identity_sealed, name_index, document_index, employer,
  joined_on, card_version, imported, created_at)
SELECT {_id("extra member", "n")}, 'X' || lpad(n::text, 11, '0'), NULL, {_id("union", "(1 + n % 2000)")}, 'active', '',
  'x', md5('x' || n), '', current_date, 1, false, now() FROM generate_series(1, 60) n""",
    "transfer": f"""
INSERT INTO transfer (id, member_id, from_union_id, to_union_id, state, employer, reason, asked_at, answer_by,
  decided_at)
SELECT gen_random_uuid(), CASE WHEN n > 60 THEN {_id("member", "(1 + n % $3)")} ELSE {_id("extra member", "n")} END,
  {_id("union", "(1 + n % 2000)")}, {_id("union", "(1 + (n + 1) % 2000)")}, CASE WHEN n > 60 THEN 'accepted' ELSE
  'requested' END, '', '', now(), now() + interval '5 days', CASE WHEN n > 60 THEN now() END
FROM generate_series(1, 60000) n""",
    "walk_in": f"""
INSERT INTO walk_in (id, station_id, region_code, offering_id, service, day, letter, number, person_id, secret,
  request_key, status, taken_at, came_at, called_at, said_at, finished_at, changed_at)
SELECT gen_random_uuid(), s.id, s.region_code, {_id("offering", "(1 + n % $2)")}, 'haircut', {DAY} - 1 - n / $2, 'A',
  1 + n / $2, NULL, md5('s' || n), n::text, 'served', at, at, at, at, at, at
FROM generate_series(1, {ROWS}) n JOIN station s ON s.id = {_id("station", "(1 + n % $2)")}, LATERAL (SELECT {MIDNIGHT}
  - interval '14 hours' AS at) t""",
    "queue": f"""
INSERT INTO walk_in (id, station_id, region_code, offering_id, service, day, letter, number, person_id, secret,
  request_key, status, taken_at, came_at, changed_at)
SELECT gen_random_uuid(), $1, {HERE}, {_id("busy offering", "0")}, 'legal_advice', {DAY}, 'A', n,
  CASE WHEN n = 9 THEN {_id("extra", "0")} END, 'bench-secret-' || n, 'q' || n, 'waiting', now(), now(), now()
FROM generate_series(1, 60) n""",
    "wait_entry": f"""
INSERT INTO wait_entry (id, person_id, kind, state, service, station_id, offering_id, slot_id, day, until, joined_at,
  changed_at)
SELECT gen_random_uuid(), {_id("person", "n")}, 'day', CASE WHEN n > 60 THEN 'accepted' ELSE 'waiting' END, 'haircut',
  $1, {_id("busy offering", "1")}, NULL::uuid, {DAY} + CASE WHEN n > 60 THEN -2 ELSE 1 END, now() + interval '1 day',
  now(), now() FROM generate_series(1, 100000) n UNION ALL
SELECT gen_random_uuid(), {_id("extra", "0")}, 'day', 'waiting', 'haircut', $1, {_id("busy offering", "1")}, NULL,
  {DAY} + n, now() + interval '1 day', now(), now() FROM generate_series(1, 5) n""",
    "fault": f"""
INSERT INTO fault (id, station_id, region_code, thing, state, voices, opened_at, said_at, changed_at, closed_at)
SELECT {_id("fault", "n")}, s.id, s.region_code, 'wifi', CASE WHEN n % 9 = 0 THEN 'open' ELSE 'fixed' END, 1, at, at,
  at, CASE WHEN n % 9 > 0 THEN at END
FROM generate_series(1, 100000) n JOIN station s ON s.id = {_id("station", "(1 + n % $2)")},
  LATERAL (SELECT now() - n * interval '1 minute' AS at) t UNION ALL
SELECT {_id("busy fault", "n")}, $1, {HERE}, t.thing, 'open', 1, now(), now(), now(), NULL
FROM unnest(ARRAY['hot_water', 'microwave', 'fridge', 'charging']) WITH ORDINALITY AS t (thing, n)""",
    "fault_voice": f"""
INSERT INTO fault_voice (id, fault_id, person_id, secret, request_key, at)
SELECT gen_random_uuid(), id, CASE WHEN station_id = $1 THEN {_id("extra", "0")} END, md5(id::text), id::text, said_at
FROM fault""",
    "suggestion": f"""
INSERT INTO suggestion (id, region_code, lat, lng, wants, state, supporters, proposed_by, request_key, proposed_at,
  changed_at, station_id)
SELECT {_id("suggestion", "n")}, s.region_code, round(s.lat::numeric, 3), round(s.lng::numeric, 3), '{{}}',
  CASE WHEN n % 3 = 0 THEN 'built' ELSE 'new' END, n % 50, {_id("person", "n")}, n::text, now(), now(),
  CASE WHEN n % 3 = 0 THEN s.id END
FROM generate_series(1, 100000) n JOIN station s ON s.id = {_id("station", "(1 + n % $2)")}""",
    "station_day": f"""
INSERT INTO station_day (id, station_id, day, hours, reason)
SELECT gen_random_uuid(), id, {DAY} + 10, '[]', '过节' FROM station ON CONFLICT DO NOTHING""",
    "visit_day": f"""
INSERT INTO visit_day (id, station_id, region_code, day, occupation, visits)
SELECT gen_random_uuid(), id, region_code, {DAY} - k, 'rider', 9 FROM station, generate_series(0, 1) k""",
    "day_figure": f"""
INSERT INTO day_figure (station_id, region_code, day, service, offered, taken, served)
SELECT id, region_code, {DAY} - k, 'haircut', 32, 20, 19 FROM station, generate_series(1, {DAYS}) k
WHERE region_code / 10000 = {PROVINCE} / 10000""",
    "region_figure": f"""
INSERT INTO region_figure (region_code, day, service, offered, taken, served)
SELECT code, {DAY} - k, 'haircut', 32, 20, 19 FROM division, generate_series(1, {DAYS}) k""",
    "region_visits": f"""
INSERT INTO region_visits (region_code, day, occupation, visits)
SELECT code, {DAY} - k, 'rider', 9 FROM division, generate_series(1, {DAYS}) k""",
    "roll_up": f"INSERT INTO roll_up (until, since, after, done_at) SELECT {DAY} - 1, {DAY} - 1, $1, now()",
    "route": f"""
INSERT INTO route (id, name, road, region_code, opens_on, closes_on, demo, created_at)
SELECT {_id("route", "n")}, '回家路' || n, '321 国道', {PROVINCE}, {DAY}, {DAY} + 40, false, now()
FROM generate_series(1, 100) n""",
    "route_stop": f"""
INSERT INTO route_stop (id, route_id, station_id, km)
SELECT gen_random_uuid(), {_id("route", "n")}, {_id("station", "(n * 100 + k)")}, k * 10
FROM generate_series(1, 100) n, generate_series(1, 30) k""",
    "staff": f"""
INSERT INTO staff (id, login, display_name, password_hash, totp_sealed, totp_step, locale, created_at)
SELECT {_id("extra staff", "n")}, 'extra-' || n, '小李' || n, '', '', 0, 'zh_CN', now()
FROM generate_series(-9, 100000) n""",
    "role_grant": f"""
INSERT INTO role_grant (id, staff_id, role, station_id, created_at)
SELECT gen_random_uuid(), {_id("extra staff", "n")}, 'staff', {_id("station", "(1 + n % $2)")}, now()
FROM generate_series(1, 100000) n UNION ALL
SELECT gen_random_uuid(), {_id("extra staff", "n")}, 'staff', $1, now() FROM generate_series(1, 9) n""",
    "no_show_policy": "INSERT INTO no_show_policy (id, station_id, misses, days, changed_at) "
    "SELECT gen_random_uuid(), $1, 2, 90, now() ON CONFLICT DO NOTHING",
}


async def extra(url: str) -> Extra:
    """Add it where it is missing, and seal anew what the keys of this process have to open."""
    connection = await asyncpg.connect(url)
    try:
        station = await connection.fetchval(
            "SELECT id FROM station WHERE region_code = $1 ORDER BY length(external_id), external_id LIMIT 1", HERE
        )
        if not await connection.fetchval("SELECT true FROM person WHERE id = $1", id_of("extra", 0)):
            async with connection.transaction():
                await connection.execute("SET LOCAL session_replication_role = replica")
                await _add(connection, station)
            await connection.execute("VACUUM ANALYZE")
        await _seal(connection)
    finally:
        await connection.close()
    ids = {"offering_id": id_of("busy offering", 0), "slot_id": id_of("busy", 240 * 9), "booking_id": id_of("ahead", 1)}
    ids |= {
        "group_id": id_of("group", 0),
        "route_id": id_of("route", 1),
        "member_id": id_of("extra member", 1),
        "union_id": id_of("union", 1),
    }
    ids |= {"fault_id": id_of("busy fault", 1), "suggestion_id": id_of("suggestion", 1)}
    ids |= {"application_id": id_of("applicant", 1), "staff_id": id_of("extra staff", 1), "station_id": station}
    named = {"union_code": "B0000001", "secret": "bench-secret-9", "tomorrow": str(clock.today() + timedelta(days=1))}
    return Extra(station, named | {name: str(found) for name, found in ids.items()})


async def _add(connection: asyncpg.Connection, station: UUID) -> None:
    counts = [await connection.fetchval(f"SELECT count(*)::int FROM {table}") for table in ("station", "member")]
    for statement in STATEMENTS.values():
        await connection.execute(GIVEN + statement, station, *counts)
    session = """INSERT INTO session (id, person_id, staff_id, device, created_at, seen_at, expires_at)
      VALUES (encode(sha256($1::text::bytea), 'hex'), $2, $3, 'bench', now(), now(), now() + interval '30 days')"""
    await connection.execute(session, token(WORKER), id_of("extra", 0), None)
    scopes = {"station_id": station, "region_code": PROVINCE, "union_id": id_of("union", 0)}
    for number, (who, (role, scope)) in enumerate(STAFF.items()):
        await connection.execute(session, token(who), None, id_of("extra staff", -number))
        await connection.execute(
            f"INSERT INTO role_grant (id, staff_id, role, {scope}, created_at) VALUES ($1, $2, $3, $4, now())",
            id_of("extra grant", number), id_of("extra staff", -number), role, scopes[scope],
        )  # fmt: skip


async def _seal(connection: asyncpg.Connection) -> None:
    """What is open to reviewers, under the keys of the served house; and nobody was idle too long."""
    sealed = seal_identity(IDENTITY)
    await connection.execute("UPDATE application SET identity_sealed = $1 WHERE state = 'submitted'", sealed)
    await connection.execute(
        "UPDATE member SET identity_sealed = $1, name_index = $2 WHERE id = ANY($3)",
        sealed, name_index(IDENTITY.name), [id_of("extra member", n) for n in range(1, 61)],
    )  # fmt: skip
    await connection.execute("UPDATE session SET seen_at = now() WHERE staff_id IS NOT NULL")
