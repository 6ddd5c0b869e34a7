"""Shapes of membership for other programs. Document numbers are typed in, and never given out in full."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from server.membership.identity import Document, Sex
from server.membership.models import ApplicationKind, ApplicationState, ChosenBy, MemberState, UnionKind
from server.people.models import Purpose


def example(value: Any, description: str = "") -> Meta:
    """How a field reads in the documentation."""
    return Meta(description=description or None, extra_json_schema={"examples": [value]})


LINE = Annotated[str, Meta(max_length=100)]
REASON = Annotated[str, Meta(max_length=300), example("请把工地的名字写全。", "the worker reads it")]


class UnionItem(msgspec.Struct, frozen=True):
    """A union that workers can join."""

    id: UUID
    code: Annotated[str, example("7K3M9QXA", "on its poster")]
    name: Annotated[str, example("青秀区凤岭街道联合工会")]
    kind: UnionKind
    region_code: Annotated[int, example(450103, "GB/T 2260")]
    place: Annotated[str, example("广西壮族自治区南宁市青秀区")]
    distance_m: Annotated[int | None, example(1240, "null where no position was given")] = None


class UnionList(msgspec.Struct, frozen=True):
    """Unions, the likeliest or the nearest first."""

    items: list[UnionItem]


class IdentityIn(msgspec.Struct):
    """Who somebody is. Birth and sex are needed for documents that do not say them."""

    name: Annotated[str, Meta(min_length=1, max_length=60), example("韦秀英", "as the document writes it")]
    number: Annotated[str, Meta(min_length=1, max_length=60), example("11010519491231002X")]
    document: Document = Document.ID_CARD
    birth: date | None = None
    sex: Sex | None = None


class WorkIn(msgspec.Struct):
    """Where somebody works; a union is proposed by it. An employer of null stays as it was."""

    region_code: Annotated[int, example(450103, "GB/T 2260, a city or county")]
    employer: LINE | None = None


class DraftIn(msgspec.Struct):
    """What is to be kept of an application: any part of it, at any time."""

    poster: Annotated[str, Meta(max_length=20), example("7K3M9QXA", "a union's code: presets union and place")] = ""
    identity: IdentityIn | None = None
    work: WorkIn | None = None
    union_id: Annotated[UUID | None, Meta(description="another union than the proposed one")] = None


class SendIn(msgspec.Struct):
    """What the worker agreed to, and the version of the words that he read (GET consents)."""

    version: Annotated[str, Meta(max_length=40)]
    sensitive: Annotated[bool, Meta(description="needed: name and document are processed")]
    sharing: Annotated[bool, Meta(description="may be refused: data goes to the next union")] = False


class AppealIn(msgspec.Struct):
    words: Annotated[str, Meta(max_length=500)]


class ConsentItem(msgspec.Struct, frozen=True):
    """One consent in the reader's language, and what happens where it is refused."""

    purpose: Purpose
    title: str
    text: str
    refused: str


class Consents(msgspec.Struct, frozen=True):
    """What is asked before an application is sent; `version` goes back with the answer."""

    version: str
    items: list[ConsentItem]
    transfer_version: Annotated[str, Meta(description="of the words that are asked with a transfer")]
    transfer: ConsentItem


class ApplicationItem(msgspec.Struct, frozen=True):
    """The worker's own application. `next_step` is identity, work, union or check; `fields_wrong` the same words."""

    id: UUID
    kind: ApplicationKind
    state: ApplicationState
    name: str
    document: Document | None
    hidden_number: Annotated[str, example("1****************X")]
    birth: date | None
    sex: Sex | None
    origin: Annotated[str, Meta(description="籍贯, as the ID card says")]
    region_code: int | None
    place: str
    employer: str
    union_id: UUID | None
    union_name: str
    chosen_by: ChosenBy | None
    next_step: str
    reason: str
    fields_wrong: list[str]
    submitted_at: datetime | None
    decided_at: datetime | None
    may_appeal: bool
    usual_days: Annotated[int | None, example(3, "how long the union usually takes; null while nothing waits")]


class TransferItem(msgspec.Struct, frozen=True):
    """A request to be taken over by another union, until it is answered."""

    to_union: str
    answer_by: datetime


class TransferIn(msgspec.Struct):
    union_id: UUID
    agreed: Annotated[bool, Meta(description="needed: data goes to that union")]
    version: Annotated[str, Meta(max_length=40)]
    employer: LINE = ""


class StayItem(msgspec.Struct, frozen=True):
    since: date
    union: str


class CardItem(msgspec.Struct, frozen=True):
    """The member's card. `code` is what the QR code says: signed, so that it is checked without a network."""

    number: Annotated[str, example("450000000001")]
    name: str
    union_id: UUID
    union_name: str
    state: MemberState
    joined_on: date
    code: Annotated[str, example("NJK1:LMRDENJQ…")]
    valid_until: date
    transfer: TransferItem | None
    unions: Annotated[list[StayItem], Meta(description="from the first to the present one")]


class Standing(msgspec.Struct, frozen=True):
    """How the worker stands with the union."""

    is_member: bool
    application: ApplicationItem | None


class WaitingItem(msgspec.Struct, frozen=True):
    """An application in a reviewer's queue. `doubts` say what to look at twice."""

    id: UUID
    kind: ApplicationKind
    state: ApplicationState
    name: str
    age: int
    document: Document
    hidden_number: str
    phone_tail: str
    employer: str
    place: str
    union_name: str
    submitted_at: datetime
    reason: str
    appeal: str
    doubts: Annotated[list[str], example(["is_minor", "has_twin"])]


class Queue(msgspec.Struct, frozen=True):
    """A page of the queue, the oldest first. `next` is the value of `after` for the following page."""

    items: list[WaitingItem]
    next: str | None


class ReturnIn(msgspec.Struct):
    """What the worker is to correct: identity, work or union."""

    fields: Annotated[list[str], Meta(max_length=3)]
    reason: REASON


class ReasonIn(msgspec.Struct):
    reason: REASON


class Decided(msgspec.Struct, frozen=True):
    """An application as a decision leaves it."""

    id: UUID
    state: ApplicationState


class Move(msgspec.Struct, frozen=True):
    """A member's open request to be taken over, as either union sees it."""

    id: UUID
    name: str
    number: str
    from_union: str
    to_union: str
    employer: str
    joined_on: date
    asked_at: datetime
    answer_by: datetime
    escalated: bool


class Moves(msgspec.Struct, frozen=True):
    """Open requests to one's unions, the most pressing first."""

    items: list[Move]
