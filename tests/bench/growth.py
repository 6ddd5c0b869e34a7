"""Whether more stations and more bookings make a search and a booking slower: `python -m tests.bench.growth`.

One phone at a time, through HTTP, on countries that differ in one number. The goal: the median grows by at most 1.3×
from the smallest to the largest. `--most` leaves out what is larger (50 million bookings need some 40 GB and an hour).
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from tests.bench.house import country, served
from tests.bench.load import Load, Result
from tests.bench.speed import RANGE, Table, bookings, near, say
from tests.bench.world import SESSIONS, World

SMALLEST = World(stations=20_000, members=SESSIONS, bookings=100_000)
STATIONS = (20_000, 186_100, 2_000_000)
BOOKINGS = (100_000, 5_000_000, 50_000_000)
GOAL = 1.3


def one_phone(world: World, seconds: int, *, books: bool) -> Result:
    """What one client at a time is told in such a country, after a warm-up."""
    with country(world) as url, served(url, processes=1) as house:
        for turn, length in enumerate((3, seconds)):
            asks = bookings(1 + turn * RANGE, hot=False) if books else near("/api/v1/stations")
            found = Load(house.port).closed(asks, clients=1, seconds=length)
    return found


def grow(table: Table, what: str, worlds: dict[int, World], seconds: int, *, books: bool) -> None:
    """One row of the table: the medians of all sizes, and how the last compares with the first."""
    medians = []
    for size, world in worlds.items():
        found = one_phone(world, seconds, books=books)
        medians.append(found.quantile(0.5))
        said = f"p50 {medians[-1]:.2f} ms, p99 {found.quantile(0.99):.1f} ms, {found.failed()} failed"
        say(f"   {what}, {size:,}: {said}")
    growth = medians[-1] / medians[0]
    said = " → ".join(f"{median:.2f}" for median in medians) + f" ms, ×{growth:.2f}"
    table.add(f"D {what}, {' / '.join(f'{size:,}' for size in worlds)}", f"≤ ×{GOAL}", said, good=growth <= GOAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=5_000_000, help="the largest number of rows that is tried")
    parser.add_argument("--seconds", type=int, default=10, help="length of each measurement")
    given = parser.parse_args()
    table = Table()
    stations = {n: replace(SMALLEST, stations=n) for n in STATIONS if n <= given.most}
    grow(table, "search", stations, given.seconds, books=False)
    grow(
        table,
        "booking",
        {n: replace(SMALLEST, bookings=n) for n in BOOKINGS if n <= given.most},
        given.seconds,
        books=True,
    )
    table.show()


if __name__ == "__main__":
    main()
