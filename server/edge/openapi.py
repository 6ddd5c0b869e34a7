"""Documenting errors in OpenAPI: `responses=problems(StationNotFound, …)` on a handler of the API."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from server.errors import AppError


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


def _example(error: type[AppError]) -> dict[str, object]:
    return {
        "type": f"/problems/{error.code}",
        "title": error.message,
        "status": error.status,
        "detail": error.message,
        "instance": "/api/v1/…",
    }
