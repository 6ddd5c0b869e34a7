"""What demo stations of each kind have: hours, facilities, services. Minutes since midnight throughout."""

from __future__ import annotations

from dataclasses import dataclass

from server.bookings.models import Eligibility, ServiceKind
from server.stations.models import Facility, StationKind

Span = tuple[int, int]
Week = tuple[tuple[Span, ...], ...]

ALWAYS: Week = (((0, 1440),),) * 8
DAILY: Week = (((420, 1260),),) * 8
EARLY_TO_LATE: Week = (((360, 1320),),) * 8
OFFICE = ((540, 720), (870, 1080))
# Sites work all day: their stations are open in the evening and all Sunday.
SITE: Week = (*((*OFFICE, (1140, 1260)),) * 5, OFFICE, ((540, 720), (870, 1260)), ((540, 720),))
HOME: Week = ((), *(((540, 720), (840, 1260)),) * 6, ((600, 1020),))
HOME_WITH_MONDAY: Week = (*(((540, 720), (840, 1260)),) * 7, ())
HUB: Week = (*(((540, 720), (810, 1050)),) * 5, ((540, 720),), ((540, 1020),), ())
SUNDAY_EVENINGS: Week = ((), (), ((1140, 1260),), (), (), (), ((840, 1050),), ())
EVENINGS: Week = ((), ((1140, 1260),), (), ((1140, 1260),), (), ((870, 1080),), ((870, 1260),), ())
SATURDAY_FILM: Week = ((), (), (), (), ((1140, 1260),), ((1140, 1260),), (), ())
SUNDAY_MORNING: Week = (*((),) * 5, ((540, 720),), ((540, 720),), ())
WEEKDAYS: Week = (*(((570, 690), (900, 1020)),) * 5, (), ((570, 690),), ())
EVERY_DAY: Week = (((540, 720), (900, 1080)),) * 8


@dataclass(frozen=True)
class Offer:
    """A service as one kind of station offers it; `share` is how many of a hundred such stations do."""

    service: ServiceKind
    hours: Week
    minutes: int
    capacity: int
    share: int = 100
    auto_confirm: bool = True
    eligibility: Eligibility = Eligibility.EVERYBODY
    horizon_days: int = 14
    general_days: int = 3
    bring: str = ""
    provider: str = ""


F = Facility
BASICS = (F.HOT_WATER, F.MICROWAVE, F.CHARGING, F.SEATS)
FACILITIES: dict[StationKind, tuple[tuple[Facility, ...], tuple[Facility, ...]]] = {
    StationKind.HUB: (
        (*BASICS, F.AIR_CONDITIONING, F.TOILET, F.WIFI, F.FIRST_AID, F.BOOKS),
        (F.TELEVISION, F.LOCKERS, F.NURSING_ROOM),
    ),
    StationKind.WORKSTATION: (
        (F.HOT_WATER, F.CHARGING, F.SEATS),
        (F.MICROWAVE, F.FIRST_AID, F.WIFI, F.BOOKS, F.TOILET),
    ),
    StationKind.WORKERS_HOME: (
        (*BASICS, F.BOOKS, F.TELEVISION, F.TOILET, F.WIFI),
        (F.AIR_CONDITIONING, F.SHOWER, F.NURSING_ROOM, F.LOCKERS, F.FRIDGE, F.FIRST_AID),
    ),
    StationKind.REST_STOP: (BASICS, (F.AIR_CONDITIONING, F.FIRST_AID, F.TOILET, F.WIFI, F.FRIDGE, F.BOOKS, F.LOCKERS)),
    StationKind.SEASONAL: (
        (F.HOT_WATER, F.SEATS, F.HEATING, F.FIRST_AID, F.VEHICLE_REPAIR, F.TOILET),
        (F.CHARGING, F.MICROWAVE),
    ),
}

