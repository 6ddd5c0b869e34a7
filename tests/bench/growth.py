"""Whether more stations and more bookings make a search and a booking slower: row D of `make bench`.

One phone at a time, through HTTP, on countries that differ in one number. The goal: the median grows by at most 1.3×
from the smallest to the largest. 2 million stations and 50 million bookings (some 40 GB) are tried with `--scale 1`.
"""

from __future__ import annotations

from dataclasses import replace

from tests.bench.asks import RANGE, bookings, near
from tests.bench.house import country, served
from tests.bench.load import Load, Result
from tests.bench.table import Table, say
from tests.bench.world import SESSIONS, World

SMALLEST = World(stations=20_000, members=SESSIONS, bookings=100_000)
STATIONS = (20_000, 186_100)
TEN_COUNTRIES = 2_000_000
BOOKINGS = (5_000_000, 50_000_000)
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


def growth(table: Table, seconds: int, scale: float) -> None:
    """Both rows; of stations the whole country even on a small scale, of bookings that share."""
    stations = (*STATIONS, TEN_COUNTRIES) if scale >= 1 else STATIONS
    grow(table, "search", {n: replace(SMALLEST, stations=n) for n in stations}, seconds, books=False)
    bookings = sorted({SMALLEST.bookings, *(max(SMALLEST.bookings, int(n * scale)) for n in BOOKINGS)})
    grow(table, "booking", {n: replace(SMALLEST, bookings=n) for n in bookings}, seconds, books=True)
