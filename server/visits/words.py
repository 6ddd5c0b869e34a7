"""What occupations are called on screens (gettext ids), in the order of the buttons, and their icons."""

from __future__ import annotations

from server.kit.text import N_
from server.visits.models import Occupation

OCCUPATION_NAMES = {
    Occupation.CONSTRUCTION: N_("建筑工人"),
    Occupation.SANITATION: N_("环卫工人"),
    Occupation.COURIER: N_("快递员"),
    Occupation.RIDER: N_("外卖骑手"),
    Occupation.DRIVER: N_("司机"),
    Occupation.SECURITY: N_("保安保洁"),
    Occupation.FACTORY: N_("工厂工人"),
    Occupation.OTHER: N_("做别的"),
}
OCCUPATION_ICONS = {occupation: occupation.value for occupation in Occupation} | {Occupation.OTHER: "person"}
