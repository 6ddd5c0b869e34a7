"""Changing the key that seals: everything is rewritten, nothing is lost, whatever happens meanwhile."""

import base64

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.fields import BinaryField

from server import keys
from server.db import sql
from server.db.rotation import read_batch, rewrite, rewrite_batch
from server.keys import SEALED
from server.kit import crypto
from server.people import queries as people_queries
from server.people import service as people
from tests.fixtures.keys import opened_values, seal_something_everywhere, sealed_values, with_key, without
from tests.fixtures.people import make_person

# Binary and open: a file of stations holds nothing about people.
OPEN_FILES = {"station_import.content", "station_photo.content", "fault_photo.content"}
PERSON_NAME = next(column for column in SEALED if str(column) == "person.name_sealed")


@pytest.fixture
async def new_key(db, old_key):
    """A second key, which seals from now on; something is sealed under the first one everywhere."""
    assert db
    await seal_something_everywhere()
    made = with_key(old_key, "t2")
    crypto.install(made)
    return made


@pytest.fixture
def said():
    return []


async def test_no_sealed_column_is_forgotten(db):
    assert db
    stored = await sql.rows(
        """SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'bytea'"""
    )
    assert {row["name"] for row in stored} - OPEN_FILES == {str(column) for column in SEALED}
    modelled = {
        f"{model._meta.db_table}.{name}": model
        for model in Tortoise.apps["models"].values()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, BinaryField)
    }
    assert modelled.keys() - OPEN_FILES == {str(column) for column in SEALED}
    assert all(name.endswith("_sealed") for name in modelled.keys() - OPEN_FILES)
    assert {type(model._meta.pk).__name__ for model in modelled.values()} == {"UUIDField"}


async def test_afterwards_the_old_key_is_needed_no_more(new_key, said):
    before = await opened_values(new_key)
    assert {name for name, _ in before} == {str(column) for column in SEALED}
    assert await keys.rotate(new_key, said.append)
    assert await opened_values(without(new_key, "t1")) == before
    assert f"key t2: {len(before)} values (seals now)" in said
    assert "may be removed once no process seals with them: t1" in said


async def test_who_was_given_the_new_key_early_reads_both(new_key, old_key):
    early = crypto.Vault(new_key.keys, "t1", new_key.secret)
    assert early.open(early.seal("韦", "name"), "name") == old_key.open(early.seal("韦", "name"), "name") == "韦"
    with pytest.raises(crypto.UnknownKey, match="t2"):
        old_key.open(new_key.seal("韦", "name"), "name")
    assert await keys.rotate(new_key, [].append)
    assert await opened_values(early) == await opened_values(new_key)


async def test_what_is_written_meanwhile_stays(new_key):
    person = await make_person()
    crypto.install(crypto.Vault(new_key.keys, "t1", new_key.secret))
    await people.set_name(person, "从前的名字")
    batch = [row for row in await read_batch(PERSON_NAME, new_key) if row["id"] == person.id]
    assert len(batch) == 1
    await people.set_name(person, "现在的名字")
    assert (await rewrite_batch(PERSON_NAME, new_key, batch)).rewritten == 0
    assert (await people_queries.account_of(person)).name == "现在的名字"
    assert await keys.rotate(new_key, [].append)
    assert (await people_queries.account_of(person)).name == "现在的名字"


async def test_what_is_erased_meanwhile_stays_erased(new_key):
    batch = await read_batch(PERSON_NAME, new_key)
    await sql.run("UPDATE person SET name_sealed = NULL")
    assert (await rewrite_batch(PERSON_NAME, new_key, batch)).rewritten == 0
    assert await sql.value("SELECT count(name_sealed) FROM person") == 0


async def test_nobody_is_waited_for(new_key, db, said):
    batch = await read_batch(PERSON_NAME, new_key)
    holder = await asyncpg.connect(db)
    try:
        async with holder.transaction():
            await holder.execute("SELECT FROM person FOR UPDATE")
            assert (await rewrite_batch(PERSON_NAME, new_key, batch)).rewritten == 0
            assert not await keys.rotate(new_key, said.append)
        assert any("not under t2 yet" in line for line in said)
    finally:
        await holder.close()
    assert await keys.rotate(new_key, said.append)


async def test_a_run_that_broke_off_is_begun_again(new_key):
    first = next(column for column in SEALED if str(column) == "person.phone_sealed")
    for _ in range(first.batch):
        await sql.run(
            """INSERT INTO person (id, phone_index, phone_sealed, phone_tail, locale, is_member, created_at)
            SELECT gen_random_uuid(), gen_random_uuid()::text, phone_sealed, phone_tail, locale, false, created_at
            FROM person LIMIT 1"""
        )
    plain = await opened_values(new_key)
    async for done in rewrite(first, new_key):
        assert done.rewritten == first.batch
        break
    half = await sealed_values()
    assert await keys.rotate(new_key, [].append)
    assert await opened_values(without(new_key, "t1")) == plain
    whole = await sealed_values()
    assert [at for at in half if half[at].startswith(b"t2|")] == [at for at in half if half[at] == whole[at]]
    assert await keys.rotate(new_key, [].append)
    assert await sealed_values() == whole


async def test_what_no_key_opens_is_named_and_kept(new_key, said):
    stranger = await make_person()
    lost = with_key(new_key, "t9").seal("谁", PERSON_NAME.purpose)
    await sql.run("UPDATE person SET name_sealed = $2 WHERE id = $1", stranger.id, lost)
    assert not await keys.rotate(new_key, said.append)
    assert f"person.name_sealed: 1 cannot be opened with the keys given, such as {stranger.id}" in said
    assert "key t9 is missing from NIANGJIA_DATA_KEYS: what it sealed cannot be read" in said
    values = await sealed_values()
    assert values.pop(("person.name_sealed", stranger.id)) == lost
    assert all(sealed.startswith(b"t2|") for sealed in values.values())


async def test_the_command_says_when_a_key_may_go(house, db, old_key):
    await seal_something_everywhere()

    def call(vault, *arguments):
        pairs = [f"{name}:{base64.b64encode(key).decode()}" for name, key in vault.keys.items()]
        return house.call("rotate-keys", *arguments, DATABASE_URL=db, NIANGJIA_DATA_KEYS=",".join(pairs))

    newer = with_key(old_key, "t2")
    counted = call(newer, "--count")
    assert counted.returncode == 1
    assert "key t2: 0 values (seals now)" in counted.stdout.splitlines()
    rotated = call(newer)
    assert (rotated.returncode, rotated.stderr) == (0, "")
    assert "may be removed once no process seals with them: t1" in rotated.stdout.splitlines()
    assert call(without(newer, "t1"), "--count").returncode == 0
    assert call(without(newer, "t2"), "--count").returncode == 1
