"""The machine of the primary dies under load: three nodes as deploy/ha ships them, all on this machine."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx

from server.config import ROOT, read_settings
from server.db import embedded
from server.process import equip
from tests.drills import truth
from tests.drills.journal import Crowd, Journal
from tests.drills.kills import until_steady
from tests.drills.table import Line, say
from tests.drills.town import Town, dice
from tests.fixtures.processes import House, free_port, until

NODES = ("one", "two", "three")
WRITES_WITHIN = 30.0
WATCHED = 35.0
PATIENCE = 120
SEARCH = "/api/v1/stations?lat=22.817&lng=108.366&datum=wgs84"
NEEDED = ("etcd", "haproxy", "patroni")


@dataclass
class Cluster:
    """What runs, and where. A node is an etcd, a Patroni and its PostgreSQL; HAProxy stands before them."""

    folder: Path
    house: House
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def port(self, name: str) -> int:
        return self.ports.setdefault(name, free_port())

    def url(self, name: str, database: str = "niangjia") -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port(name)}/{database}"

    def start(self) -> None:
        for node in NODES:
            self._start_etcd(node)
        for node in NODES:
            self._start_patroni(node)
        self._start_proxy()

    def _run(self, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        account = _account()
        self.processes[name] = subprocess.Popen(
            command,
            cwd=self.folder,
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
            | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **account,
        )
        log.close()

    def _start_etcd(self, node: str) -> None:
        here = f"http://127.0.0.1:{self.port(f'{node} client')}"
        peers = ",".join(f"{name}=http://127.0.0.1:{self.port(f'{name} peer')}" for name in NODES)
        peer = f"http://127.0.0.1:{self.port(f'{node} peer')}"
        self._run(
            f"{node} etcd",
            [
                "etcd", "--name", node, "--data-dir", str(self.folder / f"etcd-{node}"),
                "--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", peers,
            ],
        )  # fmt: skip

    def _start_patroni(self, node: str) -> None:
        rest, database = (f"127.0.0.1:{self.port(f'{node} {what}')}" for what in ("rest", "database"))
        env = {
            "PATRONI_NAME": node,
            "PATRONI_ETCD3_HOSTS": ",".join(f"127.0.0.1:{self.port(f'{name} client')}" for name in NODES),
            "PATRONI_RESTAPI_LISTEN": rest,
            "PATRONI_RESTAPI_CONNECT_ADDRESS": rest,
            "PATRONI_POSTGRESQL_LISTEN": database,
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": database,
            "PATRONI_POSTGRESQL_DATA_DIR": str(self.folder / f"database-{node}"),
            "PATRONI_POSTGRESQL_BIN_DIR": str(embedded.BIN),
            "PATRONI_POSTGRESQL_PGPASS": str(self.folder / f"pgpass-{node}"),
            **{f"PATRONI_{who}_PASSWORD": self.password for who in ("SUPERUSER", "REPLICATION", "REWIND")},
        }
        patroni = Path(sys.executable).with_name("patroni")
        self._run(f"{node} patroni", [sys.executable, str(patroni), str(self.folder / "patroni.yml")], env)

    def _start_proxy(self) -> None:
        env = {f"HA_{name.upper()}": f"127.0.0.1:{self.port(name)}" for name in ("write", "read")}
        for number, node in enumerate(NODES, 1):
            env[f"HA_NODE_{number}"] = f"127.0.0.1:{self.port(f'{node} database')}"
            env[f"HA_CHECK_{number}"] = str(self.port(f"{node} rest"))
        self._run("haproxy", ["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")], env)

    def roles(self) -> dict[str, str]:
        """What each node says that it is."""
        found = {}
        for node in NODES:
            try:
                told = httpx.get(f"http://127.0.0.1:{self.port(f'{node} rest')}/patroni", timeout=3).json()
            except (httpx.TransportError, ValueError):
                continue
            role = "sync" if told.get("sync_standby") else told.get("role", "")
            found[node] = role if told.get("state") in ("running", "streaming") else ""
        return found

    def is_safe(self) -> bool:
        """A primary, and standbys of which one confirms every commit."""
        return sorted(self.roles().values()) == ["primary", "replica", "sync"]

    def kill_node(self, node: str) -> float:
        """What a power cut does to one machine; when."""
        data = self.folder / f"database-{node}"
        postmaster = int((data / "postmaster.pid").read_text("utf-8").split()[0])
        for victim in (self.processes[f"{node} patroni"].pid, postmaster, self.processes[f"{node} etcd"].pid):
            os.kill(victim, signal.SIGKILL)
        return time.monotonic()

    def say_logs(self) -> None:
        for log in sorted(self.folder.glob("*.log")):
            say(f"{log.name}: {log.read_text('utf-8', 'replace')[-600:]}")

    def stop(self) -> None:
        """In the order in which nobody starts anything again."""
        for name in sorted(self.processes, key=lambda name: ("patroni" not in name, name)):
            process = self.processes[name]
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _account() -> dict[str, object]:
    """PostgreSQL refuses root: then all of it runs as the embedded server's account."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(embedded.ACCOUNT)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _let_in(folder: Path) -> None:
    """Let that account pass through (not list) the folders above Python and above its data."""
    if os.geteuid() != 0:
        return
    account = _account()
    os.chown(folder, account["user"], account["group"])  # type: ignore[arg-type]
    for path in (
        *folder.parents,
        *Path(sys.executable).parents,
        *Path(sys.executable).resolve().parents,
        *ROOT.parents,
    ):
        if not path.stat().st_mode & stat.S_IXOTH:
            path.chmod(path.stat().st_mode | stat.S_IXOTH)


@asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    """Three nodes that are in step, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="niangjia-cluster-"))
    (folder / "house/data").mkdir(parents=True)
    made = Cluster(folder, House(folder / "house"))
    try:
        # The embedded server makes the account, and lets it in to the binaries.
        embedded.start(folder / "first")
        embedded.stop(folder / "first")
        _let_in(folder)
        for name in ("patroni.yml", "haproxy.cfg"):
            shutil.copy(ROOT / "deploy/ha" / name, folder)
            (folder / name).chmod(0o644)
        made.start()
        await asyncio.to_thread(until, made.is_safe, f"the cluster is in step: {made.roles()}", PATIENCE)
        yield made
    except BaseException:
        made.say_logs()
        raise
    finally:
        await asyncio.to_thread(made.stop)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def served(made: Cluster) -> AsyncIterator[Town]:
    """Web and worker before the cluster, with people."""
    house = made.house
    house.env |= {
        "DATABASE_URL": made.url("write"),
        "NIANGJIA_READ_URL": made.url("read"),
        "NIANGJIA_LOG_LEVEL": "ERROR",
    }
    equip(read_settings(house.env))
    connection = await asyncpg.connect(made.url("write", "postgres"))
    await connection.execute("CREATE DATABASE niangjia")
    await connection.close()
    migrated = await asyncio.to_thread(house.call, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    town = Town(house, made.url("write"))
    await town.settle(300)
    children = [house.start("web"), house.start("worker")]
    try:
        await asyncio.to_thread(until, house.is_ready, "the web process serves", PATIENCE)
        yield town
    finally:
        for child in children:
            child.terminate()
            child.wait(60)


async def search(town: Town, stop: asyncio.Event, found: list[tuple[float, int]]) -> None:
    """A worker who is signed in looks for stations all the time."""
    headers = {"Authorization": f"Bearer {town.people[0].token}"}
    async with httpx.AsyncClient(timeout=20, headers=headers) as client:
        while not stop.is_set():
            try:
                status = (await client.get(town.url + SEARCH)).status_code
            except httpx.TransportError:
                status = 0
            found.append((time.monotonic(), status))
            await asyncio.sleep(0.2)


async def drill() -> list[Line]:
    """Kill the primary's whole node under load."""
    here = f"{os.environ['PATH']}:/usr/sbin:{Path(sys.executable).parent}"
    missing = [name for name in NEEDED if not shutil.which(name, path=here)]
    if missing:
        said = (
            f"COULD NOT RUN: {', '.join(missing)} not installed (sh tests/drills/install.sh; pip install -e '.[drill]')"
        )
        return [Line("a cluster's primary dies", "the drill runs", said, good=False)]
    journal = Journal()
    async with cluster() as made, served(made) as town:
        primary = next(node for node, role in made.roles().items() if role == "primary")
        stop, looked = asyncio.Event(), list[tuple[float, int]]()
        searching = asyncio.create_task(search(town, stop, looked))
        async with Crowd(town, journal).at_work():
            await asyncio.sleep(4 + dice.random())
            killed = made.kill_node(primary)
            await until_steady(journal, killed, WATCHED)
            back = journal.longest_gap(killed)
        stop.set()
        await searching
        roles = made.roles()
        lost = await truth.lies(town.database_url, journal)
    if lost:
        say(town.house.words()[-4_000:])
    answers = [status for at, status in looked if killed <= at <= killed + back]
    failed = sum(status != 200 for status in answers)
    say(f"roles afterwards: {roles}; {dict(journal.statuses)}; searches in the outage: {len(answers)}, failed {failed}")
    return [
        Line(
            "the machine of a cluster's primary dies",
            f"nothing lost or twice; bookings again within {WRITES_WITHIN:.0f} s",
            f"{truth.told(lost)}; {len(journal.booked):,} booked, again after {back:.1f} s",
            good=not lost and back <= WRITES_WITHIN and not journal.given_up,
        ),
        Line(
            "… and meanwhile people search",
            "stations are found all the time, from a standby",
            f"{len(answers) - failed} of {len(answers)} searches answered in the {back:.1f} s",
            good=len(answers) > 0 and not failed,
        ),
    ]
