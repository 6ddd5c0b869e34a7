"""The way into the union: a poster or a page leads here, the phone signs in, the first question comes."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any
from urllib.parse import urlencode
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
from server.errors import AppError
from server.kit.text import N_
from server.membership import applying, queries
from server.membership.errors import AlreadyMember
from server.membership.models import MemberState
from server.membership.queries import ApplicationView
from server.membership.unions import UnionView, union_by_code
from server.people.actors import Actor
from server.people.pages import AGAIN, CODE, PHONE, SHOWN_CODE, begin_session, try_sending, try_signing_in
from server.stations.divisions import Place, find_place

Req = Request[Any, Any, Any]
VISITOR = allow(Audience.VISITOR)
UNION_CODE = Annotated[str, Meta(max_length=20)]
PLACE_CODE = Annotated[str, Meta(max_length=6)]
EMPLOYER = Annotated[str, Meta(max_length=100, extra={"invalid": N_("单位名字太长了，请写短一点。")})]
SEXES = {"male": N_("男"), "female": N_("女")}
FIELD_NAMES = {"identity": N_("姓名和证件"), "work": N_("在哪里干活"), "union": N_("入哪个工会")}


class PhoneForm(msgspec.Struct):
    """A visitor's phone, and the poster's union or the station's district that brought him."""

    phone: PHONE
    union: UNION_CODE = ""
    place: PLACE_CODE = ""
    again: AGAIN = ""
    shown_code: SHOWN_CODE = ""


class CodeForm(msgspec.Struct):
    phone: PHONE
    code: CODE
    union: UNION_CODE = ""
    place: PLACE_CODE = ""
    shown_code: SHOWN_CODE = ""


class BeginForm(msgspec.Struct):
    """What a worker sends who is signed in: one tap."""

    union: UNION_CODE = ""
    place: PLACE_CODE = ""


class Preset(msgspec.Struct, frozen=True):
    """What brought somebody here already says: a poster its union, a station's page its district."""

    union: UnionView | None = None
    place: Place | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As fields of an address or a form."""
        union = [("union", self.union.code)] if self.union else []
        return union + ([("place", str(self.place.code))] if self.place else [])

    @property
    def says_where(self) -> bool:
        """Whether nobody need ask where the worker works."""
        return bool(self.place or (self.union and self.union.place_of_work))


def error_of(errors: list[FieldError]) -> dict[str, str]:
    """The first message at each field; none elsewhere."""
    return defaultdict(str, {e.field: e.message for e in reversed(errors)})


def typed_again(raw: dict[str, Any] | None) -> dict[str, Any]:
    """What a form shows again; blank where nothing was typed."""
    return defaultdict(str, raw or {})


def said(error: AppError) -> FieldError:
    """A refusal in the reader's language, at its field."""
    return FieldError(error.field, _(error.text, **error.params))


def place_of(union: UnionView) -> str:
    """Where a union is, as the division is called in full."""
    place = find_place(union.region_code)
    return place.full_name if place else ""


def read_id(typed: object) -> UUID:
    """An id from a form; anything else is an id that nobody has."""
    try:
        return UUID(str(typed))
    except ValueError:
        return UUID(int=0)


def read_region(typed: object) -> Place | None:
    """A city or county by its code; a whole province is not where somebody works."""
    place = find_place(int(str(typed))) if str(typed).isascii() and str(typed).isdecimal() else None
    return place if place and place.level != "province" else None


async def _preset(given: Any) -> Preset:
    code = str(given.get("union", ""))
    union = await union_by_code(code) if code else None
    return Preset(union if union and union.is_joinable else None, read_region(given.get("place", "")))


@get("/j/{code:str}", opt=VISITOR, include_in_schema=False)
async def follow_poster(request: Req, code: FromPath[str]) -> Response[Any]:
    """The short address in a poster's QR code."""
    union = await union_by_code(code)
    if union is None:
        return redirect(request, "/join?unknown=1")
    return redirect(request, f"/join?union={union.code}")


