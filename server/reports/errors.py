"""Refusals about faults and suggestions; each says the fact and what to do next."""

from __future__ import annotations

from server.errors import Conflict, Invalid, TooMany
from server.kit.text import N_


class SaidTooOften(TooMany):
    code = "said-too-often"
    message = N_("您说得太频繁了，请过一会儿再说，或者打 12351。")


class FaultMoved(Conflict):
    """Somebody else has taken the step, or another one, already."""

    code = "fault-moved"
    message = N_("这件事刚刚有人处理过了，看看现在的情况。")


class AgainTooLate(Conflict):
    """It was closed long ago: say it anew."""

    code = "again-too-late"
    message = N_("已经过了好几天，请重新说一次哪里坏了。")


class BrokenAgain(Conflict):
    """The same thing was reported anew since, and that one is open."""

    code = "broken-again"
    message = N_("这样东西后来又有人说坏了，正在处理。")


class ReasonMissing(Invalid):
    code = "reason-missing"
    message = N_("请写一句原因，工友会看到。")


class SuggestedTooOften(TooMany):
    code = "suggested-too-often"
    message = N_("您提得太频繁了，请明天再提，或者先给别人的建议点支持。")


class NowhereSuggested(Invalid):
    """A suggestion without a place is none."""

    code = "nowhere-suggested"
    message = N_("请说说在哪里：写一个路口、地铁站、工地或商场的名字。")


class SuggestionSettled(Conflict):
    code = "suggestion-settled"
    message = N_("这条建议已经有结果了，不能再改支持。")


class NoSuchStation(Invalid):
    code = "no-such-station"
    message = N_("请选建好的是哪一个站点。")
