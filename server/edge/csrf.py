"""No other site can send a form in a person's name.

A token is bound to the browser's session, or for visitors to a random cookie of their own, and is
salted anew on each page, so that a compressed page never shows the same secret twice (BREACH).
Bearer tokens and cookie-less JSON carry no ambient authority and need none.
"""

from __future__ import annotations

import secrets
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from server.edge.sessions import COOKIE as SESSION_COOKIE
from server.errors import Forbidden
from server.kit.crypto import vault
from server.kit.text import N_

VISIT_COOKIE = "nj_visit"
FIELD = "_csrf"
HEADER = "x-csrf-token"
SAFE = {"GET", "HEAD", "OPTIONS"}
PURPOSE = "csrf"
SALT_CHARS = 12


class StaleForm(Forbidden):
    code = "stale-form"
    message = N_("页面放得太久了，请刷新后再提交一次。")


def token(request: Request[Any, Any, Any]) -> str:
    """A token for a form on this page; marks the response to set the visitor's cookie where there is none."""
    salt = secrets.token_urlsafe(9)
    return salt + vault().sign(salt + _binding(request), PURPOSE)


def _binding(request: Request[Any, Any, Any]) -> str:
    session = request.cookies.get(SESSION_COOKIE) if request.user.kind != "visitor" else None
    if session:
        return session
    visit = request.cookies.get(VISIT_COOKIE) or request.scope["state"].get("new_visit")
    if not visit:
        visit = request.scope["state"]["new_visit"] = secrets.token_urlsafe(18)
    return str(visit)


async def check_csrf(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Guard of the whole app for unsafe methods. Raises StaleForm."""
    if connection.scope.get("method", "GET") in SAFE or connection.auth == "bearer":
        return
    request: Request[Any, Any, Any] = connection  # type: ignore[assignment]  # guards of HTTP routes get the request
    if not request.cookies.get(SESSION_COOKIE) and request.content_type[0] == "application/json":
        return
    sent = request.headers.get(HEADER) or (await request.form()).get(FIELD)
    if not isinstance(sent, str) or not _fits(request, sent):
        raise StaleForm


def _fits(request: Request[Any, Any, Any], sent: str) -> bool:
    salt, signature = sent[:SALT_CHARS], sent[SALT_CHARS:]
    return vault().verify(salt + _binding(request), PURPOSE, signature)
