"""The demo's unions: federations, a union that takes in everybody in each city, streets, and a few sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from server.db import sql
from server.kit.ids import ALPHABET
from server.membership.models import UnionKind
from server.stations.divisions import children, find_place
from server.stations.naming import search_words

NAMESPACE = UUID("0f1b6b0e-52a5-4c39-9d1b-7d0c1b0f7a11")
GUANGXI, GUANGDONG = 450000, 440000
DELTA = (440100, 440300, 440400, 440600, 440700, 441300, 441900, 442000, 441200)
# How many members they aim at, one for a thousand of the real drive.
TARGETS = {GUANGXI: 4_000, GUANGDONG: 2_000}
OF_CITY, OF_STREET, OF_SITE = 80, 24, 60
SITES = (
    ("nanning-metro", "演示·南宁地铁凤岭工地工会", UnionKind.SITE, 450103),
    ("nanning-home", "演示·凤岭园区联合工会", UnionKind.PARK, 450103),
    ("dongguan-electronics", "演示·长安电子厂工会", UnionKind.EMPLOYER, 441900),
    ("shenzhen-site", "演示·宝安机场工地工会", UnionKind.SITE, 440306),
)
COLUMNS = (
    "id", "code", "name", "kind", "parent_id", "lineage", "region_code", "lat", "lng", "search_text", "target", "demo",
    "closed_at", "created_at",
)  # fmt: skip


@dataclass(frozen=True)
class DemoUnion:
    """A union whose id and code follow from its key, so that a second start finds it again."""

    key: str
    name: str
    kind: UnionKind
    region_code: int
    parent: DemoUnion | None = None
    target: int = 0
    own_target: int = 0  # without the unions below

    @property
    def works_at(self) -> str:
        """Where its members work, if that is one place."""
        at_one_place = self.kind in (UnionKind.SITE, UnionKind.EMPLOYER)
        return self.name.removesuffix("工会") if at_one_place else ""

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE, self.key)

    @property
    def code(self) -> str:
        """Eight characters of the alphabet of codes."""
        number = self.id.int
        return "".join(ALPHABET[number >> 5 * at & 31] for at in range(8))

    @property
    def lineage(self) -> list[UUID]:
        return [*(self.parent.lineage if self.parent else ()), self.id]


def federation(region_code: int) -> DemoUnion:
    """A region's root."""
    place = find_place(region_code)
    name = place.short if place else ""
    target = TARGETS[region_code]
    return DemoUnion(
        f"federation-{region_code}", f"演示·{name}总工会", UnionKind.FEDERATION, region_code, target=target
    )


def unions() -> Iterator[DemoUnion]:
    """All of them, parents before children."""
    for root, codes in ((GUANGXI, [c.code for c in children(GUANGXI)]), (GUANGDONG, list(DELTA))):
        top = federation(root)
        yield top
        for code in codes:
            yield from _city(top, code)


def _city(top: DemoUnion, code: int) -> Iterator[DemoUnion]:
    place = find_place(code)
    if place is None:
        return
    counties, sites = children(code), [site for site in SITES if site[3] // 100 * 100 == code]
    target = OF_CITY + OF_STREET * len(counties) + OF_SITE * len(sites)
    name = f"演示·{place.short}农民工联合工会"
    city = DemoUnion(f"holding-{code}", name, UnionKind.HOLDING, code, top, target, OF_CITY)
    yield city
    for county in counties:
        name = f"演示·{county.short}街道联合工会"
        yield DemoUnion(f"street-{county.code}", name, UnionKind.STREET, county.code, city, OF_STREET, OF_STREET)
    for key, name, kind, region in sites:
        yield DemoUnion(key, name, kind, region, city, OF_SITE, OF_SITE)


async def add_unions() -> None:
    """Write those that are not there yet."""
    known = {row["id"] for row in await sql.rows("SELECT id FROM trade_union WHERE demo")}
    now = await sql.value("SELECT now()")
    await sql.copy("trade_union", COLUMNS, [(*_row(union), now) for union in unions() if union.id not in known])


def _row(union: DemoUnion) -> tuple[object, ...]:
    place = find_place(union.region_code)
    point = place.centre if place and union.kind is not UnionKind.FEDERATION else None
    lat, lng = point or (None, None)
    parent = union.parent.id if union.parent else None
    return (
        union.id, union.code, union.name, union.kind, parent, union.lineage, union.region_code, lat, lng,
        search_words(union.name), union.target, True, None,
    )  # fmt: skip
