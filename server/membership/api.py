"""Joining for other programs: the same steps as the pages, as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.params import JSONBody, QueryParameter

from server.edge.access import Audience, allow
from server.edge.i18n import _
from server.edge.openapi import problems
from server.errors import Forbidden, Invalid, SignInNeeded
from server.kit import clock
from server.kit.geo import Datum, Point
from server.membership import applying, queries, submitting
from server.membership.consent_texts import CONSENTS, TRANSFER, ConsentText, version_of
from server.membership.errors import (
    AlreadyMember,
    AppealEmpty,
    ApplicationMoved,
    ApplyingTooOften,
    BirthWrong,
    ConsentNeeded,
    ConsentOutdated,
    DocumentTaken,
    DocumentWrong,
    IdCardWrong,
    NameWrong,
    NoApplication,
    NotAppealable,
    NotComplete,
    PlaceUnknown,
    TooYoung,
    UnionUnknown,
)
from server.membership.identity import read_identity
from server.membership.queries import ApplicationView
from server.membership.schemas import (
    AppealIn,
    ApplicationItem,
    ConsentItem,
    Consents,
    DraftIn,
    IdentityIn,
    SendIn,
    Standing,
    UnionItem,
    UnionList,
)
from server.membership.union_search import unions_near
from server.membership.unions import UnionView, find_unions, propose, union_by_code
from server.people.actors import Actor
from server.people.models import Purpose
from server.people.pages import address_of
from server.stations.divisions import find_place
from server.stations.errors import NowhereToSearch, PositionIncomplete, PositionUnusable
from server.stations.rules import read_position

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
TAGS = ["membership"]
ROOT = "/api/v1/membership"
DOORS = (SignInNeeded, Forbidden, Invalid)
READING = (NameWrong, IdCardWrong, DocumentWrong, BirthWrong, TooYoung, PlaceUnknown, UnionUnknown)
SENDING = (
    NoApplication, NotComplete, ConsentNeeded, ConsentOutdated, ApplyingTooOften, DocumentTaken, UnionUnknown,
)  # fmt: skip


@get(
    "/api/v1/unions",
    opt=allow(Audience.VISITOR),
    tags=TAGS,
    operation_id="listUnions",
    summary="Unions by name or code, near a position, or for a division",
    responses=problems(Invalid, NowhereToSearch, PositionIncomplete, PositionUnusable),
)
async def list_unions(
    *,
    q: Annotated[str, QueryParameter(max_length=60, description="name, pinyin, or the code of a poster")] = "",
    lat: Annotated[float | None, QueryParameter(description="degrees north")] = None,
    lng: Annotated[float | None, QueryParameter(description="degrees east")] = None,
    datum: Annotated[Datum, QueryParameter(description="of lat and lng")] = "wgs84",
    region: Annotated[int | None, QueryParameter(description="GB/T 2260: whom to join who works there")] = None,
) -> UnionList:
    """Nothing of this is personal."""
    if q:
        return UnionList([_union(union) for union in await find_unions(q)])
    position: Point | None = read_position(lat, lng, datum)
    if position:
        return UnionList([_union(union, far) for union, far in await unions_near(position)])
    if region is None or not 0 < region < 1_000_000:  # noqa: PLR2004 (division codes have six digits)
        raise NowhereToSearch
    return UnionList([_union(found.union) for found in await propose(employer="", region_code=region)])


def _union(union: UnionView, far: float | None = None) -> UnionItem:
    place = find_place(union.region_code)
    return UnionItem(
        union.id, union.code, union.name, union.kind, union.region_code, place.full_name if place else "",
        None if far is None else round(far),
    )  # fmt: skip


@get(
    f"{ROOT}/consents", opt=allow(Audience.VISITOR), tags=TAGS, operation_id="showConsents",
    summary="What a worker is asked to agree to, in the reader's language",
)  # fmt: skip
async def show_consents() -> Consents:
    items = [_consent(purpose, words) for purpose, words in CONSENTS.items()]
    return Consents(version_of(CONSENTS), items, TRANSFER.version, _consent(Purpose.SHARING, TRANSFER))


def _consent(purpose: Purpose, words: ConsentText) -> ConsentItem:
    return ConsentItem(purpose, _(words.title), _(words.text), _(words.refused))


@get(
    ROOT, opt=WORKER, tags=TAGS, operation_id="showStanding", summary="Member or not, and how the application goes",
    responses=problems(*DOORS),
)  # fmt: skip
async def show_standing(request: Req) -> Standing:
    application = await queries.application_of(request.user)
    return Standing(request.user.is_member, await _item(application) if application else None)


@get(
    f"{ROOT}/application", opt=WORKER, tags=TAGS, operation_id="showApplication",
    summary="One's own latest application", responses=problems(*DOORS, NoApplication),
)  # fmt: skip
async def show_application(request: Req) -> ApplicationItem:
    return await _own(request.user)


@put(
    f"{ROOT}/application",
    opt=WORKER,
    tags=TAGS,
    operation_id="keepDraft",
    summary="Begin an application, or keep a part of it",
    description="Kept at once, and to be gone on with on any phone. What is not sent stays as it was; sent twice it "
    "changes nothing more.",
    responses=problems(*DOORS, *READING, AlreadyMember, ApplicationMoved),
)
async def keep_draft(request: Req, data: JSONBody[DraftIn]) -> ApplicationItem:
    actor: Actor = request.user
    identity = _identity(data.identity) if data.identity else None
    if data.work and _is_no_place(data.work.region_code):
        raise PlaceUnknown(field="work.region_code")
    poster = await union_by_code(data.poster) if data.poster else None
    if data.poster and poster is None:
        raise UnionUnknown(field="poster")
    await applying.start(actor=actor, poster=poster)
    if identity:
        await applying.save_identity(actor=actor, identity=identity)
    if data.work:
        await applying.save_work(actor=actor, region_code=data.work.region_code, employer=data.work.employer)
    if data.union_id:
        await applying.choose_union(actor=actor, union_id=data.union_id)
    return await _own(actor)


def _identity(given: IdentityIn) -> Any:
    return read_identity(
        name=given.name,
        document=given.document,
        number=given.number,
        birth=given.birth,
        sex=given.sex,
        today=clock.today(),
    )


def _is_no_place(region_code: int) -> bool:
    place = find_place(region_code)
    return place is None or place.level == "province"


@post(
    f"{ROOT}/application/submit",
    opt=WORKER,
    tags=TAGS,
    operation_id="submitApplication",
    summary="Send the application to its union",
    description="Sent twice, it is sent once: an application that waits is answered as it is.",
    status_code=200,
    responses=problems(*DOORS, *SENDING),
)
async def submit(request: Req, data: JSONBody[SendIn]) -> ApplicationItem:
    consents = {Purpose.SENSITIVE: data.sensitive, Purpose.SHARING: data.sharing}
    await submitting.submit(actor=request.user, consents=consents, version=data.version, address=address_of(request))
    return await _own(request.user)


@post(
    f"{ROOT}/application/withdraw", opt=WORKER, tags=TAGS, operation_id="withdrawApplication",
    summary="Take the open application back; a draft is forgotten", status_code=204,
    responses=problems(*DOORS, NoApplication),
)  # fmt: skip
async def withdraw(request: Req) -> None:
    await applying.withdraw(actor=request.user)


@post(
    f"{ROOT}/application/appeal", opt=WORKER, tags=TAGS, operation_id="appeal", status_code=200,
    summary="Ask the union above to look again", responses=problems(*DOORS, NoApplication, AppealEmpty, NotAppealable),
)  # fmt: skip
async def appeal(request: Req, data: JSONBody[AppealIn]) -> ApplicationItem:
    own = await _own(request.user)
    await applying.appeal(actor=request.user, application_id=own.id, words=data.words)
    return await _own(request.user)


async def _own(actor: Actor) -> ApplicationItem:
    application = await queries.application_of(actor)
    if application is None:
        raise NoApplication
    return await _item(application)


async def _item(application: ApplicationView) -> ApplicationItem:
    who, waits = application.identity, application.is_waiting and application.union_id
    return ApplicationItem(
        name=who.name if who else "",
        document=who.document if who else None,
        hidden_number=who.hidden_number if who else "",
        birth=who.birth if who else None,
        sex=who.sex if who else None,
        origin=who.origin if who else "",
        usual_days=await queries.usual_days(application.union_id) if waits and application.union_id else None,
        **{name: getattr(application, name) for name in SAME},
    )


# What an application says of itself under the same name.
SAME = (
    "id", "kind", "state", "region_code", "place", "employer", "union_id", "union_name", "chosen_by", "next_step",
    "reason", "fields_wrong", "submitted_at", "decided_at", "may_appeal",
)  # fmt: skip


handlers = [
    list_unions,
    show_consents,
    show_standing,
    show_application,
    keep_draft,
    submit,
    withdraw,
    appeal,
]
