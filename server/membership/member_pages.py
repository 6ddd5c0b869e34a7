"""A worker's standing with the union: how the application goes, withdrawing, appealing, leaving."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.response import Response, ServerSentEvent
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError
from server.kit.text import N_
from server.membership import applying, members, queries
from server.membership.join_pages import FIELD_NAMES, error_of, said
from server.membership.models import ApplicationKind, ApplicationState
from server.membership.queries import ApplicationView

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
# (title, tone, icon, what happens next)
LOOKS = {
    ApplicationState.DRAFT: (N_("还没填完"), "wait", "edit", N_("已经填的都替您存着。")),
    ApplicationState.SUBMITTED: (N_("工会在审核"), "wait", "clock", ""),
    ApplicationState.RETURNED: (N_("要改一下"), "bad", "edit", N_("改好再交就行，别的不用重填。")),
    ApplicationState.APPROVED: (N_("通过了"), "", "check", ""),
    ApplicationState.REJECTED: (N_("没通过"), "bad", "cross", N_("别的免费服务照样能用。")),
    ApplicationState.APPEALED: (N_("上级工会在复核"), "wait", "clock", N_("由没办过您这份申请的人来看。")),
    ApplicationState.WITHDRAWN: (N_("撤回了"), "quiet", "cross", N_("什么时候想入会，都欢迎。")),
}


class AppealForm(msgspec.Struct):
    words: Annotated[str, Meta(max_length=500, extra={"invalid": N_("写得太长了，请短一点。")})] = ""


@get("/membership", opt=WORKER, include_in_schema=False)
async def show_membership(request: Req) -> Response[Any]:
    """The card of a member; else how the application goes; else the way to begin."""
    if request.user.is_member:
        return redirect(request, "/card")
    application = await queries.application_of(request.user)
    if application is None:
        return redirect(request, "/join")
    return await _status_page(request, application)


async def _status_page(
    request: Req, application: ApplicationView, errors: list[FieldError] | None = None, words: str = ""
) -> Response[Any]:
    title, tone, icon, text = LOOKS[application.state]
    days = await queries.usual_days(application.union_id) if application.is_waiting and application.union_id else 0
    return page(
        request,
        "membership/membership.html",
        fragment="membership",
        status=422 if errors else 200,
        application=application,
        look={"title": _(title), "tone": tone, "icon": icon, "text": _(text) if text else ""},
        usual_days=days,
        wrong=[(field, _(FIELD_NAMES[field])) for field in application.fields_wrong],
        is_claim=application.kind is ApplicationKind.CLAIM,
        sent="sent" in request.query_params,
        errors=errors or [],
        error_of=error_of(errors or []),
        words=words,
    )


@get("/membership/live", opt=WORKER, include_in_schema=False)
async def follow_membership(request: Req) -> ServerSentEvent:
    """Tells the open page that something was decided."""
    stream: ServerSentEvent = request.app.state.live.stream(str(request.user.id))
    return stream


@post("/membership/withdraw", opt=WORKER, include_in_schema=False)
async def withdraw(request: Req) -> Response[Any]:
    await applying.withdraw(actor=request.user)
    return redirect(request, "/membership")


@post("/membership/appeal", opt=WORKER, include_in_schema=False)
async def appeal(request: Req) -> Response[Any]:
    form = await read_form(request, AppealForm)
    application = await queries.application_of(request.user)
    if application is None:
        return redirect(request, "/join")
    errors = form.errors
    if form.value is not None:
        try:
            await applying.appeal(actor=request.user, application_id=application.id, words=form.value.words)
        except AppError as error:
            errors = [said(error)]
    if errors:
        return await _status_page(request, application, errors, str(form.raw["words"]))
    return redirect(request, "/membership")


@post("/membership/leave", opt=WORKER, include_in_schema=False)
async def leave(request: Req) -> Response[Any]:
    await members.leave(actor=request.user)
    return redirect(request, "/me")


handlers = [
    show_membership,
    follow_membership,
    withdraw,
    appeal,
    leave,
]
