"""Who may call a route. Every handler says so with `opt=allow(...)`; create_app refuses one that does not.

An audience is the coarse gate; a service verb checks the scope (this station, this region) again.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from server.errors import Forbidden, SignInNeeded
from server.people.actors import VISITOR, Actor
from server.people.models import Role


class Audience(StrEnum):
    """VISITOR is everybody, COLLEAGUE all staff; the others need a session of that kind, or that role anywhere."""

    VISITOR = "visitor"
    WORKER = "worker"
    COLLEAGUE = "colleague"
    STAFF = "staff"
    MANAGER = "manager"
    OFFICER = "officer"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    # Machines of the operator; the handler checks a token of its own.
    OPERATIONS = "operations"


ROLE_OF = {
    Audience.STAFF: Role.STAFF,
    Audience.MANAGER: Role.MANAGER,
    Audience.OFFICER: Role.OFFICER,
    Audience.REVIEWER: Role.REVIEWER,
    Audience.AUDITOR: Role.AUDITOR,
}
OPEN = {Audience.VISITOR, Audience.OPERATIONS}


def allow(*audiences: Audience) -> dict[str, Any]:
    """The `opt` of a handler: any one of these audiences may call it."""
    return {"audiences": frozenset(audiences)}


async def check_audience(connection: ASGIConnection[Any, Actor, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of the whole app. Raises SignInNeeded or Forbidden."""
    audiences: frozenset[Audience] = handler.opt["audiences"]
    actor: Actor = connection.scope.get("user") or VISITOR  # static files meet no session
    if audiences & OPEN or any(_belongs(actor, audience) for audience in audiences):
        return
    if actor.kind == "visitor":
        raise SignInNeeded(staff=Audience.WORKER not in audiences)
    raise Forbidden


def _belongs(actor: Actor, audience: Audience) -> bool:
    if audience is Audience.WORKER:
        return actor.kind == "worker"
    if audience is Audience.COLLEAGUE:
        return actor.kind == "staff"
    return actor.kind == "staff" and actor.holds(ROLE_OF[audience])


def handlers_of(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, str, BaseRouteHandler]]:
    """Every (path, method, handler) of the app's HTTP routes, without the automatic OPTIONS."""
    for route in routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield route.path_format, method, handler


def refuse_undeclared(app: Litestar) -> None:
    """Raise at start for a route that does not say who may call it: nothing is public by omission."""
    bare = [f"{method} {path}" for path, method, handler in handlers_of(app.routes) if not handler.opt.get("audiences")]
    if bare:
        raise RuntimeError(f"routes without an audience: {', '.join(bare)}")
