"""Aliyun SMS behind the port: SendSms of dysmsapi (2017-05-25), signed with ACS3-HMAC-SHA256.

Source: Aliyun's "V3 request body & signature mechanism" and the SendSms reference.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec
import structlog

from server.config import AliyunSms
from server.kit import clock
from server.notices.sms import SmsDown, SmsLimited, SmsRefused, SmsText, SmsUnanswered

log = structlog.get_logger()
TIMEOUT_SECONDS = 5.0
ALGORITHM = "ACS3-HMAC-SHA256"
MAINLAND = "+86"
# What stands in each notice template.
PLACES = {"booking": ("what", "when", "station", "service", "code"), "membership": ("what", "union", "reason")}
LONGEST_VALUE = 35  # what a template takes in one place
# Nothing that a later try could change.
HOPELESS = {"isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.BLACK_KEY_CONTROL_LIMIT"}
# What the carrier's refusal says → seconds until it takes another message for the number.
LIMITS = {"分钟": 60, "小时": 3_600, "天": 86_400}
LIMIT_CODES = ("isv.BUSINESS_LIMIT_CONTROL", "VALVE:")


@dataclass(frozen=True)
class Operation:
    """One operation of an Aliyun service."""

    host: str
    action: str
    version: str


SEND_SMS = Operation("dysmsapi.aliyuncs.com", "SendSms", "2017-05-25")


class AliyunSender:
    """Sends through Aliyun; both verbs raise what the port says."""

    def __init__(self, account: AliyunSms, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.account = account
        self.transport = transport

    async def send_code(self, phone: str, code: str) -> None:
        """A sign-in code by the code template."""
        here, abroad = self.account.code_template, self.account.code_template_abroad
        await self._send(phone, here if phone.startswith(MAINLAND) else abroad, {"code": code})

    async def send_notice(self, phone: str, message: SmsText) -> str:
        """A message's parts by the notice template; Aliyun's BizId."""
        account = self.account
        here, abroad = {
            "booking": (account.notice_template, account.notice_template_abroad),
            "membership": (account.membership_template, account.membership_template_abroad),
        }[message.about]
        parts = {name: (message.parts.get(name) or "-")[:LONGEST_VALUE] for name in PLACES[message.about]}
        return await self._send(phone, here if phone.startswith(MAINLAND) else abroad, parts)

    async def _send(self, phone: str, template: str, params: dict[str, str]) -> str:
        if not template:
            raise SmsRefused  # no template was approved for numbers outside the mainland
        query = {
            "PhoneNumbers": phone.removeprefix(MAINLAND).removeprefix("+"),
            "SignName": self.account.sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(params, ensure_ascii=False, separators=(",", ":")),
        }
        headers = sign(self.account, SEND_SMS, query, at=clock.now(), nonce=uuid4().hex)
        try:
            async with httpx.AsyncClient(transport=self.transport, timeout=TIMEOUT_SECONDS) as client:
                answer = await client.post(f"https://{SEND_SMS.host}/?{canonical_query(query)}", headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            log.warning("sms.unreachable", error=type(error).__name__)
            raise SmsDown from error
        except httpx.HTTPError as error:
            log.warning("sms.unanswered", error=type(error).__name__)
            raise SmsUnanswered from error
        return _receipt(answer)


def _receipt(answer: httpx.Response) -> str:
    """What the gateway gave for the message. Raises what became of it otherwise."""
    try:
        said = msgspec.json.decode(answer.content, type=_Said)
    except msgspec.DecodeError as error:
        log.warning("sms.unreadable", status=answer.status_code)
        raise SmsDown from error
    if said.code == "OK":
        return said.receipt
    log.warning("sms.refused", code=said.code)
    if said.code in HOPELESS:
        raise SmsRefused
    if said.code.startswith(LIMIT_CODES):
        raise SmsLimited(retry_after=next((s for word, s in LIMITS.items() if word in said.message), LIMITS["小时"]))
    raise SmsDown


class _Said(msgspec.Struct):
    code: str = msgspec.field(name="Code", default="")
    message: str = msgspec.field(name="Message", default="")
    receipt: str = msgspec.field(name="BizId", default="")


def canonical_query(query: dict[str, str]) -> str:
    """Parameters in order, percent-encoded as RFC 3986 says."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def sign(
    account: AliyunSms, operation: Operation, query: dict[str, str], *, at: datetime, nonce: str
) -> dict[str, str]:
    """The headers of a signed request without a body."""
    headers = {
        "host": operation.host,
        "x-acs-action": operation.action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": operation.version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", canonical_query(query), lines, names, headers["x-acs-content-sha256"]])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(account.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={account.access_key_id},SignedHeaders={names},Signature={signature}"
    return headers | {"Authorization": f"{ALGORITHM} {credential}"}
