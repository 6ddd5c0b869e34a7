"""The log is read by those of the region, found by time, person, act and subject, and taken out without a trap."""

import csv
import io
from datetime import timedelta

import pytest

from server.audit import service as audit
from server.audit.models import AuditEntry
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.oversight.queries import Asked, log, regions_of
from server.people import service as people
from server.people.actors import Actor, GrantHeld
from server.people.models import Role, Staff
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import GUANGXI, GUILIN, NANNING, QINGXIU, officer

XINGNING = 450102
DAY = timedelta(days=1)


async def record(action="station.hours_changed", region=QINGXIU, actor=None, **more):
    given = {"subject_kind": "station", "subject_id": new_id().hex} | more
    await audit.record("staff" if actor else "system", actor and actor.id, action, region_code=region, **given)
    return given["subject_id"]


async def signed_in(site, actor):
    return site.use_session(await people.open_session(staff_id=actor.id))


def everything(**more):
    return Asked(since=clock.now() - 30 * DAY, until=clock.now() + DAY, **more)


async def seen(actor, **more):
    return {entry.subject_id for entry in await log(actor, everything(**more))}


@pytest.mark.parametrize(
    ("region", "sees"),
    [
        (QINGXIU, {QINGXIU}),
        (NANNING, {QINGXIU, XINGNING, NANNING}),
        (GUANGXI, {QINGXIU, XINGNING, NANNING, GUILIN, GUANGXI}),
        (GUILIN, {GUILIN}),
    ],
)
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OFFICER])
async def test_a_region_shows_what_was_done_in_it(settings, db, region, sees, role):
    assert settings
    assert db
    made = {await record(region=code): code for code in (QINGXIU, XINGNING, NANNING, GUILIN, GUANGXI, 440100)}
    actor = Actor("staff", new_id(), grants=(GrantHeld(role, region_code=region),))
    assert {made[subject] for subject in await seen(actor) if subject in made} == sees


async def test_what_lies_in_two_of_ones_regions_is_shown_once(settings, db):
    assert settings
    assert db
    await record()
    grants = (GrantHeld(Role.OFFICER, region_code=NANNING), GrantHeld(Role.AUDITOR, region_code=QINGXIU))
    actor = Actor("staff", new_id(), grants=grants)
    assert regions_of(actor) == [NANNING]
    assert len(await log(actor, everything())) == 1


async def test_it_is_found_by_actor_act_and_subject(settings, db):
    assert settings
    assert db
    who, other = await officer(), await officer()
    subject = await record(actor=who)
    closed = await record("station.days_closed", actor=other)
    reader = await officer()
    for more in ({"actors": [who.id]}, {"action": "station.hours_changed"}, {"subject_id": subject}):
        assert subject in await seen(reader, **more)
        assert closed not in await seen(reader, **more)
    assert closed in await seen(reader, subject_kind="station")
    assert not await seen(reader, subject_kind="union")
    with clock.travel(31 * DAY):
        assert not await seen(reader)


async def test_an_act_without_a_place_lies_where_its_staff_work(settings, db):
    assert settings
    assert db
    who = await make_staff(Role.REVIEWER, region_code=QINGXIU)
    subject = await record("member.opened", region=None, actor=who, subject_kind="member", reason="给韦姐看看")
    found = [entry for entry in await log(await officer(), everything()) if entry.subject_id == subject]
    assert [(entry.region_code, entry.actor_name, entry.reason) for entry in found] == [(QINGXIU, "小王", "")]


async def test_every_entry_comes_once_page_by_page(site):
    reader = await officer()
    made = [await record(subject_id=f"s{n:03}{'x' * 5}") for n in range(120)]
    await signed_in(site, reader)
    url, shown, pages = "/audit", "", 0
    while url:
        page = (await site.open(url)).text
        shown, pages = shown + page, pages + 1
        _, found, rest = page.partition('class="pager"><a class="button secondary" href="')
        url = rest.partition('"')[0].replace("&amp;", "&") if found else ""
    assert pages == 3
    assert all(shown.count(f"…{subject[-8:]}") == 1 for subject in made)


async def test_the_page_says_it_in_plain_words(site):
    reader = await officer()
    await Staff.filter(id=reader.id).update(display_name="老韦")
    await record(actor=reader)
    page = (await (await signed_in(site, reader)).open("/audit", params={"who": "老韦"})).text
    assert "老韦" in page
    assert "改开放时间" in page
    assert "station.hours_changed</td>" not in page
    assert "没有这样的记录" in (await site.open("/audit", params={"who": "没有这个人"})).text
    wrong = await site.open("/audit", params={"since": "昨天"})
    assert (wrong.status_code, "日期写错了" in wrong.text) == (422, True)
    assert (await site.open("/audit", params={"before": "nonsense"})).status_code == 200


async def test_the_file_holds_all_runs_no_formula_and_is_itself_noted(site):
    reader = await officer()
    await Staff.filter(id=reader.id).update(display_name="=HYPERLINK(1)")
    subjects = [await record(actor=reader) for _ in range(620)]
    await record(region=GUILIN)
    answer = await (await signed_in(site, reader)).submit("/audit/log.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["对象编号"] for row in rows if row["做了什么"] == "改开放时间"] == subjects[::-1]
    assert {row["谁"] for row in rows if row["做了什么"] == "改开放时间"} == {"'=HYPERLINK(1)"}
    assert await AuditEntry.filter(action="audit.exported", actor_id=reader.id, region_code=NANNING).count() == 1


FILL = """INSERT INTO audit_entry
    (id, at, actor_kind, actor_id, action, subject_kind, subject_id, region_code, reason, request_id)
SELECT gen_random_uuid(), now() - n * interval '1 minute', 'staff', ($1::uuid[])[1 + n % 200],
    CASE WHEN n % 5000 = 0 THEN 'union.closed' ELSE 'staff.signed_in' END, 'station', (n % 3000)::text,
    110000 + (n % 34) * 10000 + (n % 7) * 100 + n % 5, '', '' FROM generate_series(1, 60000) n"""


@pytest.mark.parametrize(
    "more",
    [{}, {"actors": 1}, {"action": "union.closed"}, {"subject_kind": "station", "subject_id": "77"}, {"before": 1}],
)
@pytest.mark.parametrize("region", [450000, 450300, 450302])
async def test_no_search_reads_the_whole_log(settings, db, monkeypatch, region, more):
    assert settings
    assert db
    actors = [new_id() for _ in range(200)]
    await sql.run(FILL, actors)
    await sql.run("ANALYZE audit_entry")
    given = dict(more)
    if "actors" in given:
        given["actors"] = actors[:2]
    if "before" in given:
        given["before"] = (clock.now() - DAY, new_id())
    plans = []
    rows = sql.rows

    async def explained(statement, *values):
        if "FROM audit_entry" in statement:
            plans.append("\n".join(r[0] for r in await rows(f"EXPLAIN {statement}", *values)))
        return await rows(statement, *values)

    monkeypatch.setattr(sql, "rows", explained)
    asked = Asked(since=clock.now() - 300 * DAY, until=clock.now(), **given)
    await log(Actor("staff", new_id(), grants=(GrantHeld(Role.AUDITOR, region_code=region),)), asked)
    assert plans
    assert not [plan for plan in plans if "Seq Scan on audit_entry" in plan], plans
