"""Settings: every mistake in one line, and no secret by default outside the demo."""

import base64
import secrets
from datetime import timedelta

import pytest

from server.config import SettingsError, read_settings


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture
def production(tmp_path):
    return {
        "NIANGJIA_DATA_DIR": str(tmp_path),
        "NIANGJIA_BASE_URL": "https://niangjia.example",
        "NIANGJIA_SECRET": key(),
        "NIANGJIA_DATA_KEYS": f"a:{key()},b:{key()}",
        "NIANGJIA_METRICS_TOKEN": "token",
        "ALIYUN_ACCESS_KEY_ID": "id",
        "ALIYUN_ACCESS_KEY_SECRET": "secret",
        "ALIYUN_SMS_SIGN_NAME": "娘家人",
        "ALIYUN_SMS_CODE_TEMPLATE": "SMS_1",
        "ALIYUN_SMS_NOTICE_TEMPLATE": "SMS_2",
        "ALIYUN_SMS_MEMBERSHIP_TEMPLATE": "SMS_3",
    }


def test_production_with_everything(production):
    settings = read_settings(production)
    assert not settings.demo
    assert settings.secure_cookies
    assert settings.data_key == "b"


@pytest.mark.parametrize(
    "name",
    [
        "NIANGJIA_BASE_URL",
        "NIANGJIA_SECRET",
        "NIANGJIA_DATA_KEYS",
        "NIANGJIA_METRICS_TOKEN",
        "ALIYUN_ACCESS_KEY_ID",
        "ALIYUN_ACCESS_KEY_SECRET",
        "ALIYUN_SMS_SIGN_NAME",
        "ALIYUN_SMS_CODE_TEMPLATE",
        "ALIYUN_SMS_NOTICE_TEMPLATE",
        "ALIYUN_SMS_MEMBERSHIP_TEMPLATE",
    ],
)
def test_a_missing_secret_is_named(production, name):
    del production[name]
    with pytest.raises(SettingsError) as refused:
        read_settings(production)
    assert [line for line in refused.value.mistakes if line.startswith(f"{name}:")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NIANGJIA_MODE", "test"),
        ("PORT", "0"),
        ("PORT", "８０００"),
        ("PORT", "x"),
        ("HOST", "localhost"),
        ("NIANGJIA_PROXIES", "127.0.0.1, caddy"),
        ("DATABASE_URL", "mysql://x"),
        ("NIANGJIA_BASE_URL", "ftp://x"),
        ("NIANGJIA_SECRET", "short"),
        ("NIANGJIA_DATA_KEYS", "no key"),
        ("NIANGJIA_POOL_SIZE", "1"),
        ("NIANGJIA_PATIENCE", "0"),
        ("NIANGJIA_READ_URL", "mysql://x"),
        ("NIANGJIA_MOST_REQUESTS", "9"),
        ("NIANGJIA_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_bad_value_is_named(production, name, value):
    with pytest.raises(SettingsError) as refused:
        read_settings(production | {name: value})
    assert [line for line in refused.value.mistakes if line.startswith(f"{name}:")]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(SettingsError) as refused:
        read_settings({"PORT": "x", "NIANGJIA_LOG_LEVEL": "LOUD"})
    assert len(refused.value.mistakes) >= 10


def test_the_demo_keeps_its_own_secrets(tmp_path):
    demo = {"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": str(tmp_path)}
    first, second = read_settings(demo), read_settings(demo)
    assert first.secret == second.secret
    assert first.data_keys == second.data_keys


def test_secrets_are_not_shown(production):
    assert production["NIANGJIA_METRICS_TOKEN"] not in repr(read_settings(production))


def test_only_a_demonstration_has_another_time(production, tmp_path):
    demo = {"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": str(tmp_path), "NIANGJIA_CLOCK_SHIFT": "-3600"}
    assert read_settings(demo).clock_shift == timedelta(hours=-1)
    for env in (production | {"NIANGJIA_CLOCK_SHIFT": "60"}, demo | {"NIANGJIA_CLOCK_SHIFT": "soon"}):
        with pytest.raises(SettingsError) as refused:
            read_settings(env)
        assert [line for line in refused.value.mistakes if line.startswith("NIANGJIA_CLOCK_SHIFT:")]
