"""A member asks for name or document to be put right: say it, look at it, send it to the union."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.response import Response

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.errors import AppError, NotFound
from server.membership import applying, correcting, queries, submitting
from server.membership.answer_pages import IdentityForm, asked_document, identity_of, identity_page, typed_of
from server.membership.check_pages import SendForm, identity_words
from server.membership.consent_texts import CONSENTS, version_of
from server.membership.errors import NotAMember, NotComplete
from server.membership.join_pages import error_of, said, typed_again
from server.membership.member_pages import status_page
from server.membership.queries import ApplicationView
from server.people.models import Purpose
from server.people.pages import address_of

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
ASKED = (Purpose.SENSITIVE,)
HERE = "/membership/correct"


async def _open_one(request: Req) -> ApplicationView | None:
    """The correction that is not decided yet."""
    found = await queries.application_of(request.user, correction=True)
    return found if found and found.is_open else None


@get("/membership/correct", opt=WORKER, include_in_schema=False)
async def ask_correction(request: Req) -> Response[Any]:
    """The form; while the union looks at it, how it goes; once it has decided, what became of it."""
    if not request.user.is_member:
        return redirect(request, "/membership")
    latest = await queries.application_of(request.user, correction=True)
    shown = latest and (latest.is_waiting or (not latest.is_open and "new" not in request.query_params))
    if latest and shown and latest.state != "withdrawn":
        return await status_page(request, latest)
    return await _form(request, latest if latest and latest.is_open else None)


async def _form(
    request: Req,
    application: ApplicationView | None,
    raw: dict[str, Any] | None = None,
    errors: list[FieldError] | None = None,
) -> Response[Any]:
    registered = await queries.identity_of_member(request.user)
    if registered is None:
        raise NotAMember
    known = application.identity if application and application.identity else registered
    return identity_page(
        request,
        raw or typed_of(known) | asked_document(request),
        errors,
        application=application,
        known=known,
        action=HERE,
        back="/card",
        step=0,
        steps=0,
    )


@post("/membership/correct", opt=WORKER, include_in_schema=False)
async def save_correction(request: Req) -> Response[Any]:
    application = await _open_one(request)
    known = application.identity if application else await queries.identity_of_member(request.user)
    form = await read_form(request, IdentityForm)
    identity, errors = identity_of(form, known)
    if identity is None:
        return await _form(request, application, form.raw, errors)
    await correcting.ask_for_correction(actor=request.user, identity=identity)
    return redirect(request, f"{HERE}/check")


@get("/membership/correct/check", opt=WORKER, include_in_schema=False)
async def show_correction(request: Req) -> Response[Any]:
    application = await _open_one(request)
    if application is None or application.is_waiting or application.next_step != "check":
        return redirect(request, HERE)
    return await _check_page(request, application)


@post("/membership/correct/check", opt=WORKER, include_in_schema=False)
async def send_correction(request: Req) -> Response[Any]:
    form = await read_form(request, SendForm)
    wished = form.value or SendForm()
    consents = {Purpose.SENSITIVE: wished.sensitive}
    try:
        await submitting.submit(
            actor=request.user,
            consents=consents,
            version=wished.version,
            correction=True,
            address=address_of(request),
        )
    except NotComplete:
        return redirect(request, HERE)
    except NotFound:
        raise
    except AppError as error:
        application = await _open_one(request)
        if application is None or application.is_waiting:
            return redirect(request, HERE)
        return await _check_page(request, application, [said(error)], form.raw, status=error.status)
    return redirect(request, f"{HERE}?sent=1")


@post("/membership/correct/withdraw", opt=WORKER, include_in_schema=False)
async def withdraw_correction(request: Req) -> Response[Any]:
    await applying.withdraw(actor=request.user)
    return redirect(request, "/card")


async def _check_page(
    request: Req,
    application: ApplicationView,
    errors: list[FieldError] | None = None,
    raw: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "membership/correct.html",
        status=status,
        application=application,
        registered=await queries.identity_of_member(request.user),
        words=CONSENTS[Purpose.SENSITIVE],
        version=version_of(ASKED),
        ticked=typed_again(raw),
        errors=errors or [],
        error_of=error_of(errors or []),
        **identity_words(),
    )


handlers = [ask_correction, save_correction, show_correction, send_correction, withdraw_correction]
