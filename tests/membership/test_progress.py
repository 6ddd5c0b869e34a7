"""Progress of the drive: the counts are the truth, whatever happened, and everybody sees their own unions' only."""

import asyncio
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import pytest

from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.membership import applying, members, reviewing, submitting, transfers
from server.membership.consent_texts import version_of
from server.membership.identity import Document, read_identity
from server.membership.models import Member
from server.membership.progress import WAIT_DAYS, Range, median_days, progress
from server.people.actors import Actor, GrantHeld
from server.people.models import Purpose, Role
from tests.fixtures.member_files import GOOD, OTHER, as_csv, bring_in
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff

pytestmark = pytest.mark.usefixtures("db", "settings")
GUANGXI, DONGGUAN = 450000, 441900
DAY = timedelta(days=1)


def reader(role=Role.AUDITOR, **scope):
    return Actor("staff", new_id(), grants=(GrantHeld(role, **scope),))


@pytest.fixture
async def tree():
    """A federation in Guangxi, a city below it, two streets below that, and a federation in Guangdong."""
    top = await make_union(name="总工会", region_code=GUANGXI, target=100)
    city = await make_union(name="市工会", parent=top, region_code=450100)
    east = await make_union(name="东街工会", parent=city, target=10)
    west = await make_union(name="西街工会", parent=city, target=5)
    far = await make_union(name="广东工会", region_code=DONGGUAN, target=20)
    return {"top": top, "city": city, "east": east, "west": west, "far": far}


@pytest.fixture
async def reviewer(tree):
    return await make_staff(Role.REVIEWER, union_id=tree["top"].id)


async def apply_at(union, *, waited=timedelta()):
    """Somebody's application, sent some time ago: who applies, and its id."""
    with clock.travel(-waited):
        person = await make_person()
        await applying.start(actor=person)
        identity = read_identity(
            name="韦秀英", document=Document.ID_CARD, number=make_id_card(), birth=None, sex=None, today=clock.today()
        )
        await applying.save_identity(actor=person, identity=identity)
        await applying.save_work(actor=person, employer="", region_code=union.region_code)
        await applying.choose_union(actor=person, union_id=union.id)
        return person, await send(person)


async def send(person):
    consents = {Purpose.SENSITIVE: True, Purpose.SHARING: True}
    await submitting.submit(actor=person, consents=consents, version=version_of(consents))
    return await sql.value("SELECT id FROM application WHERE person_id = $1", person.id)


async def join(union, reviewer, **given):
    person, application_id = await apply_at(union, **given)
    await reviewing.approve(actor=reviewer, application_id=application_id)
    return person


def line_of(figures, union):
    return next(line for line in figures.unions if line.union.code == union.code)


async def test_what_happened_is_counted_for_the_union_and_all_above_it(tree, reviewer):
    await join(tree["east"], reviewer)
    person, returned = await apply_at(tree["east"])
    await reviewing.return_to_worker(actor=reviewer, application_id=returned, fields=["work"], reason="写全")
    with clock.travel(DAY / 24):
        await applying.save_work(actor=person, employer="地铁", region_code=450103)
        assert await send(person) == returned
        await reviewing.reject(actor=reviewer, application_id=returned, reason="不在这里")
    await apply_at(tree["west"])
    mover = await join(tree["west"], reviewer)
    moving = await transfers.ask_for_transfer(actor=mover, to_union_id=tree["far"].id, employer="", agreed=True)
    await transfers.accept_transfer(actor=reader(Role.REVIEWER, region_code=DONGGUAN), transfer_id=moving)
    await members.leave(actor=await join(tree["city"], reviewer))

    figures = await progress(reviewer)
    flow = figures.total.flow
    assert figures.union.name == "总工会"
    assert (flow.applications, flow.approvals, flow.returned, flow.rejected) == (5, 3, 1, 1)
    assert (flow.joined, flow.moved_in, flow.moved_out, flow.departed, flow.net) == (3, 0, 1, 1, 1)
    assert (figures.total.members, figures.total.target, figures.total.missing) == (1, 100, 99)

    city = await progress(reviewer, union_code=tree["city"].code)
    assert [ref.name for ref in city.above] == ["总工会"]
    assert [line.union.name for line in city.unions] == ["东街工会", "西街工会", "市工会"]
    east, west, own = city.unions
    assert (east.members, east.target, east.percent, east.flow.applications) == (1, 10, 10, 2)
    assert (west.members, west.percent, west.flow.moved_out) == (0, 0, 1)
    assert (own.is_own, own.members, own.target, own.percent, own.flow.departed) == (True, 0, 0, None, 1)
    assert city.total.target == 15  # none was set for the city: those below it are added up

    street = await progress(reviewer, union_code=tree["east"].code)
    assert [ref.name for ref in street.above] == ["总工会", "市工会"]
    assert (street.unions, street.total.members) == ([], 1)
    assert (await progress(reader(region_code=440000))).total.flow.moved_in == 1


