"""The log of a region, searched by officers and auditors, and taken out by them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.response import Response, Stream
from msgspec import Meta

from server.audit import service as audit
from server.edge.access import Audience, allow
from server.edge.forms import read_form, read_query
from server.edge.htmx import page
from server.edge.i18n import _
from server.kit import clock
from server.kit.text import N_
from server.oversight import files, queries, words
from server.oversight.queries import PAGE, Asked, Entry
from server.people.models import Role
from server.people.words import ROLE_NAMES

Req = Request[Any, Any, Any]
READERS = allow(Audience.OFFICER, Audience.AUDITOR)
URL = "/audit"
DAYS_SHOWN = 30
MOST_DAYS = 1_100
NO_DAY = N_("日期写错了，比如 2027-01-31。")


class SearchForm(msgspec.Struct):
    """The page's search; `before` is where the page before ended."""

    since: Annotated[date | None, Meta(extra={"invalid": NO_DAY})] = None
    until: Annotated[date | None, Meta(extra={"invalid": NO_DAY})] = None
    who: Annotated[str, Meta(max_length=60)] = ""
    action: Annotated[str, Meta(max_length=40)] = ""
    subject: Annotated[str, Meta(max_length=20)] = ""
    id: Annotated[str, Meta(max_length=64)] = ""
    before: Annotated[str, Meta(max_length=80)] = ""


@get(URL, opt=READERS, include_in_schema=False)
async def show_log(request: Req) -> Response[Any]:
    form = read_query(request, SearchForm)
    value = form.value or SearchForm()
    asked = await _asked(value)
    entries = await queries.log(request.user, asked, PAGE + 1)
    search = {name: str(given) for name, given in form.raw.items() if given and name != "before"}
    last = entries[PAGE - 1] if len(entries) > PAGE else None
    before = {"before": f"{last.at.isoformat()} {last.id}"} if last else {}
    return page(
        request,
        "audit/log.html",
        status=422 if form.errors else 200,
        errors=form.errors,
        error_of={name: form.error(name) for name in ("since", "until")},
        entries=[_said(entry) for entry in entries[:PAGE]],
        more=f"{URL}?{urlencode(search | before)}" if last else "",
        search=search,
        since=asked.since,
        until=asked.until - timedelta(days=1),
        value=value,
        narrowed=bool(value.who or value.action or value.subject or value.id),
        actions=[("", _("全部"))] + [(key, _(text)) for key, text in words.ACTIONS.items()],
        subjects=[("", _("全部"))] + [(key, _(text)) for key, text in words.SUBJECTS.items()],
    )


@post(f"{URL}/log.csv", opt=READERS, include_in_schema=False, status_code=200)
async def take_out(request: Req) -> Stream:
    """All that the search finds, as a file; that it was taken out stands in the log too."""
    value = (await read_form(request, SearchForm)).value or SearchForm()
    regions = queries.regions_of(request.user)
    asked = msgspec.structs.replace(await _asked(value), before=None)
    for code in regions:
        await audit.record(
            "staff", request.user.id, "audit.exported", subject_kind="audit", subject_id=str(code), region_code=code
        )
    name = f"audit-{clock.today().isoformat()}.csv"
    return Stream(
        files.lines(request.user, asked),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


async def _asked(form: SearchForm) -> Asked:
    """The days of a search, the last thirty where none are named; and the colleagues who are called so."""
    until = form.until or clock.today()
    since = form.since or until - timedelta(days=DAYS_SHOWN - 1)
    return Asked(
        since=clock.at(max(since, until - timedelta(days=MOST_DAYS)), 0),
        until=clock.at(until + timedelta(days=1), 0),
        actors=await queries.colleagues_named(form.who) if form.who else None,
        action=form.action,
        subject_kind=form.subject,
        subject_id=form.id,
        before=_place(form.before),
    )


def _place(typed: str) -> tuple[datetime, UUID] | None:
    """Where the page before ended; the beginning where that cannot be read."""
    at, _space, entry_id = typed.partition(" ")
    try:
        return msgspec.convert((at, entry_id), tuple[datetime, UUID], strict=False)
    except msgspec.ValidationError:
        return None


def _said(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "who": entry.actor_name or _(words.ACTORS.get(entry.actor_kind, words.ACTORS["system"])),
        "what": _(words.ACTIONS[entry.action]) if entry.action in words.ACTIONS else entry.action,
        "kind": _(words.SUBJECTS[entry.subject_kind]) if entry.subject_kind in words.SUBJECTS else entry.subject_kind,
        "subject": entry.subject_name or f"…{entry.subject_id[-8:]}",
        "others": f"{URL}?{urlencode({'subject': entry.subject_kind, 'id': entry.subject_id})}",
        "place": entry.place,
        "reason": _reason(entry),
    }


def _reason(entry: Entry) -> str:
    """A reason in words: of what is done about roles it is the role and where it lies."""
    role, _space, where = entry.reason.partition(" ")
    if entry.action.startswith(("role.", "grant.", "staff.invited")) and role in ROLE_NAMES:
        return f"{_(ROLE_NAMES[Role(role)])} …{where[-8:]}"
    return entry.reason


handlers = [show_log, take_out]
