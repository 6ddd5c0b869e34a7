"""Aliyun SMS behind the port: SendSms of dysmsapi (2017-05-25), signed with ACS3-HMAC-SHA256.

Source: Aliyun's "V3 request body & signature mechanism" and the SendSms reference.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import quote
from uuid import uuid4

import httpx
import structlog

from server.config import AliyunSms
from server.kit import clock
from server.notices.sms import SmsDown, SmsRefused

log = structlog.get_logger()
HOST = "dysmsapi.aliyuncs.com"
TIMEOUT_SECONDS = 5.0
ALGORITHM = "ACS3-HMAC-SHA256"
# Nothing that a later try could change; every other code is worth one.
HOPELESS = {"isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.BLACK_KEY_CONTROL_LIMIT"}


class AliyunSender:
    """Sends through Aliyun; both verbs raise SmsDown or SmsRefused."""

    def __init__(self, account: AliyunSms, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.account = account
        self.transport = transport

    async def send_code(self, phone: str, code: str) -> None:
        """A sign-in code by the code template."""
        await self._send(phone, self.account.code_template, {"code": code})

    async def send_notice(self, phone: str, text: str) -> str:
        """A text by the notice template; Aliyun's BizId."""
        return await self._send(phone, self.account.notice_template, {"text": text})

    async def _send(self, phone: str, template: str, params: dict[str, str]) -> str:
        query = {
            "PhoneNumbers": phone.removeprefix("+86").removeprefix("+"),
            "SignName": self.account.sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(params, ensure_ascii=False, separators=(",", ":")),
        }
        headers = sign(self.account, query, at=clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), nonce=uuid4().hex)
        try:
            async with httpx.AsyncClient(transport=self.transport, timeout=TIMEOUT_SECONDS) as client:
                answer = await client.post(f"https://{HOST}/?{canonical_query(query)}", headers=headers)
                said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("sms.unreachable", error=type(error).__name__)
            raise SmsDown from error
        return _receipt(said)


def _receipt(said: dict[str, str]) -> str:
    code = said.get("Code", "")
    if code == "OK":
        return said.get("BizId", "")
    log.warning("sms.refused", code=code)
    raise SmsRefused if code in HOPELESS else SmsDown


def canonical_query(query: dict[str, str]) -> str:
    """Parameters in order, percent-encoded as RFC 3986 says."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def sign(account: AliyunSms, query: dict[str, str], *, at: str, nonce: str) -> dict[str, str]:
    """The headers of a signed SendSms request without a body. `at` is `2026-11-23T08:00:00Z`."""
    headers = {
        "host": HOST,
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": at,
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", canonical_query(query), lines, names, headers["x-acs-content-sha256"]])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(account.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={account.access_key_id},SignedHeaders={names},Signature={signature}"
    return headers | {"Authorization": f"{ALGORITHM} {credential}"}
