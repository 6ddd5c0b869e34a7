"""Officers bring in stations: upload, look, apply; and take them out again as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Response, Stream

from server.edge.access import Audience, allow
from server.edge.forms import FieldError
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid
from server.kit.text import N_
from server.people.actors import Actor
from server.people.models import Role
from server.stations import exporting, importing
from server.stations.divisions import find_place
from server.stations.import_columns import COLUMNS
from server.stations.import_files import MOST_BYTES, MOST_ROWS

OFFICERS = allow(Audience.OFFICER)
NO_FILE = N_("请先选一个文件。")
ROOM_FOR_FORM = 100_000
UNPROCESSABLE = 422


@get("/officer/stations/import", opt=OFFICERS, include_in_schema=False)
async def show_import_form(request: Request[Any, Any, Any]) -> Response[str]:
    return _form(request)


@post(
    "/officer/stations/import", opt=OFFICERS, include_in_schema=False, request_max_body_size=MOST_BYTES + ROOM_FOR_FORM
)
async def upload_stations(request: Request[Any, Any, Any]) -> Response[Any]:
    """Keep the file and show what it would do."""
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _form(request, NO_FILE)
    try:
        import_id = await importing.upload(actor=request.user, file_name=file.filename, content=await file.read())
    except Invalid as error:
        return _form(request, _(error.text, **error.params))
    return redirect(request, f"/officer/stations/import/{import_id}")


@get("/officer/stations/import/{import_id:uuid}", opt=OFFICERS, include_in_schema=False)
async def show_import(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> Response[str]:
    """What the file would do, or did."""
    found = await importing.find_import(actor=request.user, import_id=import_id)
    used = [column for column in COLUMNS if any(column.key in line for line in found.look.first)]
    return page(
        request,
        "stations/import_look.html",
        view=found,
        look=found.look,
        columns=[(column.key, _(column.title)) for column in used],
        mistakes=[(m.line, _(m.column), _(m.message, **m.params)) for m in found.look.errors],
    )


@post("/officer/stations/import/{import_id:uuid}/apply", opt=OFFICERS, include_in_schema=False)
async def apply_import(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> Response[Any]:
    await importing.apply_import(actor=request.user, import_id=import_id)
    return redirect(request, f"/officer/stations/import/{import_id}")


@get("/officer/stations/template.csv", opt=OFFICERS, include_in_schema=False)
async def show_template() -> Response[bytes]:
    return Response(exporting.template_csv(), media_type="text/csv; charset=utf-8", headers=_file_name("template.csv"))


@get(
    "/api/v1/stations.csv",
    opt=OFFICERS,
    tags=["stations"],
    operation_id="exportStationsCsv",
    summary="All stations of one's regions, with the columns of the import",
    media_type="text/csv",
)
async def export_csv(request: Request[Any, Any, Any]) -> Stream:
    content = exporting.stations_csv(_regions(request.user))
    return Stream(content, media_type="text/csv; charset=utf-8", headers=_file_name("stations.csv"))


@get(
    "/api/v1/stations.geojson",
    opt=OFFICERS,
    tags=["stations"],
    operation_id="exportStationsGeoJson",
    summary="All stations of one's regions as GeoJSON",
    responses={200: ResponseSpec(dict[str, Any], generate_examples=False, media_type="application/geo+json")},
)
async def export_geojson(request: Request[Any, Any, Any]) -> Stream:
    content = exporting.stations_geojson(_regions(request.user))
    return Stream(content, media_type="application/geo+json", headers=_file_name("stations.geojson"))


def _form(request: Request[Any, Any, Any], error: str = "") -> Response[str]:
    return page(
        request,
        "stations/import.html",
        status=UNPROCESSABLE if error else 200,
        errors=[FieldError("file", _(error))] if error else [],
        columns=[(_(column.title), column.required) for column in COLUMNS],
        most_rows=MOST_ROWS,
        most_megabytes=MOST_BYTES // 1_000_000,
        regions=[place.full_name for place in map(find_place, _regions(request.user)) if place],
    )


def _regions(actor: Actor) -> list[int]:
    return [g.region_code for g in actor.grants if g.role is Role.OFFICER and g.region_code is not None]


def _file_name(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


handlers = [
    show_import_form,
    upload_stations,
    show_import,
    apply_import,
    show_template,
    export_csv,
    export_geojson,
]
