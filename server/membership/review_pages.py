"""Reviewers decide: the queue, one application, several at once, transfers, members and their cards."""

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
from server.membership import members, queries, reviewing
from server.membership.identity import DOCUMENT_NAMES, Identity, open_identity
from server.membership.join_pages import FIELD_NAMES, SEXES, error_of, said, typed_again

Req = Request[Any, Any, Any]
REVIEWER = allow(Audience.REVIEWER)
REASON = Annotated[str, Meta(max_length=300)]
RETURN_REASONS = (
    N_("姓名和证件对不上，请对着证件再填一遍。"),
    N_("证件号看着不对，请对着证件再填一遍。"),
    N_("请把工地或单位的名字写全。"),
    N_("您干活的地方归别的工会管，请换一个工会。"),
)
REJECT_REASONS = (
    N_("没查到您在这里干活，请联系您单位所在地的工会。"),
    N_("这个证件已经在别的工会登记，请在那边办转会。"),
)
DONE = {
    "approved": N_("通过了。他的手机上马上能看到会员卡。"),
    "returned": N_("退回去了，他会收到要改的地方。"),
    "rejected": N_("已回绝，理由和申诉办法都告诉他了。"),
    "card": N_("旧码作废了，他的手机会显示新码。"),
    "struck": N_("已经从名册上去掉。"),
}


class DecideForm(msgspec.Struct):
    """`fields` and `reason` are asked where they are needed."""

    fields: list[str] = []
    reason: REASON = ""
    ready: Annotated[str, Meta(max_length=2)] = ""


class RevealForm(msgspec.Struct):
    why: REASON = ""


class ManyForm(msgspec.Struct):
    ids: list[UUID] = []


@get("/review", opt=REVIEWER, include_in_schema=False)
async def show_queue(request: Req) -> Response[Any]:
    return await _queue(request)


async def _queue(request: Req, refused: AppError | None = None) -> Response[Any]:
    typed = request.query_params.get("q", "")[:60]
    rows, more = await queries.queue(request.user, union_name=typed, after=request.query_params.get("after", ""))
    done = DONE.get(request.query_params.get("done", ""))
    many = request.query_params.get("many", "")
    return page(
        request,
        "review/queue.html",
        status=refused.status if refused else 200,
        rows=rows,
        more=more,
        typed=typed,
        transfers=await queries.transfers_waiting(request.user),
        done=_(done) if done else "",
        many=int(many) if many.isascii() and many.isdigit() and len(many) < len("10000") else None,
        refused=_(refused.text, **refused.params) if refused else "",
        documents=_documents(),
    )


def _documents() -> dict[Any, str]:
    return {kind: _(name) for kind, name in DOCUMENT_NAMES.items()}


