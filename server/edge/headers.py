"""Headers that every answer carries, errors and static files included."""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{tiles}; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=()",
}
HSTS = "max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """A `before_send` hook of the app."""

    def __init__(self, *, https: bool, tile_origin: str = "") -> None:
        self.headers = FIXED | {"Content-Security-Policy": CSP.format(tiles=tile_origin and f" {tile_origin}")}
        if https:
            self.headers["Strict-Transport-Security"] = HSTS

    async def __call__(self, message: Message, _scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders(message)
        for name, value in self.headers.items():
            headers.setdefault(name, value)
