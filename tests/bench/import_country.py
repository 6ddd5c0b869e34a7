"""How long and how much memory an import of the whole country takes: 186,100 stations, as CSV and as XLSX.

Run by hand: `.venv/bin/python -m tests.bench.import_country`. Prints seconds and the peak memory of the process;
each step runs in a process of its own, on a fresh embedded database.
"""

from __future__ import annotations

import asyncio
import csv
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl

from server.db import embedded
from server.db.lifespan import database, migrate
from server.stations.divisions import places
from server.stations.importing import import_file

STATIONS = 186_100
HEADER = [
    "编号",
    "名称",
    "类型",
    "地区",
    "纬度",
    "经度",
    "坐标系",
    "开门时间",
    "地址",
    "地标",
    "电话",
    "设施",
    "无人值守",
    "上级编号",
]
SPOTS = ("汽车站", "人民广场", "农贸市场", "物流园", "体育中心", "工业园", "万达广场", "火车站", "政务中心", "环卫所")


def lines():
    dice = random.Random(1)
    counties = [place for place in places().values() if place.level == "county"]
    for number in range(STATIONS):
        place = dice.choice(counties)
        lat, lng = place.centre_gcj02
        spot = dice.choice(SPOTS)
        yield [
            f"S{number:06d}",
            f"{place.short}{spot}工会驿站{number % 1000}",
            dice.choice(("工会驿站", "工会工作站", "园区职工之家")),
            place.code,
            round(lat + dice.gauss(0, 0.05), 6),
            round(lng + dice.gauss(0, 0.05), 6),
            "GCJ-02",
            dice.choice(("每天 7:00-22:00", "周一至周五 8:30-12:00、14:00-18:00；周日 9:00-12:00", "全天")),
            f"{place.full_name}{dice.choice(('人民', '解放', '建设', '工业'))}路{number % 300} 号",
            spot,
            "12351",
            "、".join(dice.sample(("热水", "微波炉", "充电", "空调", "厕所", "无线网", "急救药箱"), 4)),
            "否",
            "",
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


async def bring_in(url: str, path: Path) -> None:
    async with database(url):
        for turn in ("first", "again"):
            start = time.perf_counter()
            look = await import_file(path)
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            said = f"{look.new} new, {look.changed} changed, {look.unchanged} unchanged, {look.error_count} errors"
            print(f"{path.suffix} {turn}: {seconds:.1f} s, {peak:.0f} MB at most, {said}")  # noqa: T201


def main() -> None:
    if len(sys.argv) > 1:
        asyncio.run(bring_in(sys.argv[1], Path(sys.argv[2])))
        return
    folder = Path(tempfile.mkdtemp(prefix="niangjia-bench-"))
    make_csv(folder / "country.csv")
    make_xlsx(folder / "country.xlsx")
    try:
        for name in ("csv", "xlsx"):
            url = embedded.start(folder / "postgres", database=f"bench_{name}")
            asyncio.run(migrate(url))
            subprocess.run(
                [sys.executable, "-m", "tests.bench.import_country", url, str(folder / f"country.{name}")], check=True
            )
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
