"""What messages say, in the reader's language; short enough for one SMS wherever possible."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.kit.i18n import SOURCE, _, speaking
from server.kit.speech import say_time
from server.kit.text import N_
from server.notices.models import NoticeKind
from server.notices.sms import SmsText

TEXTS = {
    NoticeKind.BOOKING_REQUESTED: N_(
        "预约收到了：%(when)s，%(station)s，%(service)s。名额给您留着，站点确认后告诉您。"
    ),
    NoticeKind.BOOKING_CONFIRMED: N_("约好了：%(when)s，%(station)s，%(service)s，凭证号 %(code)s。"),
    NoticeKind.BOOKING_DECLINED: N_("没约成：%(when)s，%(station)s，%(service)s。%(reason)s"),
    NoticeKind.BOOKING_CANCELLED: N_("取消了：%(when)s，%(station)s，%(service)s。%(reason)s"),
    NoticeKind.BOOKING_MOVED: N_("时间改好了：%(when)s，%(station)s，%(service)s，凭证号 %(code)s。"),
    NoticeKind.BOOKING_EXPIRED: N_("对不住，站点没来得及回复：%(when)s，%(station)s，%(service)s。请换个时间再约。"),
    NoticeKind.BOOKING_AFFECTED: N_("%(station)s %(when)s可能不开门，您约的%(service)s请改个时间，或等站点联系您。"),
    NoticeKind.REMINDER_EVENING: N_(
        "别忘了：%(when)s，%(station)s，%(service)s，凭证号 %(code)s。来不了请取消，让给工友。"
    ),
    NoticeKind.REMINDER_HOUR: N_("快到时间了：%(when)s，%(station)s，%(service)s，凭证号 %(code)s。"),
    NoticeKind.ESCALATION: N_("有人等确认：%(when)s，%(station)s，%(service)s。快到期限了，请尽快回复。"),
}

# The beginning of the one SMS template that the gateway approved (docs/sms.md).
WHAT = {
    NoticeKind.BOOKING_REQUESTED: "收到了，等站点确认",
    NoticeKind.BOOKING_CONFIRMED: "约好了",
    NoticeKind.BOOKING_DECLINED: "没约成，请换个时间",
    NoticeKind.BOOKING_CANCELLED: "取消了",
    NoticeKind.BOOKING_MOVED: "时间改好了",
    NoticeKind.BOOKING_EXPIRED: "没等到站点回复，请换个时间",
    NoticeKind.BOOKING_AFFECTED: "有变动，请改个时间",
    NoticeKind.REMINDER_EVENING: "别忘了",
    NoticeKind.REMINDER_HOUR: "快到时间了",
    NoticeKind.ESCALATION: "快到回复期限了",
}


def write_text(kind: NoticeKind, params: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A message's text; `names` are what services are called (gettext ids by code)."""
    return _(TEXTS[kind], **_said(params, names)).strip()


def write_sms(kind: NoticeKind, params: Mapping[str, Any], names: Mapping[str, str], locale: str) -> SmsText:
    """The same message for a phone."""
    with speaking(locale):
        text = write_text(kind, params, names)
    with speaking(SOURCE):
        return SmsText(text, {"what": WHAT[kind]} | _said(params, names))


def _said(params: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    starts_at = params.get("starts_at")
    return {
        "when": say_time(datetime.fromisoformat(starts_at)) if starts_at else "",
        "station": params.get("station", ""),
        "service": _(names.get(params.get("service", ""), "")) if params.get("service") else "",
        "code": params.get("code", ""),
        "reason": params.get("reason", ""),
    }
