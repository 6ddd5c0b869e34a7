"""Managers say what their station has, and show it: facilities by a tap each, up to four photos from a phone."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.assets import FOR_EVER
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Conflict
from server.kit.pictures import ACCEPTED, MEDIA_TYPE, BadPicture, made_small
from server.kit.text import N_
from server.stations import photos
from server.stations.models import Facility
from server.stations.words import FACILITY_NAMES

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
MANAGER = allow(Audience.MANAGER)
PLAN = "/desk/{station_id:uuid}/plan"
PHOTO = f"{PLAN}/photos/{{photo_id:uuid}}"
# A photo that is too large is still read, so that the answer can say so.
LARGEST_BODY = 16_000_000
NO_PHOTO = N_("请先选一张照片。")
NO_WORDS = N_("请写一句照片里是什么，看不见的人听得到。")


class FacilitiesForm(msgspec.Struct):
    facility: list[Facility] = []


class WordsForm(msgspec.Struct):
    """What a photo shows."""

    words: Annotated[str, Meta(max_length=80, extra={"missing": NO_WORDS})]


@get(f"{PLAN}/facilities", opt=MANAGER, include_in_schema=False)
async def show_facilities(request: Req, station_id: Id) -> Response[str]:
    station = await photos.managed_station(request.user, station_id)
    return page(
        request,
        "desk/plan_facilities.html",
        station=station,
        back=f"/desk/{station_id}/plan",
        has=station["facilities"],
        facility_names=FACILITY_NAMES,
    )


@post(f"{PLAN}/facilities", opt=MANAGER, include_in_schema=False)
async def change_facilities(request: Req, station_id: Id) -> Response[Any]:
    """Exactly the ticked ones."""
    form = await read_form(request, FacilitiesForm)
    chosen = form.value.facility if form.value else []
    await photos.change_facilities(actor=request.user, station_id=station_id, facilities=chosen)
    return redirect(request, f"/desk/{station_id}/plan")


@get(f"{PLAN}/photos", opt=MANAGER, include_in_schema=False)
async def show_photos(request: Req, station_id: Id) -> Response[str]:
    return await _photos_page(request, station_id)


@post(f"{PLAN}/photos", opt=MANAGER, include_in_schema=False, request_max_body_size=LARGEST_BODY)
async def add_photo(request: Req, station_id: Id) -> Response[Any]:
    """Make a sent photo small and put it last."""
    await photos.managed_station(request.user, station_id)
    form = await read_form(request, WordsForm)
    file = (await request.form()).get("photo")
    errors = {e.field: e.message for e in form.errors}
    if not isinstance(file, UploadFile) or not file.filename:
        errors["photo"] = _(NO_PHOTO)
    if errors or form.value is None or not isinstance(file, UploadFile):
        return await _photos_page(request, station_id, errors, form.raw["words"])
    try:
        picture = await made_small(await file.read())
        await photos.add_photo(actor=request.user, station_id=station_id, picture=picture, words=form.value.words)
    except (BadPicture, Conflict) as refused:
        return await _photos_page(request, station_id, {"photo": _(refused.text)}, form.raw["words"])
    return redirect(request, f"/desk/{station_id}/plan/photos")


@post(f"{PHOTO}/words", opt=MANAGER, include_in_schema=False)
async def change_words(request: Req, station_id: Id, photo_id: Id) -> Response[Any]:
    form = await read_form(request, WordsForm)
    if form.value is None:
        return await _photos_page(request, station_id, {f"words-{photo_id}": form.errors[0].message})
    await photos.say_what_it_shows(actor=request.user, station_id=station_id, photo_id=photo_id, words=form.value.words)
    return redirect(request, f"/desk/{station_id}/plan/photos")


@post(f"{PHOTO}/first", opt=MANAGER, include_in_schema=False)
async def put_first(request: Req, station_id: Id, photo_id: Id) -> Response[Any]:
    await photos.put_first(actor=request.user, station_id=station_id, photo_id=photo_id)
    return redirect(request, f"/desk/{station_id}/plan/photos")


@post(f"{PHOTO}/delete", opt=MANAGER, include_in_schema=False)
async def delete_photo(request: Req, station_id: Id, photo_id: Id) -> Response[Any]:
    await photos.delete_photo(actor=request.user, station_id=station_id, photo_id=photo_id)
    return redirect(request, f"/desk/{station_id}/plan/photos")


async def _photos_page(
    request: Req, station_id: UUID, errors: dict[str, str] | None = None, words: str = ""
) -> Response[str]:
    station = await photos.managed_station(request.user, station_id)
    return page(
        request,
        "desk/plan_photos.html",
        status=422 if errors else 200,
        station=station,
        photos=await photos.photos_of(station_id),
        most=photos.MOST,
        accepted=ACCEPTED,
        summary=[FieldError(name, message) for name, message in (errors or {}).items()],
        errors=defaultdict(str, errors or {}),
        words=words,
        url=f"/desk/{station_id}/plan/photos",
        back=f"/desk/{station_id}/plan",
    )


@get("/stations/{station_id:uuid}/photos/{digest:str}/photo.webp", opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_photo(station_id: Id, digest: FromPath[str]) -> Response[bytes]:
    """A photo; what is at this address never changes."""
    content = await photos.photo_content(station_id, digest)
    return Response(content, media_type=MEDIA_TYPE, headers={"Cache-Control": FOR_EVER})


handlers: list[Any] = [
    show_facilities,
    change_facilities,
    show_photos,
    add_photo,
    change_words,
    put_first,
    delete_photo,
    show_photo,
]
