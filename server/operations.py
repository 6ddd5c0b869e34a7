"""What machines of the operator ask: is it alive, can it serve, how is it doing."""

from __future__ import annotations

import math
import os
import secrets
from datetime import timedelta
from typing import Any

from litestar import Request, get
from litestar.response import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from server import job_runs
from server.db import health, lifespan, sql
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
  coalesce(extract(epoch FROM $1 - min(next_try_at) FILTER (WHERE next_try_at <= $1)), 0) AS oldest_due_seconds,
  extract(epoch FROM $1 - clock_timestamp()) AS clock_ahead
FROM notice WHERE state = 'due' AND push"""
STEPS = "SELECT to_status, count(*) AS number FROM booking_event WHERE at > $1 GROUP BY to_status"


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
    """What the database knows, the same from whichever process is asked, and the asked one's connections."""
    now = clock.now()
    outbox = (await sql.rows(OUTBOX, now))[0]
    steps = GaugeMetricFamily("niangjia_booking_steps_last_hour", "Steps of bookings, by status", labels=["status"])
    for row in await sql.rows(STEPS, now - timedelta(hours=1)):
        steps.add_metric([row["to_status"]], row["number"])
    pool = GaugeMetricFamily("niangjia_pool_connections", "Connections of this process", labels=["state"])
    for state, number in lifespan.pool_use().items():
        pool.add_metric([state], number)
    waiting = [
        GaugeMetricFamily(f"niangjia_outbox_{name}", what, float(outbox[name])) for name, what in WAITING.items()
    ]
    ahead = GaugeMetricFamily(
        "niangjia_clock_ahead_seconds",
        "How far this machine's clock is ahead of the database's",
        float(outbox["clock_ahead"]),
    )
    return [steps, pool, ahead, *waiting, *await _jobs(), *await _backups()]


async def _jobs() -> list[Metric]:
    runs = CounterMetricFamily("niangjia_job_runs", "Times that a recurring job succeeded", labels=["job"])
    seconds = CounterMetricFamily("niangjia_job_seconds", "Seconds that these took together", labels=["job"])
    last = GaugeMetricFamily("niangjia_job_last_success_timestamp_seconds", "When it last did", labels=["job"])
    for job in await job_runs.known():
        runs.add_metric([job["name"]], job["runs"])
        seconds.add_metric([job["name"]], job["seconds"])
        last.add_metric([job["name"]], job["last_at"].timestamp())
    return [runs, seconds, last]


async def _backups() -> list[Metric]:
    """How old the newest base backup is, and how long ago every change was known to be received."""
    known = {job["name"]: job["last_at"] for job in await job_runs.known()}
    age = GaugeMetricFamily("niangjia_backup_age_seconds", "Age of the newest backup; +Inf for none", labels=["part"])
    for part in ("base", "changes"):
        last = known.get(f"backup.{part}")
        age.add_metric([part], (clock.now() - last).total_seconds() if last else math.inf)
    return [age]


class _Known:
    """Figures as Prometheus' own registry takes them."""

    def __init__(self, figures: list[Metric]) -> None:
        self.figures = figures

    def collect(self) -> list[Metric]:
        return self.figures


handlers = [show_alive, show_ready, show_metrics]
