"""Reviewers decide: the queue, one application after the other, several at once."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.membership import register_queries, review_queries, reviewing
from server.membership.errors import ApplicationMoved
from server.membership.identity import Identity
from server.membership.join_pages import FIELD_NAMES, error_of, said, typed_again
from server.membership.models import ApplicationKind
from server.membership.reasons import LONGEST_REASON
from server.membership.review_queries import ALL, ApplicationSeen, Sought
from server.membership.review_said_pages import (
    CHOSEN_BY,
    DONE,
    ONLY_DECIDED,
    REJECT_REASONS,
    RETURN_REASONS,
    REVEAL_REASONS,
    SHOWS,
    TOO_LATE,
    decided,
    documents,
    ready_sentence,
    sexes,
    steps,
)
from server.people.actors import Actor

Req = Request[Any, Any, Any]
REVIEWER = allow(Audience.REVIEWER)
REASON = Annotated[str, Meta(max_length=LONGEST_REASON)]
NEXT_LOOKED_AT = 5
ONE = "/review/applications/{application_id:uuid}"


class DecideForm(msgspec.Struct):
    """`fields` and `reason` are asked where they are needed; `ready` is the number of a ready sentence."""

    fields: list[str] = []
    reason: REASON = ""
    ready: Annotated[str, Meta(max_length=2)] = ""


class RevealForm(msgspec.Struct):
    """The number of a ready reason, and words of one's own."""

    why: Annotated[str, Meta(max_length=2)] = ""
    more: REASON = ""


class ManyForm(msgspec.Struct):
    ids: list[UUID] = []


def _sought(request: Req) -> Sought:
    asked = request.query_params.get("show", "")
    show = next((show for show in SHOWS if show == asked), ALL.show)
    return Sought(request.query_params.get("q", "").strip()[:60], show)


def _link(sought: Sought, **more: str) -> str:
    """The query string that keeps what is sought; "" where that is everything."""
    asked = {"q": sought.union, "show": sought.show} | more
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"?{query}" if query else ""


@get("/review", opt=REVIEWER, include_in_schema=False)
async def show_queue(request: Req) -> Response[Any]:
    sought = _sought(request)
    (rows, more), counts = await at_once(
        review_queries.queue(request.user, sought, request.query_params.get("after", "")),
        review_queries.counts(request.user),
    )
    return page(
        request,
        "review/queue.html",
        rows=rows,
        counts=counts,
        most_counted=review_queries.MOST_COUNTED,
        more=f"/review{_link(sought, after=more)}" if more else "",
        sought=sought,
        link=_link(sought),
        shows=[(show, _(name), f"/review{_link(Sought(sought.union, show))}") for show, name in SHOWS.items()],
        done=_said_done(request),
        many=_number(request, "many"),
        left=_number(request, "left"),
        documents=documents(),
    )


def _said_done(request: Req) -> str:
    done = DONE.get(request.query_params.get("done", ""))
    return _(done) if done else ""


def _number(request: Req, name: str) -> int | None:
    """A small number from the address."""
    typed = request.query_params.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < len("10000") else None


@get("/review/next", opt=REVIEWER, include_in_schema=False)
async def show_next(request: Req) -> Response[Any]:
    """On to the one that waits behind this one."""
    return redirect(request, await _next_url(request))


async def _next_url(request: Req, done: str = "") -> str:
    """The next application, rather one that nobody else is looking at; the queue where nothing waits behind."""
    sought = _sought(request)
    rows, _more = await review_queries.queue(
        request.user, sought, request.query_params.get("after", ""), NEXT_LOOKED_AT
    )
    if not rows:
        return f"/review{_link(sought, done=done)}"
    row = next((row for row in rows if not row.opened_by), rows[0])
    return f"/review/applications/{row.id}{_link(sought, done=done)}"


