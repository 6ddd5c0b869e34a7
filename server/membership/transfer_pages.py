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
from server.membership import queries, transfers
from server.membership.consent_texts import CONSENTS
from server.membership.errors import NotAMember
from server.membership.join_pages import EMPLOYER, error_of, place_of, read_id, said, typed_again
from server.membership.queries import Card
from server.membership.unions import find_unions, union_by_id
from server.people.models import Purpose

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


class RefuseForm(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=300)] = ""


async def _card(request: Req) -> Card:
    card = await queries.card_of(request.user)
    if card is None:
        raise NotAMember
    return card


@get("/membership/transfer", opt=WORKER, include_in_schema=False)
async def ask_transfer(request: Req) -> Response[Any]:
    """Choose the union first, then agree and send."""
    card = await _card(request)
    chosen = request.query_params.get("union", "")
    if chosen:
        return await _transfer_page(request, card, {"union": chosen})
    typed = request.query_params.get("q", "")[:60]
    unions = [union for union in await find_unions(typed) if union.id != card.union_id]
    return page(
        request,
        "membership/unions.html",
        unions=[(union, place_of(union)) for union in unions],
        typed=typed,
        action="",
        back="/card",
    )


async def _transfer_page(
    request: Req, card: Card, raw: dict[str, Any], errors: list[FieldError] | None = None
) -> Response[Any]:
    return page(
        request,
        "membership/transfer.html",
        status=422 if errors else 200,
        card=card,
        union=await union_by_id(read_id(raw.get("union"))),
        typed=typed_again(raw),
        consent_words=CONSENTS[Purpose.SHARING],
        errors=errors or [],
        error_of=error_of(errors or []),
    )


@post("/membership/transfer", opt=WORKER, include_in_schema=False)
async def send_transfer(request: Req) -> Response[Any]:
    form = await read_form(request, TransferForm)
    errors = form.errors
    if form.value is not None:
        try:
            await transfers.ask_for_transfer(
                actor=request.user,
                to_union_id=read_id(form.value.union),
                employer=form.value.employer,
                agreed=form.value.sharing,
            )
        except AppError as error:
            errors = [said(error)]
    if errors:
        return await _transfer_page(request, await _card(request), form.raw, errors)
    return redirect(request, "/card?moved=1")


@post("/membership/transfer/withdraw", opt=WORKER, include_in_schema=False)
async def withdraw_transfer(request: Req) -> Response[Any]:
    await transfers.withdraw_transfer(actor=request.user)
    return redirect(request, "/card")


@get("/review/transfers", opt=REVIEWER, include_in_schema=False)
async def show_transfers(request: Req) -> Response[Any]:
    """Who wants to come, who is leaving."""
    return await _list(request)


async def _list(request: Req, refused: AppError | None = None) -> Response[Any]:
    done = DONE.get(request.query_params.get("done", ""))
    return page(
        request,
        "review/transfers.html",
        status=refused.status if refused else 200,
        transfers=await queries.transfers_waiting(request.user),
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
