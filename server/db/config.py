"""What the ORM needs to know: one connection, one app label over all rooms."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MODELS = [
    "server.people.models",
    "server.stations.models",
    "server.bookings.models",
    "server.bookings.group_models",
    "server.bookings.no_show_models",
    "server.bookings.plan_models",
    "server.membership.models",
    "server.visits.models",
    "server.reports.models",
    "server.figures.models",
    "server.notices.models",
    "server.audit.models",
]
PATIENCE = 30  # of workers and commands; the web has its own
# Two swapped letters of a word (fenglnig) still find it.
TYPOS = {"pg_trgm.word_similarity_threshold": "0.55"}


async def keep_session(_connection: Any) -> None:
    """What the pool does to a connection that comes back: nothing, which saves a round trip per statement.

    Open transactions are rolled back before; nothing of ours changes a session (no SET, LISTEN or session locks).
    """


def orm_config(
    database_url: str, *, pool_size: int = 5, pool_min: int = 1, patience: int = PATIENCE, statements_end: bool = False
) -> dict[str, Any]:
    """The ORM's configuration for a `postgresql://` address (a `host` parameter may name a socket folder).

    A connection is waited for `patience` seconds; where `statements_end`, each statement ends after as many.
    """
    parts = urlsplit(database_url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    credentials: dict[str, Any] = {
        "host": query.pop("host", None) or parts.hostname or "localhost",
        "port": parts.port or int(query.pop("port", 5432)),
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/") or "postgres",
        "minsize": pool_min,
        "maxsize": pool_size,
        "reset": keep_session,
        "patience": patience,
        "server_settings": {"application_name": "niangjia", "timezone": "UTC", "jit": "off", **TYPOS},
    }
    if "sslmode" in query:
        credentials["ssl"] = query["sslmode"]
    if statements_end:
        credentials["server_settings"]["statement_timeout"] = f"{patience}s"
    return {
        "connections": {"default": {"engine": "server.db.pool", "credentials": credentials}},
        "apps": {
            "models": {
                "models": MODELS,
                "default_connection": "default",
                "migrations": "server.db.migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


# For the ORM's own command line (`tortoise makemigrations`), which reads models and files only.
TORTOISE_ORM = orm_config("postgresql://postgres@localhost/niangjia")
