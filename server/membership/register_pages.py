"""The register as reviewers see it: find a member, look, replace the card, strike off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from server.membership import members, register_queries
from server.membership.identity import open_identity
from server.membership.join_pages import error_of, said, typed_again
from server.membership.reasons import LONGEST_REASON
from server.membership.review_said_pages import DONE, documents, sexes, steps

Req = Request[Any, Any, Any]
REVIEWER = allow(Audience.REVIEWER)
MEMBERS = "/review/members"
ONE = f"{MEMBERS}/{{member_id:uuid}}"


class SearchForm(msgspec.Struct):
    """A member's number or whole name."""

    q: str = ""


class ReasonForm(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=LONGEST_REASON)] = ""


@get(MEMBERS, opt=REVIEWER, include_in_schema=False)
async def show_search(request: Req) -> Response[Any]:
    """Where members are looked for; an address may hold a member's number, and never a name."""
    typed = request.query_params.get("q", "")
    return await _found(request, typed if typed.isascii() and typed.isdigit() else "")


@post(MEMBERS, opt=REVIEWER, include_in_schema=False, status_code=200)
async def find_members(request: Req) -> Response[Any]:
    form = await read_form(request, SearchForm)
    return await _found(request, str(form.raw["q"]))


async def _found(request: Req, typed: str) -> Response[Any]:
    typed = typed[: register_queries.LONGEST_SEARCH]
    done = DONE.get(request.query_params.get("done", ""))
    return page(
        request,
        "review/members.html",
        typed=typed,
        rows=await register_queries.find_members(request.user, typed) if typed else [],
        done=_(done) if done else "",
    )


@get(ONE, opt=REVIEWER, include_in_schema=False)
async def show_member(request: Req, member_id: FromPath[UUID]) -> Response[Any]:
    return await _member_page(request, member_id)


async def _member_page(
    request: Req,
    member_id: UUID,
    verb: str = "",
    mistake: FieldError | None = None,
    raw: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> Response[Any]:
    member, union = await members.open_member(actor=request.user, member_id=member_id)
    done = DONE.get(request.query_params.get("done", ""))
    errors = [FieldError(f"{verb}-{mistake.field}", mistake.message)] if mistake else []
    return page(
        request,
        "review/member.html",
        status=status,
        member=member,
        identity=open_identity(member["identity_sealed"]),
        union=union,
        history=await register_queries.history_of("member", member_id),
        documents=documents(),
        sexes=sexes(),
        steps=steps(),
        longest=LONGEST_REASON,
        done=_(done) if done else "",
        verb=verb,
        typed=typed_again(raw),
        errors=errors,
        error_of=error_of(errors),
    )


async def _act(
    request: Req, member_id: UUID, verb: str, act: Callable[..., Awaitable[None]], then: str
) -> Response[Any]:
    """One step with its reason; a mistake shows at its field."""
    form = await read_form(request, ReasonForm)
    if form.value is None:
        return await _member_page(request, member_id, verb, form.errors[0], form.raw, status=422)
    try:
        await act(actor=request.user, member_id=member_id, reason=form.value.reason)
    except NotFound:
        raise
    except AppError as error:
        return await _member_page(request, member_id, verb, said(error), form.raw, status=error.status)
    return redirect(request, then)


@post(f"{ONE}/card", opt=REVIEWER, include_in_schema=False)
async def replace_card(request: Req, member_id: FromPath[UUID]) -> Response[Any]:
    return await _act(request, member_id, "card", members.replace_card, f"/review/members/{member_id}?done=card")


@post(f"{ONE}/strike-off", opt=REVIEWER, include_in_schema=False)
async def strike_off(request: Req, member_id: FromPath[UUID]) -> Response[Any]:
    return await _act(request, member_id, "off", members.strike_off, "/review/members?done=struck")


handlers = [show_search, find_members, show_member, replace_card, strike_off]
