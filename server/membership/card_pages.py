"""The member card on its member's phone."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import segno
from litestar import Request, get
from litestar.response import Response

from server.edge.access import Audience, allow
from server.edge.htmx import page, redirect
from server.kit import clock
from server.membership import queries
from server.membership.card import CARD_LIFE, CardFacts, write_card
from server.membership.errors import NotAMember
from server.membership.queries import Card

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)


async def _card(request: Req) -> Card:
    card = await queries.card_of(request.user)
    if card is None:
        raise NotAMember
    return card


@get("/card", opt=WORKER, include_in_schema=False)
async def show_card(request: Req) -> Response[Any]:
    if not request.user.is_member:
        return redirect(request, "/membership")
    card = await _card(request)
    return page(
        request,
        "membership/card.html",
        fragment="card",
        card=card,
        number=" ".join(card.number[at : at + 4] for at in range(0, len(card.number), 4)),
        years=clock.today().year - card.joined_on.year,
        valid_until=clock.today() + CARD_LIFE,
        moved="moved" in request.query_params,
    )


@get("/card/qr.svg", opt=WORKER, include_in_schema=False)
async def show_card_code(request: Req) -> Response[bytes]:
    """The signed card as a scanner reads it."""
    card = await _card(request)
    facts = CardFacts(card.number, card.name, card.union_name, card.version, clock.today())
    drawn = BytesIO()
    code = segno.make_qr(write_card(facts), error="l")
    code.save(drawn, kind="svg", scale=4, border=2, svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


handlers = [show_card, show_card_code]
