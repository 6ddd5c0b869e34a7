"""Something is broken here: three answers of which one is needed, and a page that says how it goes."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.csrf import VISIT_COOKIE
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.kit.pictures import ACCEPTED, MEDIA_TYPE, BadPicture, Picture, made_small
from server.kit.text import N_
from server.people.pages import address_of
from server.reports import fault_queries, faults, rules
from server.reports.fault_queries import Own
from server.reports.models import FaultState, Thing
from server.reports.words import STATE_LOOKS, STATE_NAMES, THING_ICONS, THING_NAMES

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
EVERYBODY = allow(Audience.VISITOR)
SAID_COOKIE = "nj_said"
WEEK = 7 * 86_400
# A photo that is too large is still read, so that the answer can say so and keep what was typed.
LARGEST_BODY = 16_000_000
EVERY_STATION_HAS = (Thing.DOOR, Thing.LIGHTS, Thing.CLEANLINESS, Thing.OTHER)
PRIVATE = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}


class BrokenForm(msgspec.Struct):
    """What is broken; words if there is something to say."""

    thing: Annotated[Thing, Meta(extra={"missing": N_("请点一下什么坏了。")})]
    words: Annotated[str, Meta(max_length=200, extra={"invalid": N_("写得太长了，最多 200 个字。")})] = ""
    request_key: Annotated[str, Meta(max_length=40)] = ""


@get("/stations/{station_id:uuid}/broken", opt=EVERYBODY, include_in_schema=False)
async def ask_what(request: Req, station_id: Id) -> Response[Any]:
    return await _form(request, station_id)


def errors_of(errors: list[FieldError], *fields: str) -> dict[str, str]:
    """What is wrong at each field; "" where nothing is."""
    return dict.fromkeys(fields, "") | {error.field: error.message for error in errors}


async def _form(
    request: Req, station_id: UUID, *, raw: dict[str, Any] | None = None, errors: list[FieldError] | None = None
) -> Response[Any]:
    name, facilities, said = await fault_queries.broken_form(station_id)
    things = [*(thing for thing in THING_NAMES if thing.value in facilities), *EVERY_STATION_HAS]
    return page(
        request,
        "reports/broken.html",
        status=422 if errors else 200,
        station_id=station_id,
        station_name=name,
        things=[(thing, THING_ICONS[thing], _(THING_NAMES[thing]), thing in said) for thing in things],
        raw=raw or {"thing": "", "words": ""},
        errors=errors or [],
        error_of=errors_of(errors or [], "thing", "words", "photo"),
        accepted=ACCEPTED,
        request_key=(raw or {}).get("request_key") or new_id().hex,
    )


@post("/stations/{station_id:uuid}/broken", opt=EVERYBODY, include_in_schema=False, request_max_body_size=LARGEST_BODY)
async def say_broken(request: Req, station_id: Id) -> Response[Any]:
    form: Form[BrokenForm] = await read_form(request, BrokenForm)
    photo, errors = await _photo(request)
    errors = [*form.errors, *errors]
    if form.value is None or errors:
        return await _form(request, station_id, raw=form.raw, errors=errors)
    try:
        said = await faults.say_broken(
            actor=request.user,
            station_id=station_id,
            thing=form.value.thing,
            words=form.value.words,
            photo=photo,
            request_key=form.value.request_key or new_id().hex,
            held=request.cookies.get(SAID_COOKIE, ""),
            browser=str(request.user.id or request.cookies.get(VISIT_COOKIE, "")),
            address=address_of(request),
        )
    except NotFound:
        raise
    except AppError as refused:
        return await _form(
            request, station_id, raw=form.raw, errors=[FieldError("", _(refused.text, **refused.params))]
        )
    response = redirect(request, f"/broken/{said.secret}")
    response.set_cookie(
        SAID_COOKIE,
        said.secret,
        path=f"/stations/{station_id}/broken",
        httponly=True,
        secure=request.app.state.settings.secure_cookies,
        samesite="lax",
        max_age=WEEK,
    )
    return response


async def _photo(request: Req) -> tuple[Picture | None, list[FieldError]]:
    """The photo that was sent along, made small; or why it cannot be used."""
    file = (await request.form()).get("photo")
    if not isinstance(file, UploadFile) or not file.filename:
        return None, []
    try:
        return await made_small(await file.read()), []
    except BadPicture as bad:
        return None, [FieldError("photo", _(bad.text))]


@get("/broken/{secret:str}", opt=EVERYBODY, include_in_schema=False)
async def show_own(request: Req, secret: FromPath[str]) -> Response[Any]:
    """How it goes with what the holder of this address said."""
    return _shown(request, await fault_queries.own_voice(secret))


def _shown(request: Req, own: Own, refused: AppError | None = None) -> Response[Any]:
    return page(
        request,
        "reports/said.html",
        status=refused.status if refused else 200,
        headers={"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"},
        own=own,
        thing=_(THING_NAMES[own.thing]),
        icon_name=THING_ICONS[own.thing],
        state_name=_(STATE_NAMES[own.state]),
        look=STATE_LOOKS[own.state],
        states=FaultState,
        may_reopen=rules.may_reopen(own.state, own.closed_at, clock.now()),
        refusal=_(refused.text, **refused.params) if refused else "",
    )


@post("/broken/{secret:str}/again", opt=EVERYBODY, include_in_schema=False)
async def say_still_broken(request: Req, secret: FromPath[str]) -> Response[Any]:
    """It was said to be repaired, and is not."""
    try:
        await faults.still_broken(secret=secret)
    except NotFound:
        raise
    except AppError as refused:
        return _shown(request, await fault_queries.own_voice(secret), refused)
    return redirect(request, f"/broken/{secret}")


@get("/broken/{secret:str}/photo.webp", opt=EVERYBODY, include_in_schema=False)
async def show_own_photo(secret: FromPath[str]) -> Response[bytes]:
    """The photo, for whoever holds the address of what was said with it."""
    return Response(await fault_queries.own_photo(secret), media_type=MEDIA_TYPE, headers=PRIVATE)


@get("/broken", opt=allow(Audience.WORKER), include_in_schema=False)
async def list_own(request: Req) -> Response[Any]:
    """All that a worker said while signed in."""
    found = await fault_queries.own_voices(request.user.id)
    return page(
        request,
        "reports/mine.html",
        voices=[
            (own, _(THING_NAMES[own.thing]), THING_ICONS[own.thing], _(STATE_NAMES[own.state]), STATE_LOOKS[own.state])
            for own in found
        ],
    )


handlers: list[Any] = [ask_what, say_broken, list_own, show_own, say_still_broken, show_own_photo]
