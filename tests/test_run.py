"""`niangjia run` as an operator meets it: started, stopped, killed, in the way."""

import asyncio
import os
import signal
import socket

import asyncpg
import httpx

from tests.fixtures.processes import free_port, until


def started(house):
    process = house.start("run")
    until(lambda: "Ctrl-C" in house.words() or process.poll() is not None, "everything runs")
    assert process.poll() is None, house.words()
    assert house.is_ready()
    return process


def stopped(house, process, number=signal.SIGINT):
    process.send_signal(number)
    assert process.wait(60) == 0
    assert house.pids() == []


def in_database(house, statement):
    async def ask():
        connection = await asyncpg.connect(f"postgresql://postgres@/niangjia?host={house.folder}/data/postgres")
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_starts_keeps_its_data_and_leaves_nothing_running(house):
    process = started(house)
    assert "demo-desk-2027" in house.words()
    assert httpx.get(f"http://localhost:{house.port}/").is_success
    stations = in_database(house, "SELECT count(*) FROM station")
    in_database(
        house, "UPDATE station SET landmark = '村口大榕树' WHERE id = (SELECT min(id::text)::uuid FROM station)"
    )
    stopped(house, process)
    process = started(house)
    assert in_database(house, "SELECT count(*) FROM station") == stations
    assert in_database(house, "SELECT count(*) FROM station WHERE landmark = '村口大榕树'") == 1
    stopped(house, process, signal.SIGTERM)


def test_data_in_use_are_named(house):
    process = started(house)
    refused = house.call("run", PORT=str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.endswith("already in use by another niangjia process\n")
    assert house.is_ready()
    stopped(house, process)


def test_a_child_that_dies_is_started_again(house):
    process = started(house)
    for name in ("web", "worker"):
        before = house.pids(f"server.cli\0{name}")
        os.kill(before[0], signal.SIGKILL)
        until(lambda name=name, before=before: set(house.pids(f"server.cli\0{name}")) - set(before), f"{name} is back")
    until(house.is_ready, "the site is back")
    stopped(house, process)


def test_a_kill_blocks_nothing(house):
    process = started(house)
    process.kill()
    process.wait()
    until(lambda: not house.pids("server.cli"), "the children leave by themselves")
    process = started(house)
    house.kill_all()
    process.wait()
    stopped(house, started(house))


def test_a_taken_port_is_named(house):
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.port))
        other.listen()
        for command in ("run", "web"):
            refused = house.call(command)
            assert refused.returncode == 1
            assert len(refused.stderr.splitlines()) == 1
            assert str(house.port) in refused.stderr
