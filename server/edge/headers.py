"""Headers that every answer carries, errors and static files included.

A page's scripts carry a nonce that is drawn for this one answer; so do the elements that htmx serves (see
`templates`), and the hx-csp extension strips htmx's attributes from any other. Text becomes markup only through
two Trusted Types policies: htmx's, and our own for the service worker's address.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from litestar import Request
from litestar.types import Message, Scope

CSP = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:{tiles}; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx niangjia"
)
OFF = (
    "accelerometer=(), autoplay=(), camera=({camera}), display-capture=(), encrypted-media=(), fullscreen=(), "
    "geolocation=(self), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # WebViews that are too old for frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": OFF.format(camera=""),
}
# For the one page that scans: `page(…, headers=WITH_CAMERA)`.
WITH_CAMERA = {"Permissions-Policy": OFF.format(camera="self")}
NOT_MODIFIED = 304
POLICY = b"content-security-policy"
HSTS = "max-age=63072000; includeSubDomains"
_nonce: ContextVar[str] = ContextVar("nonce")


def new_nonce(request: Request[Any, Any, Any]) -> None:
    """Draw the nonce of the page that is rendered next, and of the header that goes with it."""
    drawn = secrets.token_urlsafe(16)
    request.scope["state"]["nonce"] = drawn
    _nonce.set(drawn)


def nonce() -> str:
    """The nonce of the page that is being rendered. Raises LookupError where there is none."""
    drawn = _nonce.get()
    if not drawn:
        raise LookupError("this part is kept for other pages and can have no nonce")
    return drawn


@contextmanager
def no_nonce() -> Iterator[None]:
    """What is rendered inside is kept for other pages: whoever asks for a nonce there gets a LookupError."""
    token = _nonce.set("")
    try:
        yield
    finally:
        _nonce.reset(token)


class SecurityHeaders:
    """A `before_send` hook of the app."""

    def __init__(self, *, https: bool, tile_origin: str = "") -> None:
        headers = FIXED | ({"Strict-Transport-Security": HSTS} if https else {})
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.tiles = tile_origin and f" {tile_origin}"

    async def __call__(self, message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        said = {name.lower() for name, _value in headers}
        headers += [header for header in self.headers if header[0] not in said]
        # A reader who has the page keeps it with its nonce, and with the policy that came with it.
        if message["status"] != NOT_MODIFIED and POLICY not in said:
            drawn = scope["state"].get("nonce")
            scripts = f"'nonce-{drawn}'" if drawn else "'self'"
            headers.append((POLICY, CSP.format(scripts=scripts, tiles=self.tiles).encode()))
        message["headers"] = headers
