"""Load shedding: a process that already has as many requests in hand as it can answer in time takes no more.

Whoever comes then is told at once to come back in a few seconds, which costs next to nothing, instead of joining a
queue that grows until nobody is answered. Health, metrics and static files are always answered, and pages that only
listen are not counted.
"""

from __future__ import annotations

from random import SystemRandom
from typing import Any

from litestar import Request
from litestar.middleware import ASGIMiddleware
from litestar.response import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from server.edge.htmx import HTML, base_context, wants_fragment
from server.edge.i18n import locale, use_locale_of
from server.edge.problems import show_app_error, wants_json
from server.errors import Unavailable
from server.people.actors import VISITOR

SOONEST, LATEST = 3, 9  # seconds until they come back, spread so that they do not all come at once
LISTENING = "/live"
_between = SystemRandom().randint


class Overloaded(Unavailable):
    """Too many at once; `retry_after` differs from one to the next."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__()
        self.retry_after = _between(SOONEST, LATEST)  # type: ignore[misc]  # its own


class Door(ASGIMiddleware):
    """Lets at most so many requests in at once; outermost, so that whoever is not let in costs no database."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.inside = 0
        self.pages: dict[tuple[str, bool, bool], str] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Count a request in and out, or refuse it."""
        if scope["route_handler"].opt.get("exclude_from_auth") or scope["path_template"].endswith(LISTENING):
            await next_app(scope, receive, send)
        elif self.inside >= self.most:
            await self._refuse(Request(scope, receive, send))(scope, receive, send)
        else:
            self.inside += 1
            try:
                await next_app(scope, receive, send)
            finally:
                self.inside -= 1

    def _refuse(self, request: Request[Any, Any, Any]) -> ASGIApp:
        error = Overloaded()
        if wants_json(request):
            return show_app_error(request, error).to_asgi_response(None, request)
        request.scope["user"], request.scope["auth"] = VISITOR, ""
        use_locale_of(request, VISITOR)
        return Response(
            self._page(request),
            status_code=error.status,
            media_type=HTML,
            headers={"Retry-After": str(error.retry_after), "Cache-Control": "no-store", "Vary": "HX-Request"},
        ).to_asgi_response(None, request)

    def _page(self, request: Request[Any, Any, Any]) -> str:
        """The warm words, drawn once in each language: they say the same to everybody."""
        key = locale(), request.method == "GET", wants_fragment(request)
        if key not in self.pages:
            template = request.app.state.templates.get_template("errors/busy.html")
            context = base_context(request) | {"may_reload": key[1]}
            block = template.blocks["problem"](template.new_context(context))
            self.pages[key] = "".join(block) if key[2] else template.render(context)
        return self.pages[key]
