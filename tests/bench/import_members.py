"""How long and how much memory it takes to bring in 100,000 members and to take them out again.

Run by hand: `.venv/bin/python -m tests.bench.import_members`. Prints seconds and the peak memory of the process;
each step runs in a process of its own, on a fresh embedded database. While a step runs, the longest time for which
the process answered nobody is measured too.
"""

from __future__ import annotations

import asyncio
import csv
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import openpyxl
from stdnum.cn import ric

from server.db import embedded
from server.db.lifespan import database, migrate
from server.kit import crypto
from server.kit.ids import new_id
from server.membership import exporting, importing
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from tests.fixtures.membership import make_union

MEMBERS = 100_000
UNIONS = 200
HEADER = ("工会代码", "姓名", "证件号", "手机号", "入会日期", "单位")
FAMILIES, GIVEN = "韦黄覃莫梁陆蒙农李陈", "秀英大山建国美兰志强小梅玉珍海燕"
ANSWERS_EVERY = 0.005
OFFICER = Actor("staff", new_id(), grants=(GrantHeld(Role.OFFICER, region_code=450000),))


def code(number: int) -> str:
    return f"{10_000_000 + number}"


def lines():
    dice = random.Random(1)
    for number in range(MEMBERS):
        born = date(1965, 1, 1) + timedelta(days=number % 14_000)
        body = (
            f"{dice.choice((450103, 450203, 451222, 441900))}{born:%Y%m%d}{number // 14_000 * 100 + number % 100:03d}"
        )
        yield [
            code(dice.randrange(UNIONS)),
            dice.choice(FAMILIES) + "".join(dice.sample(GIVEN, 2)),
            body + ric.calc_check_digit(f"{body}0"),
            f"138{number:08d}",
            f"{dice.randrange(2010, 2026)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
            f"第{number % 300}工程公司",
        ]


def make_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(lines())


def make_xlsx(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADER)
    for line in lines():
        sheet.append(line)
    book.save(path)


async def make_unions(_path: Path) -> None:
    for number in range(UNIONS):
        await make_union(name=f"第{number}工会", code=code(number))


def peak_mb() -> float:
    """Of this process since it began; what getrusage says begins with the peak of the parent."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@asynccontextmanager
async def measured(what: str):
    """Say how long it took, how much memory the process had at most, and its longest silence."""
    silence = 0.0

    async def listen() -> None:
        nonlocal silence
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(ANSWERS_EVERY)
            silence = max(silence, time.perf_counter() - asked - ANSWERS_EVERY)

    listening = asyncio.create_task(listen())
    start, before = time.perf_counter(), peak_mb()
    said: list[str] = []
    yield said
    seconds = time.perf_counter() - start
    listening.cancel()
    memory = f"{peak_mb():.0f} MB at most, {before:.0f} MB before"
    print(f"{what}: {seconds:.1f} s, {memory}, silent for {silence * 1000:.0f} ms {'; '.join(said)}")  # noqa: T201


async def bring_in(path: Path) -> None:
    for turn in ("first", "again"):
        async with measured(f"{path.suffix} {turn}, looked at") as said:
            made = await importing.upload(
                actor=OFFICER, file_name=path.name, content=await asyncio.to_thread(path.read_bytes)
            )
            look = (await importing.find_import(actor=OFFICER, import_id=made)).look
            said.append(
                f"{look.new} new, {look.changed} changed, {look.unchanged} unchanged, {look.error_count} errors"
            )
        async with measured(f"{path.suffix} {turn}, applied"):
            await importing.apply_import(actor=OFFICER, import_id=made)


async def take_out(path: Path) -> None:
    async with measured("taken out") as said:
        file = await exporting.export_members(actor=OFFICER, reason="bench")
        with path.open("wb") as out:
            async for piece in exporting.chunks(file):
                out.write(piece)
            said.append(f"{out.tell() / 1e6:.1f} MB")


STEPS = {"unions": make_unions, "bring_in": bring_in, "take_out": take_out}


async def step(name: str, url: str, path: Path) -> None:
    """One step, in a process of its own; all of them have the same keys."""
    crypto.install(crypto.Vault({"bench": bytes(32)}, "bench", bytes(32)))
    async with database(url):
        await STEPS[name](path)


def main() -> None:
    if len(sys.argv) > 1:
        asyncio.run(step(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
        return
    folder = Path(tempfile.mkdtemp(prefix="niangjia-bench-"))
    make_csv(folder / "members.csv")
    make_xlsx(folder / "members.xlsx")
    try:
        for kind in ("csv", "xlsx"):
            url = embedded.start(folder / "postgres", database=f"bench_{kind}")
            asyncio.run(migrate(url))
            for name, path in (("unions", "."), ("bring_in", f"members.{kind}"), ("take_out", "out.xlsx")):
                command = [sys.executable, "-m", "tests.bench.import_members", name, url, str(folder / path)]
                subprocess.run(command, check=True)
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
