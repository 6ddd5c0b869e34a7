"""Pages and their fragments: one template per page, one block per part that htmx swaps."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale
from jinja2 import Environment
from litestar import Request
from litestar.response import Redirect, Response

from server.config import Settings
from server.edge import csrf, i18n, outbox
from server.edge.headers import new_nonce
from server.edge.templates import OfPage, forget

HTML = "text/html"
TEXT_SIZE_COOKIE = "nj_text"
WECHAT = "MicroMessenger"


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx will swap the answer into a page it has, rather than show it as one."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-boosted") != "true"
        and headers.get("hx-history-restore-request") != "true"
    )


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    fragment: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """The whole page, or the block named `fragment` where htmx asks for it.

    Pages show who is signed in, so no shared cache may keep them.
    """
    told = outbox.refusal(request, status, context)
    if told:
        return told
    env: Environment = request.app.state.templates
    new_nonce(request)
    context = base_context(request) | context
    html = _render(env, template, context, fragment if wants_fragment(request) else None)
    response = Response(html, status_code=status, media_type=HTML, headers=headers)
    response.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
    response.headers.setdefault("Cache-Control", "private, no-store" if request.user.id else "private, no-cache")
    _remember_visit(request, response)
    return response


def _render(env: Environment, template: str, values: dict[str, Any], block: str | None) -> str:
    """A template, or one block alone, with what its template imports and sets above it."""
    contexts: list[OfPage] = []
    found = env.get_template(template)
    context = found.new_context(values | {"contexts": contexts})
    try:
        if block is None:
            return env.concat(found.root_render_func(context))
        # Imports run before the first output of a template: one step of its rendering makes them known to the block.
        next(iter(found.root_render_func(context)), None)
        return env.concat(found.blocks[block](context))
    finally:
        forget(contexts)


def base_context(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What every template may use."""
    settings: Settings = request.app.state.settings
    actor = request.user
    code = i18n.locale()
    return {
        "request": request,
        "path": request.url.path,
        "locale": code,
        "html_lang": code.replace("_", "-"),
        "text_direction": _direction(code),
        "languages": i18n.choices(),
        "person": actor if actor.kind == "worker" else None,
        "staff": actor if actor.kind == "staff" else None,
        "demo": settings.demo,
        "text_size": "large" if request.cookies.get(TEXT_SIZE_COOKIE) == "large" else "normal",
        # One for all forms of a page: hundreds of random ones on a full day sheet were half of what travels.
        "csrf_token": cache(lambda: csrf.token(request)),
        "page_owner": outbox.owner_of(actor),
        "boosted": request.headers.get("hx-boosted") == "true",
        "wechat": WECHAT in request.headers.get("user-agent", ""),
        "base_url": settings.base_url,
        "tile_url": settings.tile_url,
    }


@cache
def _direction(code: str) -> str:
    return Locale.parse(code).text_direction


def _remember_visit(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    visit = request.scope["state"].get("new_visit")
    if visit:
        settings: Settings = request.app.state.settings
        response.set_cookie(
            csrf.VISIT_COOKIE,
            visit,
            httponly=True,
            secure=settings.secure_cookies,
            samesite="lax",
            max_age=86_400,
        )


def redirect(request: Request[Any, Any, Any], url: str) -> Response[Any]:
    """Go on to another page after a form: 303, or a full load for htmx, whose fetch would follow it unseen."""
    if request.headers.get("hx-request") == "true":
        return Response("", status_code=200, headers={"HX-Redirect": url})
    return Redirect(url, status_code=303)


def local_path(url: str, default: str = "/") -> str:
    """`url` if it is a path on this site, else `default`: nobody is sent to another site from here."""
    plain = url.isprintable() and not any(ch.isspace() for ch in url)
    if plain and url.startswith("/") and not url.startswith(("//", "/\\")) and "\\" not in url:
        return url
    return default
