"""Posters to print: a sheet with one or four of them, in the language of those who will read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from server.config import Settings
from server.edge.access import Audience, allow
from server.edge.htmx import page
from server.kit.i18n import SOURCE, languages, speaking
from server.membership import union_queries
from server.membership.errors import UnionGone
from server.membership.models import UnionKind
from server.membership.posters import poster_link, poster_uri

Req = Request[Any, Any, Any]
KEEPERS = allow(Audience.OFFICER, Audience.REVIEWER)
SHEETS = {"1": 1, "4": 4}


@get("/review/unions/{union_id:uuid}/poster", opt=KEEPERS, include_in_schema=False)
async def show_poster(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    """Chinese unless another language is asked for, whoever prints it. Raises NotFound, Forbidden, UnionGone."""
    row = await union_queries.union_kept(request.user, union_id)
    if row.closed:
        raise UnionGone
    settings: Settings = request.app.state.settings
    asked = request.query_params.get("lang", SOURCE)
    language = asked if asked in languages() else SOURCE
    per_sheet = SHEETS.get(request.query_params.get("per", ""), 1)
    # A federation takes nobody in itself: its poster leads to the choice of a union.
    code = "" if row.union.kind is UnionKind.FEDERATION else row.union.code
    link = poster_link(settings.base_url, code)
    with speaking(language):
        return page(
            request,
            "review/union_poster.html",
            union=row.union,
            place=row.place,
            per_sheet=per_sheet,
            language=language,
            tongues=list(languages().items()),
            link=link.partition("://")[2].removesuffix(code),
            code=code,
            qr=poster_uri(link),
        )


handlers = [show_poster]
