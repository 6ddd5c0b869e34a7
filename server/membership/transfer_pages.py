"""Moving to another union: the worker asks, the asked union answers, the old one sees who is leaving."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.kit.text import N_
from server.membership import queries, transfer_queries, transfers
from server.membership.consent_texts import TRANSFER
from server.membership.errors import SameUnion, TransferMoved, UnionUnknown
from server.membership.join_pages import EMPLOYER, error_of, place_of, read_id, said, typed_again
from server.membership.models import UnionKind
from server.membership.queries import Card
from server.membership.rules import ANSWER_TIME
from server.membership.unions import UnionView, find_unions, propose, union_by_id
from server.stations.divisions import choose_place, spoken_places

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
REVIEWER = allow(Audience.REVIEWER)
DONE = {
    "accepted": N_("收下了，会籍已经转过来。"),
    "refused": N_("没有收，会籍还在原工会。"),
}


class TransferForm(msgspec.Struct):
    union: Annotated[str, Meta(max_length=40)] = ""
    employer: EMPLOYER = ""
    sharing: bool = False
    version: Annotated[str, Meta(max_length=10)] = ""


class RefuseForm(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=300)] = ""


@get("/membership/transfer", opt=WORKER, include_in_schema=False)
async def ask_transfer(request: Req) -> Response[Any]:
    """Choose the union first, then agree and send."""
    card = await queries.card_of(request.user)
    if card is None or card.moving_to:
        return redirect(request, "/card" if card else "/membership")
    chosen = request.query_params.get("union", "")
    return await _transfer_page(request, card, {"union": chosen}) if chosen else await _choice_page(request, card)


async def _choice_page(request: Req, card: Card, refused: AppError | None = None) -> Response[Any]:
    typed = request.query_params.get("q", "").strip()[:60]
    unions = [union for union in await _found(typed) if union.id != card.union_id]
    return page(
        request,
        "membership/transfer_union.html",
        status=refused.status if refused else 200,
        card=card,
        unions=[(union, place_of(union)) for union in unions],
        typed=typed,
        refused=_(refused.text, **refused.params) if refused else "",
    )


async def _found(typed: str) -> list[UnionView]:
    """Unions of this name; then, where a place is named, those that take in people who work there."""
    found = await find_unions(typed)
    named, rest = spoken_places(typed.replace(" ", ""))
    place = choose_place(named, None) if named else None
    if place is not None and place.level != "province":
        found += [proposal.union for proposal in await propose(employer=rest, region_code=place.code)]
    return list({union.id: union for union in found}.values())


async def _transfer_page(
    request: Req, card: Card, raw: dict[str, Any], errors: list[FieldError] | None = None, *, status: int = 422
) -> Response[Any]:
    try:
        union = await union_by_id(read_id(raw.get("union")))
    except NotFound:
        return await _choice_page(request, card, UnionUnknown())
    if union.kind is UnionKind.FEDERATION or union.id == card.union_id:
        return await _choice_page(request, card, SameUnion() if union.id == card.union_id else UnionUnknown())
    return page(
        request,
        "membership/transfer.html",
        status=status if errors else 200,
        card=card,
        union=union,
        place=place_of(union),
        days=ANSWER_TIME.days,
        typed=typed_again(raw),
        consent_words=TRANSFER,
        errors=errors or [],
        error_of=error_of(errors or []),
    )


@post("/membership/transfer", opt=WORKER, include_in_schema=False)
async def send_transfer(request: Req) -> Response[Any]:
    """Send it; a second tap finds it sent."""
    card = await queries.card_of(request.user)
    if card is None or card.moving_to:
        return redirect(request, "/card" if card else "/membership")
    form = await read_form(request, TransferForm)
    if form.value is None:
        return await _transfer_page(request, card, form.raw, form.errors)
    try:
        await transfers.ask_for_transfer(
            actor=request.user,
            to_union_id=read_id(form.value.union),
            employer=form.value.employer,
            agreed=form.value.sharing,
            version=form.value.version,
        )
    except (UnionUnknown, SameUnion) as error:
        return await _choice_page(request, card, error)
    except AppError as error:
        return await _transfer_page(request, card, form.raw, [said(error)], status=error.status)
    return redirect(request, "/card?moved=1")


@post("/membership/transfer/withdraw", opt=WORKER, include_in_schema=False)
async def withdraw_transfer(request: Req) -> Response[Any]:
    """The card says how it stands, also where the union was faster."""
    try:
        await transfers.withdraw_transfer(actor=request.user)
    except TransferMoved:
        return redirect(request, "/card")
    return redirect(request, "/card?stayed=1")


@get("/review/transfers", opt=REVIEWER, include_in_schema=False)
async def show_transfers(request: Req) -> Response[Any]:
    """Who wants to come, who is leaving."""
    return await _list(request)


async def _list(request: Req, refused: AppError | None = None) -> Response[Any]:
    done = DONE.get(request.query_params.get("done", ""))
    coming = await transfer_queries.coming(request.user)
    return page(
        request,
        "review/transfers.html",
        status=refused.status if refused else 200,
        overdue=[move for move in coming if move.escalated],
        coming=[move for move in coming if not move.escalated],
        leaving=await transfer_queries.leaving(request.user),
        done=_(done) if done else "",
        refused=_(refused.text, **refused.params) if refused else "",
    )


@post("/review/transfers/{transfer_id:uuid}/accept", opt=REVIEWER, include_in_schema=False)
async def accept_transfer(request: Req, transfer_id: FromPath[UUID]) -> Response[Any]:
    try:
        await transfers.accept_transfer(actor=request.user, transfer_id=transfer_id)
    except NotFound:
        raise
    except AppError as error:
        return await _list(request, error)
    return redirect(request, "/review/transfers?done=accepted")


@post("/review/transfers/{transfer_id:uuid}/refuse", opt=REVIEWER, include_in_schema=False)
async def refuse_transfer(request: Req, transfer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request, RefuseForm)
    try:
        await transfers.refuse_transfer(
            actor=request.user, transfer_id=transfer_id, reason=form.value.reason if form.value else ""
        )
    except NotFound:
        raise
    except AppError as error:
        return await _list(request, error)
    return redirect(request, "/review/transfers?done=refused")


handlers = [
    ask_transfer,
    send_transfer,
    withdraw_transfer,
    show_transfers,
    accept_transfer,
    refuse_transfer,
]
