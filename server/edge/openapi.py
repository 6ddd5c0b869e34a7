"""Documenting errors in OpenAPI: `responses=problems(StationNotFound, …)` on a handler of the API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, Example, SecurityScheme

from server.edge.access import OPEN
from server.edge.csrf import StaleForm
from server.edge.hosts import WrongHost
from server.edge.problems import TEXTS
from server.errors import AppError, Forbidden, Invalid, NotFound, SignInNeeded

API = "/api/"
BEARER = "bearer"
TOKENS = Components(security_schemes={BEARER: SecurityScheme(type="http", scheme="bearer")})


class TooLarge(AppError):
    """What the framework answers to a body over the limit, for the documentation."""

    status = 413
    code = "too-large"
    message = TEXTS[413]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details. `type` ends with a stable code; `field` names what to correct."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str = ""
    errors: list[dict[str, str]] = []


def problems(*errors: type[AppError]) -> dict[int, ResponseSpec]:
    """The `responses` of a handler that may raise these errors, each with an example."""
    by_status: dict[int, list[type[AppError]]] = defaultdict(list)
    for error in errors:
        by_status[error.status].append(error)
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=", ".join(error.code for error in group),
            media_type="application/problem+json",
            examples=[Example(id=error.code, summary=error.code, value=_example(error)) for error in group],
        )
        for status, group in by_status.items()
    }


def document_doors(routes: Iterable[tuple[str, str, BaseRouteHandler]]) -> None:
    """Add to every operation of the API what it may answer before its handler is asked, and whose token it wants."""
    for path, method, handler in routes:
        if path.startswith(API) and isinstance(handler, HTTPRouteHandler):
            doors = problems(*_doors(path, method, handler))
            handler.responses = doors | dict(handler.responses or {})
            if not handler.opt["audiences"] & OPEN:
                handler.security = [{BEARER: []}]


def _doors(path: str, method: str, handler: HTTPRouteHandler) -> list[type[AppError]]:
    doors: list[type[AppError]] = [WrongHost]
    if not handler.opt["audiences"] & OPEN:
        doors += [SignInNeeded, Forbidden]
    if method != "GET":
        doors += [StaleForm]
    if "{" in path:
        doors += [NotFound]
    named = handler.parsed_fn_signature.parameters
    if named.keys() - {"request"}:
        doors += [AppError, Invalid]  # what cannot be read at all, and what cannot be used
    if "data" in named:
        doors += [TooLarge]
    return doors


def _example(error: type[AppError]) -> dict[str, object]:
    return {
        "type": f"/problems/{error.code}",
        "title": error.message,
        "status": error.status,
        "detail": error.message,
        "instance": "/api/v1/…",
    }
