"""The first question of an application: who you are. Each answer is kept at once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid
from server.kit import clock
from server.kit.text import N_
from server.membership import applying, queries
from server.membership.errors import ApplicationMoved, NoApplication
from server.membership.identity import DOCUMENT_NAMES, Document, Identity, read_identity
from server.membership.join_pages import SEXES, error_of, said, typed_again
from server.membership.queries import ApplicationView
from server.people.queries import account_of

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
NAME = Annotated[str, Meta(max_length=60, extra={"missing": N_("请填姓名。")})]
NUMBER = Annotated[str, Meta(max_length=60)]
BIRTH = Annotated[date | None, Meta(extra={"invalid": N_("请填证件上的出生日期。")})]
ANY_NAME = "某某"
# Full numbers say birth and sex themselves.
TELLING = (Document.ID_CARD, Document.RESIDENCE_PERMIT)


class IdentityForm(msgspec.Struct):
    """Birth and sex are asked for documents that do not say them; an empty number keeps the one there was."""

    name: NAME
    number: NUMBER = ""
    document: Document = Document.ID_CARD
    birth: BIRTH = None
    sex: Literal["male", "female"] | None = None


async def writable(request: Req) -> ApplicationView:
    """The application that can be filled in. Raises NoApplication, ApplicationMoved."""
    application = await queries.application_of(request.user)
    if application is None or not application.is_open:
        raise NoApplication
    if application.is_waiting:
        raise ApplicationMoved
    return application


async def go_on(request: Req) -> Response[Any]:
    """To the next question, or the last look."""
    application = await queries.application_of(request.user)
    return redirect(request, f"/join/{application.next_step}" if application else "/join")


def step_of(application: ApplicationView, step: int) -> tuple[int, int]:
    """Which step of how many this is; (0, 0) where an answer is changed and there is no way to go."""
    if application.is_complete:
        return 0, 0
    asks_work = step > 2 or application.region_code is None  # noqa: PLR2004 (phone and identity come before it)
    return step, 4 if asks_work else 3


@get("/join/identity", opt=WORKER, include_in_schema=False)
async def ask_identity(request: Req) -> Response[Any]:
    application = await writable(request)
    raw = typed_of(application.identity) if application.identity else {"name": (await account_of(request.user)).name}
    return identity_page(request, raw | asked_document(request), **_identity_look(application))


@post("/join/identity", opt=WORKER, include_in_schema=False)
async def save_identity(request: Req) -> Response[Any]:
    application = await writable(request)
    form = await read_form(request, IdentityForm)
    identity, errors = identity_of(form, application.identity)
    if identity is None:
        return identity_page(request, form.raw, errors, **_identity_look(application))
    await applying.save_identity(actor=request.user, identity=identity)
    return await go_on(request)


def _identity_look(application: ApplicationView) -> dict[str, Any]:
    step, steps = step_of(application, 2)
    back = "/join/check" if application.is_complete else "/me"
    return {"action": "/join/identity", "back": back, "application": application, "step": step, "steps": steps}


def typed_of(identity: Identity) -> dict[str, Any]:
    """What a form about somebody shows again; never the number."""
    return {
        "name": identity.name,
        "document": identity.document,
        "birth": identity.birth.isoformat(),
        "sex": identity.sex,
    }


def asked_document(request: Req) -> dict[str, Any]:
    """The kind of document in the address, where it names one."""
    asked = request.query_params.get("document")
    return {"document": asked} if asked else {}


def identity_of(form: Form[IdentityForm], known: Identity | None) -> tuple[Identity | None, list[FieldError]]:
    """Who the form says somebody is, or what is wrong with it."""
    number_missing = [FieldError("number", _("请填证件号。"))]
    given = form.value
    if given is None:
        return None, form.errors + ([] if form.raw["number"] or known else number_missing)
    same = known if known and known.document is given.document and not given.number else None
    if not given.number and same is None:
        return None, number_missing
    number = same.number if same else given.number
    errors: list[FieldError] = []
    for name in (given.name, ANY_NAME):
        # Where the name is wrong the rest is read too, so that all is said at once.
        try:
            identity = read_identity(
                name=name, document=given.document, number=number, birth=given.birth, sex=given.sex, today=clock.today()
            )
        except Invalid as error:
            errors.append(said(error))
            if error.field != "name":
                break
        else:
            return (None, errors) if errors else (identity, [])
    return None, errors


def identity_page(
    request: Req,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    *,
    application: ApplicationView | None,
    known: Identity | None = None,
    **look: Any,
) -> Response[Any]:
    """The form about name and document; first, where it is no ID card, the question which document it is."""
    asked = str(raw.get("document") or Document.ID_CARD)
    document = Document(asked) if asked in set(Document) else None
    known = known or (application.identity if application else None)
    return page(
        request,
        "membership/identity.html",
        status=422 if errors else 200,
        application=application,
        typed=typed_again(raw),
        document=document,
        document_name=_(DOCUMENT_NAMES[document]) if document else "",
        documents=[(kind.value, _(name)) for kind, name in DOCUMENT_NAMES.items() if kind is not Document.ID_CARD],
        tells_birth=document in TELLING,
        hidden_number=known.hidden_number if known and known.document is document else "",
        sexes=[(sex, _(name)) for sex, name in SEXES.items()],
        errors=errors or [],
        error_of=error_of(errors or []),
        **look,
    )


handlers = [ask_identity, save_identity]
