"""What people type into the one search box, read as filters: services, kinds, facilities, districts."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.bookings.models import ServiceKind
from server.kit.geo import Point
from server.kit.text import clean, half_width
from server.stations.divisions import Place, choose_place, spoken_places
from server.stations.models import Facility, StationKind

SERVICES = {
    ServiceKind.HAIRCUT: ("理发", "剪头发", "剪头", "剪发"),
    ServiceKind.HEALTH_CHECK: ("健康体检", "体检", "量血压"),
    ServiceKind.FREE_CLINIC: ("义诊", "看病", "看医生"),
    ServiceKind.LEGAL_ADVICE: ("法律咨询", "法律援助", "法律", "律师", "讨薪"),
    ServiceKind.COUNSELLING: ("心理咨询", "心理"),
    ServiceKind.FILM: ("看电影", "放电影", "电影"),
    ServiceKind.LECTURE: ("讲座", "培训"),
    ServiceKind.VEHICLE_REPAIR: ("车辆维修", "修摩托", "修车"),
    ServiceKind.HOT_MEAL: ("热饭", "热餐", "爱心餐", "吃饭"),
    ServiceKind.JOB_ADVICE: ("求职", "找工作", "就业指导", "招工"),
    ServiceKind.TICKET_HELP: ("抢票", "买票", "购票", "车票"),
}
KINDS = {
    StationKind.HUB: ("服务总站", "总站"),
    StationKind.WORKSTATION: ("工会工作站", "工作站"),
    StationKind.WORKERS_HOME: ("园区职工之家", "职工之家"),
    StationKind.REST_STOP: ("工会驿站", "驿站", "户外劳动者驿站"),
    StationKind.SEASONAL: ("临时服务点", "暖流行动", "暖流"),
}
FACILITIES = {
    Facility.HOT_WATER: ("热水", "开水", "喝水", "饮水"),
    Facility.MICROWAVE: ("微波炉",),
    Facility.CHARGING: ("充电", "手机充电"),
    Facility.AIR_CONDITIONING: ("空调", "乘凉"),
    Facility.FIRST_AID: ("药箱", "急救"),
    Facility.TOILET: ("厕所", "洗手间", "卫生间"),
    Facility.WIFI: ("wifi", "wi-fi", "上网"),
    Facility.SHOWER: ("洗澡", "淋浴"),
    Facility.NURSING_ROOM: ("母婴室", "喂奶"),
}
SERVICE_WORDS = sorted(((w, s) for s, ws in SERVICES.items() for w in ws), key=lambda pair: -len(pair[0]))
KIND_WORDS = {word: kind for kind, words in KINDS.items() for word in words}
FACILITY_WORDS = {word: facility for facility, words in FACILITIES.items() for word in words}
ROAD_WORDS = ("附近", "哪里有", "免费", "站点")


@dataclass
class Wish:
    """A query as filters, and the text that is left to look for."""

    text: str = ""
    place: Place | None = None
    services: list[ServiceKind] = field(default_factory=list)
    kinds: list[StationKind] = field(default_factory=list)
    facilities: list[Facility] = field(default_factory=list)


def read_wish(typed: str, origin: Point | None) -> Wish:
    """What `typed` asks for: 南宁理发 is a city and a service, 凤岭 驿站 a name and a kind."""
    wish = Wish()
    left = [part for word in clean(half_width(typed)).split() for part in _take(word, wish) if part]
    named, rest = spoken_places(" ".join(left))
    wish.place = choose_place(named, origin)
    wish.text = rest if wish.place else " ".join(left)
    return wish


def _take(word: str, wish: Wish) -> list[str]:
    if word in KIND_WORDS:
        wish.kinds.append(KIND_WORDS[word])
        return []
    if word.lower() in FACILITY_WORDS:
        wish.facilities.append(FACILITY_WORDS[word.lower()])
        return []
    for filler in ROAD_WORDS:
        word = word.replace(filler, "")
    for named, service in SERVICE_WORDS:
        if named in word:
            wish.services.append(service)
            return [word.replace(named, "", 1)]
    return [word]
