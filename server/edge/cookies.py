"""Over HTTPS the cookies that say who somebody is are called `__Host-…`: a browser takes such a name only from this
very host, so that no neighbouring subdomain can plant one. Inside, they keep their plain names.
"""

from __future__ import annotations

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.edge.csrf import VISIT_COOKIE
from server.edge.sessions import COOKIE

PREFIX = b"__Host-"
GUARDED = tuple(name.encode() for name in (COOKIE, VISIT_COOKIE))


class HostCookies(ASGIMiddleware):
    """Outermost where cookies are secure; a guarded cookie without its prefix counts as not sent."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Take the prefix off what comes in, and put it on what goes out."""
        scope["headers"] = [(name, _plain(value) if name == b"cookie" else value) for name, value in scope["headers"]]

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, _prefixed(value) if name.lower() == b"set-cookie" else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        await next_app(scope, receive, guarded)


def _plain(header: bytes) -> bytes:
    pairs = [pair.strip() for pair in header.split(b";")]
    return b"; ".join(pair.removeprefix(PREFIX) for pair in pairs if pair.partition(b"=")[0].strip() not in GUARDED)


def _prefixed(cookie: bytes) -> bytes:
    return PREFIX + cookie if cookie.partition(b"=")[0] in GUARDED else cookie
