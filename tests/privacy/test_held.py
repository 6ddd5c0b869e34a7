"""No table and no column is forgotten: each one says whether it speaks of workers, and what erasing does to it.

A new table or column makes this test fail until it stands here, is in the copy, and is erased.
"""

import re
from datetime import timedelta

import msgspec
import pytest

from server.db import sql
from server.kit import clock
from server.people import phones
from server.privacy import service
from server.privacy.copying import own_data
from tests.fixtures.whole_life import live, make_places

pytestmark = pytest.mark.usefixtures("settings", "db")
PHONE = "+8613900139001"

# Tables that speak of no worker: stations, unions, staff, and the house itself.
OF_NO_WORKER = {
    "division", "station", "station_day", "station_import", "offering", "slot", "trade_union", "union_month",
    "union_size", "staff", "walk_in_day", "door", "visit_day", "fault", "fault_event",
    "role_grant", "job_run", "tortoise_migrations", "invitation", "role_request",
    "recovery_code", "audit_pending", "audit_link", "audit_anchor", "provider", "provider_day", "offering_day",
    "station_photo", "route", "route_stop", "no_show_policy", "day_figure", "region_figure", "region_visits", "roll_up",
}  # fmt: skip
# Columns that would make such a table speak of one.
PERSONAL = re.compile(r"person|phone_|document|identity|member_id|booking_id|application_id|_sealed$|_index$")
BUT_NOT = {"staff.totp_sealed", "invitation.code_index", "recovery_code.code_index", "audit_link.reason_index"}

BLANK = "blanked"  # empty afterwards
GONE = "deleted"  # the row is deleted
NOT_PERSONAL = "kept"  # says nothing about anybody once the rest is blank
# What erasing does to each column of the tables that speak of workers.
HELD = {
    "person": {
        "phone_index": "replaced by chance",
        "phone_sealed": BLANK,
        "phone_tail": BLANK,
        "name_sealed": BLANK,
        "locale": "as it is for everybody",
        "is_member": "as it is for everybody",
        **dict.fromkeys(("id", "created_at", "erased_at", "brought_by"), NOT_PERSONAL),
    },
    "session": GONE,
    "notice": GONE,
    "walk_in": GONE,
    "wait_entry": GONE,
    "no_show_pardon": GONE,
    "fault_voice": GONE,
    "fault_photo": GONE,
    "suggestion_support": GONE,
    "suggestion": {
        "landmark": BLANK,
        "request_key": "the row's own id",
        **dict.fromkeys(
            (
                "id", "region_code", "lat", "lng", "by_position", "wants", "state", "supporters", "reason",
                "station_id", "proposed_by", "proposed_at", "changed_at", "changed_by",
            ),
            NOT_PERSONAL,
        ),
    },
    "consent": dict.fromkeys(("id", "person_id", "purpose", "version", "agreed", "at"), NOT_PERSONAL),
    "sign_in_code": "keyed digests, deleted after two days by people.forget_old",
    "attempt": "keyed digests, deleted after a month by people.forget_old",
    "booking": {
        "reason": BLANK,
        "request_key": "the row's own id",
        **dict.fromkeys(
            (
                "id", "code", "slot_id", "offering_id", "station_id", "region_code", "person_id", "service",
                "starts_at", "ends_at", "status", "previous_status", "confirm_by", "escalated_at", "changed_at",
                "created_at",
            ),
            NOT_PERSONAL,
        ),
    },
    # Who came along is a row of `person` and of `booking`, and goes with the foreman: tests/groups/test_own_data.py.
    "group_booking": {
        "request_key": "the row's own id",
        **dict.fromkeys(
            ("id", "code", "foreman_id", "service", "station_id", "people", "ends_at", "created_at", "forgotten_at"),
            NOT_PERSONAL,
        ),
    },
    "group_place": dict.fromkeys(("id", "group_id", "booking_id", "seat"), NOT_PERSONAL),
    "booking_event": {
        "reason": BLANK,
        **dict.fromkeys(
            ("id", "booking_id", "at", "from_status", "to_status", "slot_id", "actor_kind", "actor_id"), NOT_PERSONAL
        ),
    },
    "application": {
        **dict.fromkeys(
            ("identity_sealed", "document_index", "employer", "region_code", "fields_wrong", "reason", "appeal_sealed"),
            BLANK,
        ),
        **dict.fromkeys(
            (
                "id", "person_id", "kind", "state", "union_id", "wished_union_id", "chosen_by", "decided_by",
                "created_at", "saved_at", "submitted_at", "decided_at",
            ),
            NOT_PERSONAL,
        ),
    },
    "member": {
        **dict.fromkeys(
            (
                "person_id", "identity_sealed", "name_index", "document_index", "phone_sealed", "phone_index",
                "employer",
            ),
            BLANK,
        ),
        **dict.fromkeys(
            (
                "id", "number", "union_id", "state", "joined_on", "card_version", "card_revoked_at", "left_at",
                "imported", "created_at",
            ),
            NOT_PERSONAL,
        ),
    },
    "transfer": {
        **dict.fromkeys(("employer", "reason"), BLANK),
        **dict.fromkeys(
            (
                "id", "member_id", "from_union_id", "to_union_id", "state", "asked_at", "answer_by", "escalated_at",
                "decided_at", "decided_by",
            ),
            NOT_PERSONAL,
        ),
    },
    "membership_event": {
        "reason": BLANK,
        **dict.fromkeys(
            ("id", "at", "subject", "subject_id", "step", "union_id", "actor_kind", "actor_id"), NOT_PERSONAL
        ),
    },
    "audit_entry": {
        "reason": BLANK,
        **dict.fromkeys(
            (
                "id", "at", "actor_kind", "actor_id", "action", "subject_kind", "subject_id", "region_code",
                "request_id",
            ),
            NOT_PERSONAL,
        ),
    },
    "member_import": "sealed files of a union, emptied when applied and deleted after a day by members.forget_imports",
}  # fmt: skip
# How the rows of one worker are found, before and after.
ROWS = {
    "person": "SELECT * FROM person WHERE id = $1",
    "session": "SELECT * FROM session WHERE person_id = $1",
    "notice": "SELECT * FROM notice WHERE person_id = $1",
    "booking": "SELECT * FROM booking WHERE person_id = $1",
    "wait_entry": "SELECT * FROM wait_entry WHERE person_id = $1",
    "no_show_pardon": "SELECT * FROM no_show_pardon WHERE person_id = $1",
    "walk_in": "SELECT * FROM walk_in WHERE person_id = $1",
    "fault_voice": "SELECT * FROM fault_voice WHERE person_id = $1",
    "fault_photo": (
        "SELECT p.voice_id FROM fault_photo p JOIN fault_voice v ON v.id = p.voice_id WHERE v.person_id = $1"
    ),
    "suggestion": "SELECT * FROM suggestion WHERE proposed_by = $1",
    "suggestion_support": "SELECT * FROM suggestion_support WHERE person_id = $1",
    "booking_event": "SELECT e.* FROM booking_event e JOIN booking b ON b.id = e.booking_id WHERE b.person_id = $1",
    "application": "SELECT * FROM application WHERE person_id = $1",
    "member": "SELECT * FROM member WHERE id = ANY($1)",
    "transfer": "SELECT * FROM transfer WHERE member_id = ANY($1)",
    "membership_event": "SELECT * FROM membership_event WHERE subject_id = ANY($1)",
    "audit_entry": "SELECT * FROM audit_entry WHERE subject_id = ANY($1::text[])",
}
# Blank already before erasing, where somebody's life went as in the test.
NOT_IN_EVERY_LIFE = {"member.phone_sealed", "member.phone_index"}


