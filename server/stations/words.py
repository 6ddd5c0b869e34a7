"""What kinds and facilities are called on screens (gettext ids); their icons carry the enum's own value."""

from __future__ import annotations

from server.kit.text import N_
from server.stations.models import Facility, StationKind

KIND_NAMES = {
    StationKind.HUB: N_("服务总站"),
    StationKind.WORKSTATION: N_("工会工作站"),
    StationKind.WORKERS_HOME: N_("园区职工之家"),
    StationKind.REST_STOP: N_("工会驿站"),
    StationKind.SEASONAL: N_("临时服务点"),
}
FACILITY_NAMES = {
    Facility.HOT_WATER: N_("热水"),
    Facility.MICROWAVE: N_("微波炉"),
    Facility.FRIDGE: N_("冰箱"),
    Facility.CHARGING: N_("充电"),
    Facility.AIR_CONDITIONING: N_("空调"),
    Facility.HEATING: N_("取暖"),
    Facility.FIRST_AID: N_("急救药箱"),
    Facility.TOILET: N_("厕所"),
    Facility.WIFI: N_("无线网"),
    Facility.BOOKS: N_("图书"),
    Facility.SHOWER: N_("淋浴"),
    Facility.NURSING_ROOM: N_("母婴室"),
    Facility.VEHICLE_REPAIR: N_("修车工具"),
    Facility.SEATS: N_("歇脚座椅"),
    Facility.LOCKERS: N_("储物柜"),
    Facility.TELEVISION: N_("电视"),
}
