"""One's own data: what is held, who dealt with it, consents, and being forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.bookings.inbox_pages import NAMES as SERVICES
from server.bookings.words import SERVICE_NAMES
from server.edge import sessions
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError
from server.kit import clock
from server.membership.consent_texts import text_of
from server.membership.identity import DOCUMENT_NAMES
from server.membership.models import MemberState
from server.notices.models import NoticeState
from server.notices.texts import write_text
from server.people import phones
from server.people.models import Purpose
from server.people.own_data import ConsentHeld
from server.people.pages import CODE, address_of
from server.privacy import service, words
from server.privacy.copying import own_data
from server.privacy.reading import Reading
from server.reports.words import STATE_NAMES, SUGGESTION_NAMES, THING_NAMES

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
READINGS_SHOWN = 5


class EraseForm(msgspec.Struct):
    code: CODE
    shown_code: Annotated[str, Meta(max_length=6)] = ""


@get("/me/data", opt=WORKER, include_in_schema=False)
async def show_data(request: Req) -> Response[Any]:
    """What is held, in a few lines; the whole of it is one tap further."""
    data = await own_data(request.user)
    looked = [reading for reading in data.readings if reading.action not in words.DECISIONS]
    return page(
        request,
        "privacy/data.html",
        data=data,
        tail=data.account.phone[-4:],
        member=next((entry for entry in data.memberships if entry.state is not MemberState.LEFT), None),
        readings=[_said_reading(reading) for reading in looked[:READINGS_SHOWN]],
        consents=_consents(data.consents, is_member=request.user.is_member),
        taken_back="taken_back" in request.query_params,
        phone_changed="phone" in request.query_params,
        **_words(),
    )


@get("/me/data/all", opt=WORKER, include_in_schema=False)
async def show_everything(request: Req) -> Response[Any]:
    """The whole copy for people, to be read or printed."""
    data = await own_data(request.user)
    told = [message for message in data.messages if message.state is not NoticeState.WITHDRAWN]
    return page(
        request,
        "privacy/all.html",
        data=data,
        readings=[_said_reading(reading) for reading in data.readings],
        messages=[(message.due_at, write_text(message.kind, message.params, SERVICES)) for message in told],
        consents=[(said, _(text_of(said.purpose, said.version).title)) for said in data.consents],
        **_words(),
    )


@get("/me/data.json", opt=WORKER, include_in_schema=False)
async def download(request: Req) -> Response[bytes]:
    """The whole copy for machines."""
    data = await own_data(request.user)
    name = f"niangjia-{clock.today().isoformat()}.json"
    return Response(
        msgspec.json.format(msgspec.json.encode(data), indent=2),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


@post("/me/data/consents/{purpose:str}/take-back", opt=WORKER, include_in_schema=False)
async def take_back_consent(request: Req, purpose: FromPath[Purpose]) -> Response[Any]:
    await service.take_back_consent(actor=request.user, purpose=purpose)
    return redirect(request, "/me/data?taken_back=1")


@get("/me/data/erase", opt=WORKER, include_in_schema=False)
async def explain_erasing(request: Req) -> Response[Any]:
    return await _erase_page(request)


@post("/me/data/erase/code", opt=WORKER, include_in_schema=False)
async def send_erase_code(request: Req) -> Response[Any]:
    """A code to one's own number: the phone in the hand must be the one that is to be forgotten."""
    form = await request.form()
    try:
        shown = await phones.send_own_code(actor=request.user, address=address_of(request))
    except AppError as error:
        errors = [FieldError("code" if form.get("again") else "", _(error.text, **error.params))]
        before = str(form.get("shown_code", ""))[:6]
        return await _erase_page(request, errors, asked_code=bool(form.get("again")), shown_code=before)
    return await _erase_page(request, asked_code=True, shown_code=shown or "")


@post("/me/data/erase", opt=WORKER, include_in_schema=False)
async def erase(request: Req) -> Response[Any]:
    form = await read_form(request, EraseForm)
    errors = form.errors
    if form.value is not None:
        try:
            await service.erase(actor=request.user, code=form.value.code)
        except AppError as error:
            errors = [FieldError(error.field, _(error.text, **error.params))]
    if errors:
        return await _erase_page(request, errors, asked_code=True, shown_code=str(form.raw["shown_code"]))
    response = redirect(request, "/erased")
    sessions.end(response)
    return response


@get("/erased", opt=allow(Audience.VISITOR), include_in_schema=False)
async def say_erased(request: Req) -> Response[Any]:
    return page(request, "privacy/erased.html")


async def _erase_page(
    request: Req, errors: Sequence[FieldError] = (), *, asked_code: bool = False, shown_code: str = ""
) -> Response[Any]:
    return page(
        request,
        "privacy/erase.html",
        status=422 if errors else 200,
        errors=errors,
        code_error=next((error.message for error in errors if error.field == "code"), ""),
        asked_code=asked_code,
        shown_code=shown_code,
        tail=(await phones.own_phone(request.user))[-4:],
    )


def _consents(held: Sequence[ConsentHeld], *, is_member: bool) -> list[dict[str, Any]]:
    """Each purpose with the last word on it, the words before, and what taking it back means."""
    by_purpose = groupby(sorted(held, key=lambda one: one.purpose), key=lambda one: one.purpose)
    return [_consent(purpose, list(said), is_member=is_member) for purpose, said in by_purpose]


def _consent(purpose: Purpose, said: list[ConsentHeld], *, is_member: bool) -> dict[str, Any]:
    for_members, for_others = words.TAKEN_BACK[purpose]
    text = text_of(purpose, said[0].version)
    return {
        "purpose": purpose,
        "title": _(text.title),
        "text": _(text.text),
        "last": said[0],
        "before": said[1:],
        "consequence": _(for_members if is_member else for_others),
        "ends_membership": is_member and purpose is Purpose.SENSITIVE,
    }


def _said_reading(reading: Reading) -> dict[str, Any]:
    return {
        "at": reading.at,
        "what": _(words.ACTIONS.get(reading.action, words.DEALT_WITH)),
        "role": _(words.ROLES[reading.role] if reading.role else words.STAFF),
        "office": reading.office,
        "reason": _(words.REASONS[reading.reason]) if reading.reason in words.REASONS else reading.reason,
    }


def _words() -> dict[str, Any]:
    return {
        "service_names": {kind: _(name) for kind, name in SERVICE_NAMES.items()},
        "statuses": {state: _(name) for state, name in words.STATUSES.items()},
        "application_states": {state: _(name) for state, name in words.APPLICATION_STATES.items()},
        "member_states": {state: _(name) for state, name in words.MEMBER_STATES.items()},
        "transfer_states": {state: _(name) for state, name in words.TRANSFER_STATES.items()},
        "documents": {kind: _(name) for kind, name in DOCUMENT_NAMES.items()},
        "sexes": {sex: _(name) for sex, name in words.SEXES.items()},
        "thing_names": {thing: _(name) for thing, name in THING_NAMES.items()},
        "fault_states": {state: _(name) for state, name in STATE_NAMES.items()},
        "suggestion_states": {state: _(name) for state, name in SUGGESTION_NAMES.items()},
    }


handlers = [
    show_data,
    show_everything,
    download,
    take_back_consent,
    explain_erasing,
    send_erase_code,
    erase,
    say_erased,
]
