"""The contract with Aliyun's gateway, against recorded answers."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from server.config import AliyunSms
from server.notices.aliyun import AliyunSender, Operation, sign
from server.notices.sms import DemoSms, SmsDown, SmsLimited, SmsRefused, SmsText, SmsUnanswered

RECORDED = json.loads((Path(__file__).parent / "recorded" / "send_sms.json").read_text("utf-8"))
ACCOUNT = AliyunSms("key-id", "key-secret", "娘家人", "SMS_1", "SMS_2", "SMS_3")
OUTCOMES = {"sent": None, "no such number": SmsRefused, "over the number's limit": SmsLimited}
PHONE = "+8613800138000"
PARTS = {"what": "约好了", "when": "周五下午 3 点", "station": "示例站", "service": "理发", "code": "7K3M9Q"}
MESSAGE = SmsText("约好了：周五下午 3 点，示例站，理发，凭证号 7K3M9Q。", PARTS)


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
        assert await sender.send_notice(PHONE, MESSAGE) == "900619746936498440^0"
    else:
        with pytest.raises(error) as refused:
            await sender.send_notice(PHONE, MESSAGE)
        assert type(refused.value) is error


@pytest.mark.parametrize(
    ("happened", "error"),
    [
        (httpx.ConnectError, SmsDown),
        (httpx.ConnectTimeout, SmsDown),
        (httpx.ReadTimeout, SmsUnanswered),
        (httpx.RemoteProtocolError, SmsUnanswered),
    ],
)
async def test_whether_a_lost_request_may_have_arrived_is_known(happened, error):
    def lose(request: httpx.Request) -> httpx.Response:
        raise happened("lost", request=request)

    with pytest.raises(SmsDown) as refused:
        await AliyunSender(ACCOUNT, httpx.MockTransport(lose)).send_code(PHONE, "123456")
    assert type(refused.value) is error


@pytest.mark.parametrize(("said", "seconds"), [("分钟级", 60), ("小时级", 3_600), ("天级", 86_400), ("?", 3_600)])
async def test_the_carriers_limit_says_when_to_come_back(said, seconds):
    body = {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": f"触发{said}流控Permits:1"}
    with pytest.raises(SmsLimited) as refused:
        await gateway({"status": 200, "body": body}, []).send_code(PHONE, "123456")
    assert refused.value.retry_after == seconds


async def test_the_request_says_who_what_and_to_whom():
    asked: list[httpx.Request] = []
    await gateway(RECORDED[0], asked).send_code(PHONE, "123456")
    query = {name: values[0] for name, values in parse_qs(asked[0].url.query.decode()).items()}
    assert query == {
        "PhoneNumbers": "13800138000",
        "SignName": "娘家人",
        "TemplateCode": "SMS_1",
        "TemplateParam": '{"code":"123456"}',
    }
    assert asked[0].headers["x-acs-action"] == "SendSms"


async def test_a_notice_fills_every_place_of_its_template_and_none_too_full():
    asked: list[httpx.Request] = []
    parts = PARTS | {"station": "很长的站名" * 16, "service": "", "reason": "不属于模板"}
    await gateway(RECORDED[0], asked).send_notice(PHONE, SmsText("…", parts))
    query = parse_qs(asked[0].url.query.decode())
    filled = json.loads(query["TemplateParam"][0])
    assert query["TemplateCode"] == ["SMS_2"]
    assert filled == PARTS | {"station": "很长的站名" * 7, "service": "-"}


async def test_numbers_outside_the_mainland_have_templates_of_their_own():
    asked: list[httpx.Request] = []
    with pytest.raises(SmsRefused):
        await gateway(RECORDED[0], asked).send_code("+85251234567", "123456")
    assert asked == []
    sender = gateway(RECORDED[0], asked)
    sender.account = replace(ACCOUNT, code_template_abroad="SMS_3")
    await sender.send_code("+85251234567", "123456")
    query = parse_qs(asked[0].url.query.decode())
    assert (query["PhoneNumbers"], query["TemplateCode"]) == (["85251234567"], ["SMS_3"])


def test_the_signature_is_the_one_in_aliyuns_own_example():
    account = AliyunSms("YourAccessKeyId", "YourAccessKeySecret", "", "", "", "")
    headers = sign(
        account,
        Operation("ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26"),
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_demo_sender_exists_in_demo_mode_only(settings):
    DemoSms(settings)
    with pytest.raises(RuntimeError):
        DemoSms(replace(settings, mode="production"))
