"""Keepers of the register bring in members from a file: upload, look, apply; and take them out again as a file."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response, Stream
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid
from server.kit import clock
from server.kit.text import N_
from server.membership import exporting, importing
from server.membership.errors import ExportReasonNeeded
from server.membership.import_columns import COLUMNS
from server.membership.scope import scope_names, scope_of
from server.stations.import_files import MOST_BYTES, MOST_ROWS

KEEPERS = allow(Audience.OFFICER, Audience.REVIEWER)
IMPORT = "/review/members/import"
EXPORT = "/review/members/export"
NO_FILE = N_("请先选一个文件。")
ROOM_FOR_FORM = 100_000
UNPROCESSABLE = 422
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportForm(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=exporting.LONGEST_REASON, extra={"missing": ExportReasonNeeded.message})]
    union: Annotated[str, Meta(max_length=16)] = ""


@get(IMPORT, opt=KEEPERS, include_in_schema=False)
async def show_import_form(request: Request[Any, Any, Any]) -> Response[str]:
    return await _import_form(request)


@post(IMPORT, opt=KEEPERS, include_in_schema=False, request_max_body_size=MOST_BYTES + ROOM_FOR_FORM)
async def upload_members(request: Request[Any, Any, Any]) -> Response[Any]:
    """Keep the file and show what it would do."""
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _import_form(request, _(NO_FILE))
    try:
        import_id = await importing.upload(actor=request.user, file_name=file.filename, content=await file.read())
    except Invalid as error:
        return await _import_form(request, _(error.text, **error.params))
    return redirect(request, f"{IMPORT}/{import_id}")


@get(f"{IMPORT}/{{import_id:uuid}}", opt=KEEPERS, include_in_schema=False)
async def show_import(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> Response[str]:
    """What the file would do, or did."""
    found = await importing.find_import(actor=request.user, import_id=import_id)
    return page(
        request,
        "membership/import_look.html",
        view=found,
        look=found.look,
        mistakes=[(m.line, _(m.column), _(m.message, **m.params)) for m in found.look.errors],
    )


@post(f"{IMPORT}/{{import_id:uuid}}/apply", opt=KEEPERS, include_in_schema=False)
async def apply_import(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> Response[Any]:
    await importing.apply_import(actor=request.user, import_id=import_id)
    return redirect(request, f"{IMPORT}/{import_id}")


@get("/review/members/template.xlsx", opt=KEEPERS, include_in_schema=False)
async def show_template() -> Response[bytes]:
    return Response(exporting.template_xlsx(), media_type=XLSX, headers=_file_name("members-template.xlsx"))


@get(EXPORT, opt=KEEPERS, include_in_schema=False)
async def show_export_form(request: Request[Any, Any, Any]) -> Response[str]:
    return await _export_form(request, Form(None, [], {"reason": "", "union": ""}))


@post(EXPORT, opt=KEEPERS, include_in_schema=False, status_code=200)
async def export_members(request: Request[Any, Any, Any]) -> Response[Any] | Stream:
    """The file, for a reason that stays in the audit log."""
    form = await read_form(request, ExportForm)
    if form.value is None:
        return await _export_form(request, form)
    try:
        file = await exporting.export_members(actor=request.user, reason=form.value.reason, union_code=form.value.union)
    except Invalid as error:
        mistake = FieldError(error.field, _(error.text, **error.params))
        return await _export_form(request, Form(None, [mistake], form.raw))
    name = f"members-{clock.today().isoformat()}.xlsx"
    return Stream(exporting.chunks(file), media_type=XLSX, headers=_file_name(name))


async def _import_form(request: Request[Any, Any, Any], error: str = "") -> Response[str]:
    return page(
        request,
        "membership/import.html",
        status=UNPROCESSABLE if error else 200,
        errors=[FieldError("file", error)] if error else [],
        columns=[(_(column.title), column.required) for column in COLUMNS],
        most_rows=MOST_ROWS,
        most_megabytes=MOST_BYTES // 1_000_000,
        scope=await scope_names(scope_of(request.user)),
    )


async def _export_form(request: Request[Any, Any, Any], form: Form[ExportForm]) -> Response[str]:
    return page(
        request,
        "membership/export.html",
        status=UNPROCESSABLE if form.errors else 200,
        form=form,
        longest_reason=exporting.LONGEST_REASON,
        scope=await scope_names(scope_of(request.user)),
    )


def _file_name(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


handlers = [
    show_import_form,
    upload_members,
    show_import,
    apply_import,
    show_template,
    show_export_form,
    export_members,
]
