"""What services are called on screens (gettext ids); their icons carry the enum's own value."""

from __future__ import annotations

from server.bookings.models import Eligibility, ServiceKind
from server.bookings.plan_models import ProviderKind
from server.kit.text import N_

SERVICE_NAMES = {
    ServiceKind.HAIRCUT: N_("理发"),
    ServiceKind.HEALTH_CHECK: N_("体检"),
    ServiceKind.FREE_CLINIC: N_("义诊"),
    ServiceKind.LEGAL_ADVICE: N_("法律咨询"),
    ServiceKind.COUNSELLING: N_("心理咨询"),
    ServiceKind.FILM: N_("电影"),
    ServiceKind.LECTURE: N_("讲座"),
    ServiceKind.VEHICLE_REPAIR: N_("车辆维修"),
    ServiceKind.HOT_MEAL: N_("热饭"),
    ServiceKind.JOB_ADVICE: N_("求职指导"),
    ServiceKind.TICKET_HELP: N_("购票帮助"),
}
ELIGIBILITY_NAMES = {
    Eligibility.EVERYBODY: N_("人人可约"),
    Eligibility.MEMBERS_FIRST: N_("会员优先"),
    Eligibility.MEMBERS_ONLY: N_("会员专享"),
}
PROVIDER_NAMES = {
    ProviderKind.HOSPITAL: N_("医院、社区卫生中心"),
    ProviderKind.LAW_FIRM: N_("律师事务所"),
    ProviderKind.BARBER: N_("理发店、理发师傅"),
    ProviderKind.TRAINER: N_("讲师、培训机构"),
    ProviderKind.VOLUNTEER: N_("志愿者"),
    ProviderKind.OTHER: N_("其他"),
}
