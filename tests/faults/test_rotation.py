"""The key is changed as docs/operations.md says, on real processes, while people work: nothing is lost."""

from dataclasses import replace

from server import keys
from server.db import sql
from server.db.rotation import read_batch, rewrite_batch
from server.kit import crypto
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.crowd import Crowd, command, crowd_of_actor, serving
from tests.fixtures.keys import opened_values, seal_something_everywhere, sealed_values, with_key, without
from tests.fixtures.membership import make_union
from tests.fixtures.people import make_staff

KNOWN_PEOPLE, OF_EACH_KIND, MORE, ROUNDS = 1_000, 3, 6, 150
NAMES = next(column for column in keys.SEALED if str(column) == "person.name_sealed")
COPIES = """INSERT INTO person (id, phone_index, phone_sealed, phone_tail, name_sealed, locale, is_member, created_at)
SELECT gen_random_uuid(), gen_random_uuid()::text, phone_sealed, phone_tail, name_sealed, locale, false, created_at
FROM person, generate_series(1, $1) LIMIT $1"""


async def test_the_key_is_changed_while_people_work(db, old_key, tmp_path):
    await seal_something_everywhere()
    await sql.run(COPIES, KNOWN_PEOPLE)
    union = await make_union()
    crowd = await crowd_of_actor(
        await make_staff(Role.REVIEWER, union_id=union.id), union, await make_slot(await make_offering(capacity=2_000))
    )
    newer = with_key(old_key, "t2")
    early = replace(newer, current=old_key.current)  # knows the new key, seals with the old one

    async with serving(newer, db, tmp_path) as new_url:
        async with serving(early, db, tmp_path) as old_url:
            crowd.urls = [old_url, new_url]
            await rotate_under_load(crowd, newer, db, tmp_path)
        crowd.urls = [new_url]
        crypto.install(newer)  # this process seals too, when it makes people
        status, said = await rotate_under_load(crowd, newer, db, tmp_path)
        assert status == 0, said
        assert "may be removed once no process seals with them: t1" in said
    assert all(sealed.startswith(b"t2|") for sealed in (await sealed_values()).values())
    alone = without(newer, "t1")
    opened = await opened_values(alone)
    assert {name for name, _ in opened} == {str(column) for column in keys.SEALED}
    assert sum(name == "person.phone_sealed" for name, _ in opened) >= KNOWN_PEOPLE + len(crowd.members)
    async with serving(alone, db, tmp_path) as url:
        assert await crowd.what_is_lost(url) == []
    assert len(crowd.members) >= 2 * MORE
    assert len(crowd.booked) >= 2 * MORE


async def rotate_under_load(crowd: Crowd, vault, db, folder):
    async with crowd.at_work(OF_EACH_KIND):
        await crowd.until(more=MORE // 2)
        done = await command("rotate-keys", vault, db, folder)
        for _ in range(ROUNDS):  # names change all the time: many chances to lose one
            await rewrite_batch(NAMES, vault, await read_batch(NAMES, vault))
        await crowd.until(more=MORE // 2)
    assert not crowd.refused
    return done
