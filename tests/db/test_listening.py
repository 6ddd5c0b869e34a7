"""Listening goes on however and whenever the connection is lost."""

import asyncio
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from server.db.listening import listen

# Ends every other connection to this database the moment it appears, for some time.
ENDING = """DO $$ BEGIN
  FOR _ IN 1..3000 LOOP
    PERFORM pg_stat_clear_snapshot();
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
  END LOOP;
END $$"""


BEGAN = ("", "began")


@asynccontextmanager
async def listening(url, *channels):
    """What a listener is told as long as the block lasts, and when it began."""
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    task = asyncio.create_task(
        listen(
            url,
            channels,
            began=lambda: told.put_nowait(BEGAN),
            heard=lambda *word: told.put_nowait(word),
            again=0.001,
        )
    )
    try:
        yield lambda: asyncio.wait_for(told.get(), 20)
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def teller(database_url):
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_words_are_heard_by_channel(database_url, teller):
    async with listening(database_url, "a", "b") as word:
        assert await word() == BEGAN
        await teller.execute("NOTIFY b, 'two'; NOTIFY c, 'three'; NOTIFY a, 'one'")
        assert [await word(), await word()] == [("b", "two"), ("a", "one")]


async def test_it_begins_again_at_whatever_moment_it_was_ended(database_url, teller):
    """The driver has several errors for a connection that ends: one is for an end that comes between two questions."""
    async with listening(database_url, "a") as word:
        await teller.execute(ENDING)
        await teller.execute("NOTIFY a, 'still there?'")
        while await word() == BEGAN:
            await teller.execute("NOTIFY a, 'still there?'")
