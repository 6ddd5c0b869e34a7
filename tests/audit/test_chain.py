"""Whoever changes, removes or adds an entry behind the program's back is found, and told where."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from server.audit import chain, own_data, service
from server.audit.errors import ChainBroken, TooYoung
from server.db import sql
from server.kit import clock
from server.kit.ids import new_id

pytestmark = pytest.mark.usefixtures("settings", "db")


async def record(number, subject="station", reason="寒潮"):
    await service.record(
        "staff", new_id(), "station.changed", subject_kind=subject, subject_id=f"s{number}", reason=reason
    )


async def written(many=5):
    """Entries that are chained, oldest first."""
    for number in range(many):
        await record(number)
    await chain.chain_pending()
    return [row["entry_id"] for row in await sql.rows("SELECT entry_id FROM audit_link ORDER BY number")]


async def tamper(statement, *values):
    """As somebody would who owns the database."""
    async with sql.transaction():
        await sql.run("SET LOCAL session_replication_role = replica")
        await sql.run(statement, *values)


async def test_what_nobody_touched_is_verified():
    await written()
    await record(9)
    seen = await chain.verify()
    assert (seen.links, seen.forgotten, seen.waiting, seen.head.number) == (5, 0, 1, 5)
    assert await chain.chain_pending() == 1
    assert (await chain.verify(seen.head)).links == 6


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET action = 'x' WHERE id = $1",
        "UPDATE audit_entry SET at = at + interval '1 second' WHERE id = $1",
        "UPDATE audit_entry SET actor_id = gen_random_uuid() WHERE id = $1",
        "UPDATE audit_entry SET actor_kind = 'system' WHERE id = $1",
        "UPDATE audit_entry SET subject_id = 's9' WHERE id = $1",
        "UPDATE audit_entry SET region_code = 450100 WHERE id = $1",
        "UPDATE audit_entry SET reason = '别的' WHERE id = $1",
        "UPDATE audit_entry SET request_id = 'x' WHERE id = $1",
        "DELETE FROM audit_entry WHERE id = $1",
        "UPDATE audit_link SET reason_index = repeat('0', 64) WHERE entry_id = $1",
        "UPDATE audit_link SET hash = repeat('0', 64) WHERE entry_id = $1",
    ],
)
async def test_the_first_entry_that_is_not_as_it_was_is_named(statement):
    third = (await written())[2]
    await tamper(statement, third)
    with pytest.raises(ChainBroken, match=str(third)):
        await chain.verify()


async def test_an_entry_that_is_cut_out_with_its_link_is_missed():
    third = (await written())[2]
    await tamper("DELETE FROM audit_entry WHERE id = $1", third)
    await tamper("DELETE FROM audit_link WHERE entry_id = $1", third)
    with pytest.raises(ChainBroken, match="entry 3 is gone"):
        await chain.verify()


async def test_what_is_written_past_the_chain_is_found():
    await written()
    await tamper(
        """INSERT INTO audit_entry (id, at, actor_kind, action, subject_kind, subject_id, reason, request_id)
        VALUES ($1, now(), 'staff', 'x', 'x', 'x', '', '')""",
        made := new_id(),
    )
    with pytest.raises(ChainBroken, match=str(made)):
        await chain.verify()


async def test_what_is_removed_before_it_is_chained_is_missed():
    await written()
    await record(6)
    waiting = await sql.value("SELECT entry_id FROM audit_pending")
    await tamper("DELETE FROM audit_entry WHERE id = $1", waiting)
    await chain.chain_pending()
    with pytest.raises(ChainBroken, match=str(waiting)):
        await chain.verify()


async def test_a_chain_whose_end_is_cut_off_lacks_the_head_that_was_written_down():
    last = (await written())[-1]
    known = (await chain.verify()).head
    await tamper("DELETE FROM audit_entry WHERE id = $1", last)
    await tamper("DELETE FROM audit_link WHERE entry_id = $1", last)
    assert (await chain.verify()).links == 4
    with pytest.raises(ChainBroken, match="5"):
        await chain.verify(known)


async def test_a_forgotten_reason_breaks_nothing_and_is_counted():
    await record(1, subject="person")
    await written(2)
    async with sql.transaction():
        await sql.blank_histories()
        await own_data.forget_words({"person": ["s1"]})
    seen = await chain.verify()
    assert (seen.links, seen.forgotten) == (3, 1)


async def test_writers_and_chainers_at_the_same_time_make_one_whole_chain():
    async def write(number):
        async with sql.transaction():
            for _ in range(number % 3 + 1):
                await record(number)

    work = [write(number) for number in range(40)] + [chain.chain_pending() for _ in range(8)]
    await asyncio.gather(*work)
    await chain.chain_pending()
    seen = await chain.verify()
    assert (seen.links, seen.waiting, seen.head.number) == (79, 0, 79)


async def test_an_act_that_is_taken_back_waits_for_nothing():
    async def act():
        async with sql.transaction():
            await record(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act()
    assert (await chain.verify()).waiting == 0


async def old_and_new():
    """Three entries of last year and two of today; the instant between."""
    with clock.travel(timedelta(days=-400)):
        await written(3)
    await written(2)
    return clock.now() - timedelta(days=200)


async def test_what_is_purged_leaves_a_chain_that_verifies():
    before = await old_and_new()
    known = (await chain.verify()).head
    assert await chain.purge(before) == 3
    seen = await chain.verify(known)
    assert (seen.links, seen.head) == (2, known)
    assert await sql.value("SELECT count(*) FROM audit_entry") == 2
    assert await chain.purge(before) == 0
    await record(8)
    await chain.chain_pending()
    assert (await chain.verify(known)).links == 3


async def test_an_anchor_that_the_purge_did_not_set_is_refused():
    await chain.purge(await old_and_new())
    await tamper("DELETE FROM audit_link WHERE number = 4")
    await tamper("UPDATE audit_anchor SET number = 4")
    with pytest.raises(ChainBroken, match="anchor"):
        await chain.verify()


async def test_a_broken_chain_is_not_purged():
    before = await old_and_new()
    await tamper("UPDATE audit_entry SET action = 'x' WHERE id = (SELECT entry_id FROM audit_link WHERE number = 2)")
    with pytest.raises(ChainBroken):
        await chain.purge(before)
    assert await sql.value("SELECT count(*) FROM audit_entry") == 5


async def test_the_last_half_year_stays():
    await old_and_new()
    with pytest.raises(TooYoung):
        await chain.purge(clock.now() - timedelta(days=100))
    for table in ("audit_entry", "audit_link"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await sql.run(f"DELETE FROM {table}")
    async with sql.transaction():
        await sql.run("SELECT set_config('niangjia.purging', 'on', true)")
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await sql.run("DELETE FROM audit_entry")