S = ServiceKind
HAIRCUT = Offer(S.HAIRCUT, SUNDAY_EVENINGS, 30, 2, 60, provider="义剪志愿队")
LEGAL = Offer(
    S.LEGAL_ADVICE,
    EVENINGS,
    30,
    1,
    60,
    auto_confirm=False,
    bring="劳动合同、工资条（有就带）",
    provider="工会法律服务志愿者",
)
HEALTH = Offer(S.HEALTH_CHECK, SUNDAY_MORNING, 15, 3, 40, bring="身份证；早上不要吃东西", provider="社区卫生服务中心")
OFFERS: dict[StationKind, tuple[Offer, ...]] = {
    StationKind.HUB: (
        Offer(S.LEGAL_ADVICE, WEEKDAYS, 30, 2, bring="劳动合同、工资条（有就带）", provider="工会法律服务志愿者"),
        Offer(S.JOB_ADVICE, WEEKDAYS, 20, 2, provider="职业指导员"),
        Offer(S.TICKET_HELP, WEEKDAYS, 15, 4, eligibility=Eligibility.MEMBERS_FIRST, bring="身份证"),
        Offer(S.COUNSELLING, WEEKDAYS, 50, 1, auto_confirm=False, provider="心理咨询师"),
    ),
    StationKind.WORKSTATION: (LEGAL, Offer(S.JOB_ADVICE, EVENINGS, 20, 2, 45, provider="职业指导员"), HAIRCUT),
    StationKind.WORKERS_HOME: (
        Offer(S.HAIRCUT, EVENINGS, 30, 2, 90, provider="义剪志愿队"),
        Offer(S.FILM, SATURDAY_FILM, 120, 60, 70, eligibility=Eligibility.MEMBERS_FIRST, general_days=2),
        Offer(S.LECTURE, SUNDAY_MORNING, 90, 40, 40, provider="职工讲师团"),
        Offer(
            S.HEALTH_CHECK,
            SUNDAY_MORNING,
            15,
            3,
            45,
            eligibility=Eligibility.MEMBERS_ONLY,
            bring="身份证；早上不要吃东西",
        ),
        Offer(S.COUNSELLING, SUNDAY_EVENINGS, 50, 1, 40, auto_confirm=False, provider="心理咨询师"),
        LEGAL,
    ),
    StationKind.REST_STOP: (
        Offer(S.HAIRCUT, SUNDAY_EVENINGS, 30, 1, 30, provider="义剪志愿队"),
        Offer(S.HEALTH_CHECK, SUNDAY_MORNING, 15, 2, 20, provider="社区卫生服务中心"),
        Offer(S.VEHICLE_REPAIR, SUNDAY_MORNING, 30, 2, 12, provider="电动车维修志愿者"),
    ),
    StationKind.SEASONAL: (
        Offer(S.HOT_MEAL, EARLY_TO_LATE, 60, 80, provider="暖流行动志愿者"),
        Offer(S.VEHICLE_REPAIR, EARLY_TO_LATE, 60, 6, provider="摩托车维修志愿者"),
        Offer(S.FREE_CLINIC, EVERY_DAY, 30, 6, provider="志愿医生"),
    ),
}
CLINIC = (
    Offer(S.FREE_CLINIC, SUNDAY_MORNING, 20, 4, provider="志愿医生"),
    HEALTH,
)
# The desk that the demo's staff account opens: every service and rule that a visitor may want to try.
DESK_OFFERS = (
    Offer(S.HAIRCUT, EVERY_DAY, 30, 2, provider="义剪志愿队"),
    Offer(
        S.LEGAL_ADVICE,
        EVERY_DAY,
        30,
        1,
        auto_confirm=False,
        bring="劳动合同、工资条（有就带）",
        provider="工会法律服务志愿者",
    ),
    Offer(S.HEALTH_CHECK, SUNDAY_MORNING, 15, 3, eligibility=Eligibility.MEMBERS_ONLY, bring="身份证；早上不要吃东西"),
    Offer(S.FREE_CLINIC, EVERY_DAY, 30, 8, provider="社区卫生服务中心"),
    Offer(S.FILM, SATURDAY_FILM, 120, 60, eligibility=Eligibility.MEMBERS_FIRST, general_days=2),
    Offer(S.LECTURE, SUNDAY_MORNING, 90, 40, provider="职工讲师团"),
    Offer(S.COUNSELLING, EVENINGS, 50, 1, auto_confirm=False, provider="心理咨询师"),
)
