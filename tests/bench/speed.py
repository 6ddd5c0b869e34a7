"""Speed against the limit of the same machine in the same run: `make bench` (SCALE=1 for the whole country).

A  stations near a random position, as JSON and as a page, against pgbench with the same statement
B  bookings through forms, on one hot slot and over 10,000 slots, against pgbench with the same statements
C  the country's busiest hour: an open loop of page views and bookings in the real mix, and what this machine does hold
D  a search and a booking of one phone while the country grows
E  memory of a web process afterwards, and from start to first page
F  how often each list goes to the database, and whether it reads a big table whole

Database, server and clients share the machine's cores. Only this machine is asked.
"""

from __future__ import annotations

import argparse
import re
import secrets
import time
from collections import deque
from collections.abc import Iterator

from tests.bench import limits
from tests.bench.asks import CLIENTS, EACH, RANGE, bookings, dice, form_of, near
from tests.bench.growth import growth
from tests.bench.house import House, country, served
from tests.bench.load import Ask, Load, Result, request
from tests.bench.plans import plans
from tests.bench.table import Table, say
from tests.bench.world import HOT_SLOTS, WIDE_SLOTS, World, id_of, token_of

RATES = (1_000, 700, 600, 500, 400, 300)  # the goal, then less until it holds
LONGEST_MS = 250
RECOVERY = 3  # seconds in which a crowd that was too large leaves


def compare(table: Table, what: str, goal: float, limit: tuple[float, float], found: Result) -> None:
    share = found.rate / limit[0]
    said = (
        f"{share:.0%}: {found.rate:,.0f} of {limit[0]:,.0f}/s, p50 {found.quantile(0.5):.1f} ms (alone {limit[1]:.1f})"
    )
    if found.failed():
        said += f", {found.failed()} FAILED {dict(found.statuses)}"
    table.add(what, f"≥ {goal:.0%}", said, good=share >= goal and not found.failed())


def searches(table: Table, house: House, seconds: int) -> None:
    limit = limits.run(house.database_url, limits.near(), clients=CLIENTS, seconds=seconds)
    for what, path, goal in (("A nearest, JSON", "/api/v1/stations", 0.70), ("A nearest, page", "/stations", 0.55)):
        Load(house.port).closed(near(path), clients=CLIENTS, seconds=2)
        found = Load(house.port).closed(near(path), clients=CLIENTS, seconds=seconds)
        compare(table, what, goal, limit, found)


def booked(table: Table, house: House, seconds: int) -> None:
    for turn, hot in enumerate((True, False)):
        first = 1 + 2 * turn * RANGE
        variables = {"turn": 0, "first": first, "each": EACH}
        limit = limits.run(
            house.database_url, limits.book(hot=hot), clients=CLIENTS, seconds=seconds, variables=variables
        )
        found = Load(house.port).closed(bookings(first + RANGE, hot=hot), clients=CLIENTS, seconds=seconds)
        compare(table, "B bookings, one hot slot" if hot else "B bookings, 10,000 slots", 0.60, limit, found)