@get("/join", opt=VISITOR, include_in_schema=False)
async def show_start(request: Req) -> Response[Any]:
    """What joining takes and brings; whoever has begun goes on where he stopped. Nothing is written here."""
    preset = await _preset(request.query_params)
    if request.user.kind != "worker":
        return _start_page(request, preset, {})
    if request.user.is_member:
        return await _welcome_member(request, request.user, preset)
    application = await queries.application_of(request.user)
    if application and application.is_waiting:
        return _waits(request, preset)
    goes_on = application is not None and application.is_open and not _changes(application, preset)
    if application and goes_on and "unknown" not in request.query_params:
        return redirect(request, f"/join/{application.next_step}")
    return _start_page(request, preset, {}, application=application)


def _changes(application: ApplicationView, preset: Preset) -> bool:
    return preset.union is not None and preset.union.id != application.union_id


def _waits(request: Req, preset: Preset) -> Response[Any]:
    """A poster changes nothing in what a union is looking at, and the worker is told so."""
    return redirect(request, "/membership?scanned=1" if preset.union else "/membership")


async def _welcome_member(request: Req, actor: Actor, preset: Preset) -> Response[Any]:
    """A member who scans another union's poster has probably moved there."""
    card = await queries.card_of(actor) if preset.union else None
    if card and preset.union and preset.union.id != card.union_id and card.state is MemberState.ACTIVE:
        return redirect(request, f"/membership/transfer?union={preset.union.id}")
    return redirect(request, "/card")


@post("/join/code", opt=VISITOR, include_in_schema=False, status_code=200)
async def send_code(request: Req) -> Response[Any]:
    form = await read_form(request, PhoneForm)
    sending = await try_sending(request, form)
    raw = form.raw | {"shown_code": sending.shown_code}
    preset = await _preset(form.raw)
    return _start_page(request, preset, raw, list(sending.errors), asked_code=sending.asked_code)


@post("/join", opt=VISITOR, include_in_schema=False)
async def enter(request: Req) -> Response[Any]:
    """The code signs in where needed, and the first question comes."""
    if request.user.kind == "worker":
        return await _begin(request, request.user, await _preset((await read_form(request, BeginForm)).raw))
    form = await read_form(request, CodeForm)
    preset = await _preset(form.raw)
    signed_in, errors = await try_signing_in(request, form)
    if signed_in is None:
        return _start_page(request, preset, form.raw, errors, asked_code=True)
    response = await _begin(request, signed_in.actor, preset)
    await begin_session(request, response, signed_in)
    return response


async def _begin(request: Req, actor: Actor, preset: Preset) -> Response[Any]:
    region_code = preset.place.code if preset.place else None
    try:
        await applying.start(actor=actor, poster=preset.union, region_code=region_code)
    except AlreadyMember:
        return await _welcome_member(request, actor, preset)
    application = await queries.application_of(actor)
    if application is None or application.is_waiting:
        return _waits(request, preset)
    return redirect(request, f"/join/{application.next_step}")


def _start_page(
    request: Req,
    preset: Preset,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    *,
    asked_code: bool = False,
    application: ApplicationView | None = None,
) -> Response[Any]:
    return page(
        request,
        "membership/join.html",
        status=422 if errors else 200,
        union=preset.union,
        preset=preset.pairs,
        self_url="/join" + ("?" + urlencode(preset.pairs) if preset.pairs else ""),
        steps=3 if preset.says_where else 4,
        unknown="unknown" in request.query_params,
        deleted="deleted" in request.query_params,
        draft=application if application and application.is_open else None,
        asked_code=asked_code,
        errors=errors or [],
        error_of=error_of(errors or []),
        phone=raw.get("phone", ""),
        shown_code=raw.get("shown_code", ""),
    )


handlers = [follow_poster, show_start, send_code, enter]
