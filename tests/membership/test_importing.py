"""Importing members: all or nothing, the same file twice, and nobody named in what is kept of it."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager
from datetime import date, timedelta

import asyncpg
import pytest

from server.db import sql
from server.errors import Conflict
from server.kit import clock
from server.kit.crypto import vault
from server.membership import importing
from server.membership.identity import Document, document_index, open_identity, read_identity
from server.membership.models import Member, MemberImport, MembershipEvent, UnionMonth
from server.people.models import Role
from server.people.queries import PHONE
from server.stations.errors import ImportApplied, ImportNotFound
from tests.fixtures.member_files import (
    GOOD,
    ID,
    NAME,
    OFFICER,
    OTHER,
    PASSPORT,
    PHONE_NUMBER,
    SECRETS,
    THIRD_ID,
    as_csv,
    bring_in,
    counts,
    keeper,
    look_at,
    register,
)
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("db", "settings", "union")


@pytest.fixture
async def union():
    return await make_union(name=GOOD["工会名称"], code="FENG2345")


async def test_looking_writes_nothing_and_applying_writes_all(union):
    made, look = await look_at(as_csv(GOOD, OTHER, PASSPORT))
    assert (look.rows, *counts(look)) == (3, 3, 0, 0, 0)
    assert await Member.all().count() == 0
    await importing.apply_import(actor=OFFICER, import_id=made)
    member = await Member.get(phone_index=vault().index(f"+86{PHONE_NUMBER}", PHONE), employer="邕江建筑公司").first()
    identity = open_identity(member.identity_sealed)
    assert (identity.name, identity.number, identity.birth) in {
        (NAME, ID, date(1990, 1, 1)),
        (NAME, "CC1234567", date(1991, 2, 3)),
    }
    assert vault().open(member.phone_sealed, PHONE) == f"+86{PHONE_NUMBER}"
    assert (member.union_id, member.state, member.imported, member.joined_on) == (
        union.id,
        "active",
        True,
        date(2019, 3, 8),
    )
    assert member.person_id is None
    assert len(set(await Member.all().values_list("number", flat=True))) == 3


async def test_each_new_member_is_an_event_and_each_file_an_audit_entry(union):
    made, _ = await look_at(as_csv(GOOD, OTHER))
    await importing.apply_import(actor=OFFICER, import_id=made)
    events = await MembershipEvent.all()
    assert {event.subject_id for event in events} == set(await Member.all().values_list("id", flat=True))
    assert {(e.subject, e.step, e.union_id, e.actor_kind, e.actor_id) for e in events} == {
        ("member", "imported", union.id, "staff", OFFICER.id)
    }
    assert (await UnionMonth.get(union_id=union.id)).imported == 2
    entry = await sql.row("SELECT * FROM audit_entry")
    assert (entry["action"], entry["subject_id"], entry["region_code"]) == ("members.imported", str(made), 450000)


async def test_a_document_is_found_again_however_it_was_written():
    await bring_in(as_csv(GOOD, OTHER, GOOD | {"证件号": THIRD_ID}))
    again = read_identity(name=NAME, document=Document.ID_CARD, number=ID, birth=None, sex=None, today=clock.today())
    assert await Member.filter(document_index=document_index(again)).count() == 1
    spaced = OTHER | {"证件号": "450103 １９８５0505 1239", "姓名": "李 大山"}
    small = GOOD | {"证件号": THIRD_ID.lower()}
    assert counts(await bring_in(as_csv(spaced, small))) == (0, 0, 2, 0)


async def test_the_same_file_twice_changes_nothing():
    await bring_in(as_csv(GOOD, OTHER, PASSPORT))
    before = await register()
    assert counts(await bring_in(as_csv(GOOD, OTHER, PASSPORT))) == (0, 0, 3, 0)
    assert await register() == before
    assert await MembershipEvent.all().count() == 3


async def test_phone_employer_and_day_are_changed_and_empty_cells_change_nothing():
    await bring_in(as_csv(GOOD, OTHER))
    look = await bring_in(as_csv(GOOD | {"手机号": "13900000001", "单位": "新单位", "入会日期": "2018-01-02"}, OTHER))
    assert counts(look) == (0, 1, 1, 0)
    member = await Member.get(employer="新单位")
    assert vault().open(member.phone_sealed, PHONE) == "+8613900000001"
    assert (member.phone_index, member.joined_on) == (vault().index("+8613900000001", PHONE), date(2018, 1, 2))
    before = await register()
    assert counts(await bring_in(as_csv(GOOD | {"手机号": "", "单位": "", "入会日期": ""}))) == (0, 0, 1, 0)
    assert await register() == before


async def test_a_phone_that_the_worker_proved_stays(union):
    worker = await make_person("+8613900000009", is_member=True)
    await make_member(union=union, person=worker, name=NAME, document_number=ID, joined_on=date(2019, 3, 8))
    look = await bring_in(as_csv(GOOD | {"单位": ""}))
    assert counts(look) == (0, 0, 1, 0)
    assert (await Member.all().first()).phone_index is None


async def test_a_phone_that_somebody_signed_in_with_is_not_connected_by_itself():
    await make_person(f"+86{PHONE_NUMBER}")
    await bring_in(as_csv(GOOD))
    assert (await Member.all().first()).person_id is None


async def test_a_member_number_is_kept_and_a_day_defaults_to_today():
    await bring_in(as_csv(GOOD | {"会员号": "００12-3456", "入会日期": ""}))
    member = await Member.get(number="00123456")
    assert member.joined_on == clock.today()
    assert counts(await bring_in(as_csv(GOOD | {"会员号": "00123456", "入会日期": ""}))) == (0, 0, 1, 0)


async def test_a_number_that_is_taken_is_drawn_again(monkeypatch):
    drawn = itertools.chain([7, 7, 7, 8, 8, 9], itertools.count(1000))
    monkeypatch.setattr("secrets.randbelow", lambda _most: next(drawn))
    await bring_in(as_csv(GOOD))
    await bring_in(as_csv(OTHER, PASSPORT))
    numbers = sorted(await Member.all().values_list("number", flat=True))
    assert [number[:11] for number in numbers] == ["45000000007", "45000000008", "45000000009"]


async def test_nobody_is_named_in_what_is_kept_of_a_file(union):
    await make_member(union=union, name="别的人", document_number=ID, number="450000000001")
    rows = [
        GOOD,
        GOOD | {"会员号": "450000000001", "姓名": f"{NAME}4", "工会名称": NAME},
        GOOD | {"工会代码": ID, "证件类型": NAME, "手机号": ID, "入会日期": PHONE_NUMBER, "单位": ID * 6},
        GOOD | {"证件号": f"{ID}0", "性别": NAME, "出生日期": NAME},
        OTHER, OTHER, PASSPORT, PASSPORT,
    ]  # fmt: skip
    made, _ = await look_at(as_csv(*rows))
    kept = await MemberImport.get(id=made)
    texts = json.dumps(kept.summary, ensure_ascii=False)
    assert kept.summary["error_count"] > 8
    assert not [secret for secret in SECRETS if secret in texts]
    assert not [secret for secret in SECRETS if secret.encode() in bytes(kept.content_sealed)]
    made, _ = await look_at(as_csv(OTHER, PASSPORT))
    await importing.apply_import(actor=OFFICER, import_id=made)
    kept = await MemberImport.get(id=made)
    assert bytes(kept.content_sealed) == b""
    everything = json.dumps(kept.summary, ensure_ascii=False) + str(await sql.rows("SELECT * FROM audit_entry"))
    everything += str(await sql.rows("SELECT * FROM membership_event")) + str(await register())
    assert not [secret for secret in SECRETS if secret in everything]


async def test_a_file_is_applied_once_even_by_two_at_the_same_time():
    made, _ = await look_at(as_csv(GOOD, OTHER))
    done = await asyncio.gather(
        *(importing.apply_import(actor=OFFICER, import_id=made) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one) for one in done if isinstance(one, Exception)) == [ImportApplied]
    assert await Member.all().count() == 2


async def test_two_officers_with_the_same_file_at_the_same_time_add_everybody_once():
    officers = [keeper(Role.OFFICER, region_code=450000) for _ in range(2)]
    uploads = [(officer, (await look_at(as_csv(GOOD, OTHER), officer))[0]) for officer in officers]
    done = await asyncio.gather(*(importing.apply_import(actor=who, import_id=what) for who, what in uploads))
    assert sorted(counts(look) for look in done) == [(0, 0, 2, 0), (2, 0, 0, 0)]
    assert await Member.all().count() == 2


@asynccontextmanager
async def member_in_the_making(url, **given):
    """Somebody else, who has added a member and not committed yet."""
    other = await asyncpg.connect(url)
    try:
        made = await make_member(**given)
        row = await other.fetchrow("DELETE FROM member WHERE id = $1 RETURNING *", made.id)
        turn = other.transaction()
        await turn.start()
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await other.execute(f"INSERT INTO member ({', '.join(row.keys())}) VALUES ({places})", *row.values())
        yield turn
    finally:
        await other.close()


async def test_somebody_who_is_approved_meanwhile_stops_the_import_as_a_whole(db, union):
    made, _ = await look_at(as_csv(GOOD, OTHER))
    async with member_in_the_making(db, union=union, name=NAME, document_number=ID) as turn:
        applying = asyncio.create_task(importing.apply_import(actor=OFFICER, import_id=made))
        while not await sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        await turn.commit()
        with pytest.raises(Conflict):
            await applying
    assert await Member.all().count() == 1
    assert counts(await importing.apply_import(actor=OFFICER, import_id=made))[0] == 1


async def test_uploads_that_nobody_applied_are_gone_after_a_day():
    with clock.travel(timedelta(hours=-25)):
        old, _ = await look_at(as_csv(GOOD))
        applied, _ = await look_at(as_csv(OTHER))
        await importing.apply_import(actor=OFFICER, import_id=applied)
    fresh, _ = await look_at(as_csv(GOOD), keeper(Role.OFFICER, region_code=450000))
    assert set(await MemberImport.all().values_list("id", flat=True)) == {applied, fresh}
    with pytest.raises(ImportNotFound):
        await importing.find_import(actor=OFFICER, import_id=old)
    with clock.travel(timedelta(hours=25)):
        assert await importing.forget_old_imports() == 1
    assert await MemberImport.all().values_list("id", flat=True) == [applied]


async def test_the_operator_imports_into_any_union(tmp_path):
    await make_union(name="东莞工地工会", region_code=441900)
    file = tmp_path / f"{NAME}.csv"
    file.write_bytes(as_csv(GOOD, OTHER | {"工会名称": "东莞工地工会"}))
    assert counts(await importing.import_file(file)) == (2, 0, 0, 0)
    assert counts(await importing.import_file(file)) == (0, 0, 2, 0)
    assert {e.actor_kind for e in await MembershipEvent.all()} == {"system"}
    assert NAME not in str(await sql.rows("SELECT * FROM audit_entry"))
