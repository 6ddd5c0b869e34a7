"""What machines of the operator ask: is it alive, can it serve, how is it doing."""

from __future__ import annotations

import os
import secrets
from typing import Any

from litestar import Request, get
from litestar.response import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from server.db import health, sql
from server.edge.access import Audience, allow
from server.errors import SignInNeeded, Unavailable
from server.kit import clock

# No session is looked up: these answer while the database is away, and the token of /metrics is not a session's.
QUIET: dict[str, Any] = {"exclude_from_auth": True}
WAITING = {
    "waiting": "Messages not sent yet",
    "due": "Messages that should be out by now",
    "oldest_due_seconds": "How late the oldest of them is",
}
OUTBOX = """SELECT count(*) AS waiting, count(*) FILTER (WHERE next_try_at <= $1) AS due,
  coalesce(extract(epoch FROM $1 - min(next_try_at) FILTER (WHERE next_try_at <= $1)), 0) AS oldest_due_seconds
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
    rooms = CollectorRegistry()
    rooms.register(_Known(await _rooms()))
    return Response(generate_latest(_requests()) + generate_latest(rooms), media_type=CONTENT_TYPE_LATEST)


def _requests() -> CollectorRegistry:
    """What this process counted, or all web processes together where there are several (see server.web)."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


async def _rooms() -> list[Metric]:
    """What the database knows: the same from whichever process is asked."""
    outbox = await sql.rows(OUTBOX, clock.now())
    bookings = GaugeMetricFamily("niangjia_bookings", "Bookings by status", labels=["status"])
    for row in await sql.rows("SELECT status, count(*) AS number FROM booking GROUP BY status"):
        bookings.add_metric([row["status"]], row["number"])
    return [
        bookings,
        *(GaugeMetricFamily(f"niangjia_outbox_{name}", what, float(outbox[0][name])) for name, what in WAITING.items()),
    ]


class _Known:
    """Figures as Prometheus' own registry takes them."""

    def __init__(self, figures: list[Metric]) -> None:
        self.figures = figures

    def collect(self) -> list[Metric]:
        return self.figures


handlers = [show_alive, show_ready, show_metrics]
