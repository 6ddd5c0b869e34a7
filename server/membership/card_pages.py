"""The member card on its member's phone, and the page at the desk that looks whether a card is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
import segno
from litestar import Request, get, post
from litestar.params import FromQuery
from litestar.response import Response, ServerSentEvent
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.etag import with_etag
from server.edge.forms import read_form
from server.edge.headers import WITH_CAMERA
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Invalid, TooMany
from server.kit import clock
from server.kit.ids import read_code
from server.kit.text import N_
from server.membership import queries
from server.membership.card import CARD_LIFE, CardFacts, is_card, public_key, serial_of, write_card
from server.membership.card_check import check_card, revoked_serials
from server.membership.errors import CardExpired, CardForged, CardRevoked, NotAMember
from server.membership.queries import Card
from server.membership.transfer_queries import union_history
from server.people import service as people
from server.people.actors import Actor

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
DESK = allow(Audience.STAFF, Audience.REVIEWER)
# More than a queue at the door, less than somebody who tries out numbers.
CHECKS = (timedelta(minutes=10), 300)
TICKET_CHARS = 6
NOTHING_TYPED = N_("请扫会员卡或凭证上的码，也可以输入凭证号。")
VERDICTS: dict[type[AppError], str] = {CardForged: "forged", CardExpired: "expired", CardRevoked: "revoked"}


class CheckForm(msgspec.Struct):
    """What was scanned, and the station whose desk it is."""

    code: Annotated[str, Meta(max_length=1_000)] = ""
    station: UUID | None = None


@get("/card", opt=WORKER, include_in_schema=False)
async def show_card(request: Req) -> Response[Any]:
    """The card with a code that holds from today; the page is complete in itself, so that a phone can keep it."""
    if not request.user.is_member:
        return redirect(request, "/membership")
    card = await queries.card_of(request.user)
    if card is None:
        raise NotAMember
    serial = serial_of(card.number, card.version)
    code = segno.make_qr(
        write_card(CardFacts(card.number, card.name, card.union_name, serial, clock.today())), error="l"
    )
    return page(
        request,
        "membership/card.html",
        fragment="card",
        card=card,
        seen=_seen(card),
        number=_spaced(card.number),
        valid_until=clock.today() + CARD_LIFE,
        code=code.svg_data_uri(scale=4, border=2, svgclass=None, lineclass=None),
        moved="moved" in request.query_params,
        stayed="stayed" in request.query_params,
        overdue=card.answer_by is not None and card.answer_by < clock.now(),
        stays=await union_history(card.member_id),
    )


@get("/card/live", opt=WORKER, include_in_schema=False)
async def follow_card(request: Req, seen: FromQuery[str] = "") -> ServerSentEvent:
    """Tells the open card that it was replaced or moves; `seen` is what it shows."""

    async def is_stale() -> bool:
        card = await queries.card_of(request.user)
        return card is None or _seen(card) != seen

    stream: ServerSentEvent = request.app.state.live.stream(str(request.user.id), is_stale=is_stale)
    return stream


def _seen(card: Card) -> str:
    return f"{card.version}.{card.answer_by.timestamp() if card.answer_by else 0}"


def _spaced(number: str) -> str:
    """As it is read aloud: 4547 2813 6408."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


@get("/desk/scan", opt=DESK, include_in_schema=False)
async def show_scan(request: Req) -> Response[Any]:
    """Where cards and tickets are scanned; it goes on working without a network once it was opened."""
    return _scan_page(request, _station_of(request.user, request.query_params.get("station", "")))


@post("/desk/scan", opt=DESK, include_in_schema=False, status_code=200)
async def check_scanned(request: Req) -> Response[Any]:
    """What the register says about a scanned card; a ticket goes on to its desk. Raises TooMany."""
    wait = await people.count_try(f"card-check:{request.user.id}", *CHECKS)
    if wait:
        raise TooMany(retry_after=wait)
    form = await read_form(request, CheckForm)
    typed = form.value.code if form.value else ""
    station = _station_of(request.user, str(form.raw["station"]))
    if not typed:
        return _scan_page(request, station, verdict="nothing", text=_(NOTHING_TYPED), status=422)
    if not is_card(typed):
        code = read_code(typed)
        if len(code) != TICKET_CHARS or not code.isalnum():
            return _scan_page(request, station, verdict="other")
        return _scan_page(request, station, verdict="ticket", typed=code)
    try:
        checked = await check_card(typed)
    except Invalid as refused:
        return _scan_page(request, station, verdict=VERDICTS[type(refused)], text=_(refused.text))
    return _scan_page(
        request,
        station,
        verdict="valid",
        typed=typed,
        facts=replace(checked.facts, number=_spaced(checked.facts.number)),
    )


def _scan_page(
    request: Req, station: UUID | None, *, verdict: str = "", status: int = 200, **given: Any
) -> Response[Any]:
    """The page without anything about who is at the desk, so that the device may keep it."""
    return page(
        request,
        "desk/scan.html",
        fragment="result",
        status=status,
        headers=WITH_CAMERA,
        station=station,
        verdict=verdict,
        public_key=public_key(),
        card_days=CARD_LIFE.days,
        staff=None,
        **{"text": "", "typed": "", "facts": None} | given,
    )


def _station_of(staff: Actor, named: str) -> UUID | None:
    """The station that the address names, else the only one of this member of staff."""
    try:
        return UUID(named)
    except ValueError:
        held = {grant.station_id for grant in staff.grants}
        return held.pop() if len(held) == 1 else None


@get("/desk/scan/revoked", opt=DESK, include_in_schema=False)
async def list_revoked(request: Req) -> Response[bytes]:
    """Serials of cards that a desk without a network must refuse; they name nobody."""
    body = msgspec.json.encode({"serials": await revoked_serials()})
    response = Response(body, media_type="application/json", headers={"Cache-Control": "private, no-cache"})
    return with_etag(request, body, response)


handlers = [show_card, follow_card, show_scan, check_scanned, list_revoked]
