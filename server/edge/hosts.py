"""Pages answer under this site's own name only: a name that somebody else points at us gets none of them.

So no page can be rebound to another site's scripts, and no cache or link can be led astray by a made-up Host.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from server.config import Settings
from server.errors import AppError
from server.kit.text import N_


class WrongHost(AppError):
    status = 421
    code = "wrong-host"
    message = N_("这个网址不是娘家人的，请打开 %(url)s。")


async def check_host(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of the whole app. Machines may ask for health and metrics by address. Raises WrongHost."""
    settings: Settings = connection.app.state.settings
    if not handler.opt.get("exclude_from_auth") and not _ours(connection.headers.get("host", ""), settings):
        raise WrongHost(url=settings.base_url)


def _ours(host: str, settings: Settings) -> bool:
    """A demo is also tried from a phone in the same network, by address: an address cannot be rebound."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == urlsplit(settings.base_url).hostname or (settings.demo and (name == "localhost" or _address(name)))


def _address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
