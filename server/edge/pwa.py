"""The site as an app on the phone: its manifest, its service worker, the page for when there is no network.

What the service worker keeps belongs to one person. So every answer says whose it is (`Page-For`, a name that only
this header knows) and in which language: the worker throws away what is another's.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from litestar import Request, get
from litestar.datastructures import MutableScopeHeaders
from litestar.response import Response
from litestar.types import Message, Scope

from server.config import WEB
from server.edge import outbox
from server.edge.access import Audience, allow
from server.edge.assets import assets, without_comments
from server.edge.etag import with_etag
from server.edge.htmx import page
from server.edge.i18n import _, locale

OPEN = allow(Audience.VISITOR)
FRESH = "no-cache"
PAGE_FOR = "Page-For"
REFUSED = 400  # an error page may be drawn before anybody looked who is asking
# What every page needs; the rest is kept as pages ask for it.
SHELL = ("css/app.css", "js/page.js", "js/htmx.js", "icons/sprite.svg", "icons/app.svg")


async def mark_owner(message: Message, scope: Scope) -> None:
    """A `before_send` hook of the app: whose answer this is. Static files meet no session and say nothing."""
    if message["type"] != "http.response.start" or message["status"] >= REFUSED or "user" not in scope:
        return
    owner = outbox.owner_of(scope["user"])
    MutableScopeHeaders(message).setdefault(PAGE_FOR, f"{owner} {locale()}")


@get("/sw.js", opt=OPEN, include_in_schema=False)
async def show_worker(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The service worker; another one whenever a file of its shell is."""
    body = _worker()
    return with_etag(request, body, Response(body, media_type="text/javascript", headers={"Cache-Control": FRESH}))


@cache
def _worker() -> bytes:
    source = without_comments((WEB / "pwa" / "sw.js").read_bytes()).decode()
    shell = [assets.url(name) for name in SHELL]
    version = hashlib.sha256((source + "".join(shell)).encode()).hexdigest()[:10]
    return f"{source}const BUILD = {json.dumps({'version': version, 'shell': shell})};\n".encode()


@get("/manifest.webmanifest", opt=OPEN, include_in_schema=False)
async def show_manifest(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What the phone shows of the app, in the reader's language."""
    body = json.dumps(_manifest(), ensure_ascii=False).encode()
    headers = {"Cache-Control": FRESH, "Vary": "Cookie, Accept-Language"}
    return with_etag(request, body, Response(body, media_type="application/manifest+json", headers=headers))


def _manifest() -> dict[str, Any]:
    return {
        "id": "/",
        "name": _("娘家人 · 工会驿站"),
        "short_name": _("娘家人"),
        "description": _("找身边的工会驿站，免费预约理发、体检、法律咨询，在外也有娘家人。"),
        "lang": locale().replace("_", "-"),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#faf6ef",
        "theme_color": "#a3201b",
        "icons": [
            {"src": assets.url("icons/app.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(_icon(f"icons/app-{size}.png", size) for size in (192, 512)),
            _icon("icons/maskable-512.png", 512) | {"purpose": "maskable"},
        ],
        "shortcuts": [
            _shortcut(_("附近的驿站"), "/", "nearby"),
            _shortcut(_("我的预约"), "/tickets", "tickets"),
            _shortcut(_("加入工会、会员卡"), "/membership", "member"),
        ],
    }


def _icon(name: str, size: int) -> dict[str, str]:
    return {"src": assets.url(name), "sizes": f"{size}x{size}", "type": "image/png"}


def _shortcut(name: str, url: str, picture: str) -> dict[str, Any]:
    return {"name": name, "url": url, "icons": [_icon(f"icons/{picture}-96.png", 96)]}


@get("/offline", opt=OPEN, include_in_schema=False)
async def show_offline(request: Request[Any, Any, Any]) -> Response[str]:
    """What a phone shows where it has neither the network nor a kept page; the same for everybody."""
    return page(request, "pwa/offline.html", person=None, staff=None)


handlers = [show_worker, show_manifest, show_offline, *outbox.handlers]
