"""A worker's standing with the union: how the application goes, withdrawing, appealing, leaving."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Request, get, post
from litestar.params import FromQuery
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
from server.membership.models import ApplicationState as State
from server.membership.queries import ApplicationView

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
CORRECTION = "/membership/correct"


class Look(NamedTuple):
    """How a state shows; `text` says what happens next."""

    title: str
    tone: str
    icon: str
    text: str = ""


LOOKS = {
    State.DRAFT: Look(N_("还没填完"), "wait", "edit", N_("已经填的都替您存着，接着填就行。")),
    State.SUBMITTED: Look(N_("工会在审核"), "wait", "clock"),
    State.RETURNED: Look(N_("要改一下"), "bad", "edit", N_("改好再交就行，别的不用重填。")),
    State.APPROVED: Look(N_("通过了"), "", "check"),
    State.REJECTED: Look(N_("没通过"), "bad", "cross", N_("别的免费服务照样能用。")),
    State.APPEALED: Look(N_("上级工会在复核"), "wait", "clock", N_("由没办过您这份申请的人来看。")),
    State.WITHDRAWN: Look(N_("撤回了"), "quiet", "cross", N_("什么时候想入会，都欢迎。")),
}
CORRECTION_LOOKS = LOOKS | {
    State.SUBMITTED: Look(N_("工会在核对"), "wait", "clock"),
    State.APPROVED: Look(N_("改好了"), "", "check", N_("会员卡上已经是新的了。")),
    State.REJECTED: Look(N_("没有改"), "bad", "cross", N_("会员卡照样能用。")),
}


class AppealForm(msgspec.Struct):
    words: Annotated[str, Meta(max_length=500, extra={"invalid": N_("写得太长了，请短一点。")})] = ""
    correction: bool = False


@get("/membership", opt=WORKER, include_in_schema=False)
async def show_membership(request: Req) -> Response[Any]:
    """The card of a member; else how the application goes; else the way to begin."""
    if request.user.is_member:
        return redirect(request, "/card")
    application = await queries.application_of(request.user)
    if application is None or application.state is State.APPROVED:
        return redirect(request, "/join")  # who was a member and left may come back
    return await status_page(request, application)


async def status_page(
    request: Req, application: ApplicationView, errors: list[FieldError] | None = None, words: str = ""
) -> Response[Any]:
    """How an application or a correction goes, and what can be done about it."""
    look = (CORRECTION_LOOKS if application.is_correction else LOOKS)[application.state]
    days = await queries.usual_days(application.union_id) if application.is_waiting and application.union_id else 0
    return page(
        request,
        "membership/membership.html",
        fragment="membership",
        status=422 if errors else 200,
        application=application,
        url=CORRECTION if application.is_correction else "/membership",
        look=look._replace(title=_(look.title), text=_(look.text) if look.text else ""),
        usual_days=days,
        wrong=[(field, _(FIELD_NAMES[field])) for field in application.fields_wrong],
        sent="sent" in request.query_params,
        scanned="scanned" in request.query_params,
        errors=errors or [],
        error_of=error_of(errors or []),
        words=words,
    )


@get("/membership/live", opt=WORKER, include_in_schema=False)
async def follow_membership(
    request: Req, seen: FromQuery[str] = "", correction: FromQuery[str] = ""
) -> ServerSentEvent:
    """Tells the open page that something was decided; `seen` is what the page shows of the application."""

    async def is_stale() -> bool:
        application = await queries.application_of(request.user, correction=bool(correction))
        return application is None or application.seen != seen

    stream: ServerSentEvent = request.app.state.live.stream(str(request.user.id), is_stale=is_stale if seen else None)
    return stream


@post("/membership/withdraw", opt=WORKER, include_in_schema=False)
async def withdraw(request: Req) -> Response[Any]:
    """Of a draft nothing is left to show; what a union has seen stays with its end."""
    application = await queries.application_of(request.user)
    await applying.withdraw(actor=request.user)
    was_sent = application is not None and application.submitted_at is not None
    return redirect(request, "/membership" if was_sent else "/join?deleted=1")


@post("/membership/appeal", opt=WORKER, include_in_schema=False)
async def appeal(request: Req) -> Response[Any]:
    form = await read_form(request, AppealForm)
    correction = bool(form.raw["correction"])
    application = await queries.application_of(request.user, correction=correction)
    if application is None:
        return redirect(request, "/join")
    errors = form.errors
    if form.value is not None:
        try:
            await applying.appeal(actor=request.user, application_id=application.id, words=form.value.words)
        except AppError as error:
            errors = [said(error)]
    if errors:
        return await status_page(request, application, errors, str(form.raw["words"]))
    return redirect(request, CORRECTION if correction else "/membership")


@post("/membership/leave", opt=WORKER, include_in_schema=False)
async def leave(request: Req) -> Response[Any]:
    await members.leave(actor=request.user)
    return redirect(request, "/me")


handlers = [show_membership, follow_membership, withdraw, appeal, leave]
