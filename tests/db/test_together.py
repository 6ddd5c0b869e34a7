"""Independent reads in one round trip: each gets its own rows, as if it had asked alone."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from server.db import sql
from server.db.together import at_once

pytestmark = pytest.mark.usefixtures("db")
KINDS = """SELECT $1::int AS number, $2::text AS said, NULL::text AS nothing, ARRAY[1, 2] AS several,
  '{"a": [1]}'::jsonb AS written, '2026-01-02T03:04:05Z'::timestamptz AS at, $3::uuid AS id, true AS so"""
ID = UUID("01a21235-0dfd-7724-b4e2-310f2ec46738")


async def numbers(first: int, last: int):
    return [row["n"] for row in await sql.rows("SELECT n FROM generate_series($1::int, $2::int) n", first, last)]


async def twice(first: int):
    """Asks again with what it was told."""
    found = await sql.value("SELECT $1::int + 1 AS n", first)
    return await sql.value("SELECT $1::int * 10 AS n", found)


async def test_each_read_gets_its_own_rows():
    assert await at_once(numbers(1, 3), numbers(7, 8), numbers(5, 4), twice(1)) == ([1, 2, 3], [7, 8], [], 20)


async def test_what_is_read_together_is_what_is_read_alone():
    alone = await sql.row(KINDS, 7, "约 $1 {", ID)
    together, _other = await at_once(sql.row(KINDS, 7, "约 $1 {", ID), numbers(1, 1))
    assert alone is not None
    assert dict(alone) == together
    assert together["at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_together_within_together():
    async def both():
        return await at_once(numbers(1, 2), numbers(3, 4))

    assert await at_once(both(), numbers(5, 6)) == (([1, 2], [3, 4]), [5, 6])


async def test_an_error_of_one_is_raised_and_the_next_reads_go_on():
    with pytest.raises(asyncpg.PostgresError):
        await at_once(numbers(1, 2), sql.value("SELECT 1 / $1::int AS n", 0))
    assert await at_once(numbers(1, 2), numbers(3, 3)) == ([1, 2], [3])


async def test_who_awaits_another_thing_is_refused():
    async def sleepy():
        await asyncio.sleep(0)

    with pytest.raises(TypeError, match="awaits more than rows"):
        await at_once(numbers(1, 1), sleepy())
