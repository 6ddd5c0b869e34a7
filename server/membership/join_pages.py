"""Joining as a worker sees it: phone, who you are, where you work, check and send."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Invalid
from server.kit import clock
from server.kit.text import N_
from server.membership import applying, queries
from server.membership.consent_texts import CONSENTS
from server.membership.errors import (
    AlreadyMember,
    ApplicationMoved,
    NoApplication,
    NotComplete,
    PlaceUnclear,
    PlaceUnknown,
)
from server.membership.identity import DOCUMENT_NAMES, Document, Identity, read_identity
from server.membership.queries import ApplicationView
from server.membership.unions import UnionView, find_unions, propose, union_by_code
from server.people.actors import Actor
from server.people.models import Purpose
from server.people.pages import AGAIN, CODE, PHONE, SHOWN_CODE, begin_session, try_sending, try_signing_in
from server.stations.divisions import choose_place, find_place, spoken_places

Req = Request[Any, Any, Any]
VISITOR, WORKER = allow(Audience.VISITOR), allow(Audience.WORKER)
UNION_CODE = Annotated[str, Meta(max_length=20)]
NAME = Annotated[str, Meta(max_length=60, extra={"missing": N_("请填姓名。")})]
NUMBER = Annotated[str, Meta(max_length=60, extra={"missing": N_("请填证件号。")})]
BIRTH = Annotated[date | None, Meta(extra={"invalid": N_("请填证件上的出生日期。")})]
PLACE = Annotated[str, Meta(max_length=60, extra={"missing": N_("请写在哪个区县干活。")})]
EMPLOYER = Annotated[str, Meta(max_length=100, extra={"invalid": N_("单位名字太长了，请写短一点。")})]
SEXES = {"male": N_("男"), "female": N_("女")}
FIELD_NAMES = {"identity": N_("姓名和证件"), "work": N_("在哪里干活"), "union": N_("入哪个工会")}


class PhoneForm(msgspec.Struct):
    """A visitor's phone, and the poster's union that brought him."""

    phone: PHONE
    union: UNION_CODE = ""
    again: AGAIN = ""
    shown_code: SHOWN_CODE = ""


class CodeForm(msgspec.Struct):
    phone: PHONE
    code: CODE
    union: UNION_CODE = ""
    shown_code: SHOWN_CODE = ""


class IdentityForm(msgspec.Struct):
    """Birth and sex are asked for documents that do not say them."""

    name: NAME
    number: NUMBER
    document: Document = Document.ID_CARD
    birth: BIRTH = None
    sex: Literal["male", "female"] | None = None


class WorkForm(msgspec.Struct):
    place: PLACE
    employer: EMPLOYER = ""


class SendForm(msgspec.Struct):
    version: Annotated[str, Meta(max_length=10)]
    sensitive: bool = False
    sharing: bool = False


def error_of(errors: list[FieldError]) -> dict[str, str]:
    """The first message at each field; none elsewhere."""
    return defaultdict(str, {e.field: e.message for e in reversed(errors)})


def typed_again(raw: dict[str, Any] | None) -> dict[str, Any]:
    """What a form shows again; blank where nothing was typed."""
    return defaultdict(str, raw or {})


def said(error: AppError) -> FieldError:
    """A refusal in the reader's language, at its field."""
    return FieldError(error.field, _(error.text, **error.params))


@get("/j/{code:str}", opt=VISITOR, include_in_schema=False)
async def follow_poster(request: Req, code: FromPath[str]) -> Response[Any]:
    """The short address in a poster's QR code."""
    union = await union_by_code(code)
    return redirect(request, f"/join?union={union.code}" if union else "/join")


@get("/join", opt=VISITOR, include_in_schema=False)
async def show_start(request: Req) -> Response[Any]:
    union = await union_by_code(request.query_params.get("union", ""))
    if request.user.kind == "worker":
        return await _go_on(request, request.user, union)
    return _start_page(request, union, {})


@post("/join/code", opt=VISITOR, include_in_schema=False, status_code=200)
async def send_code(request: Req) -> Response[Any]:
    form = await read_form(request, PhoneForm)
    sending = await try_sending(request, form)
    raw = form.raw | {"shown_code": sending.shown_code}
    union = await union_by_code(str(form.raw["union"]))
    return _start_page(request, union, raw, list(sending.errors), asked_code=sending.asked_code)