async def test_counted_members_are_the_register_whatever_changes_it(tree, reviewer):
    east, west = tree["east"], tree["west"]
    await join(east, reviewer)
    await members.leave(actor=await join(east, reviewer))
    imported = [await make_member(union=west) for _ in range(3)]
    await make_member(union=west, state="left", left_at=clock.now())
    mover = await join(west, reviewer)
    await transfers.ask_for_transfer(actor=mover, to_union_id=east.id, employer="", agreed=True)
    await Member.filter(id__in=[member.id for member in imported[:2]]).update(union_id=east.id)
    await imported[2].delete()
    await members.leave(actor=await join(east, reviewer))
    truth = "SELECT union_id, count(*) FROM member WHERE state <> 'left' GROUP BY 1"
    counted = dict(await sql.rows("SELECT union_id, members FROM union_size WHERE members <> 0"))
    assert counted == dict(await sql.rows(truth)) == {east.id: 3, west.id: 1}
    assert (await progress(reviewer)).total.members == 4


async def test_an_import_counts(tree):
    await sql.run(
        """INSERT INTO member (id, number, union_id, state, identity_sealed, document_index, employer, joined_on,
          card_version, imported, created_at)
        SELECT gen_random_uuid(), 'N' || n, $1, 'active', '', 'd' || n, '', $2, 1, true, $3
        FROM generate_series(1, 500) n""",
        tree["east"].id,
        clock.today(),
        clock.now(),
    )
    assert (await progress(reader(region_code=450103))).total.members == 500


async def test_whoever_counts_in_the_same_unions_at_once_waits_and_none_is_lost(tree, reviewer):
    east, west = tree["east"], tree["west"]
    moves = []
    for home, away in ((east, west), (west, east)) * 6:
        member = await join(home, reviewer)
        await transfers.ask_for_transfer(actor=member, to_union_id=away.id, employer="", agreed=True)
        moves.append(await sql.value("SELECT id FROM transfer WHERE state = 'requested' ORDER BY id DESC LIMIT 1"))
    sent = [(await apply_at(union))[1] for union in (east, west) * 6]
    leaving = [await join(union, reviewer) for union in (east, west) * 3]
    await asyncio.gather(
        *(transfers.accept_transfer(actor=reviewer, transfer_id=move) for move in moves),
        *(reviewing.approve(actor=reviewer, application_id=application_id) for application_id in sent),
        *(members.leave(actor=person) for person in leaving),
        bring_in(as_csv(GOOD | {"工会名称": west.name}, OTHER | {"工会名称": east.name})),
    )
    flow = (await progress(reviewer)).total.flow
    assert (flow.joined, flow.moved_in, flow.moved_out, flow.departed, flow.imported) == (30, 12, 12, 6, 2)
    assert (await progress(reviewer)).total.members == 30 - 6 + 2


async def test_months_run_from_a_year_ago_to_today_and_lead_up_to_the_members_of_now(tree, reviewer):
    today = clock.today()
    for days in (370, 40, 40, 0):
        with clock.travel(-days * DAY):
            await join(tree["east"], reviewer)
    figures = await progress(reviewer)
    months = figures.months
    assert len(months) == 13
    assert (months[0].month, months[-1].month) == (date(today.year - 1, today.month, 1), today.replace(day=1))
    assert months[-1].members == figures.total.members == 4
    for before, after in pairwise(months):
        assert after.members - before.members == after.flow.net
    two = next(line for line in months if line.month == (today - 40 * DAY).replace(day=1))
    assert two.flow.joined >= 2
    year = await progress(reviewer, reach=Range.YEAR)
    assert (year.months[0].month, len(year.months)) == (date(today.year, 1, 1), today.month)
    assert year.months[-1].members == 4


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2027, 1, 31), date(2026, 1, 1)),
        (date(2026, 12, 1), date(2025, 12, 1)),
        (date(2027, 2, 28), date(2026, 2, 1)),
    ],
)
def test_a_range_begins_with_a_month(today, first):
    assert Range.MONTHS.since(today) == first
    assert Range.YEAR.since(today) == date(today.year, 1, 1)


