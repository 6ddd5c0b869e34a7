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
    NoticeKind.BOOKING_REBOOKED: N_(
        "原来的时间办不了，给您换到%(when)s，%(station)s，%(service)s，凭证号 %(code)s。不合适请改时间或取消。"
    ),
    NoticeKind.REMINDER_EVENING: N_(
        "别忘了：%(when)s，%(station)s，%(service)s，凭证号 %(code)s。来不了请取消，让给工友。"
    ),
    NoticeKind.REMINDER_HOUR: N_("快到时间了：%(when)s，%(station)s，%(service)s，凭证号 %(code)s。"),
    NoticeKind.ESCALATION: N_("有人等确认：%(when)s，%(station)s，%(service)s。快到期限了，请尽快回复。"),
    NoticeKind.GROUP_BOOKED: N_(
        "给 %(people)s 位工友约上了：%(when)s起，%(station)s，%(service)s，集体号 %(code)s。"
        "每个人的时间在“我的预约”里。"
    ),
    NoticeKind.GROUP_CANCELLED: N_("给工友约的取消了 %(people)s 个：%(station)s，%(service)s，集体号 %(code)s。"),
    NoticeKind.GROUP_CHANGED: N_("您给工友约的%(service)s有新消息：%(when)s，%(station)s。请到“我的预约”里看每个人。"),
    NoticeKind.GROUP_AFFECTED: N_(
        "%(station)s %(when)s可能不开门，您给工友约的%(service)s请到“我的预约”里改时间，或等站点联系您。"
    ),
    NoticeKind.GROUP_PLACE: N_("有工友给您约好了：%(when)s，%(station)s，%(service)s，到前台报凭证号 %(code)s。"),
    NoticeKind.GROUP_PLACE_GONE: N_(
        "工友给您约的取消了：%(when)s，%(station)s，%(service)s。还想去，可以自己再约一个。"
    ),
    NoticeKind.WAITLIST_OFFERED: N_(
        "等到名额了：%(when)s，%(station)s，%(service)s。给您留一会儿，请到“我的候补”里点“我要”。"
    ),
    NoticeKind.WAITLIST_PASSED: N_(
        "没等到您回复，名额给了下一位：%(when)s，%(station)s，%(service)s。还想等就再排一次。"
    ),
    NoticeKind.WAITLIST_GONE: N_("对不住，%(station)s %(when)s的%(service)s不办了，刚给您留的名额没有了。您还接着排。"),
    NoticeKind.WAITLIST_ENDED: N_("对不住，%(service)s的候补没等到名额。看看别的时间、别的站点。"),
    NoticeKind.FAULT_SAID: N_("有人说坏了：%(station)s的%(thing)s。请去看看。"),
    NoticeKind.FAULT_FIXED: N_("修好了：%(station)s的%(thing)s。谢谢您说一声，工友们都用得上。"),
    NoticeKind.FAULT_CANNOT_FIX: N_("%(station)s的%(thing)s修不了：%(reason)s 谢谢您说一声。"),
    NoticeKind.SUGGESTION_PLANNED: N_("您支持的建站建议列入计划了：%(place)s。%(reason)s"),
    NoticeKind.SUGGESTION_BUILT: N_("您支持的站点建好了：%(place)s，名字叫%(station)s，去坐坐吧。"),
    NoticeKind.SUGGESTION_DECLINED: N_("对不住，这个地方暂时不建站：%(place)s。%(reason)s"),
    NoticeKind.APPLICATION_SUBMITTED: N_("入会申请交上去了，由%(union)s审核，有结果马上告诉您。"),
    NoticeKind.APPLICATION_RETURNED: N_("入会申请要改一下：%(reason)s 改好再交就行。"),
    NoticeKind.APPLICATION_APPROVED: N_("欢迎加入%(union)s！会员卡已经在“我的工会”里了。"),
    NoticeKind.APPLICATION_REJECTED: N_("入会申请没通过：%(reason)s 不服可以申诉，也可以打 12351。"),
    NoticeKind.APPEAL_MADE: N_("有人对%(union)s的决定提出申诉，请复核。"),
    NoticeKind.APPEAL_STUCK: N_("有人对%(union)s的决定提出申诉，可是没有别的审核员能复核，请给上级工会安排一位。"),
    NoticeKind.CARD_LINKED: N_("名册上找到您了，您是%(union)s的会员，会员卡已经在“我的工会”里。"),
    NoticeKind.CORRECTION_DONE: N_("您的会员资料改好了。"),
    NoticeKind.CORRECTION_RETURNED: N_("会员资料还没改成，要您补一下：%(reason)s 改好再交就行。"),
    NoticeKind.CORRECTION_REJECTED: N_("会员资料没有改：%(reason)s 不服可以申诉，也可以打 12351。"),
    NoticeKind.CARD_REPLACED: N_("您的会员卡换了新码，旧码不能用了。"),
    NoticeKind.MEMBER_LEFT: N_("您已退出%(union)s。什么时候想回来，都欢迎。"),
    NoticeKind.SECOND_OFFICER: N_("有一件事要两位管理员点头，正等着您：在“人员”里看看。"),
    NoticeKind.TRANSFER_ASKED: N_("有会员申请转到%(union)s，请在期限内答复。"),
    NoticeKind.TRANSFER_LEAVING: N_("有会员申请从%(union)s转走，等对方答复。"),
    NoticeKind.TRANSFER_OVERDUE: N_("转到%(union)s的申请过期没人答复，请催办或代为答复。"),
    NoticeKind.TRANSFER_ACCEPTED: N_("转会办好了，您现在是%(union)s的会员，会龄接着算。"),
    NoticeKind.TRANSFER_REFUSED: N_("%(union)s没接收您的转会：%(reason)s 您还是原工会的会员。"),
    NoticeKind.TRANSFER_EXPIRED: N_("对不住，%(union)s没来得及答复转会，您还是原工会的会员，可以再申请或打 12351。"),
    NoticeKind.TRANSFER_WITHDRAWN: N_("有会员撤回了转到%(union)s的申请。"),
    NoticeKind.TRANSFER_LAPSED: N_("转到%(union)s的一个申请过了期限没人答复，已经作废，会员留在原工会。"),
    NoticeKind.TRANSFER_GONE: N_("有会员从%(union)s转走了，新工会已经收下。"),
    NoticeKind.TRANSFER_STAYED: N_("想从%(union)s转走的会员没有转，会籍还在您这里。"),
}

