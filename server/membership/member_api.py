"""A member's card, moving and leaving for other programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import JSONBody

from server.edge.access import Audience, allow
from server.edge.openapi import problems
from server.errors import Forbidden, Invalid, NotFound, SignInNeeded
from server.kit import clock
from server.membership import members, queries, transfer_queries, transfers
from server.membership.card import CARD_LIFE, CardFacts, serial_of, write_card
from server.membership.errors import (
    ConsentOutdated,
    NotAMember,
    SameUnion,
    SharingConsentNeeded,
    TransferMoved,
    TransferOpen,
    UnionUnknown,
)
from server.membership.queries import Card
from server.membership.schemas import CardItem, StayItem, TransferIn, TransferItem
from server.membership.unions import union_by_id
from server.people.actors import Actor

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
TAGS = ["membership"]
ROOT = "/api/v1/membership"
DOORS = (SignInNeeded, Forbidden, Invalid)
ASKING = (NotAMember, SharingConsentNeeded, ConsentOutdated, SameUnion, UnionUnknown, TransferOpen)


@get(
    f"{ROOT}/card", opt=WORKER, tags=TAGS, operation_id="showCard", summary="The member's card and its signed code",
    responses=problems(*DOORS, NotAMember),
)  # fmt: skip
async def show_card(request: Req) -> CardItem:
    card = await _card(request.user)
    facts = CardFacts(card.number, card.name, card.union_name, serial_of(card.number, card.version), clock.today())
    stays = await transfer_queries.union_history(card.member_id)
    return CardItem(
        number=card.number,
        name=card.name,
        union_id=card.union_id,
        union_name=card.union_name,
        state=card.state,
        joined_on=card.joined_on,
        code=write_card(facts),
        valid_until=facts.issued + CARD_LIFE,
        transfer=_transfer(card),
        unions=[StayItem(stay.since, stay.union) for stay in stays],
    )


@get(
    f"{ROOT}/transfer", opt=WORKER, tags=TAGS, operation_id="showTransfer", summary="The request that is open",
    responses=problems(*DOORS, NotFound, NotAMember),
)  # fmt: skip
async def show_transfer(request: Req) -> TransferItem:
    return await _open_transfer(request.user)


@post(
    f"{ROOT}/transfer",
    opt=WORKER,
    tags=TAGS,
    operation_id="askForTransfer",
    summary="Ask another union to take one over",
    description="Sent twice for the same union, it is one request and is answered alike.",
    responses=problems(*DOORS, *ASKING),
)
async def ask_for_transfer(request: Req, data: JSONBody[TransferIn]) -> TransferItem:
    try:
        await transfers.ask_for_transfer(
            actor=request.user,
            to_union_id=data.union_id,
            employer=data.employer,
            agreed=data.agreed,
            version=data.version,
        )
    except TransferOpen:
        if not await _asked(request.user, data.union_id):
            raise
    return await _open_transfer(request.user)


async def _asked(actor: Actor, union_id: UUID) -> bool:
    """Whether the open request is this very one, whose answer got lost."""
    return (await _card(actor)).moving_to == (await union_by_id(union_id)).name


@delete(
    f"{ROOT}/transfer", opt=WORKER, tags=TAGS, operation_id="withdrawTransfer", summary="Stay after all",
    responses=problems(*DOORS, NotAMember, TransferMoved),
)  # fmt: skip
async def withdraw_transfer(request: Req) -> None:
    await transfers.withdraw_transfer(actor=request.user)


@delete(
    ROOT, opt=WORKER, tags=TAGS, operation_id="leaveUnion", summary="Leave the union",
    responses=problems(*DOORS, NotAMember),
)  # fmt: skip
async def leave(request: Req) -> None:
    await members.leave(actor=request.user)


async def _card(actor: Actor) -> Card:
    card = await queries.card_of(actor)
    if card is None:
        raise NotAMember
    return card


async def _open_transfer(actor: Actor) -> TransferItem:
    found = _transfer(await _card(actor))
    if found is None:
        raise NotFound
    return found


def _transfer(card: Card) -> TransferItem | None:
    return TransferItem(card.moving_to, card.answer_by) if card.answer_by else None


handlers = [show_card, show_transfer, ask_for_transfer, withdraw_transfer, leave]
