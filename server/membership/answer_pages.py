"""The questions of an application: who you are, where you work, which union; each answer is kept at once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form, read_query
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Invalid
from server.kit import clock
from server.kit.geo import Datum
from server.kit.text import N_
from server.membership import applying, queries
from server.membership.errors import ApplicationMoved, NoApplication, PlaceUnclear, PlaceUnknown
from server.membership.identity import DOCUMENT_NAMES, Document, Identity, read_identity
from server.membership.join_pages import EMPLOYER, SEXES, error_of, place_of, read_id, read_region, said, typed_again
from server.membership.models import ChosenBy, UnionKind
from server.membership.queries import ApplicationView
from server.membership.unions import UnionView, find_unions, propose
from server.people.queries import account_of
from server.stations.divisions import Place, children, choose_place, find_place, place_near, spoken_places
from server.stations.errors import DivisionNotFound
from server.stations.rules import read_position

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
NAME = Annotated[str, Meta(max_length=60, extra={"missing": N_("请填姓名。")})]
NUMBER = Annotated[str, Meta(max_length=60)]
BIRTH = Annotated[date | None, Meta(extra={"invalid": N_("请填证件上的出生日期。")})]
PLACE = Annotated[str, Meta(max_length=60)]
ANY_NAME = "某某"
# Full numbers say birth and sex themselves.
TELLING = (Document.ID_CARD, Document.RESIDENCE_PERMIT)
WHY = {
    UnionKind.EMPLOYER: N_("跟您的单位对得上"),
    UnionKind.SITE: N_("跟您的工地对得上"),
    UnionKind.PARK: N_("园区的，就在这一片"),
    UnionKind.STREET: N_("街道的，就在这一片"),
    UnionKind.HOLDING: N_("单位没有工会的，都可以入"),
}


class IdentityForm(msgspec.Struct):
    """Birth and sex are asked for documents that do not say them; an empty number keeps the one there was."""

    name: NAME
    number: NUMBER = ""
    document: Document = Document.ID_CARD
    birth: BIRTH = None
    sex: Literal["male", "female"] | None = None


class WorkForm(msgspec.Struct):
    """`region` is a place that was tapped; `pick` asks for the list of places."""

    place: PLACE = ""
    employer: EMPLOYER = ""
    region: Annotated[str, Meta(max_length=6)] = ""
    pick: bool = False


class PositionForm(msgspec.Struct):
    """Where the phone says it is."""

    lat: float | None = None
    lng: float | None = None
    datum: Datum = "wgs84"


async def _writable(request: Req) -> ApplicationView:
    """The application that can be filled in. Raises NoApplication, ApplicationMoved."""
    application = await queries.application_of(request.user)
    if application is None or not application.is_open:
        raise NoApplication
    if application.is_waiting:
        raise ApplicationMoved
    return application


async def _next(request: Req) -> Response[Any]:
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
    application = await _writable(request)
    raw = typed_of(application.identity) if application.identity else {"name": (await account_of(request.user)).name}
    return identity_page(request, raw | asked_document(request), **_identity_look(application))


@post("/join/identity", opt=WORKER, include_in_schema=False)
async def save_identity(request: Req) -> Response[Any]:
    application = await _writable(request)
    form = await read_form(request, IdentityForm)
    identity, errors = identity_of(form, application.identity)
    if identity is None:
        return identity_page(request, form.raw, errors, **_identity_look(application))
    await applying.save_identity(actor=request.user, identity=identity)
    return await _next(request)


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


@get("/join/work", opt=WORKER, include_in_schema=False)
async def ask_work(request: Req) -> Response[Any]:
    """Where the worker works; the phone's position is a first guess for him to confirm, and is not kept."""
    application = await _writable(request)
    near, errors = _near(request)
    raw = {"place": near.full_name if near else application.place, "employer": application.employer}
    return _work_page(request, application, raw, errors, near=near)


def _near(request: Req) -> tuple[Place | None, list[FieldError]]:
    form = read_query(request, PositionForm)
    try:
        position = read_position(form.value.lat, form.value.lng, form.value.datum) if form.value else None
    except AppError:
        return None, [FieldError("place", _(N_("没认出您在哪里，请写上区县，或者点选。")))]
    return (place_near(position) if position else None), []