# The beginning of the SMS templates that the gateway approved (docs/sms.md).
WHAT = {
    NoticeKind.BOOKING_REQUESTED: "收到了，等站点确认",
    NoticeKind.BOOKING_CONFIRMED: "约好了",
    NoticeKind.BOOKING_DECLINED: "没约成，请换个时间",
    NoticeKind.BOOKING_CANCELLED: "取消了",
    NoticeKind.BOOKING_MOVED: "时间改好了",
    NoticeKind.BOOKING_EXPIRED: "没等到站点回复，请换个时间",
    NoticeKind.BOOKING_AFFECTED: "有变动，请改个时间",
    NoticeKind.BOOKING_REBOOKED: "站点给您换了时间",
    NoticeKind.REMINDER_EVENING: "别忘了",
    NoticeKind.REMINDER_HOUR: "快到时间了",
    NoticeKind.ESCALATION: "快到回复期限了",
    NoticeKind.GROUP_BOOKED: "给工友约上了",
    NoticeKind.GROUP_CANCELLED: "给工友约的取消了",
    NoticeKind.GROUP_CHANGED: "给工友约的有新消息",
    NoticeKind.GROUP_AFFECTED: "给工友约的有变动",
    NoticeKind.GROUP_PLACE: "工友给您约好了",
    NoticeKind.GROUP_PLACE_GONE: "工友给您约的取消了",
    NoticeKind.WAITLIST_OFFERED: "等到名额了，请尽快点“我要”",
    NoticeKind.WAITLIST_PASSED: "名额给了下一位",
    NoticeKind.WAITLIST_GONE: "留的名额没有了",
    NoticeKind.WAITLIST_ENDED: "候补没等到",
    NoticeKind.FAULT_SAID: "有东西坏了",
    NoticeKind.FAULT_FIXED: "您说坏了的修好了",
    NoticeKind.FAULT_CANNOT_FIX: "您说坏了的修不了",
    NoticeKind.SUGGESTION_PLANNED: "您支持的站点列入计划了",
    NoticeKind.SUGGESTION_BUILT: "您支持的站点建好了",
    NoticeKind.SUGGESTION_DECLINED: "您支持的站点暂时不建",
    NoticeKind.APPLICATION_SUBMITTED: "入会申请收到了",
    NoticeKind.APPLICATION_RETURNED: "入会申请要改一下",
    NoticeKind.APPLICATION_APPROVED: "入会申请通过了",
    NoticeKind.APPLICATION_REJECTED: "入会申请没通过",
    NoticeKind.APPEAL_MADE: "有申诉要复核",
    NoticeKind.APPEAL_STUCK: "有申诉没人能复核",
    NoticeKind.CARD_LINKED: "名册上找到您了",
    NoticeKind.CORRECTION_DONE: "会员资料改好了",
    NoticeKind.CORRECTION_RETURNED: "会员资料要补一下",
    NoticeKind.CORRECTION_REJECTED: "会员资料没有改",
    NoticeKind.CARD_REPLACED: "会员卡换新了",
    NoticeKind.MEMBER_LEFT: "退会办好了",
    NoticeKind.SECOND_OFFICER: "等您点头",
    NoticeKind.TRANSFER_ASKED: "有人申请转入",
    NoticeKind.TRANSFER_LEAVING: "有人申请转出",
    NoticeKind.TRANSFER_OVERDUE: "转会过期没答复",
    NoticeKind.TRANSFER_ACCEPTED: "转会办好了",
    NoticeKind.TRANSFER_REFUSED: "转会没被接收",
    NoticeKind.TRANSFER_EXPIRED: "转会没等到答复",
    NoticeKind.TRANSFER_WITHDRAWN: "转会撤回了",
    NoticeKind.TRANSFER_LAPSED: "转会过期作废",
    NoticeKind.TRANSFER_GONE: "会员转走了",
    NoticeKind.TRANSFER_STAYED: "会员没有转走",
}


def write_text(kind: NoticeKind, params: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A message's text; `names` are what services are called (gettext ids by code)."""
    return _(TEXTS[kind], **_said(params, names)).strip()


def write_sms(kind: NoticeKind, params: Mapping[str, Any], names: Mapping[str, str], locale: str) -> SmsText:
    """The same message for a phone."""
    with speaking(locale):
        text = write_text(kind, params, names)
    with speaking(SOURCE):
        parts = {"what": WHAT[kind]} | _said(params, names)
        return SmsText(text, parts, "membership" if "union" in params else "booking")


def _said(params: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    starts_at = params.get("starts_at")
    return {
        "when": say_time(datetime.fromisoformat(starts_at)) if starts_at else "",
        "station": params.get("station", ""),
        "service": _(names.get(params.get("service", ""), "")) if params.get("service") else "",
        "code": params.get("code", ""),
        "reason": params.get("reason", ""),
        "union": params.get("union", ""),
        "thing": _(params["thing"]) if "thing" in params else "",
        "place": params.get("place", ""),
        "people": str(params.get("people", "")),
    }
