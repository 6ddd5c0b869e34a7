"""Reviewing for other programs: the queue, one decision at a time, transfers."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from server.edge.access import Audience, allow
from server.edge.openapi import problems
from server.errors import Forbidden, Invalid, NotFound, SignInNeeded
from server.membership import review_queries, reviewing, transfer_queries, transfers
from server.membership.errors import (
    ApplicationMoved,
    DocumentTaken,
    FieldsNeeded,
    NoApplication,
    OwnDecision,
    ReasonNamesSomebody,
    ReasonNeeded,
    TransferMoved,
    UnionClosed,
)
from server.membership.models import ApplicationState
from server.membership.review_queries import Sought
from server.membership.schemas import Decided, Moves, Queue, ReasonIn, ReturnIn, WaitingItem
from server.membership.waiting import Waiting

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
REVIEWER = allow(Audience.REVIEWER)
TAGS = ["review"]
APPLICATIONS = "/api/v1/review/applications"
TRANSFERS = "/api/v1/review/transfers"
DOORS = (SignInNeeded, Forbidden, Invalid)
DECIDING = (NoApplication, ApplicationMoved, OwnDecision, UnionClosed)
SAYING_WHY = (ReasonNeeded, ReasonNamesSomebody)
Show = Literal["", "join", "claim", "correction", "appealed", "doubts"]
DOUBTS = ("is_minor", "is_old", "has_twin", "is_anothers", "phone_is_anothers", "rejected_before", "union_closed")
SAME = (
    "id", "kind", "state", "age", "phone_tail", "employer", "place", "union_name", "submitted_at", "reason", "appeal",
)  # fmt: skip


@get(
    APPLICATIONS, opt=REVIEWER, tags=TAGS, operation_id="listApplications",
    summary="What waits for this reviewer, the oldest first", responses=problems(*DOORS),
)  # fmt: skip
async def list_applications(
    request: Req,
    *,
    union: Annotated[str, QueryParameter(max_length=60, description="name or code; all below it too")] = "",
    show: Annotated[Show, QueryParameter(description="one kind only; empty for all")] = "",
    after: Annotated[str, QueryParameter(max_length=120, description="`next` of the page before")] = "",
) -> Queue:
    rows, more = await review_queries.queue(request.user, Sought(union, show), after)
    return Queue([_waiting(row) for row in rows], more or None)


def _waiting(row: Waiting) -> WaitingItem:
    return WaitingItem(
        name=row.identity.name,
        document=row.identity.document,
        hidden_number=row.identity.hidden_number,
        doubts=[doubt for doubt in DOUBTS if getattr(row, doubt)],
        **{name: getattr(row, name) for name in SAME},
    )


@get(
    f"{APPLICATIONS}/{{application_id:uuid}}", opt=REVIEWER, tags=TAGS, operation_id="openApplication",
    summary="One application; the applicant can see that it was opened", responses=problems(*DOORS, NoApplication),
)  # fmt: skip
async def open_application(request: Req, application_id: Id) -> WaitingItem:
    await reviewing.open_application(actor=request.user, application_id=application_id)
    seen = await review_queries.application_seen(request.user, application_id)
    if seen.row is None:
        raise NoApplication
    return _waiting(seen.row)


@post(
    f"{APPLICATIONS}/{{application_id:uuid}}/approve", opt=REVIEWER, tags=TAGS, operation_id="approveApplication",
    summary="Make the applicant a member; of two reviewers one decides", status_code=200,
    responses=problems(*DOORS, *DECIDING, DocumentTaken),
)  # fmt: skip
async def approve(request: Req, application_id: Id) -> Decided:
    await reviewing.approve(actor=request.user, application_id=application_id)
    return Decided(application_id, ApplicationState.APPROVED)


@post(
    f"{APPLICATIONS}/{{application_id:uuid}}/return", opt=REVIEWER, tags=TAGS, operation_id="returnApplication",
    summary="Ask the worker to correct something", status_code=200,
    responses=problems(*DOORS, *DECIDING, *SAYING_WHY, FieldsNeeded),
)  # fmt: skip
async def return_to_worker(request: Req, application_id: Id, data: JSONBody[ReturnIn]) -> Decided:
    await reviewing.return_to_worker(
        actor=request.user, application_id=application_id, fields=data.fields, reason=data.reason
    )
    return Decided(application_id, ApplicationState.RETURNED)


@post(
    f"{APPLICATIONS}/{{application_id:uuid}}/reject", opt=REVIEWER, tags=TAGS, operation_id="rejectApplication",
    summary="Refuse, saying why", status_code=200, responses=problems(*DOORS, *DECIDING, *SAYING_WHY),
)  # fmt: skip
async def reject(request: Req, application_id: Id, data: JSONBody[ReasonIn]) -> Decided:
    await reviewing.reject(actor=request.user, application_id=application_id, reason=data.reason)
    return Decided(application_id, ApplicationState.REJECTED)


@get(
    TRANSFERS, opt=REVIEWER, tags=TAGS, operation_id="listTransfers",
    summary="Members who asked to be taken over, the most pressing first", responses=problems(*DOORS),
)  # fmt: skip
async def list_transfers(request: Req) -> Moves:
    return Moves(await transfer_queries.coming(request.user))


@post(
    f"{TRANSFERS}/{{transfer_id:uuid}}/accept", opt=REVIEWER, tags=TAGS, operation_id="acceptTransfer",
    summary="Take the member over", status_code=204, responses=problems(*DOORS, NotFound, TransferMoved),
)  # fmt: skip
async def accept_transfer(request: Req, transfer_id: Id) -> None:
    await transfers.accept_transfer(actor=request.user, transfer_id=transfer_id)


@post(
    f"{TRANSFERS}/{{transfer_id:uuid}}/refuse", opt=REVIEWER, tags=TAGS, operation_id="refuseTransfer",
    summary="Leave the member where he is, saying why", status_code=204,
    responses=problems(*DOORS, NotFound, TransferMoved, *SAYING_WHY),
)  # fmt: skip
async def refuse_transfer(request: Req, transfer_id: Id, data: JSONBody[ReasonIn]) -> None:
    await transfers.refuse_transfer(actor=request.user, transfer_id=transfer_id, reason=data.reason)


handlers = [
    list_applications,
    open_application,
    approve,
    return_to_worker,
    reject,
    list_transfers,
    accept_transfer,
    refuse_transfer,
]