@get(ONE, opt=REVIEWER, include_in_schema=False)
async def show_application(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _application_page(request, application_id)


async def _application_page(  # noqa: PLR0917 (what a page shows again)
    request: Req,
    application_id: UUID,
    verb: str = "",
    error: AppError | FieldError | None = None,
    raw: dict[str, Any] | None = None,
    revealed: Identity | None = None,
) -> Response[Any]:
    hindrance = await reviewing.open_application(actor=request.user, application_id=application_id)
    seen = await review_queries.application_seen(request.user, application_id)
    sought = _sought(request)
    mistakes = [_mistake(error, seen, verb)] if error else []
    return page(
        request,
        "review/application.html",
        status=getattr(error, "status", 422) if error else 200,
        id=application_id,
        row=seen.row,
        decision=decided(seen.decision) if seen.decision else "",
        why=seen.decision.reason if seen.decision else "",
        registered=seen.registered,
        history=await register_queries.history_of("application", application_id),
        hindrance=said(hindrance).message if hindrance and not seen.decision else "",
        may_decide=hindrance is None,
        revealed=revealed,
        link=_link(sought, after=seen.row.cursor if seen.row else ""),
        back=f"/review{_link(sought)}",
        done=_said_done(request),
        errors=mistakes,
        error_of=error_of(mistakes),
        verb=verb,
        typed=typed_again(raw),
        **_choices(seen),
    )


def _choices(seen: ApplicationSeen) -> dict[str, Any]:
    """What the forms of an application offer, and how things are called."""
    kind = seen.row.kind if seen.row else ApplicationKind.JOIN
    return {
        "documents": documents(),
        "sexes": sexes(),
        "steps": steps(),
        "chosen_by": {chosen: _(name) for chosen, name in CHOSEN_BY.items()},
        "fields": [(field, _(FIELD_NAMES[field])) for field in reviewing.fields_of(kind)],
        "return_reasons": [_(reason) for reason in RETURN_REASONS],
        "reject_reasons": [_(reason) for reason in REJECT_REASONS],
        "reveal_reasons": [_(reason) for reason in REVEAL_REASONS],
        "longest": LONGEST_REASON,
    }


def _mistake(error: AppError | FieldError, seen: ApplicationSeen, verb: str) -> FieldError:
    """A refusal in words at its field; who was faster is said by name."""
    if isinstance(error, ApplicationMoved):
        what = decided(seen.decision) if seen.decision else _(ONLY_DECIDED)
        return FieldError("", _(TOO_LATE, what=what) if seen.decision else what)
    found = error if isinstance(error, FieldError) else said(error)
    return FieldError("refusal" if (found.field, verb) == ("reason", "rejected") else found.field, found.message)


async def _decide(request: Req, application_id: UUID, verb: str) -> Response[Any]:
    """Take one step and go on to the next application; a mistake shows on the page with what was typed."""
    form = await read_form(request, DecideForm)
    if form.value is None:
        return await _application_page(request, application_id, verb, form.errors[0], form.raw)
    try:
        await _step(request.user, application_id, verb, form.value)
    except NotFound:
        raise
    except AppError as error:
        return await _application_page(request, application_id, verb, error, form.raw)
    return redirect(request, await _next_url(request, verb))


async def _step(actor: Actor, application_id: UUID, verb: str, given: DecideForm) -> None:
    if verb == "approved":
        await reviewing.approve(actor=actor, application_id=application_id)
        return
    reason = given.reason or ready_sentence(given.ready, RETURN_REASONS if verb == "returned" else REJECT_REASONS)
    if verb == "returned":
        await reviewing.return_to_worker(actor=actor, application_id=application_id, fields=given.fields, reason=reason)
    else:
        await reviewing.reject(actor=actor, application_id=application_id, reason=reason)


@post(f"{ONE}/approve", opt=REVIEWER, include_in_schema=False)
async def approve(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _decide(request, application_id, "approved")


@post(f"{ONE}/return", opt=REVIEWER, include_in_schema=False)
async def return_to_worker(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _decide(request, application_id, "returned")


@post(f"{ONE}/reject", opt=REVIEWER, include_in_schema=False)
async def reject(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    return await _decide(request, application_id, "rejected")


@post(f"{ONE}/reveal", opt=REVIEWER, include_in_schema=False, status_code=200)
async def reveal(request: Req, application_id: FromPath[UUID]) -> Response[Any]:
    """The whole number, once it is written down why."""
    form: Form[RevealForm] = await read_form(request, RevealForm)
    if form.value is None:
        return await _application_page(request, application_id, "reveal", form.errors[0], form.raw)
    reason = " ".join(filter(None, (ready_sentence(form.value.why, REVEAL_REASONS), form.value.more)))
    try:
        identity = await reviewing.reveal(actor=request.user, application_id=application_id, reason=reason)
    except NotFound:
        raise
    except AppError as error:
        wrong = FieldError("more" if form.value.more else "why", said(error).message)
        return await _application_page(request, application_id, "reveal", wrong, form.raw)
    return await _application_page(request, application_id, revealed=identity)


@post("/review/check-list", opt=REVIEWER, include_in_schema=False, status_code=200)
async def check_list(request: Req) -> Response[Any]:
    """The ticked ones once more by name, before they are approved together."""
    form = await read_form(request, ManyForm)
    rows = await review_queries.ticked(request.user, form.value.ids if form.value else [])
    link = _link(_sought(request))
    if not rows:
        return redirect(request, f"/review{link}")
    return page(request, "review/many.html", rows=rows, documents=documents(), link=link)


@post("/review/approve-many", opt=REVIEWER, include_in_schema=False)
async def approve_many(request: Req) -> Response[Any]:
    form = await read_form(request, ManyForm)
    ids = form.value.ids if form.value else []
    done, left = await reviewing.approve_many(actor=request.user, application_ids=ids)
    return redirect(request, f"/review{_link(_sought(request), many=str(done), left=str(left or ''))}")


handlers = [
    show_queue,
    show_next,
    show_application,
    approve,
    return_to_worker,
    reject,
    reveal,
    check_list,
    approve_many,
]
