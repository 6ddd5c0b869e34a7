"""What broken things, their states and suggestions are called on screens (gettext ids); icons of the things."""

from __future__ import annotations

from server.kit.i18n import _
from server.kit.text import N_
from server.reports.models import FaultState, SuggestionState, Thing
from server.reports.queries import Broken
from server.stations.models import Facility
from server.stations.words import FACILITY_NAMES

THING_NAMES = {Thing(facility.value): name for facility, name in FACILITY_NAMES.items()} | {
    Thing.DOOR: N_("门、门锁"),
    Thing.LIGHTS: N_("灯"),
    Thing.CLEANLINESS: N_("卫生"),
    Thing.OTHER: N_("别的东西"),
}
THING_ICONS = {thing: thing.value for thing in Thing} | {Thing.CLEANLINESS: "sanitation", Thing.OTHER: "warning"}
STATE_NAMES = {
    FaultState.OPEN: N_("等人看"),
    FaultState.IN_PROGRESS: N_("正在修"),
    FaultState.FIXED: N_("修好了"),
    FaultState.CANNOT_FIX: N_("修不了"),
}
STATE_LOOKS = {
    FaultState.OPEN: ("wait", "clock"),
    FaultState.IN_PROGRESS: ("info", "repair"),
    FaultState.FIXED: ("good", "check"),
    FaultState.CANNOT_FIX: ("quiet", "cross"),
}
SUGGESTION_NAMES = {
    SuggestionState.NEW: N_("等工会看"),
    SuggestionState.CONSIDERED: N_("考虑中"),
    SuggestionState.PLANNED: N_("计划中"),
    SuggestionState.BUILT: N_("建好了"),
    SuggestionState.DECLINED: N_("暂时不建"),
}
SUGGESTION_LOOKS = {
    SuggestionState.NEW: ("wait", "clock"),
    SuggestionState.CONSIDERED: ("info", "search"),
    SuggestionState.PLANNED: ("info", "calendar"),
    SuggestionState.BUILT: ("good", "check"),
    SuggestionState.DECLINED: ("quiet", "cross"),
}
# What people most miss on the road, in the order of the buttons.
WANTED = (
    Facility.HOT_WATER,
    Facility.TOILET,
    Facility.SEATS,
    Facility.CHARGING,
    Facility.AIR_CONDITIONING,
    Facility.MICROWAVE,
    Facility.FIRST_AID,
    Facility.SHOWER,
    Facility.NURSING_ROOM,
)


def broken_words(broken: list[Broken]) -> list[str]:
    """What is out of order, a sentence each: 热水坏了，正在修."""
    return [
        _("%(thing)s坏了，正在修。", thing=_(THING_NAMES[one.thing]))
        if one.state is FaultState.IN_PROGRESS
        else _("%(thing)s坏了，暂时修不了：%(reason)s", thing=_(THING_NAMES[one.thing]), reason=one.reason)
        for one in broken
    ]
