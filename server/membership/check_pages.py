"""The last look before an application is sent: everything said, what is agreed to, one button."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.membership import queries, submitting
from server.membership.consent_texts import CONSENTS, version_of
from server.membership.errors import NotComplete
from server.membership.identity import DOCUMENT_NAMES
from server.membership.join_pages import SEXES, error_of, said, typed_again
from server.membership.models import ChosenBy
from server.membership.queries import ApplicationView
from server.people.models import Purpose
from server.people.pages import address_of

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
ASKED = (Purpose.SENSITIVE, Purpose.SHARING)


class SendForm(msgspec.Struct):
    """What is agreed to, in the version of the words that the page showed."""

    version: Annotated[str, Meta(max_length=40)] = ""
    sensitive: bool = False
    sharing: bool = False


@get("/join/check", opt=WORKER, include_in_schema=False)
async def show_check(request: Req) -> Response[Any]:
    application = await queries.application_of(request.user)
    if application is None or not application.is_open:
        return redirect(request, "/join")
    if application.is_waiting:
        return redirect(request, "/membership")
    if application.next_step != "check":
        return redirect(request, f"/join/{application.next_step}")
    return _check_page(request, application)


@post("/join/check", opt=WORKER, include_in_schema=False)
async def send(request: Req) -> Response[Any]:
    """Send; a second tap finds it sent."""
    form = await read_form(request, SendForm)
    wished = form.value or SendForm()
    consents = {Purpose.SENSITIVE: wished.sensitive, Purpose.SHARING: wished.sharing}
    try:
        await submitting.submit(
            actor=request.user, consents=consents, version=wished.version, address=address_of(request)
        )
    except NotComplete as error:
        return redirect(request, f"/join/{error.field}")
    except NotFound:
        raise
    except AppError as error:
        return await _refused(request, error, form.raw)
    return redirect(request, "/membership?sent=1")


async def _refused(request: Req, error: AppError, raw: dict[str, Any]) -> Response[Any]:
    application = await queries.application_of(request.user)
    if application is None or not application.is_open or application.is_waiting:
        return redirect(request, "/membership")
    return _check_page(request, application, [said(error)], raw, status=error.status)


def _check_page(
    request: Req,
    application: ApplicationView,
    errors: list[FieldError] | None = None,
    raw: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "membership/check.html",
        status=status,
        application=application,
        steps=3 if application.chosen_by is ChosenBy.POSTER else 4,
        ticked=typed_again(raw),
        errors=errors or [],
        error_of=error_of(errors or []),
        consents=[(purpose.value, CONSENTS[purpose]) for purpose in ASKED],
        version=version_of(ASKED),
        **identity_words(),
    )


def identity_words() -> dict[str, Any]:
    """What pages say about somebody's document and sex."""
    return {
        "sexes": {sex: _(name) for sex, name in SEXES.items()},
        "documents": {kind: _(name) for kind, name in DOCUMENT_NAMES.items()},
    }


handlers = [show_check, send]
