"""The port to the SMS gateway, and the demo's stand-in for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from server.config import Settings
from server.errors import AppError, TooMany, Unavailable
from server.kit.text import N_


class SmsRefused(AppError):
    """The gateway will never deliver this message: trying again is no use."""

    status = 422
    code = "sms-refused"
    message = N_("这个号码收不到短信，请换一个号码，或拨打 12351。")


class SmsDown(Unavailable):
    """The gateway does not answer or is over its limits: try again later."""

    code = "sms-down"
    message = N_("短信暂时发不出去，请过一分钟再试，或拨打 12351。")


class SmsUnanswered(SmsDown):
    """The gateway was asked and did not say what became of it: the message may arrive, or not."""

    code = "sms-unanswered"


class SmsLimited(TooMany):
    """The carrier takes no more messages for this number for a while."""

    code = "sms-limited"
    message = N_("这个号码收的短信太多了，请 %(retry_after)s 秒后再试，或拨打 12351。")


@dataclass(frozen=True)
class SmsText:
    """A message in the reader's words, and its parts in Chinese for gateways that only fill approved templates.

    `about` says which template: bookings have a time and a place, membership a union.
    """

    text: str
    parts: Mapping[str, str]
    about: Literal["booking", "membership"] = "booking"


class SmsSender(Protocol):
    """What can send messages to phones. Both verbs raise SmsDown, SmsLimited or SmsRefused."""

    async def send_code(self, phone: str, code: str) -> str | None:
        """Send a sign-in code to an E.164 number. The demo returns it for the screen, a real sender None."""

    async def send_notice(self, phone: str, message: SmsText) -> str:
        """Send a message; the gateway's receipt."""


class DemoSms:
    """Sends nothing: codes are shown on the page under the demo banner. Refuses to exist outside demo mode."""

    def __init__(self, settings: Settings) -> None:
        if not settings.demo:
            raise RuntimeError("the demo SMS sender works in demo mode only")

    async def send_code(self, phone: str, code: str) -> str | None:  # noqa: ARG002 (the port's shape)
        return code

    async def send_notice(self, phone: str, message: SmsText) -> str:  # noqa: ARG002 (the port's shape)
        return "demo"


_installed: list[SmsSender] = []


def install(sender: SmsSender) -> None:
    """Give this process its sender (once, at start)."""
    _installed[:] = [sender]


def sms() -> SmsSender:
    """The sender of this process."""
    return _installed[0]