async def columns():
    found = await sql.rows(
        "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name IN (SELECT tablename FROM pg_tables)"
    )
    tables = {}
    for row in found:
        tables.setdefault(row["t"], set()).add(row["c"])
    return tables


async def test_every_table_and_column_is_known():
    tables = await columns()
    assert tables.keys() == HELD.keys() | OF_NO_WORKER
    wrong = [
        f"{table}: {sorted(tables[table] ^ fates.keys())}"
        for table, fates in HELD.items()
        if isinstance(fates, dict) and tables[table] != fates.keys()
    ]
    assert wrong == []


async def test_no_other_table_begins_to_speak_of_workers():
    tables = await columns()
    found = {f"{table}.{column}" for table in OF_NO_WORKER for column in tables[table] if PERSONAL.search(column)}
    assert found - BUT_NOT == set()


async def test_erasing_does_to_each_column_what_is_said_here():
    life = await live(await make_places(), PHONE)
    own = await _ids(life.actor.id)
    before = {table: await _rows(table, own) for table in ROWS}
    with clock.travel(timedelta(minutes=5)):
        code = str(await phones.send_own_code(actor=life.actor, address="192.0.2.8"))
        await service.erase(actor=life.actor, code=code)
    for table in ROWS:
        after = await _rows(table, own)
        fates = HELD[table]
        if fates == GONE:
            assert before[table], table
            assert not after, table
            continue
        assert len(after) >= len(before[table]) > 0, table
        for column in (column for column, fate in fates.items() if fate == BLANK):
            name = f"{table}.{column}"
            filled = any(row[column] for row in before[table])
            assert filled or name in NOT_IN_EVERY_LIFE, f"{name}: nothing to erase in this test"
            assert not any(row[column] for row in after), name


async def _ids(person_id):
    things = await sql.rows(
        """SELECT id FROM application WHERE person_id = $1 UNION SELECT id FROM member WHERE person_id = $1
        UNION SELECT t.id FROM transfer t JOIN member m ON m.id = t.member_id WHERE m.person_id = $1
        UNION SELECT id FROM booking WHERE person_id = $1 UNION SELECT $1""",
        person_id,
    )
    return person_id, [row["id"] for row in things]


async def _rows(table, own):
    person_id, ids = own
    of_many = "ANY" in ROWS[table]
    given = [str(one) for one in ids] if table == "audit_entry" else ids
    return await sql.rows(ROWS[table], given if of_many else person_id)


async def test_what_erasing_blanks_or_deletes_stands_in_the_copy():
    """Every value that is worth erasing is worth telling, but for the digests that values are found by."""
    life = await live(await make_places(), PHONE)
    own = await _ids(life.actor.id)
    copy = msgspec.json.encode(await own_data(life.actor)).decode()
    for table, fates in HELD.items():
        if table not in ROWS or fates == GONE:
            continue
        rows = await _rows(table, own)
        for column in (column for column, fate in fates.items() if fate == BLANK):
            for value in (row[column] for row in rows):
                if isinstance(value, str) and value and not column.endswith("_index") and table != "audit_entry":
                    assert value in copy, f"{table}.{column}"
