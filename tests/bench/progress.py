"""How long the figures of the drive take with 4 million members in 2,000 unions after five years.

Run by hand: `.venv/bin/python -m tests.bench.progress [scale]`; a scale of 0.1 makes a tenth of the members. Prints
the median and the slowest of many readings, for a whole region, a city and a street, and how the database reads.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from server.db import embedded, sql
from server.db.lifespan import database, migrate
from server.kit import clock, crypto
from server.kit.ids import new_id
from server.membership.progress import COUNTED, READERS, STEPS, WAITS, Range, progress
from server.membership.scope import scope_of
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from tests.fixtures.membership import make_union

MEMBERS, CITIES, STREETS = 4_000_000, 20, 99
YEARS = 5
READINGS = 40
AUDITOR = Actor("staff", new_id(), grants=(GrantHeld(Role.AUDITOR, region_code=450000),))
FILL_MEMBERS = """
INSERT INTO member (id, number, union_id, state, identity_sealed, name_index, document_index, employer, joined_on,
  card_version, imported, created_at)
SELECT gen_random_uuid(), n::text, u.ids[1 + n % cardinality(u.ids)], 'active', '\\x00', NULL, n::text, '', $2, 1, true,
  $3
FROM generate_series(1, $1::int) n, (SELECT array_agg(id ORDER BY id) AS ids FROM trade_union) u
"""
FILL_MONTHS = f"""
INSERT INTO union_month (union_id, month, {", ".join((*STEPS, *WAITS))})
SELECT u.id, m::date, {", ".join("1 + (random() * 200)::int" for _ in (*STEPS, *WAITS))} FROM trade_union u,
  generate_series(date_trunc('month', $1::timestamptz) - $2 * interval '1 month', $1, '1 month') m
"""


async def fill(members: int) -> dict[str, str]:
    """A region, a city and a street to look at, by their codes."""
    top = await make_union(name="总工会", region_code=450000, target=members * 2)
    for city in range(CITIES):
        parent = await make_union(name=f"第{city}市工会", parent=top, region_code=450100)
        for street in range(STREETS):
            last = await make_union(name=f"第{city}市{street}街工会", parent=parent, target=members // 1000)
    start = time.perf_counter()
    await sql.run(FILL_MEMBERS, members, clock.today(), clock.now())
    await sql.run(FILL_MONTHS, clock.now(), YEARS * 12)
    await sql.run("VACUUM ANALYZE")
    print(f"{members} members, filled in {time.perf_counter() - start:.0f} s")  # noqa: T201
    return {"region": top.code, "city": parent.code, "street": last.code}


async def measure(members: int) -> None:
    codes = await fill(members)
    for name, code in codes.items():
        for reach in Range:
            taken = []
            for _ in range(READINGS):
                start = time.perf_counter()
                figures = await progress(AUDITOR, union_code=code, reach=reach)
                taken.append((time.perf_counter() - start) * 1000)
            said = f"p50 {median(taken):.1f} ms, slowest {max(taken):.1f} ms"
            print(f"{name}, {reach}: {figures.total.members} members, {said}")  # noqa: T201
    top = await sql.value("SELECT array_agg(id) FROM trade_union WHERE cardinality(lineage) < 3")
    since = Range.MONTHS.since(clock.today())
    plan = await sql.rows(f"EXPLAIN (ANALYZE, BUFFERS) {COUNTED}", *scope_of(AUDITOR, READERS).values, top, since)
    print("\n".join(row[0] for row in plan))  # noqa: T201


async def run(url: str, members: int) -> None:
    crypto.install(crypto.Vault({"bench": bytes(32)}, "bench", bytes(32)))
    async with database(url):
        await measure(members)


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    folder = Path(tempfile.mkdtemp(prefix="niangjia-bench-"))
    try:
        url = embedded.start(folder / "postgres", database="bench_progress")
        asyncio.run(migrate(url))
        asyncio.run(run(url, int(MEMBERS * scale)))
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
