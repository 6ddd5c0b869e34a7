"""Logs: one JSON object per line on standard error, with the request's id and without personal data.

Whoever tries the demo at a terminal reads them as text.
"""

from __future__ import annotations

import logging.config
import re
import sys
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from server.config import Settings
from server.kit.context import request_id

# Libraries that tell of every request or statement, addresses and values included.
QUIET = ("asyncio", "granian.access", "httpx", "httpcore", "litestar", "tortoise")
# PostgreSQL quotes the refused row behind these words.
DETAIL = re.compile(r"\nDETAIL: .*")


def _add_request_id(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    if request_id.get():
        event["request_id"] = request_id.get()
    return event


def _drop_details(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    if "exception" in event:
        event["exception"] = DETAIL.sub("", event["exception"])
    return event


COMMON: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    _add_request_id,
    structlog.processors.format_exc_info,
    _drop_details,
]


def logging_config(settings: Settings) -> dict[str, Any]:
    """What `logging.config.dictConfig` needs: our own events and those of libraries, in the same shape."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if settings.demo and sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": ProcessorFormatter,
                "foreign_pre_chain": COMMON,
                "processors": [ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"lines": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "line"}},
        "root": {"handlers": ["lines"], "level": settings.log_level},
        "loggers": {name: {"level": "WARNING"} for name in QUIET},
    }


def start_logs(settings: Settings) -> None:
    """Give this process its logs (once, at start)."""
    logging.config.dictConfig(logging_config(settings))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *COMMON, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