async def test_the_median_wait_is_that_of_the_applications(tree, reviewer):
    waits = [0.5, 1.5, 3.2, 8, 12, 20, 80]
    for days in waits:
        await join(tree["east"], reviewer, waited=days * DAY)
    _, again = await apply_at(tree["east"], waited=2.5 * DAY)
    await reviewing.reject(actor=reviewer, application_id=again, reason="不在这里")
    found = (await progress(reviewer)).total.flow
    assert sum(found.waits) == 8
    truth = median([*waits, 2.5])
    assert truth == pytest.approx(found.median_days, abs=2)


async def test_an_appeal_is_no_wait(tree, reviewer):
    person, application_id = await apply_at(tree["east"], waited=9 * DAY)
    await reviewing.reject(actor=reviewer, application_id=application_id, reason="不在这里")
    await applying.appeal(actor=person, application_id=application_id, words="我在这里")
    other = await make_staff(Role.REVIEWER, union_id=tree["top"].id)
    await reviewing.approve(actor=other, application_id=application_id)
    flow = (await progress(reviewer)).total.flow
    assert (flow.applications, flow.approvals, flow.rejected, sum(flow.waits)) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("waits", "days"),
    [
        ((), None),
        ((2,), 0.5),
        ((0, 4), 1.5),
        ((1, 1, 2), 2.0),
        ((0, 0, 0, 2), 4.0),
        ((0,) * len(WAIT_DAYS) + (3,), 30.0),
    ],
)
def test_a_median_of_classes(waits, days):
    assert median_days(waits + (0,) * (len(WAIT_DAYS) + 1 - len(waits))) == days


async def test_the_database_counts_waits_in_the_same_classes():
    body = await sql.value("SELECT prosrc FROM pg_proc WHERE proname = 'count_membership'")
    bounds = zip((None, *WAIT_DAYS), (*WAIT_DAYS, None), strict=True)
    said = [" AND ".join(([f"days >= {a}"] if a else []) + ([f"days < {b}"] if b else [])) for a, b in bounds]
    assert all(f"FILTER (WHERE {words})" in body for words in said)


async def test_everybody_reads_their_own_unions_figures(tree):
    for name in ("east", "west", "far"):
        await join(tree[name], reader(Role.REVIEWER, union_id=tree[name].id))
    assert (await progress(reader(Role.REVIEWER, union_id=tree["west"].id))).total.members == 1
    assert (await progress(reader(Role.OFFICER, region_code=450100))).union.name == "市工会"
    assert (await progress(reader(Role.AUDITOR, region_code=450100))).total.members == 2
    two = Actor(
        "staff",
        new_id(),
        grants=(
            GrantHeld(Role.REVIEWER, union_id=tree["east"].id),
            GrantHeld(Role.OFFICER, region_code=DONGGUAN),
            GrantHeld(Role.STAFF, region_code=GUANGXI),
        ),
    )
    both = await progress(two)
    assert (both.union, both.total.members, both.total.target) == (None, 2, 30)
    assert [line.union.name for line in both.unions] == ["东街工会", "广东工会"]
    for code in (tree["west"].code, tree["city"].code, "NOTHING1"):
        with pytest.raises(NotFound):
            await progress(two, union_code=code)
    for nobody in (reader(Role.STAFF, region_code=GUANGXI), await make_person(), Actor()):
        with pytest.raises(Forbidden):
            await progress(nobody)


async def test_a_scope_without_unions_has_no_figures_and_no_mistake():
    empty = await progress(reader(region_code=110000))
    assert (empty.union, empty.unions, empty.total.members, empty.total.percent) == (None, [], 0, None)


async def test_a_closed_union_is_shown_for_what_it_did(tree, reviewer):
    person = await join(tree["east"], reviewer)
    await members.leave(actor=person)
    await sql.run("UPDATE trade_union SET closed_at = $1 WHERE name IN ('东街工会', '西街工会')", clock.now())
    city = await progress(reviewer, union_code=tree["city"].code)
    assert [line.union.name for line in city.unions] == ["东街工会", "市工会"]
    assert line_of(city, tree["east"]).flow.departed == 1


async def test_of_nested_targets_the_highest_counts(tree, reviewer):
    await make_union(name="东街一号工地", parent=tree["east"], target=900)
    figures = await progress(reviewer)
    assert line_of(figures, tree["city"]).target == 15
