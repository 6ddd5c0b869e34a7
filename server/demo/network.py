"""Which stations the demo has, and where. Pure and seeded: the same every time but for the season's dates."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid5

from server.demo import catalogue
from server.demo.catalogue import FACILITIES, OFFERS, Offer, Week
from server.kit.geo import Point
from server.stations.divisions import Place, children, places
from server.stations.models import Facility, StationKind

NAMES = UUID("6f2d4e0a-53c1-4d7e-9a26-0c2f6b1d7e11")
HUB_ID = "demo-hub"
DESK_ID = "demo-desk"
HOTLINE = "12351"
GUANGXI = 450000
# 广州 深圳 珠海 佛山 江门 肇庆 惠州 东莞 中山
DELTA = (440100, 440300, 440400, 440600, 440700, 441200, 441300, 441900, 442000)
HUB_CITIES = (
    ("深圳", 440304),
    ("珠海", 440402),
    ("中山", 442000),
    ("顺德", 440606),
    ("东莞", 441900),
    ("惠州", 441302),
    ("佛山", 440604),
    ("番禺", 440113),
    ("江门", 440703),
)
WARM_FLOW = (("梧州", 450403), ("贺州", 451102), ("玉林", 450902), ("百色", 451002), ("桂林", 450305), ("肇庆", 441202))
# Dongguan and Zhongshan have no counties: their towns, roughly.
TOWNS = {
    441900: (
        ("长安", 22.803, 113.803), ("虎门", 22.815, 113.672), ("厚街", 22.936, 113.673), ("寮步", 22.996, 113.880),
        ("塘厦", 22.812, 114.107), ("常平", 22.975, 113.993), ("大朗", 22.939, 113.943), ("石龙", 23.106, 113.876),
        ("凤岗", 22.745, 114.141), ("东城", 23.018, 113.780), ("南城", 23.003, 113.745), ("清溪", 22.844, 114.156),
    ),
    442000: (
        ("石岐", 22.524, 113.378), ("小榄", 22.667, 113.244), ("古镇", 22.611, 113.190), ("坦洲", 22.262, 113.458),
        ("三乡", 22.352, 113.435), ("沙溪", 22.527, 113.329), ("东凤", 22.687, 113.259), ("黄圃", 22.713, 113.338),
    ),
}  # fmt: skip
SPOTS = {
    StationKind.REST_STOP: ("汽车站", "人民广场", "农贸市场", "环卫所", "快递分拨中心", "城西公园", "物流园", "步行街"),
    StationKind.WORKSTATION: ("安置房项目", "高速公路项目", "产业园二期项目", "学校扩建项目", "水利工程项目"),
    StationKind.WORKERS_HOME: ("工业园", "高新产业园", "轻工园", "木材加工园", "电子产业园"),
}
TITLES = {
    StationKind.REST_STOP: "工会驿站",
    StationKind.WORKSTATION: "工会工作站",
    StationKind.WORKERS_HOME: "职工之家",
}
HOURS: dict[StationKind, tuple[Week, ...]] = {
    StationKind.REST_STOP: (catalogue.DAILY, catalogue.DAILY, catalogue.EARLY_TO_LATE),
    StationKind.WORKSTATION: (catalogue.SITE,),
    StationKind.WORKERS_HOME: (catalogue.HOME, catalogue.HOME_WITH_MONDAY),
}
UNATTENDED_IN_NANNING = 12
SPRING_FESTIVALS = (
    date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 3), date(2031, 1, 23),
)  # fmt: skip
BEFORE_FESTIVAL, AFTER_FESTIVAL = timedelta(days=20), timedelta(days=20)


@dataclass(frozen=True)
class DemoStation:
    """A station to be, with what it offers."""

    external_id: str
    kind: StationKind
    name: str
    region_code: int
    point: Point
    hours: Week
    facilities: tuple[Facility, ...]
    offers: tuple[Offer, ...]
    address: str
    landmark: str = ""
    phone: str = ""
    parent: str = ""
    unattended: bool = False
    season: tuple[date, date] | None = None

    @property
    def id(self) -> UUID:
        return uuid5(NAMES, self.external_id)


def network(today: date) -> list[DemoStation]:
    """The whole demo network, parents before children."""
    return [*_hub(), *_warm_flow(today), _desk(), *_nanning(), *_counties()]


def season(today: date) -> tuple[date, date]:
    """First and last day of the Spring Festival service that is on or comes next."""
    coming = (day for day in SPRING_FESTIVALS if day + AFTER_FESTIVAL >= today)
    festival = next(coming, date(today.year + 1, 2, 1))
    return festival - BEFORE_FESTIVAL, festival + AFTER_FESTIVAL


def _make(
    key: str,
    kind: StationKind,
    name: str,
    place: Place,
    *,
    centre: Point | None = None,
    spread: float = 0.02,
    **more: object,
) -> DemoStation:
    dice = random.Random(key)  # noqa: S311 (plausible, not secret)
    lat, lng = centre or place.centre
    always, sometimes = FACILITIES[kind]
    given: dict[str, object] = {
        "hours": dice.choice(HOURS.get(kind, (catalogue.HUB,))),
        "facilities": (*always, *(f for f in sometimes if dice.random() < 0.5)),  # noqa: PLR2004 (every second one)
        "offers": tuple(o for o in OFFERS[kind] if dice.randrange(100) < o.share),
        "address": f"演示地址 · {place.full_name}",
        "phone": HOTLINE if kind is not StationKind.REST_STOP else "",
    }
    return DemoStation(
        external_id=f"demo-{key}",
        kind=kind,
        name=name,
        region_code=place.code,
        point=Point(round(lat + dice.gauss(0, spread), 6), round(lng + dice.gauss(0, spread), 6)),
        **(given | more),  # type: ignore[arg-type]
    )


def _hub() -> Iterator[DemoStation]:
    yield _make("hub", StationKind.HUB, "广西总工会驻粤农民工服务总站", places()[440104], landmark="广州火车站附近")
    for name, code in HUB_CITIES:
        title = f"广西总工会驻{name}农民工服务站"
        yield _make(f"hub-{code}", StationKind.HUB, title, places()[code], parent=HUB_ID)
    yield _make(
        "clinic",
        StationKind.WORKERS_HOME,
        "鹤山桂籍农民工义诊服务点",
        places()[440784],
        parent=HUB_ID,
        offers=catalogue.CLINIC,
    )
    chamber = "河池商会（东莞）农民工服务站"
    yield _make("chamber", StationKind.WORKERS_HOME, chamber, places()[441900], parent=HUB_ID, landmark="河池商会")


def _warm_flow(today: date) -> Iterator[DemoStation]:
    for name, code in WARM_FLOW:
        yield _make(
            f"warm-{code}",
            StationKind.SEASONAL,
            f"{name}“暖流行动”返乡服务点",
            places()[code],
            hours=catalogue.EARLY_TO_LATE,
            season=season(today),
            landmark="国道旁加油站",
        )


def _desk() -> DemoStation:
    return _make(
        "desk",
        StationKind.WORKERS_HOME,
        "青秀区凤岭园区职工之家",
        places()[450103],
        hours=catalogue.HOME_WITH_MONDAY,
        offers=catalogue.DESK_OFFERS,
        landmark="凤岭北路地铁站旁",
    )


def _nanning() -> Iterator[DemoStation]:
    districts = [place for place in children(450100) if place.name.endswith("区")]
    spots = SPOTS[StationKind.REST_STOP]
    for number in range(UNATTENDED_IN_NANNING):
        place = districts[number % len(districts)]
        spot = spots[number % len(spots)]
        yield _make(
            f"open-{number}",
            StationKind.REST_STOP,
            f"{place.short}{spot} 24 小时工会驿站",
            place,
            hours=catalogue.ALWAYS,
            unattended=True,
            offers=(),
            landmark=spot,
        )


def _counties() -> Iterator[DemoStation]:
    for city in [*children(GUANGXI), *(places()[code] for code in DELTA)]:
        for county in children(city.code):
            yield from _county(county, delta=city.code in DELTA)
        for name, lat, lng in TOWNS.get(city.code, ()):
            yield from _county(city, name=name, centre=Point(lat, lng), delta=True)


def _county(place: Place, *, name: str = "", centre: Point | None = None, delta: bool) -> Iterator[DemoStation]:
    said = name or place.short
    dice = random.Random(f"{place.code}{name}")  # noqa: S311
    kinds = [StationKind.REST_STOP, dice.choice((StationKind.WORKSTATION, StationKind.WORKERS_HOME))]
    if delta or place.name.endswith("区"):
        kinds = [StationKind.REST_STOP, StationKind.WORKSTATION, StationKind.WORKERS_HOME]
    for kind in kinds:
        spot = dice.choice(SPOTS[kind])
        yield _make(
            f"{place.code}{name and '-' + name}-{kind}",
            kind,
            f"{said}{spot}{TITLES[kind]}",
            place,
            centre=centre,
            landmark=spot,
        )
