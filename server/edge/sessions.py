"""Cookies and bearer tokens become an Actor; signing in always begins a new session."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.response import Response

from server.config import Settings
from server.edge.i18n import use_locale_of
from server.kit.context import session_id
from server.people import service as people
from server.people.actors import VISITOR

COOKIE = "nj_session"
WORKER_DAYS = 180
UNATTENDED = "x-unattended"
EVENTS = "text/event-stream"


class SignedIn(AbstractAuthenticationMiddleware):
    """Puts the Actor into `request.user` and how it proved itself ("cookie", "bearer" or "") into `request.auth`."""

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        token, proof = _token_of(connection)
        actor = (await people.find_actor(token, attended=_attended(connection)) if token else None) or VISITOR
        session_id.set(actor.session_id)
        use_locale_of(connection, actor)
        return AuthenticationResult(user=actor, auth=proof)


def _attended(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether somebody sits there: a page that asks by itself (app.js marks it) or listens keeps no session alive."""
    return UNATTENDED not in connection.headers and EVENTS not in connection.headers.get("accept", "")


def _token_of(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, str]:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token[:200], "bearer"
    cookie = connection.cookies.get(COOKIE, "")
    return cookie[:200], "cookie" if cookie else ""


def begin(response: Response[Any], token: str, settings: Settings, *, days: int | None = None) -> None:
    """Give the browser its session; without `days` it ends with the browser window (staff on a shared PC)."""
    response.set_cookie(
        Cookie(
            COOKIE,
            value=token,
            max_age=days * 86_400 if days else None,
            httponly=True,
            secure=settings.secure_cookies,
            samesite="lax",
        )
    )


def end(response: Response[Any]) -> None:
    """Take the session cookie back."""
    response.delete_cookie(COOKIE)
