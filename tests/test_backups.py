"""Book, back up, book more, note the time, destroy everything, restore to that time: what is there is what was then."""

import asyncio
import re
import shutil
from datetime import UTC, datetime

import asyncpg
import httpx

from server.config import read_settings
from server.db import backups
from server.process import equip
from tests.drills.town import Town
from tests.fixtures.database import address
from tests.fixtures.processes import until

RECEIVER = "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'pg_receivewal'"
BOOKED = "SELECT count(*) FROM booking WHERE request_key LIKE 'drill-%'"


def started(house, **env):
    process = house.start("run", **env)
    until(lambda: "Ctrl-C" in house.words() or process.poll() is not None, "everything runs")
    assert process.poll() is None, house.words()
    return process


def stopped(process):
    process.terminate()
    assert process.wait(60) == 0


def ask(house, statement):
    async def do():
        connection = await asyncpg.connect(
            f"postgresql://postgres@/niangjia?host={house.folder}/data/postgres&port=5432"
        )
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(do())


def book(town, count):
    """So many bookings over HTTP, each acknowledged."""
    for _ in range(count):
        person = town.people.pop()
        answer = httpx.post(
            f"{town.url}/api/v1/bookings",
            json={"slot_id": str(town.slots[0][1])},
            headers={"Authorization": f"Bearer {person.token}", "Idempotency-Key": f"drill-{person.id.hex}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text


def received(house):
    """When all that has happened so far is in the backups."""
    position = ask(house, "SELECT pg_current_wal_flush_lsn()::text")
    behind = f"{RECEIVER} AND flush_lsn >= '{position}'"
    until(lambda: ask(house, behind), "every change is received")


def test_a_database_comes_back_as_it_was_at_a_time(house, tmp_path):
    kept = tmp_path / "backups"
    equip(read_settings(house.env))
    process = started(house, NIANGJIA_BACKUP_DIR=str(kept))
    town = Town(house, f"postgresql://postgres@/niangjia?host={house.folder}/data/postgres&port=5432")
    asyncio.run(town.settle(30))
    book(town, 3)
    until(lambda: backups.bases(kept), "the first base backup is made by itself")
    book(town, 4)
    made = house.call("backup", str(kept))
    assert made.returncode == 0, made.stderr
    book(town, 5)
    ask(house, "SELECT pg_sleep(0.05)")
    then = datetime.now(UTC)
    ask(house, "SELECT pg_sleep(0.05)")
    book(town, 6)
    received(house)
    figures = httpx.get(f"{town.url}/metrics", headers={"Authorization": "Bearer demo"}, timeout=60).text
    assert 'niangjia_backup_age_seconds{part="base"}' in figures
    stopped(process)
    shutil.rmtree(house.folder / "data/postgres")

    # Whatever is asked for can be proved before anything is touched.
    proved = house.call("verify-backup", str(kept), "--until", then.isoformat())
    assert proved.returncode == 0, proved.stderr
    assert "audit:" in proved.stdout
    restored = house.call("restore", str(kept), "--until", then.isoformat())
    assert restored.returncode == 0, restored.stderr
    process = started(house, NIANGJIA_BACKUP_DIR=str(kept))
    assert ask(house, BOOKED) == 12

    # Life goes on in a stream of its own, and the latest state can be restored from that too.
    book(town, 2)
    until(
        lambda: {base.stream for base in backups.bases(kept)} == {"0001", "0002"}, "the new history has a base backup"
    )
    received(house)
    stopped(process)
    restored = house.call("restore", str(kept))
    assert restored.returncode == 0, restored.stderr
    assert list((house.folder / "data").glob("postgres.before-*"))
    process = started(house)
    assert ask(house, BOOKED) == 14
    stopped(process)


def test_a_backup_that_is_not_whole_is_named(house, tmp_path):
    kept = tmp_path / "backups"
    assert house.call("migrate").returncode == 0
    officer = ("create-officer", f"o-{tmp_path.name}", "--name", "韦主任", "--region", "450100")
    assert house.call(*officer, text="correct horse battery staple\n").returncode == 0
    assert house.call("backup", str(kept)).returncode == 0
    refused = house.call("restore", str(kept), "--until", "2020-01-01T00:00")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no complete base backup before 2020" in refused.stderr
    [base] = backups.bases(kept)
    about = base.folder / "about.json"
    about.write_text(re.sub(r'"station":\d+', '"station":999999', about.read_text()))
    proved = house.call("verify-backup", str(kept))
    assert proved.returncode == 1
    assert "and 999999 when the backup began" in proved.stderr
    other = house.call(
        "verify-backup", str(kept), NIANGJIA_SECRET="A" * 43 + "=", NIANGJIA_DATA_KEYS="other:" + "A" * 43 + "="
    )
    assert other.returncode == 1
    assert "do not open with the keys given" in other.stderr


def test_an_address_without_the_right_to_replicate_is_told_what_is_needed(house, database_server, template, tmp_path):
    async def make():
        connection = await asyncpg.connect(database_server)
        try:
            await connection.execute("CREATE ROLE plain LOGIN IN ROLE pg_read_all_data")
        finally:
            await connection.close()

    asyncio.run(make())
    url = address(database_server, template).replace("postgres@", "plain@")
    refused = house.call("backup", str(tmp_path), DATABASE_URL=url)
    assert refused.returncode == 1
    assert "REPLICATION" in refused.stderr
    assert len(refused.stderr.splitlines()) <= 2


def test_old_backups_go_with_the_changes_that_only_they_needed(house, tmp_path):
    kept = tmp_path / "backups"
    assert house.call("migrate").returncode == 0
    for _ in range(3):
        assert house.call("backup", str(kept)).returncode == 0
    assert len(backups.prune(kept, 2)) == 1
    assert len(backups.bases(kept)) == 2
