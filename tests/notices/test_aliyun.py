"""The contract with Aliyun's gateway, against recorded answers."""

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from server.config import AliyunSms
from server.notices.aliyun import AliyunSender, sign
from server.notices.sms import DemoSms, SmsDown, SmsRefused

RECORDED = json.loads((Path(__file__).parent / "recorded" / "send_sms.json").read_text("utf-8"))
ACCOUNT = AliyunSms("key-id", "key-secret", "娘家人", "SMS_1", "SMS_2")
OUTCOMES = {"sent": None, "no such number": SmsRefused}


def gateway(recorded, asked):
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = recorded["body"]
        return httpx.Response(recorded["status"], text=body if isinstance(body, str) else json.dumps(body))

    return AliyunSender(ACCOUNT, httpx.MockTransport(answer))


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: r["case"])
async def test_each_recorded_answer_becomes_a_fact(recorded):
    sender = gateway(recorded, [])
    error = OUTCOMES.get(recorded["case"], SmsDown)
    if error is None:
        assert await sender.send_notice("+8613800138000", "约好了") == "900619746936498440^0"
    else:
        with pytest.raises(error):
            await sender.send_notice("+8613800138000", "约好了")


async def test_a_gateway_that_does_not_answer_is_down():
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no answer", request=request)

    with pytest.raises(SmsDown):
        await AliyunSender(ACCOUNT, httpx.MockTransport(refuse)).send_code("+8613800138000", "123456")


async def test_the_request_says_who_what_and_to_whom():
    asked: list[httpx.Request] = []
    await gateway(RECORDED[0], asked).send_code("+8613800138000", "123456")
    query = {name: values[0] for name, values in parse_qs(asked[0].url.query.decode()).items()}
    assert query == {
        "PhoneNumbers": "13800138000",
        "SignName": "娘家人",
        "TemplateCode": "SMS_1",
        "TemplateParam": '{"code":"123456"}',
    }
    assert asked[0].headers["x-acs-action"] == "SendSms"


def test_the_signature_is_the_one_the_scheme_describes():
    query = {"SignName": "娘家人", "PhoneNumbers": "13800138000"}
    headers = sign(ACCOUNT, query, at="2026-11-23T08:00:00Z", nonce="n")
    empty = hashlib.sha256().hexdigest()
    canonical = (
        "POST\n/\nPhoneNumbers=13800138000&SignName=%E5%A8%98%E5%AE%B6%E4%BA%BA\n"
        "host:dysmsapi.aliyuncs.com\nx-acs-action:SendSms\n"
        f"x-acs-content-sha256:{empty}\nx-acs-date:2026-11-23T08:00:00Z\nx-acs-signature-nonce:n\n"
        "x-acs-version:2017-05-25\n\n"
        f"host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n{empty}"
    )
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    expected = hmac.new(b"key-secret", to_sign.encode(), hashlib.sha256).hexdigest()
    assert headers["Authorization"].endswith(f"Signature={expected}")


def test_the_demo_sender_exists_in_demo_mode_only(settings):
    DemoSms(settings)
    with pytest.raises(RuntimeError):
        DemoSms(replace(settings, mode="production"))
