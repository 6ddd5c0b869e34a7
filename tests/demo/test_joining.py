"""The demo's drive: nobody real, a queue worth a look, figures that add up; the next day brings new post."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.db import sql
from server.demo import people
from server.demo.joining import add_drive
from server.demo.post import add_post
from server.demo.unions import add_unions
from server.kit import clock
from server.membership import queries
from server.membership.identity import open_identity
from server.membership.models import ApplicationKind, ApplicationState
from server.membership.progress import progress
from server.membership.review_queries import queue
from server.membership.transfer_queries import coming
from server.people.actors import Actor, GrantHeld
from server.people.models import Role

pytestmark = pytest.mark.usefixtures("db", "settings")


ACCOUNTS = tuple(account for account in people.staff(UUID(int=0)) if account.grant.role is Role.REVIEWER)


async def start():
    """What `load_demo` does for membership; stations and bookings have tests of their own."""
    await add_unions()
    await people.add_staff(ACCOUNTS)
    await add_drive(await people.reviewers())
    await add_post(await people.guest_id())


async def reviewer(login):
    account = next(account for account in ACCOUNTS if account.login == login)
    staff_id = await sql.value("SELECT id FROM staff WHERE login = $1", login)
    return Actor("staff", staff_id, grants=(account.grant,))


async def test_nobody_of_the_demo_can_exist_and_everybody_is_of_a_demo_union():
    await start()
    sealed = await sql.rows("SELECT identity_sealed FROM member UNION ALL SELECT identity_sealed FROM application")
    people_shown = [open_identity(row["identity_sealed"]) for row in sealed]
    assert len(people_shown) > 4_000
    assert {who.number[:2] for who in people_shown} == {"99"}
    assert all(who.age(clock.today()) >= 16 for who in people_shown)
    assert await sql.value("SELECT count(*) FROM trade_union WHERE NOT demo") == 0


async def test_a_reviewers_morning_holds_every_kind_of_doubt():
    await start()
    waiting, _ = await queue(await reviewer("reviewer"))
    assert sum(row.is_plain for row in waiting) >= 4
    assert any(row.is_minor for row in waiting)
    assert any(row.has_twin for row in waiting)
    assert any(row.phone_is_anothers for row in waiting)
    assert any(row.kind is ApplicationKind.CLAIM for row in waiting)
    assert [row.appeal for row in waiting if row.state is ApplicationState.APPEALED] != [""]
    for login in ("reviewer", "reviewer-gd"):
        assert len(await coming(await reviewer(login))) == 1
    assert len((await queue(await reviewer("reviewer-gd")))[0]) == 3


async def test_what_the_charts_count_is_the_register():
    await start()
    figures = await progress(Actor("staff", grants=(GrantHeld(Role.AUDITOR, region_code=450000),)))
    members = await sql.value(
        """SELECT count(*) FROM member m JOIN trade_union u ON u.id = m.union_id
        WHERE m.state <> 'left' AND u.region_code / 10000 = 45"""
    )
    assert figures.total.members == members > 2_000
    assert all(line.flow.approvals for line in figures.months[:-1])
    assert figures.months[0].members > members / 3
    assert figures.total.flow.applications > figures.total.flow.approvals > figures.total.flow.rejected > 0
    assert 1 < figures.total.flow.median_days < 5


async def test_the_guest_finds_a_card():
    await start()
    card = await queries.card_of(Actor("worker", await people.guest_id(), is_member=True))
    assert card.union_name == "演示·南宁地铁凤岭工地工会"


async def test_new_post_comes_where_the_old_was_dealt_with_and_not_before():
    await start()
    count = "SELECT count(*) FROM application WHERE state IN ('submitted', 'appealed')"
    first = await sql.value(count)
    with clock.travel(timedelta(days=1)):
        await start()
        assert await sql.value(count) == first
        await sql.run("UPDATE application SET state = 'withdrawn' WHERE state IN ('submitted', 'appealed')")
        await start()
        assert await sql.value(count) == first
        await start()
        assert await sql.value(count) == first