@post("/join", opt=VISITOR, include_in_schema=False)
async def enter(request: Req) -> Response[Any]:
    """The code signs in, and the first step comes."""
    form = await read_form(request, CodeForm)
    union = await union_by_code(str(form.raw["union"]))
    signed_in, errors = await try_signing_in(request, form)
    if signed_in is None:
        return _start_page(request, union, form.raw, errors, asked_code=True)
    response = await _go_on(request, signed_in.actor, union)
    await begin_session(request, response, signed_in)
    return response


async def _go_on(request: Req, actor: Actor, union: UnionView | None) -> Response[Any]:
    """To the step that comes next, wherever the worker left off."""
    try:
        await applying.start(actor=actor, poster=union)
    except AlreadyMember:
        return redirect(request, "/card")
    application = await queries.application_of(actor)
    if application is None or application.is_waiting:
        return redirect(request, "/membership")
    return redirect(request, f"/join/{application.next_step}")


def _start_page(
    request: Req,
    union: UnionView | None,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    *,
    asked_code: bool = False,
) -> Response[Any]:
    return page(
        request,
        "membership/join.html",
        status=422 if errors else 200,
        union=union,
        asked_code=asked_code,
        errors=errors or [],
        error_of=error_of(errors or []),
        phone=raw.get("phone", ""),
        shown_code=raw.get("shown_code", ""),
    )


async def _writable(request: Req) -> ApplicationView:
    """The application that can be filled in. Raises NoApplication, ApplicationMoved."""
    application = await queries.application_of(request.user)
    if application is None or not application.is_open:
        raise NoApplication
    if application.is_waiting:
        raise ApplicationMoved
    return application


@get("/join/identity", opt=WORKER, include_in_schema=False)
async def ask_identity(request: Req) -> Response[Any]:
    application = await _writable(request)
    known = application.identity
    raw = _typed(known) if known else {}
    if "document" in request.query_params:
        raw["document"] = request.query_params["document"]
    return _identity_page(request, application, raw)


def _typed(identity: Identity) -> dict[str, Any]:
    """What a form about somebody shows again; the number is typed anew where it is to change."""
    return {
        "name": identity.name,
        "number": identity.number,
        "document": identity.document,
        "birth": identity.birth.isoformat(),
        "sex": identity.sex,
    }


@post("/join/identity", opt=WORKER, include_in_schema=False)
async def save_identity(request: Req) -> Response[Any]:
    application = await _writable(request)
    form = await read_form(request, IdentityForm)
    identity, errors = _read_identity(form)
    if identity is None:
        return _identity_page(request, application, form.raw, errors)
    await applying.save_identity(actor=request.user, identity=identity)
    return redirect(request, await _next(request))


def _read_identity(form: Form[IdentityForm]) -> tuple[Identity | None, list[FieldError]]:
    if form.value is None:
        return None, form.errors
    given = form.value
    try:
        identity = read_identity(
            name=given.name,
            document=given.document,
            number=given.number,
            birth=given.birth,
            sex=given.sex,
            today=clock.today(),
        )
    except Invalid as error:
        return None, [said(error)]
    return identity, []


def _identity_page(
    request: Req, application: ApplicationView, raw: dict[str, Any], errors: list[FieldError] | None = None
) -> Response[Any]:
    document = str(raw.get("document") or Document.ID_CARD)
    return page(
        request,
        "membership/identity.html",
        status=422 if errors else 200,
        application=application,
        typed=typed_again(raw),
        document=document if document in set(Document) else Document.ID_CARD,
        documents=[(kind.value, _(name)) for kind, name in DOCUMENT_NAMES.items() if kind is not Document.ID_CARD],
        sexes=[(sex, _(name)) for sex, name in SEXES.items()],
        errors=errors or [],
        error_of=error_of(errors or []),
    )


@get("/join/work", opt=WORKER, include_in_schema=False)
async def ask_work(request: Req) -> Response[Any]:
    application = await _writable(request)
    return _work_page(request, application, {"place": application.place, "employer": application.employer})


