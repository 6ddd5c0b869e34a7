"""The poster for a station's door, in the language of those who will read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.nearby import find_station
from server.config import Settings
from server.edge.access import Audience, allow
from server.edge.htmx import page, redirect
from server.kit.i18n import SOURCE, languages, speaking
from server.people.models import Role
from server.visits import queries, service

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
# A quarter of the code may be dirty; scanners need a white border of four modules.
ERROR, QUIET = "q", 4


@get("/desk/{station_id:uuid}/door", opt=allow(Audience.STAFF), include_in_schema=False)
async def show_poster(request: Req, station_id: Id) -> Response[Any]:
    """Chinese unless another language is asked for, whoever prints it; a station without a code may get one."""
    card = await find_station(station_id, request.user)
    request.user.require(Role.STAFF, station_id=station_id, region_code=card.region_code)
    settings: Settings = request.app.state.settings
    asked = request.query_params.get("lang", SOURCE)
    language = asked if asked in languages() else SOURCE
    code = await queries.code_of(station_id)
    link = f"{settings.base_url}/door/"
    with speaking(language):
        return page(
            request,
            "visits/poster.html",
            card=card,
            code=code,
            language=language,
            tongues=list(languages().items()),
            link=link.partition("://")[2],
            qr=_drawn(link + code) if code else "",
            manager=request.user.may(Role.MANAGER, station_id=station_id, region_code=card.region_code),
        )


@post("/desk/{station_id:uuid}/door", opt=allow(Audience.MANAGER), include_in_schema=False)
async def give_code(request: Req, station_id: Id) -> Response[Any]:
    """A new code: the poster that hangs there must be changed."""
    await service.give_code(actor=request.user, station_id=station_id)
    return redirect(request, f"/desk/{station_id}/door")


def _drawn(link: str) -> str:
    """The code as an image that prints sharp at any size."""
    code = segno.make_qr(link, error=ERROR)
    uri: str = code.svg_data_uri(border=QUIET, svgclass=None, lineclass=None, light="#fff")
    return uri


handlers: list[Any] = [show_poster, give_code]
