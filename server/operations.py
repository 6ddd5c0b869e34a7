"""What machines of the operator ask: is it alive, can it serve, how is it doing."""

from __future__ import annotations

import os
import secrets
from typing import Any

from litestar import Request, get
from litestar.response import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from server.db import health, sql
from server.edge.access import Audience, allow
from server.errors import SignInNeeded, Unavailable
from server.kit import clock

# No session is looked up: these answer while the database is away, and the token of /metrics is not a session's.
QUIET: dict[str, Any] = {"exclude_from_auth": True}
OUTBOX = """SELECT count(*) AS waiting, count(*) FILTER (WHERE next_try_at <= $1) AS due,
  coalesce(extract(epoch FROM $1 - min(next_try_at) FILTER (WHERE next_try_at <= $1)), 0) AS oldest_due
FROM notice WHERE state = 'due' AND push"""


@get("/health/live", opt=allow(Audience.VISITOR) | QUIET, include_in_schema=False)
async def show_alive() -> dict[str, str]:
    return {"status": "ok"}


@get("/health/ready", opt=allow(Audience.VISITOR) | QUIET, include_in_schema=False)
async def show_ready() -> dict[str, str]:
    """Ready when the database answers and has every migration of this release."""
    try:
        current = await health.is_current()
    except Exception as error:
        # Whatever keeps the database from answering, the answer is the same.
        raise Unavailable from error
    if not current:
        raise Unavailable
    return {"status": "ok"}


@get("/metrics", opt=allow(Audience.OPERATIONS) | QUIET, include_in_schema=False)
async def show_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus metrics, for whoever holds the operator's token."""
    expected = f"Bearer {request.app.state.settings.metrics_token}"
    if not secrets.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
        raise SignInNeeded
    body = generate_latest(_requests()) + generate_latest(await _rooms())
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def _requests() -> CollectorRegistry:
    """What this process counted, or all web processes together where there are several (see server.web)."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


async def _rooms() -> CollectorRegistry:
    """What the database knows: the same from whichever process is asked."""
    registry = CollectorRegistry()
    outbox = await sql.row(OUTBOX, clock.now())
    if outbox:
        Gauge("niangjia_outbox_waiting", "Messages not sent yet", registry=registry).set(outbox["waiting"])
        Gauge("niangjia_outbox_due", "Messages that should be out by now", registry=registry).set(outbox["due"])
        oldest = Gauge("niangjia_outbox_oldest_due_seconds", "How late the oldest of them is", registry=registry)
        oldest.set(float(outbox["oldest_due"]))
    bookings = Gauge("niangjia_bookings", "Bookings by status", ["status"], registry=registry)
    for row in await sql.rows("SELECT status, count(*) AS number FROM booking GROUP BY status"):
        bookings.labels(row["status"]).set(row["number"])
    return registry


handlers = [show_alive, show_ready, show_metrics]
