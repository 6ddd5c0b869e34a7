"""The tree of unions as officers and reviewers see it, level by level, and what they may change in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Forbidden, NotFound
from server.kit.geo import to_datum
from server.kit.text import N_
from server.membership import union_admin, union_queries
from server.membership.errors import UnionHasPeople
from server.membership.join_pages import error_of, read_id, said, typed_again
from server.membership.models import UnionKind
from server.membership.union_admin import UnionFacts, may_add_below, may_change
from server.membership.union_forms import DATUM_NAMES, KIND_NAMES, KIND_TAGS, UnionForm, facts_of
from server.membership.union_queries import UnionRow
from server.people.models import Role

Req = Request[Any, Any, Any]
KEEPERS = allow(Audience.OFFICER, Audience.REVIEWER)
UNIONS = "/review/unions"
DONE = {
    "created": N_("建好了。打印海报贴出去，工友扫一扫就能入会。"),
    "changed": N_("改好了。"),
    "moved": N_("移好了，下级工会也跟着过来了。"),
    "closed": N_("撤了。海报上的码从现在起请人另选工会。"),
    "reopened": N_("恢复了。"),
}


def read_after(request: Req) -> UUID | None:
    """Where the page before ended."""
    typed = request.query_params.get("after", "")
    return read_id(typed) if typed else None


def names(texts: dict[Any, str]) -> dict[Any, str]:
    return {key: _(text) for key, text in texts.items()}


@get(UNIONS, opt=KEEPERS, include_in_schema=False)
async def show_tree(request: Req) -> Response[Any]:
    """The highest unions that one keeps, or those of a name."""
    typed = request.query_params.get("q", "").strip()[:60]
    rows, more = (
        (await union_queries.search_unions(request.user, typed), None)
        if typed
        else await union_queries.top_unions(request.user, read_after(request))
    )
    return page(
        request,
        "review/unions.html",
        rows=rows,
        more=more,
        typed=typed,
        kinds=names(KIND_TAGS),
        may_found=request.user.holds(Role.OFFICER),
    )


@get(f"{UNIONS}/{{union_id:uuid}}", opt=KEEPERS, include_in_schema=False)
async def show_union(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    return await _union_page(request, union_id)


async def _union_page(request: Req, union_id: UUID, refused: AppError | None = None) -> Response[Any]:
    (row, above), (rows, more) = await at_once(
        union_queries.kept_with_path(request.user, union_id),
        union_queries.unions_below(union_id, read_after(request)),
    )
    done = DONE.get(request.query_params.get("done", ""))
    return page(
        request,
        "review/union.html",
        fragment="below",
        status=refused.status if refused else 200,
        row=row,
        union=row.union,
        above=above,
        rows=rows,
        more=more,
        kinds=names(KIND_TAGS),
        kind_names=names(KIND_NAMES),
        may_change=may_change(request.user, row.union),
        may_add=may_add_below(request.user, row.union),
        may_review=request.user.holds(Role.REVIEWER),
        done=_(done) if done else "",
        refused=_(refused.text, **refused.params) if refused else "",
        people=refused.params if isinstance(refused, UnionHasPeople) else None,
    )


@get([f"{UNIONS}/new", f"{UNIONS}/{{union_id:uuid}}/new"], opt=KEEPERS, include_in_schema=False)
async def ask_new(request: Req, union_id: FromPath[UUID | None] = None) -> Response[Any]:
    """A federation at the top, or a union below another one."""
    parent = await _parent(request, union_id)
    raw = {"kind": UnionKind.SITE, "place": parent.place} if parent else {"kind": UnionKind.FEDERATION}
    return _form_page(request, raw, parent=parent)


@post([f"{UNIONS}/new", f"{UNIONS}/{{union_id:uuid}}/new"], opt=KEEPERS, include_in_schema=False)
async def create(request: Req, union_id: FromPath[UUID | None] = None) -> Response[Any]:
    parent = await _parent(request, union_id)
    form = await read_form(request, UnionForm)
    if form.value is None:
        return _form_page(request, form.raw, form.errors, parent=parent)
    try:
        made = await union_admin.create_union(actor=request.user, facts=facts_of(form.value), parent_id=union_id)
    except (NotFound, Forbidden):
        raise
    except AppError as error:
        return _form_page(request, form.raw, [said(error)], parent=parent, status=error.status)
    return redirect(request, f"{UNIONS}/{made}?done=created")


async def _parent(request: Req, union_id: UUID | None) -> UnionRow | None:
    """Where the new union will stand. Raises NotFound, Forbidden."""
    if union_id is None:
        if not request.user.holds(Role.OFFICER):
            raise Forbidden
        return None
    return await union_queries.union_kept(request.user, union_id)


@get(f"{UNIONS}/{{union_id:uuid}}/edit", opt=KEEPERS, include_in_schema=False)
async def ask_change(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    row = await _changeable(request, union_id)
    return _form_page(request, _typed(row), row=row)


def _typed(row: UnionRow) -> dict[str, Any]:
    """A union as the form shows it; its position as Chinese maps do."""
    lat, lng = to_datum(row.point, "gcj02") if row.point else (0, 0)
    return {
        "name": row.union.name,
        "kind": row.union.kind,
        "place": row.place,
        "position": f"{lat}, {lng}" if row.point else "",
        "datum": "gcj02",
        "target": row.target,
    }


async def _changeable(request: Req, union_id: UUID) -> UnionRow:
    """Raises NotFound, Forbidden."""
    row = await union_queries.union_kept(request.user, union_id)
    if not may_change(request.user, row.union):
        raise Forbidden
    return row


@post(f"{UNIONS}/{{union_id:uuid}}/edit", opt=KEEPERS, include_in_schema=False)
async def change(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    row = await _changeable(request, union_id)
    form = await read_form(request, UnionForm)
    if form.value is None:
        return _form_page(request, form.raw, form.errors, row=row)
    try:
        facts = _with_position_kept(facts_of(form.value), form.value, row)
        await union_admin.change_union(actor=request.user, union_id=union_id, facts=facts)
    except (NotFound, Forbidden):
        raise
    except AppError as error:
        return _form_page(request, form.raw, [said(error)], row=row, status=error.status)
    return redirect(request, f"{UNIONS}/{union_id}?done=changed")


def _with_position_kept(facts: UnionFacts, form: UnionForm, row: UnionRow) -> UnionFacts:
    """A position that nobody touched stays to the metre, and moves along when the union gets another place."""
    if form.position != _typed(row)["position"] or form.datum != "gcj02":
        return facts
    point = row.point if facts.region_code == row.union.region_code else None
    return msgspec.structs.replace(facts, point=point)


def _form_page(
    request: Req,
    raw: dict[str, Any],
    errors: list[FieldError] | None = None,
    *,
    row: UnionRow | None = None,
    parent: UnionRow | None = None,
    status: int = 422,
) -> Response[Any]:
    """The form of a union that is there (`row`), or of a new one below `parent`, or of a federation."""
    shown = row or parent
    return page(
        request,
        "review/union_form.html",
        status=status if errors else 200,
        row=row,
        parent=parent,
        back=f"{UNIONS}/{shown.union.id}" if shown else UNIONS,
        kind_choices=[(kind.value, _(name)) for kind, name in KIND_NAMES.items()],
        datum_choices=[(datum, _(name)) for datum, name in DATUM_NAMES.items()],
        typed=typed_again(raw),
        errors=errors or [],
        error_of=error_of(errors or []),
    )


@get(f"{UNIONS}/{{union_id:uuid}}/move", opt=KEEPERS, include_in_schema=False)
async def ask_move(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    return await _move_page(request, union_id)


async def _move_page(request: Req, union_id: UUID, refused: AppError | None = None) -> Response[Any]:
    row = await _changeable(request, union_id)
    typed = request.query_params.get("q", "").strip()[:60]
    found = await union_queries.search_unions(request.user, typed) if typed else []
    return page(
        request,
        "review/union_move.html",
        status=refused.status if refused else 200,
        row=row,
        typed=typed,
        rows=[
            other
            for other in found
            if not other.closed and union_id not in other.union.lineage and other.union.id != row.parent_id
        ],
        kinds=names(KIND_TAGS),
        refused=_(refused.text, **refused.params) if refused else "",
    )


@post(f"{UNIONS}/{{union_id:uuid}}/move", opt=KEEPERS, include_in_schema=False)
async def move(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    form = await request.form()
    try:
        await union_admin.move_union(actor=request.user, union_id=union_id, parent_id=read_id(form.get("parent")))
    except (NotFound, Forbidden):
        raise
    except AppError as error:
        return await _move_page(request, union_id, error)
    return redirect(request, f"{UNIONS}/{union_id}?done=moved")


@post(f"{UNIONS}/{{union_id:uuid}}/close", opt=KEEPERS, include_in_schema=False)
async def close(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    try:
        await union_admin.close_union(actor=request.user, union_id=union_id)
    except (NotFound, Forbidden):
        raise
    except AppError as error:
        return await _union_page(request, union_id, error)
    return redirect(request, f"{UNIONS}/{union_id}?done=closed")


@post(f"{UNIONS}/{{union_id:uuid}}/reopen", opt=KEEPERS, include_in_schema=False)
async def reopen(request: Req, union_id: FromPath[UUID]) -> Response[Any]:
    try:
        await union_admin.reopen_union(actor=request.user, union_id=union_id)
    except (NotFound, Forbidden):
        raise
    except AppError as error:
        return await _union_page(request, union_id, error)
    return redirect(request, f"{UNIONS}/{union_id}?done=reopened")


handlers = [show_tree, show_union, ask_new, create, ask_change, change, ask_move, move, close, reopen]
