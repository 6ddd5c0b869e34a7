"""What the desk says: names of states, ready reasons, what was done, who was faster, why a ticket does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.bookings.desk_queries import Act, Ticket
from server.bookings.models import Status
from server.bookings.words import SERVICE_NAMES
from server.edge.i18n import _, ngettext
from server.kit import clock
from server.kit.phone import masked
from server.kit.speech import say_minute, say_time
from server.kit.text import N_

READY_REASONS = (
    N_("这个时间师傅来不了，请改约别的时间。"),
    N_("这个时间人太多，忙不过来，请换个时间。"),
    N_("站点临时有事关门，对不住，请改天再来。"),
    N_("这件事不用预约，开门时间直接来就行。"),
)
STATUS_NAMES = {
    Status.REQUESTED: N_("待确认"),
    Status.CONFIRMED: N_("已确认"),
    Status.ARRIVED: N_("已签到"),
    Status.SERVED: N_("已服务"),
    Status.DECLINED: N_("已婉拒"),
    Status.CANCELLED: N_("已取消"),
    Status.EXPIRED: N_("已过期"),
    Status.NO_SHOW: N_("没来"),
}
STATUS_LOOKS = {
    Status.REQUESTED: ("wait", "clock"),
    Status.CONFIRMED: ("info", "check"),
    Status.ARRIVED: ("good", "person"),
    Status.SERVED: ("good", "check"),
    Status.DECLINED: ("quiet", "cross"),
    Status.CANCELLED: ("quiet", "cross"),
    Status.EXPIRED: ("quiet", "clock"),
    Status.NO_SHOW: ("bad", "cross"),
}
WHO_DID = {
    Status.REQUESTED: N_("%(who)s把这个预约退回了待确认。"),
    Status.CONFIRMED: N_("%(who)s已经确认了这个预约。"),
    Status.ARRIVED: N_("%(who)s已经给这个预约签到了。"),
    Status.SERVED: N_("%(who)s已经把这个预约办完了。"),
    Status.DECLINED: N_("%(who)s已经婉拒了这个预约。"),
    Status.CANCELLED: N_("%(who)s已经取消了这个预约。"),
    Status.EXPIRED: N_("没人来得及确认，这个预约过期了。"),
    Status.NO_SHOW: N_("%(who)s已经记作没来。"),
}
DID = {
    Status.CONFIRMED: N_("已确认：%(what)s"),
    Status.ARRIVED: N_("已签到：%(what)s"),
    Status.SERVED: N_("办完了：%(what)s"),
    Status.DECLINED: N_("已婉拒：%(what)s"),
    Status.CANCELLED: N_("已取消：%(what)s"),
    Status.NO_SHOW: N_("记作没来：%(what)s"),
}
USED_UP = {
    Status.ARRIVED: N_("这张凭证 %(time)s 已经签过到了。"),
    Status.SERVED: N_("这张凭证用过了，%(time)s 已经办完。"),
    Status.DECLINED: N_("这个预约已经婉拒了，凭证不能用。"),
    Status.CANCELLED: N_("这个预约已经取消了，凭证不能用。"),
    Status.EXPIRED: N_("这个预约没人确认，已经过期了。"),
    Status.NO_SHOW: N_("这个预约已经记作没来。"),
}


@dataclass(frozen=True)
class Flash:
    """What the last step came to, in a tone of good, wait, bad or info; perhaps a number to ring."""

    tone: str
    text: str
    phone: str = ""
    booking_id: UUID | None = None


@dataclass(frozen=True)
class Undo:
    """The bar that takes the last step back."""

    text: str
    seconds: int
    booking_ids: list[UUID]

    @property
    def key(self) -> str:
        """One per step, so that a new bar is a new bar to the page."""
        return f"{self.booking_ids[0]}-{len(self.booking_ids)}"


def undo_for(acts: Sequence[Act]) -> Undo | None:
    """The bar for what was just done, as long as it can be taken back."""
    seconds = min((int((act.until - clock.now()).total_seconds()) for act in acts), default=0)
    if seconds <= 0:
        return None
    act = acts[0]
    what = f"{say_minute(clock.minute_of_day(act.starts_at))} {_(SERVICE_NAMES[act.service])} "
    what += act.name or masked(act.phone_tail)
    text = _(DID[act.status], what=what) if act.status in DID else what
    if len(acts) > 1:
        text = ngettext("确认了 %(num)d 个预约", "确认了 %(num)d 个预约", len(acts)) % {"num": len(acts)}
    return Undo(text, seconds, [act.booking_id for act in acts])


def what_happened(status: Status, who: str) -> str:
    """In words, who was faster."""
    return _(WHO_DID[status], who=who)


def why_not(ticket: Ticket, station_id: UUID) -> str:
    """Why a ticket does not check in here and now."""
    if ticket.station_id != station_id:
        return _("这是“%(station)s”的凭证，不是本站的。", station=ticket.station_name)
    if ticket.status in USED_UP:
        time = say_minute(clock.minute_of_day(ticket.changed_at))
        return _(USED_UP[ticket.status], time=time)
    return _("这张凭证是 %(time)s 的，不是今天的。", time=say_time(ticket.starts_at))
