"""Refusals of the bookings room; each says the fact and what to do next."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from server.errors import Conflict, Forbidden, Invalid, TooMany
from server.kit.text import N_

if TYPE_CHECKING:
    from server.bookings.models import ActorKind, Status


class SlotFull(Conflict):
    code = "slot-full"
    message = N_("刚刚约满了，看看下面还有空的时间。")


class SlotClosed(Conflict):
    code = "slot-closed"
    message = N_("这个时间站点不办了，请换一个时间。")


class TooLate(Conflict):
    """The slot begins too soon, or has begun."""

    code = "too-late"
    message = N_("这个时间太近了，约不上了，请换一个时间。")


class TooFarAhead(Conflict):
    code = "too-far-ahead"
    message = N_("这一天还没开放预约，会员可以先约。")


class MembersOnly(Forbidden):
    code = "members-only"
    message = N_("这项服务只给工会会员办。入会不花钱，到站点或打 12351 就能办。")


class OverlappingBooking(Conflict):
    """The worker is expected elsewhere at that time; `booking_id` says where."""

    code = "overlapping-booking"
    message = N_("这个时间您已经有一个预约了。要改时间，先去看那个预约。")

    def __init__(self, booking_id: UUID | None = None) -> None:
        super().__init__()
        self.booking_id = booking_id


class OneAtATime(Conflict):
    """Who missed several has one open booking at a time at this station; `booking_id` says which."""

    code = "one-at-a-time"
    message = N_("在这个站点，现在先一次约一个。")
    why = N_(
        "最近 %(days)d 天里，您有 %(missed)d 次约好了没来，所以在这个站点先一次约一个：手上这个办完了，或者取消了，"
        "就能再约。不预约也随时可以来取号。%(month)d 月 %(day)d 日起自动恢复，也可以请前台现在就帮您重新开始。"
    )

    def __init__(self, booking_id: UUID, *, missed: int, days: int, until: date) -> None:
        super().__init__(self.why, missed=missed, days=days, month=until.month, day=until.day)
        self.booking_id = booking_id


class KeyReused(Invalid):
    code = "key-reused"
    message = N_("这个请求编号已经用在别的预约上了。")


class KeyUnusable(Invalid):
    code = "key-unusable"
    message = N_("这个请求编号不能用，请刷新页面再试一次。")


class TooLateToChange(Conflict):
    code = "too-late-to-change"
    message = N_("离开始太近，网上改不了了。来不了请打电话告诉站点。")


class OtherService(Invalid):
    code = "other-service"
    message = N_("改时间只能改到同一种服务。")


class UndoTooLate(Conflict):
    code = "undo-too-late"
    message = N_("过了可以撤回的时间。")


class NotStarted(Conflict):
    code = "not-started"
    message = N_("还没到时间，不能记作没来。")


class NotToday(Conflict):
    """Staff take a worker in on the day of the booking, not before."""

    code = "not-today"
    message = N_("这个预约不是今天的，到了那天再办。")


class TicketElsewhere(Invalid):
    """A code that is real, but for another station or another day."""

    code = "ticket-elsewhere"
    message = N_("这张凭证不是今天本站的。")


class WishOver(Conflict):
    """Too late to wait for it, or the station does not offer it any more."""

    code = "wish-over"
    message = N_("这个时间等不到了，看看别的时间。")


class TooManyWishes(Conflict):
    code = "too-many-wishes"
    message = N_("您已经排了不少候补了，先撤掉几个再排。")


class OfferOver(Conflict):
    """The held place went to the next, or was never offered."""

    code = "offer-over"
    message = N_("这个名额没留住，已经给了下一位。还想等，就再排一次。")


class AlreadyChanged(Conflict):
    """Somebody else was faster; carries what happened."""

    code = "already-changed"
    message = N_("这个预约刚刚已经有人处理过了。")

    def __init__(
        self,
        *,
        became: Status | None = None,
        by: ActorKind | None = None,
        by_id: UUID | None = None,
        at: datetime | None = None,
    ) -> None:
        super().__init__()
        self.became = became
        self.by = by
        self.by_id = by_id
        self.at = at


class NoNumbersNow(Conflict):
    """The station is closed, or the service is not offered any more today."""

    code = "no-numbers-now"
    message = N_("现在不能取号：站点没开门，或者今天这项服务已经结束了。")


class NumberTooOften(TooMany):
    code = "number-too-often"
    message = N_("取号太频繁了。请过一会儿再取，或者直接找前台。")


class NobodyWaiting(Conflict):
    code = "nobody-waiting"
    message = N_("现在没有人在等。")


class NumberMoved(Conflict):
    """Somebody else was faster with this number."""

    code = "number-moved"
    message = N_("这个号刚刚已经有人处理过了。")


class ReasonNamesSomebody(Invalid):
    """Reasons are kept in histories, which hold no personal data."""

    code = "reason-names-somebody"
    message = N_("这句话会一直留着，请不要写姓名、证件号和手机号。")