@post("/join/work", opt=WORKER, include_in_schema=False)
async def save_work(request: Req) -> Response[Any]:
    application = await _writable(request)
    form = await read_form(request, WorkForm)
    if form.value is None:
        return _work_page(request, application, form.raw, form.errors)
    try:
        region_code = read_place(form.value.place)
    except Invalid as error:
        return _work_page(request, application, form.raw, [said(error)])
    await applying.save_work(actor=request.user, employer=form.value.employer, region_code=region_code)
    return redirect(request, await _next(request))


def read_place(typed: str) -> int:
    """The city or county that somebody names. Raises PlaceUnknown, PlaceUnclear."""
    named, _rest = spoken_places(typed.replace(" ", ""))
    if not named:
        raise PlaceUnknown(field="place")
    place = choose_place(named, None)
    if place is None:
        raise PlaceUnclear(field="place")
    if place.level == "province":
        raise PlaceUnknown(field="place")
    return place.code


def _work_page(
    request: Req, application: ApplicationView, raw: dict[str, Any], errors: list[FieldError] | None = None
) -> Response[Any]:
    return page(
        request,
        "membership/work.html",
        status=422 if errors else 200,
        application=application,
        typed=typed_again(raw),
        errors=errors or [],
        error_of=error_of(errors or []),
    )


@get("/join/union", opt=WORKER, include_in_schema=False)
async def ask_union(request: Req) -> Response[Any]:
    application = await _writable(request)
    typed = request.query_params.get("q", "")[:60]
    if typed:
        unions = await find_unions(typed)
    else:
        region = application.region_code or 0
        unions = [p.union for p in await propose(employer=application.employer, region_code=region)]
    return page(
        request,
        "membership/unions.html",
        application=application,
        unions=[(union, place_of(union)) for union in unions],
        typed=typed,
        action="/join/union",
        back="/join/check",
    )


def place_of(union: UnionView) -> str:
    """Where a union is, as the division is called in full."""
    place = find_place(union.region_code)
    return place.full_name if place else ""


@post("/join/union", opt=WORKER, include_in_schema=False)
async def choose_union(request: Req) -> Response[Any]:
    form = await request.form()
    await applying.choose_union(actor=request.user, union_id=read_id(form.get("union")))
    return redirect(request, await _next(request))


def read_id(typed: object) -> UUID:
    """An id from a form; anything else is an id that nobody has."""
    try:
        return UUID(str(typed))
    except ValueError:
        return UUID(int=0)


async def _next(request: Req) -> str:
    application = await queries.application_of(request.user)
    return f"/join/{application.next_step}" if application else "/join"


@get("/join/check", opt=WORKER, include_in_schema=False)
async def show_check(request: Req) -> Response[Any]:
    application = await _writable(request)
    if application.next_step != "check":
        return redirect(request, f"/join/{application.next_step}")
    return _check_page(request, application)


@post("/join/check", opt=WORKER, include_in_schema=False)
async def submit(request: Req) -> Response[Any]:
    """Send; a second tap finds it sent."""
    form = await read_form(request, SendForm)
    wished = form.value or SendForm("")
    consents = {Purpose.SENSITIVE: wished.sensitive, Purpose.SHARING: wished.sharing}
    try:
        await applying.submit(actor=request.user, consents=consents, version=wished.version)
    except NotComplete as error:
        return redirect(request, f"/join/{error.field}")
    except NoApplication:
        raise
    except AppError as error:
        application = await _writable(request)
        return _check_page(request, application, [said(error)], form.raw, status=error.status)
    return redirect(request, "/membership?sent=1")


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
        sexes={sex: _(name) for sex, name in SEXES.items()},
        documents={kind: _(name) for kind, name in DOCUMENT_NAMES.items()},
        consents=[(purpose.value, words) for purpose, words in CONSENTS.items()],
        version=CONSENTS[Purpose.SENSITIVE].version,
        ticked=typed_again(raw),
        errors=errors or [],
        error_of=error_of(errors or []),
    )


handlers = [
    follow_poster,
    show_start,
    send_code,
    enter,
    ask_identity,
    save_identity,
    ask_work,
    save_work,
    ask_union,
    choose_union,
    show_check,
    submit,
]
