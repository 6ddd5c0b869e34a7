"""Settings: read from the environment once, validated together, with one clear line per mistake."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
LOCALES = ROOT / "locales"

Mode = Literal["demo", "production"]


class SettingsError(Exception):
    """Every mistake found, one line each."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True)
class AliyunSms:
    """Credentials and templates of the SMS gateway; see docs/sms.md."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    sign_name: str
    code_template: str
    notice_template: str
    membership_template: str
    # Hong Kong and Macau need templates of their own; without them, their numbers are told so.
    code_template_abroad: str = ""
    notice_template_abroad: str = ""
    membership_template_abroad: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything a process may differ in. `data_keys` maps key id to 32 bytes; `data_key` names the one in use."""

    mode: Mode
    base_url: str
    host: str
    port: int
    proxies: tuple[str, ...]
    database_url: str | None
    data_dir: Path
    secret: bytes = field(repr=False)
    data_keys: Mapping[str, bytes] = field(repr=False)
    data_key: str
    pool_size: int
    patience: int
    most_requests: int
    web_processes: int
    sms: AliyunSms | None
    tile_url: str
    metrics_token: str = field(repr=False)
    log_level: str
    clock_shift: timedelta = timedelta()
    backup_dir: Path | None = None
    read_url: str | None = None

    @property
    def demo(self) -> bool:
        return self.mode == "demo"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment.

    Raises SettingsError naming every bad or missing value. Secrets have a default only in demo mode,
    where they are made once and kept beside the data.
    """
    return _Reader(os.environ if env is None else env).settings()


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.mistakes: list[str] = []

    def settings(self) -> Settings:
        mode = self.one_of("NIANGJIA_MODE", ("demo", "production"), "production")
        data_dir = Path(self.env.get("NIANGJIA_DATA_DIR") or ROOT / ".data").absolute()
        port = self.number("PORT", 8000, 1, 65535)
        kept = _demo_secrets(data_dir) if mode == "demo" else {}
        settings = dict(
            mode=mode,
            base_url=self.base_url(mode, port),
            host=self.host(),
            port=port,
            proxies=self.proxies(),
            database_url=self.database_url("DATABASE_URL"),
            read_url=self.database_url("NIANGJIA_READ_URL"),
            data_dir=data_dir,
            secret=self.key("NIANGJIA_SECRET", kept.get("secret")),
            **self.data_keys(kept.get("data_keys")),
            pool_size=self.number("NIANGJIA_POOL_SIZE", 10, 2, 200),
            patience=self.number("NIANGJIA_PATIENCE", 10, 1, 600),
            most_requests=self.number("NIANGJIA_MOST_REQUESTS", 600, 10, 10_000),
            web_processes=self.number("NIANGJIA_WEB_PROCESSES", 1, 1, 64),
            sms=None if mode == "demo" else self.aliyun(),
            tile_url=self.env.get("NIANGJIA_TILE_URL", ""),
            metrics_token=self.metrics_token(mode),
            log_level=self.one_of("NIANGJIA_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
            clock_shift=self.clock_shift(mode),
            backup_dir=self.backup_dir(),
        )
        if self.mistakes:
            raise SettingsError(self.mistakes)
        return Settings(**settings)  # type: ignore[arg-type]

    def clock_shift(self, mode: str) -> timedelta:
        """How far from the real time a demonstration is; who is served for real is served at the real time."""
        raw = self.env.get("NIANGJIA_CLOCK_SHIFT", "") or "0"
        if not raw.removeprefix("-").isdigit() or len(raw) > 10:  # noqa: PLR2004 (some three centuries)
            self.mistakes.append(f"NIANGJIA_CLOCK_SHIFT: must be a whole number of seconds, not {raw!r}")
            return timedelta()
        if mode != "demo" and int(raw):
            self.mistakes.append("NIANGJIA_CLOCK_SHIFT: only demo mode shows another time than the real one")
        return timedelta(seconds=int(raw))

    def backup_dir(self) -> Path | None:
        value = self.env.get("NIANGJIA_BACKUP_DIR", "")
        return Path(value).absolute() if value else None

    def proxies(self) -> tuple[str, ...]:
        """Whose word is taken for where a request comes from: limits per address count the people behind them."""
        named = [part.strip() for part in self.env.get("NIANGJIA_PROXIES", "127.0.0.1,::1").split(",") if part.strip()]
        for part in named:
            try:
                ip_network(part)
            except ValueError:
                self.mistakes.append(f"NIANGJIA_PROXIES: must be addresses or networks, not {part!r}")
        return tuple(named)

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.env.get(name, default)
        if value not in allowed:
            self.mistakes.append(f"{name}: must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        raw = self.env.get(name, "") or str(default)
        if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
            self.mistakes.append(f"{name}: must be a whole number from {low} to {high}, not {raw!r}")
            return default
        return int(raw)

    def required(self, name: str) -> str:
        value = self.env.get(name, "").strip()
        if not value:
            self.mistakes.append(f"{name}: must be set outside demo mode")
        return value

    def base_url(self, mode: str, port: int) -> str:
        default = f"http://localhost:{port}" if mode == "demo" else ""
        value = self.env.get("NIANGJIA_BASE_URL", default).rstrip("/")
        if not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            self.mistakes.append("NIANGJIA_BASE_URL: must be the public https:// address of this site")
        return value

    def host(self) -> str:
        value = self.env.get("HOST", "") or "127.0.0.1"
        try:
            ipaddress.ip_address(value)
        except ValueError:
            self.mistakes.append(f"HOST: must be an IP address, such as 127.0.0.1 or 0.0.0.0, not {value!r}")
        return value

    def database_url(self, name: str) -> str | None:
        value = self.env.get(name, "").strip()
        if value and not value.startswith(("postgres://", "postgresql://")):
            self.mistakes.append(f"{name}: must start with postgresql://")
        return value or None

    def key(self, name: str, kept: str | None) -> bytes:
        value = self.env.get(name) or kept or self.required(name)
        return self.decoded(name, value) if value else b""

    def decoded(self, name: str, value: str) -> bytes:
        try:
            key = base64.b64decode(value, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:  # noqa: PLR2004 (AES-256 and HMAC-SHA256 keys)
            self.mistakes.append(f"{name}: must be 32 random bytes in base64")
        return key

    def data_keys(self, kept: str | None) -> dict[str, object]:
        """`id:base64` pairs separated by commas; the last one encrypts, all of them decrypt."""
        raw = self.env.get("NIANGJIA_DATA_KEYS") or kept or self.required("NIANGJIA_DATA_KEYS")
        keys: dict[str, bytes] = {}
        for pair in filter(None, raw.split(",")):
            key_id, _, value = pair.strip().partition(":")
            if not (key_id.isascii() and key_id.isalnum()) or len(key_id) > 8:  # noqa: PLR2004 (stands in every sealed value)
                self.mistakes.append("NIANGJIA_DATA_KEYS: each key needs an id of 1 to 8 letters or digits")
            keys[key_id] = self.decoded("NIANGJIA_DATA_KEYS", value)
        return {"data_keys": keys, "data_key": next(reversed(keys), "")}

    def aliyun(self) -> AliyunSms:
        return AliyunSms(
            access_key_id=self.required("ALIYUN_ACCESS_KEY_ID"),
            access_key_secret=self.required("ALIYUN_ACCESS_KEY_SECRET"),
            sign_name=self.required("ALIYUN_SMS_SIGN_NAME"),
            code_template=self.required("ALIYUN_SMS_CODE_TEMPLATE"),
            notice_template=self.required("ALIYUN_SMS_NOTICE_TEMPLATE"),
            membership_template=self.required("ALIYUN_SMS_MEMBERSHIP_TEMPLATE"),
            code_template_abroad=self.env.get("ALIYUN_SMS_CODE_TEMPLATE_ABROAD", ""),
            notice_template_abroad=self.env.get("ALIYUN_SMS_NOTICE_TEMPLATE_ABROAD", ""),
            membership_template_abroad=self.env.get("ALIYUN_SMS_MEMBERSHIP_TEMPLATE_ABROAD", ""),
        )

    def metrics_token(self, mode: str) -> str:
        return self.env.get("NIANGJIA_METRICS_TOKEN") or (
            "demo" if mode == "demo" else self.required("NIANGJIA_METRICS_TOKEN")
        )


def _demo_secrets(data_dir: Path) -> dict[str, str]:
    """The demo's own secrets, made on the first start so that its data stay readable on the next."""
    path = data_dir / "demo-secrets.json"
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text("utf-8"))
        return kept
    fresh = {"secret": _random_key(), "data_keys": f"demo:{_random_key()}"}
    data_dir.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fresh), "utf-8")
    path.chmod(0o600)
    return fresh


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
