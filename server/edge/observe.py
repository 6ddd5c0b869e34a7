"""How operators see requests: an id for each, one log line without personal data, and counted latencies.

A line names the route (`/bookings/{code}`), never the address itself: ids, phones and searches stay out of logs.
"""

from __future__ import annotations

import re
from functools import cache
from time import perf_counter
from typing import Any

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send
from prometheus_client import Histogram

from server.kit.context import request_id
from server.kit.ids import new_id

log = structlog.get_logger()
WELL_FORMED = re.compile(rb"[A-Za-z0-9_-]{8,36}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
UNMATCHED = "unmatched"
REQUESTS = Histogram(
    "niangjia_request_seconds",
    "Seconds until an answer began",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class ObservedApp(Litestar):
    """An application whose every request is noted, refused and unknown ones included."""

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._observe(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _observe(self, scope: Any, receive: Any, send: Any) -> None:
        began, this_id = perf_counter(), _id_of(scope)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", this_id.encode())]
                _note(scope, message["status"], perf_counter() - began)
            await send(message)

        token = request_id.set(this_id)
        try:
            await super().__call__(scope, receive, noting)
        finally:
            request_id.reset(token)


def _id_of(scope: Any) -> str:
    """The id that a proxy gave the request, where it looks like one; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and WELL_FORMED.fullmatch(value):
            return str(value.decode())
    return str(new_id())


@cache
def _series(method: str, route: str, status: int) -> Histogram:
    """As few as there are routes: what nobody knows counts as one."""
    return REQUESTS.labels(method, route, status)


def _note(scope: Any, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    route = scope.get("path_template") or UNMATCHED
    _series(method, route, status).observe(seconds)
    actor = scope.get("user")
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        actor=actor.kind if actor else "visitor",
    )
