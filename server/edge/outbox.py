"""Forms that wait on the phone until there is a network (web/static/js/outbox.js).

A form says with `data-outbox` that it may wait: sent twice, it must do no more than once. It goes out later with a
token of that moment, and marked (`X-Outbox`), so that a refusal comes as words alone and not as a page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from litestar import Request, get
from litestar.response import Response

from server.edge import csrf
from server.edge.access import Audience, allow
from server.kit.crypto import vault
from server.people.actors import Actor

HEADER = "x-outbox"
NOBODY = "nobody"
REFUSED = 400
NO_STORE = {"Cache-Control": "no-store"}


def owner_of(actor: Actor) -> str:
    """Whose a page, or what waits on a phone, is: a name that says nothing about anybody."""
    return vault().sign(str(actor.id), "page-for")[:16] if actor.id else NOBODY


def refusal(request: Request[Any, Any, Any], status: int, shown: Mapping[str, Any]) -> Response[str] | None:
    """The words of a refused page for a form that waited; None for everybody else."""
    if status < REFUSED or HEADER not in request.headers:
        return None
    errors = " ".join(error.message for error in shown.get("errors") or [])
    said = next((str(shown[name]) for name in ("problem_text", "refusal", "said") if shown.get(name)), errors)
    return Response(
        json.dumps({"said": said}, ensure_ascii=False),
        status_code=status,
        media_type="application/json",
        headers=NO_STORE,
    )


@get("/outbox/token", opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_token(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """Who is signed in, and a token for what waits of theirs; a visitor gets none."""
    token = csrf.token(request) if request.user.id else ""
    return Response({"owner": owner_of(request.user), "token": token}, headers=NO_STORE)


handlers = [show_token]
