"""What the reviewers' pages say: ready reasons, what was done, who decided, names of steps."""

from __future__ import annotations

from server.edge.i18n import _
from server.kit.speech import say_time
from server.kit.text import N_
from server.membership.identity import DOCUMENT_NAMES, Document
from server.membership.join_pages import SEXES
from server.membership.models import ApplicationState, ChosenBy
from server.membership.review_queries import Decision, Show

RETURN_REASONS = (
    N_("姓名和证件对不上，请对着证件再填一遍。"),
    N_("证件号看着不对，请对着证件再填一遍。"),
    N_("请把工地或单位的名字写全。"),
    N_("您干活的地方归别的工会管，请换一个工会。"),
)
REJECT_REASONS = (
    N_("没查到您在这里干活，请联系您单位所在地的工会。"),
    N_("这个证件已经在别的工会登记，请在那边办转会。"),
)
# Written down as they stand here, so that whoever was looked at reads them in his own language.
REVEAL_REASONS = (
    N_("对着证件原件或照片核对"),
    N_("有同名或证件相近的人，要分清是谁"),
    N_("本人来问，要核实是他本人"),
)
DONE = {
    "approved": N_("通过了，他的手机上马上能看到。"),
    "returned": N_("退回去了，他会收到要改的地方。"),
    "rejected": N_("已回绝，理由和申诉办法都告诉他了。"),
    "card": N_("旧码作废了，他的手机会显示新码。"),
    "struck": N_("已经从名册上去掉。"),
}
DECIDED = {
    ApplicationState.APPROVED: N_("%(who)s%(when)s已经通过了。"),
    ApplicationState.RETURNED: N_("%(who)s%(when)s已经退回给他改。"),
    ApplicationState.REJECTED: N_("%(who)s%(when)s已经定了不通过。"),
    ApplicationState.WITHDRAWN: N_("申请人%(when)s自己撤回了。"),
}
ONLY_DECIDED = N_("申诉只能通过或者不通过。")
TOO_LATE = N_("您慢了一步，这次点的没有算数：%(what)s")
STEPS = {
    "submitted": N_("交了申请"),
    "returned": N_("退回"),
    "approved": N_("通过"),
    "rejected": N_("不通过"),
    "appealed": N_("申诉"),
    "withdrawn": N_("撤回"),
    "joined": N_("入会"),
    "linked": N_("接到手机上"),
    "imported": N_("从名册导入"),
    "moved_out": N_("转出"),
    "moved_in": N_("转入"),
    "corrected": N_("改资料"),
    "card_replaced": N_("换卡"),
    "left": N_("退会"),
}
SHOWS: dict[Show, str] = {
    "": N_("全部"),
    "join": N_("新入会"),
    "claim": N_("名册认领"),
    "correction": N_("改资料"),
    "appealed": N_("申诉"),
    "doubts": N_("要多看一眼"),
}
CHOSEN_BY = {
    ChosenBy.POSTER: N_("扫工会的码来的"),
    ChosenBy.EMPLOYER: N_("按单位推荐的"),
    ChosenBy.PLACE: N_("按地点推荐的"),
    ChosenBy.WORKER: N_("自己选的"),
}


def decided(decision: Decision) -> str:
    """Who decided what, and when."""
    return _(DECIDED[decision.state], who=decision.who, when=say_time(decision.at))


def ready_sentence(number: str, reasons: tuple[str, ...]) -> str:
    """A ready sentence by its number, as the source language writes it; "" for anything else."""
    known = number.isascii() and number.isdigit() and int(number) < len(reasons)
    return reasons[int(number)] if known else ""


def documents() -> dict[Document, str]:
    """What documents are called."""
    return {kind: _(name) for kind, name in DOCUMENT_NAMES.items()}


def sexes() -> dict[str, str]:
    """What the sexes are called."""
    return {sex: _(name) for sex, name in SEXES.items()}


def steps() -> dict[str, str]:
    """What the steps of histories are called."""
    return {step: _(name) for step, name in STEPS.items()}