@get("/review/applications/{application_id:uuid}", opt=REVIEWER, include_in_schema=False)
async def show_application(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _application_page(request, application_id)


async def _application_page(
    request: Req,
    application_id: UUID,
    errors: list[FieldError] | None = None,
    raw: dict[str, Any] | None = None,
    *,
    status: int = 200,
    revealed: Identity | None = None,
) -> Response[Any]:
    await reviewing.open_application(actor=request.user, application_id=application_id)
    found = await queries.waiting_by_ids([application_id])
    if not found:
        raise NotFound
    return page(
        request,
        "review/application.html",
        status=status,
        row=found[0],
        waiting=found[0].state in ("submitted", "appealed"),
        revealed=revealed,
        documents=_documents(),
        sexes={sex: _(name) for sex, name in SEXES.items()},
        fields=[(field, _(name)) for field, name in FIELD_NAMES.items()],
        return_reasons=RETURN_REASONS,
        reject_reasons=REJECT_REASONS,
        errors=errors or [],
        error_of=error_of(errors or []),
        typed=typed_again(raw),
    )


async def _decide(request: Req, application_id: UUID, verb: str) -> Response[Any]:
    """Take one step; a mistake shows on the page with what was typed."""
    form = await read_form(request, DecideForm)
    given = form.value or DecideForm()
    reason = given.reason or _ready(given.ready, RETURN_REASONS if verb == "returned" else REJECT_REASONS)
    try:
        match verb:
            case "approved":
                await reviewing.approve(actor=request.user, application_id=application_id)
            case "returned":
                await reviewing.return_to_worker(
                    actor=request.user, application_id=application_id, fields=given.fields, reason=reason
                )
            case _:
                await reviewing.reject(actor=request.user, application_id=application_id, reason=reason)
    except NotFound:
        raise
    except AppError as error:
        return await _application_page(request, application_id, [said(error)], form.raw, status=error.status)
    return redirect(request, f"/review?done={verb}")


def _ready(number: str, reasons: tuple[str, ...]) -> str:
    """A ready sentence by its number; "" for anything else."""
    known = number.isascii() and number.isdigit() and int(number) < len(reasons)
    return _(reasons[int(number)]) if known else ""


@post("/review/applications/{application_id:uuid}/approve", opt=REVIEWER, include_in_schema=False)
async def approve(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _decide(request, application_id, "approved")


@post("/review/applications/{application_id:uuid}/return", opt=REVIEWER, include_in_schema=False)
async def return_to_worker(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _decide(request, application_id, "returned")


@post("/review/applications/{application_id:uuid}/reject", opt=REVIEWER, include_in_schema=False)
async def reject(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _decide(request, application_id, "rejected")


@post("/review/applications/{application_id:uuid}/reveal", opt=REVIEWER, include_in_schema=False, status_code=200)
async def reveal(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    """The whole number, once a reason is written down."""
    form = await read_form(request, RevealForm)
    try:
        identity = await reviewing.reveal(
            actor=request.user, application_id=application_id, reason=form.value.why if form.value else ""
        )
    except NotFound:
        raise
    except AppError as error:
        wrong = [FieldError("why", said(error).message)]
        return await _application_page(request, application_id, wrong, form.raw, status=error.status)
    return await _application_page(request, application_id, revealed=identity)


@post("/review/check-list", opt=REVIEWER, include_in_schema=False, status_code=200)
async def check_list(request: Req) -> Response[Any]:
    """The ticked ones once more by name, before they are approved together."""
    form = await read_form(request, ManyForm)
    ids = form.value.ids if form.value else []
    rows = [row for row in (await queries.queue(request.user))[0] if row.id in set(ids) and row.is_plain]
    if not rows:
        return redirect(request, "/review")
    return page(request, "review/many.html", rows=rows, documents=_documents())


@post("/review/approve-many", opt=REVIEWER, include_in_schema=False)
async def approve_many(request: Req) -> Response[Any]:
    form = await read_form(request, ManyForm)
    ids = form.value.ids[: queries.PAGE] if form.value else []
    done, _left = await reviewing.approve_many(actor=request.user, application_ids=ids)
    return redirect(request, f"/review?many={done}")


@get("/review/members", opt=REVIEWER, include_in_schema=False)
async def find_members(request: Req) -> Response[Any]:
    typed = request.query_params.get("q", "")[:60]
    return page(
        request,
        "review/members.html",
        typed=typed,
        rows=await queries.find_members(request.user, typed) if typed else [],
    )


@get("/review/members/{member_id:uuid}", opt=REVIEWER, include_in_schema=False)
async def show_member(request: Req, member_id: FromPath[UUID]) -> Response[Any]:
    return await _member_page(request, member_id)


async def _member_page(request: Req, member_id: UUID, refused: AppError | None = None) -> Response[Any]:
    member, union = await members.open_member(actor=request.user, member_id=member_id)
    done = DONE.get(request.query_params.get("done", ""))
    return page(
        request,
        "review/member.html",
        status=refused.status if refused else 200,
        member=member,
        identity=open_identity(member["identity_sealed"]),
        union=union,
        documents=_documents(),
        sexes={sex: _(name) for sex, name in SEXES.items()},
        done=_(done) if done else "",
        refused=_(refused.text, **refused.params) if refused else "",
    )


@post("/review/members/{member_id:uuid}/card", opt=REVIEWER, include_in_schema=False)
async def replace_card(request: Req, member_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request, DecideForm)
    try:
        reason = form.value.reason if form.value else ""
        await members.replace_card(actor=request.user, member_id=member_id, reason=reason)
    except NotFound:
        raise
    except AppError as error:
        return await _member_page(request, member_id, error)
    return redirect(request, f"/review/members/{member_id}?done=card")


@post("/review/members/{member_id:uuid}/strike-off", opt=REVIEWER, include_in_schema=False)
async def strike_off(request: Req, member_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request, DecideForm)
    try:
        await members.strike_off(
            actor=request.user, member_id=member_id, reason=form.value.reason if form.value else ""
        )
    except NotFound:
        raise
    except AppError as error:
        return await _member_page(request, member_id, error)
    return redirect(request, "/review?done=struck")


handlers = [
    show_queue,
    show_application,
    approve,
    return_to_worker,
    reject,
    reveal,
    check_list,
    approve_many,
    find_members,
    show_member,
    replace_card,
    strike_off,
]
