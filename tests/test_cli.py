"""The operator's commands, as typed."""

import base64
import secrets
import signal

import pytest

from server.db import sql
from tests.fixtures.membership import make_union
from tests.fixtures.processes import until

GOOD = """编号,名称,类型,地区,纬度,经度,坐标系,开门时间
NN-1,青秀工会驿站,工会驿站,450103,22.817,108.366,WGS-84,每天 00:00-24:00
"""
BAD = GOOD.replace("22.817", "一百")
MEMBER = """工会名称,姓名,证件号
凤岭街道联合工会,韦秀英,450103199001010024
"""
PASSWORD = "correct horse battery"


@pytest.fixture
def niangjia(house, database_url):
    """Run a command on the database of this test."""

    def call(*arguments, **kwargs):
        return house.call(*arguments, DATABASE_URL=database_url, **kwargs)

    return call


def key():
    return base64.b64encode(secrets.token_bytes(32)).decode()


def test_each_wrong_setting_is_one_line(house):
    refused = house.call("check", PORT="x", NIANGJIA_POOL_SIZE="1")
    assert refused.returncode == 2
    assert [line.split(":")[0] for line in refused.stderr.splitlines()] == ["PORT", "NIANGJIA_POOL_SIZE"]
    assert refused.stdout == ""


def test_an_unknown_command_is_refused(house):
    assert house.call("fly").returncode == 2


@pytest.mark.parametrize("command", ["run", "migrate", "demo", "check"])
@pytest.mark.parametrize("address", ["postgresql://nobody@127.0.0.1:1/x", "postgresql://127.0.0.1:x/y"])
def test_a_database_that_is_away_is_one_line(house, command, address):
    refused = house.call(command, DATABASE_URL=address)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stderr.startswith("DATABASE_URL: ")


@pytest.mark.parametrize("command", ["run", "web"])
def test_an_address_that_is_not_ours_is_one_line(house, command):
    refused = house.call(command, HOST="203.0.113.9")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stderr.startswith(f"HOST, PORT: 203.0.113.9:{house.port}: ")


def test_nothing_is_done_to_a_database_of_another_release(house, database_server):
    refused = house.call("demo", DATABASE_URL=database_server)
    assert refused.returncode == 1
    assert "niangjia migrate" in refused.stderr


def test_migrate_then_check(house, database_server):
    before = house.call("check", DATABASE_URL=database_server)
    assert before.returncode == 1
    assert "niangjia migrate" in before.stderr
    assert house.call("migrate").returncode == 0
    after = house.call("check")
    assert (after.returncode, after.stderr) == (0, "")
    assert house.pids() == []


def test_the_demo_is_not_loaded_in_production(niangjia):
    names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SMS_SIGN_NAME", "SMS_CODE_TEMPLATE", "SMS_NOTICE_TEMPLATE")
    names += ("SMS_MEMBERSHIP_TEMPLATE",)
    production = {
        "NIANGJIA_MODE": "production",
        "NIANGJIA_BASE_URL": "https://niangjia.example",
        "NIANGJIA_SECRET": key(),
        "NIANGJIA_DATA_KEYS": f"a:{key()}",
        "NIANGJIA_METRICS_TOKEN": "token",
    } | {f"ALIYUN_{name}": "x" for name in names}
    refused = niangjia("demo", **production)
    assert refused.returncode == 1
    assert "demo mode only" in refused.stderr


def test_stations_are_imported_all_or_none(niangjia, tmp_path):
    file = tmp_path / "stations.csv"
    file.write_text(BAD, "utf-8")
    refused = niangjia("import-stations", str(file))
    assert refused.returncode == 1
    assert f"{file}:2: 纬度" in refused.stderr
    file.write_text(GOOD, "utf-8")
    assert "1 new" in niangjia("import-stations", str(file)).stdout
    assert "1 unchanged" in niangjia("import-stations", str(file)).stdout
    lost = niangjia("import-stations", str(tmp_path / "nowhere.csv"))
    assert lost.returncode == 1
    assert len(lost.stderr.splitlines()) == 1


@pytest.mark.usefixtures("db")
async def test_members_are_imported_all_or_none_and_nobody_is_named(niangjia, tmp_path):
    await make_union(name="凤岭街道联合工会")
    file = tmp_path / "members.csv"
    file.write_text(MEMBER.replace("0024", "0025"), "utf-8")
    refused = niangjia("import-members", str(file))
    assert refused.returncode == 1
    assert f"{file}:2: 证件号" in refused.stderr
    assert not [secret for secret in ("韦秀英", "450103") if secret in refused.stderr]
    file.write_text(MEMBER, "utf-8")
    assert "1 new" in niangjia("import-members", str(file)).stdout
    assert "1 unchanged" in niangjia("import-members", str(file)).stdout


def test_an_officer_is_made_once(niangjia):
    officer = ("create-officer", "lao", "--name", "老陆", "--region", "450100")
    made = niangjia(*officer, text=f"{PASSWORD}\n")
    assert made.returncode == 0
    assert "otpauth://totp/" in made.stdout
    assert PASSWORD not in made.stdout
    again = niangjia(*officer, text=f"{PASSWORD}\n")
    assert again.returncode == 1
    assert again.stderr == "login: lao is taken\n"


@pytest.mark.parametrize(
    ("region", "password", "said"), [("450100", "short", "12 characters"), ("1", PASSWORD, "no division 1")]
)
def test_an_officer_needs_a_password_and_a_region(niangjia, region, password, said):
    refused = niangjia("create-officer", "lao", "--name", "老陆", "--region", region, text=f"{password}\n")
    assert refused.returncode == 1
    assert said in refused.stderr


def test_a_command_told_to_stop_stops_its_database(house):
    assert house.call("migrate").returncode == 0
    process = house.start("web")
    until(house.is_ready, "the site is ready")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert house.pids() == []


async def test_a_changed_audit_entry_is_named(niangjia, db):
    """The chain is made by the worker, in a process with the same keys."""
    made = niangjia("create-officer", "lao", "--name", "老陆", "--region", "450100", text=f"{PASSWORD}\n")
    assert made.returncode == 0
    before = niangjia("verify-audit")
    assert (before.returncode, before.stdout.splitlines()[0]) == (
        0,
        "0 entries verified, 0 with forgotten reasons, 1 not chained yet",
    )
    lost = await sql.value("SELECT entry_id FROM audit_pending")
    async with sql.transaction():
        await sql.run("SET LOCAL session_replication_role = replica")
        await sql.run("DELETE FROM audit_entry")
    after = niangjia("verify-audit")
    assert (after.returncode, after.stdout) == (1, "")
    assert str(lost) in after.stderr
    assert db


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify-audit", "--head", "nonsense"), "NUMBER:HASH"),
        (("purge-audit", "--before", "2999-01-01"), "183 days"),
    ],
)
def test_what_the_audit_refuses_is_one_line(niangjia, arguments, said):
    refused = niangjia(*arguments)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
