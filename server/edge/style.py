"""The living style page: every part of the design in every state."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.response import Response

from server.edge.access import Audience, allow
from server.edge.htmx import page


@get("/style", opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_style(request: Request[Any, Any, Any]) -> Response[str]:
    return page(request, "styleguide.html")
