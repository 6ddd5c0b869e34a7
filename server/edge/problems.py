"""Every error as the reader needs it: a page, a fragment for htmx, or RFC 9457 problem details."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from asyncpg.exceptions import CharacterNotInRepertoireError
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Response
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE, HTTP_500_INTERNAL_SERVER_ERROR

from server.db.pool import AWAY
from server.edge.htmx import page, wants_fragment
from server.edge.i18n import _, use_locale_of
from server.errors import AppError, Invalid, NotFound, SignInNeeded, TooMany, Unavailable
from server.kit.text import N_
from server.people.actors import VISITOR

log = structlog.get_logger()
PROBLEM_JSON = "application/problem+json"
CODES = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media",
}
TEXTS = {
    404: NotFound.message,
    405: N_("这个网址不能这样用。"),
    413: N_("内容太大了，请减少一些再发。"),
}
BROKEN = N_("我们这边出了点问题，您填的内容没有提交成功。请过一分钟再试，或拨打 12351。")


class HttpProblem(AppError):
    """A refusal by the framework itself, such as an unknown path."""

    def __init__(self, status: int) -> None:
        super().__init__(TEXTS.get(status, AppError.message))
        self.status = status  # type: ignore[misc]
        self.code = CODES.get(status, "error")  # type: ignore[misc]


def show_app_error(request: Request[Any, Any, Any], error: AppError) -> Response[Any]:
    """A refusal that the person can understand."""
    _prepare(request)
    if wants_json(request):
        return _problem(request, error)
    if isinstance(error, SignInNeeded) and (request.method == "GET" or wants_fragment(request)):
        return _to_sign_in(request, error)
    return page(
        request,
        "errors/problem.html",
        fragment="problem",
        status=error.status,
        headers=_extra_headers(error),
        problem_status=error.status,
        problem_text=_(error.text, **error.params),
    )


def _to_sign_in(request: Request[Any, Any, Any], error: SignInNeeded) -> Response[Any]:
    """To the sign-in page and back; an open page whose session ended goes there as a whole."""
    target = "/staff/sign-in" if error.staff else "/sign-in"
    if not wants_fragment(request):
        return Redirect(f"{target}?next={request.url.path}", status_code=303)
    shown = urlsplit(request.headers.get("hx-current-url", "")).path or "/"
    return Response("", status_code=error.status, headers={"HX-Redirect": f"{target}?next={shown}"})


def show_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses: unknown paths, wrong methods, bodies that are too large or cannot be read."""
    if isinstance(error, ValidationException):
        return show_app_error(request, _invalid(error))
    return show_app_error(request, HttpProblem(error.status_code))


def show_unwritable(request: Request[Any, Any, Any], _error: CharacterNotInRepertoireError) -> Response[Any]:
    """Text with a NUL in it, which no database keeps: what was sent is wrong, not we."""
    return show_app_error(request, Invalid())


def show_away(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The database is away, overloaded, full or too slow. What was sent may be stored or not: neither is claimed."""
    log.warning("database.away", error=type(error).__name__)
    return show_app_error(request, Unavailable())


def show_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A mistake of ours: logged with its trace, told without detail."""
    log.error("unexpected", exc_info=error)
    problem = HttpProblem(HTTP_500_INTERNAL_SERVER_ERROR)
    problem.text = BROKEN
    return show_app_error(request, problem)


def _invalid(error: ValidationException) -> Invalid:
    invalid = Invalid()
    extra = error.extra if isinstance(error.extra, list) else []
    invalid.fields = [{"field": str(e.get("key", "")), "detail": str(e.get("message", ""))} for e in extra]
    return invalid


def _problem(request: Request[Any, Any, Any], error: AppError) -> Response[dict[str, Any]]:
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": _(type(error).message) if type(error) is not HttpProblem else _(error.text),
        "status": error.status,
        "detail": _(error.text, **error.params),
        "instance": request.url.path,
    }
    if error.field:
        body["field"] = error.field
    if isinstance(error, Invalid) and error.fields:
        body["errors"] = error.fields
    return Response(body, status_code=error.status, media_type=PROBLEM_JSON, headers=_extra_headers(error))


def _extra_headers(error: AppError) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany | Unavailable) else {}


def wants_json(request: Request[Any, Any, Any]) -> bool:
    """Whether a program asks, rather than a person."""
    return request.url.path.startswith(("/api/", "/schema", "/health", "/metrics"))


def _prepare(request: Request[Any, Any, Any]) -> None:
    """Unknown paths never met the middleware: give them a visitor and a language."""
    if "user" not in request.scope:
        request.scope["user"] = VISITOR
        request.scope["auth"] = ""
        use_locale_of(request, VISITOR)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    AppError: show_app_error,
    HTTPException: show_http_error,
    CharacterNotInRepertoireError: show_unwritable,
    **dict.fromkeys(AWAY, show_away),
    HTTP_413_REQUEST_ENTITY_TOO_LARGE: show_http_error,
    HTTP_500_INTERNAL_SERVER_ERROR: show_unexpected,
    Exception: show_unexpected,
}
