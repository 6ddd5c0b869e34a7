"""Divisions for other programs."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter
from litestar.response import Response

from server.edge.access import Audience, allow
from server.edge.etag import with_etag
from server.edge.openapi import problems
from server.errors import Invalid
from server.stations import queries
from server.stations.divisions import find_place
from server.stations.errors import DivisionNotFound
from server.stations.queries import DivisionItem

A_DAY = "public, max-age=86400"
MOST = 200


@get(
    "/api/v1/divisions",
    opt=allow(Audience.VISITOR),
    tags=["stations"],
    operation_id="listDivisions",
    summary="Provinces, cities and counties",
    responses=problems(Invalid, DivisionNotFound),
)
async def list_divisions(
    request: Request[Any, Any, Any],
    *,
    parent: Annotated[int | None, QueryParameter(description="GB/T 2260 code; without it, provinces")] = None,
    q: Annotated[str, QueryParameter(max_length=40, description="name, pinyin or initials")] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = MOST,
) -> Response[list[DivisionItem]]:
    """Children of one division, or a search below it."""
    if parent is not None and find_place(parent) is None:
        raise DivisionNotFound(field="parent")
    body = msgspec.json.encode(await queries.find_divisions(parent=parent, text=q, limit=limit))
    return with_etag(request, body, Response(body, media_type="application/json", headers={"Cache-Control": A_DAY}))


handlers = [list_divisions]
