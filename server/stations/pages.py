"""Pages that need stations alone: choosing a district."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.stations.divisions import Place, children, find_place
from server.stations.errors import DivisionNotFound

# What a search keeps while a district is chosen.
KEPT = ("service", "kind", "facility", "open", "q")


@get(["/regions", "/regions/{code:int}"], opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_regions(request: Request[Any, Any, Any], code: FromPath[int | None] = None) -> Response[str]:
    """Province, then city, then county: one tap each."""
    place = find_place(code)
    if code is not None and place is None:
        raise DivisionNotFound
    below = children(code)
    if len(below) == 1 and below[0].level != "county":
        # Beijing the province has one city of the same name: no choice to make.
        below = children(below[0].code)
    return page(
        request,
        "stations/regions.html",
        place=place,
        above=find_place(place.parent) if place else None,
        below=[(child, _leads_on(child)) for child in below],
        kept=[(name, value) for name in KEPT for value in request.query_params.getall(name, [])],
    )


def _leads_on(place: Place) -> bool:
    return bool(children(place.code))


handlers = [show_regions]