class Hour:
    """The real mix: search 55 %, station 20 %, times 15 %, and of bookings 10 %: half made, some cancelled, some
    confirmed by the desk.
    """

    def __init__(self, world: World, first: int) -> None:
        self.world, self.person = world, first
        self.made: deque[tuple[int, str]] = deque()
        self.waiting: deque[str] = deque()
        self.near = near("/stations")

    def __iter__(self) -> Iterator[Ask]:
        while True:
            draw = dice.random()
            if draw < 0.55:
                yield next(self.near)
            elif draw < 0.75:
                yield self._page("station", "/stations/{}", id_of("station", dice.randint(1, self.world.stations)))
            elif draw < 0.90:
                yield self._page("times", "/book/{}", id_of("offering", dice.randint(1, self.world.stations)))
            elif draw < 0.95 or not (self.made or self.waiting):
                yield self._book()
            elif self.waiting and (draw < 0.975 or not self.made):
                yield self._confirm()
            else:
                yield self._cancel()

    @staticmethod
    def _page(kind: str, path: str, number: object) -> Ask:
        return Ask(kind, request("GET", path.format(number)))

    def _book(self) -> Ask:
        self.person += 1
        person, slot = self.person, dice.randrange(HOT_SLOTS, HOT_SLOTS + WIDE_SLOTS)
        station = id_of("station", slot + 1)
        by_hand = (slot + 1) % 5 == 0  # world.py: every fifth offering waits for the desk

        def keep(_status: int, head: bytes, _body: bytes) -> None:
            found = re.search(rb"/tickets/([0-9a-f-]{36})", head)
            if found and by_hand:
                self.waiting.append(f"/desk/{station}/bookings/{found[1].decode()}/confirm")
            elif found:
                self.made.append((person, found[1].decode()))

        path = f"/book/slots/{id_of('slot', slot)}"
        return Ask("book", form_of(token_of(person), path, f"&request_key={secrets.token_hex(8)}"), keep)

    def _confirm(self) -> Ask:
        return Ask("confirm", form_of(token_of(0), self.waiting.popleft()))

    def _cancel(self) -> Ask:
        person, booking = self.made.popleft()
        return Ask("cancel", form_of(token_of(person), f"/tickets/{booking}/cancel"))


def busiest_hour(table: Table, house: House, world: World, seconds: int) -> None:
    """The goal's rate; where that is too much, the most that stays within the goal."""
    first = 1 + 4 * RANGE
    Load(house.port).open(iter(Hour(world, first)), rate=200, connections=64, seconds=3)
    for turn, rate in enumerate(RATES):
        hour = Hour(world, first + (turn + 1) * RANGE // 10)
        found = Load(house.port).open(iter(hour), rate=rate, connections=256, seconds=seconds)
        said = f"{found.rate:,.0f}/s, p50 {found.quantile(0.5):.0f} ms, p99 {found.quantile(0.99):.0f} ms"
        said += f", {found.failed()} errors"
        good = found.rate >= 0.97 * rate and found.quantile(0.99) <= LONGEST_MS and not found.failed()
        table.add(f"C busiest hour, {rate:,} requests/s", f"p99 ≤ {LONGEST_MS} ms, no error", said, good=good)
        kinds = {kind: f"{found.quantile(0.5, kind):.0f}/{found.quantile(0.99, kind):.0f} ms" for kind in found.times}
        say(f"   p50/p99 by kind: {kinds}; {dict(found.statuses)}")
        if good:
            return
        time.sleep(RECOVERY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01, help="share of 4 million members and 50 million bookings")
    parser.add_argument("--seconds", type=int, default=10, help="length of each measurement")
    parser.add_argument("--processes", type=int, default=2, help="web processes")
    parser.add_argument("--only", default="ABCDEF", help="which of A, B, C, D, E, F")
    given = parser.parse_args()
    world, table = World().scaled(given.scale), Table()
    say(f"{world.stations:,} stations, {world.members:,} members, {world.bookings:,} bookings")
    with country(world) as url, served(url, processes=given.processes) as house:
        if "A" in given.only:
            searches(table, house, given.seconds)
        if "B" in given.only:
            booked(table, house, given.seconds)
        if "C" in given.only:
            busiest_hour(table, house, world, given.seconds * 2)
        if "E" in given.only:
            memory = house.memory_mb()
            table.add("E memory of a web process", "≤ 120 MB", f"{memory:.0f} MB", good=memory <= 120)
            table.add("E start to first page", "≤ 3 s", f"{house.started_in:.1f} s", good=house.started_in <= 3)
        if "F" in given.only:
            plans(table, house, world)
    if "D" in given.only:
        growth(table, given.seconds, given.scale)
    table.show()


if __name__ == "__main__":
    main()