@post("/join/work", opt=WORKER, include_in_schema=False)
async def save_work(request: Req) -> Response[Any]:
    application = await _writable(request)
    form = await read_form(request, WorkForm)
    if form.value is None:
        return _work_page(request, application, form.raw, form.errors)
    if form.value.pick:
        await applying.save_employer(actor=request.user, employer=form.value.employer)
        return redirect(request, "/join/place")
    place, choices, error = _read_place(form.value)
    if place is None:
        return _work_page(request, application, form.raw, [said(error)], choices=choices)
    await applying.save_work(actor=request.user, employer=form.value.employer, region_code=place.code)
    return await _next(request)


def _read_place(given: WorkForm) -> tuple[Place | None, list[Place], AppError]:
    """The city or county that somebody tapped or named; else those he may mean, and what to say to him."""
    unknown = PlaceUnknown(field="place")
    if given.region:
        return read_region(given.region), [], unknown
    named, _rest = spoken_places(given.place.replace(" ", ""))
    place = choose_place(named, None)
    if place is None:
        return None, named, PlaceUnclear(field="place") if named else unknown
    return (place, [], unknown) if place.level != "province" else (None, below(place.code), unknown)


def below(code: int | None) -> list[Place]:
    """The places in one; Beijing the province has one city of the same name, which is no choice to make."""
    found = children(code)
    return children(found[0].code) if len(found) == 1 and found[0].level != "county" else found


def _work_page(
    request: Req,
    application: ApplicationView,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    *,
    choices: list[Place] | None = None,
    near: Place | None = None,
) -> Response[Any]:
    step, steps = step_of(application, 3)
    return page(
        request,
        "membership/work.html",
        status=422 if errors else 200,
        application=application,
        typed=typed_again(raw),
        choices=_told_apart(choices or []),
        near=near,
        step=step,
        steps=steps,
        back="/join/check" if application.is_complete else "/join/identity",
        errors=errors or [],
        error_of=error_of(errors or []),
    )


def _told_apart(choices: list[Place]) -> list[tuple[int, str]]:
    """Places to tap: by their short names, or by their full ones where these are the same."""
    short = {place.short for place in choices}
    return [(place.code, place.short if len(short) == len(choices) else place.full_name) for place in choices]


@get(["/join/place", "/join/place/{code:int}"], opt=WORKER, include_in_schema=False)
async def choose_from_places(request: Req, code: FromPath[int | None] = None) -> Response[Any]:
    """Province, then city, then county: one tap each, and the last one answers."""
    await _writable(request)
    place = find_place(code)
    if code is not None and place is None:
        raise DivisionNotFound
    return page(
        request,
        "membership/places.html",
        place=place,
        above=find_place(place.parent) if place else None,
        below=[(child, bool(below(child.code))) for child in below(code)],
    )


@post("/join/place", opt=WORKER, include_in_schema=False)
async def save_place(request: Req) -> Response[Any]:
    place = read_region((await request.form()).get("region"))
    if place is None:
        raise DivisionNotFound
    await applying.save_work(actor=request.user, region_code=place.code)
    return await _next(request)


@get("/join/union", opt=WORKER, include_in_schema=False)
async def ask_union(request: Req) -> Response[Any]:
    application = await _writable(request)
    typed = request.query_params.get("q", "").strip()[:60]
    return page(
        request,
        "membership/unions.html",
        unions=[(union, place_of(union)) for union in await _unions(application, typed)],
        marks={} if typed else {kind: _(why) for kind, why in WHY.items()},
        chosen=application.union_id,
        by_poster=application.chosen_by is ChosenBy.POSTER,
        application=application,
        typed=typed,
        action="/join/union",
        back="/join/check" if application.is_complete else "/join/work",
    )


async def _unions(application: ApplicationView, typed: str) -> list[UnionView]:
    if typed:
        return await find_unions(typed)
    origin = application.identity.origin_code if application.identity else None
    proposals = await propose(
        employer=application.employer, region_code=application.region_code or 0, origin_code=origin
    )
    return [proposal.union for proposal in proposals]


@post("/join/union", opt=WORKER, include_in_schema=False)
async def choose_union(request: Req) -> Response[Any]:
    form = await request.form()
    await applying.choose_union(actor=request.user, union_id=read_id(form.get("union")))
    return await _next(request)


handlers = [
    ask_identity,
    save_identity,
    ask_work,
    save_work,
    choose_from_places,
    save_place,
    ask_union,
    choose_union,
]
