"""create_app(settings): the only place where rooms, plugins and middleware are joined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler

from server import operations
from server.bookings import (
    api as bookings_api,
)
from server.bookings import (
    board_pages,
    book_pages,
    desk_api,
    desk_cards,
    desk_overview_pages,
    desk_pages,
    inbox_pages,
    nearby_api,
    nearby_pages,
    no_show_pages,
    plan_affected_pages,
    plan_copy_pages,
    plan_holiday_pages,
    plan_offering_pages,
    plan_pages,
    plan_provider_pages,
    plan_today_pages,
    route_pages,
    ticket_pages,
    waitlist_pages,
    walk_in_pages,
)
from server.bookings.station_changes import follow_openings
from server.config import Settings
from server.db.lifespan import database, standby
from server.edge import pwa
from server.edge.access import Audience, allow, check_audience, handlers_of, refuse_undeclared
from server.edge.assets import show_asset
from server.edge.cookies import HostCookies
from server.edge.csrf import check_csrf
from server.edge.headers import SecurityHeaders
from server.edge.hosts import check_host
from server.edge.live import LiveHub
from server.edge.observe import ObservedApp
from server.edge.openapi import TOKENS, document_doors
from server.edge.problems import EXCEPTION_HANDLERS
from server.edge.sessions import SignedIn
from server.edge.shedding import Door
from server.edge.style import show_style
from server.edge.templates import make_environment
from server.figures import pages as figures_pages
from server.groups import desk_pages as group_desk_pages
from server.groups import group_pages
from server.groups import pages as groups_pages
from server.membership import (
    answer_pages,
    card_check,
    card_pages,
    check_pages,
    correct_pages,
    join_pages,
    member_api,
    member_pages,
    poster_pages,
    progress_pages,
    register_pages,
    review_api,
    review_pages,
    transfer_pages,
    union_pages,
    work_pages,
)
from server.membership import api as membership_api
from server.membership import import_pages as member_import_pages
from server.oversight import pages as oversight_pages
from server.people import account_pages, invite_pages, staff_admin_pages, staff_pages
from server.people import api as people_api
from server.people import pages as people_pages
from server.privacy import api as privacy_api
from server.privacy import pages as privacy_pages
from server.privacy import phone_pages
from server.process import equip
from server.reports import fault_desk_pages, fault_pages, suggestion_desk_pages, suggestion_pages
from server.stations import api as stations_api
from server.stations import changes, import_pages, look_pages, route_edit_pages
from server.stations import pages as stations_pages
from server.visits import pages as visits_pages
from server.visits import poster_pages as door_poster_pages

MAX_BODY = 64_000
# Adding a room adds its modules here.
ROOMS = (
    pwa,
    operations,
    people_pages,
    staff_pages,
    staff_admin_pages,
    invite_pages,
    account_pages,
    people_api,
    nearby_pages,
    nearby_api,
    stations_pages,
    stations_api,
    import_pages,
    book_pages,
    ticket_pages,
    groups_pages,
    group_pages,
    group_desk_pages,
    inbox_pages,
    bookings_api,
    desk_pages,
    desk_overview_pages,
    waitlist_pages,
    walk_in_pages,
    board_pages,
    figures_pages,
    desk_api,
    plan_pages,
    plan_offering_pages,
    plan_affected_pages,
    plan_today_pages,
    plan_provider_pages,
    plan_holiday_pages,
    plan_copy_pages,
    no_show_pages,
    route_pages,
    route_edit_pages,
    look_pages,
    join_pages,
    answer_pages,
    work_pages,
    check_pages,
    correct_pages,
    member_pages,
    card_pages,
    review_pages,
    register_pages,
    transfer_pages,
    union_pages,
    poster_pages,
    member_import_pages,
    progress_pages,
    membership_api,
    member_api,
    review_api,
    oversight_pages,
    visits_pages,
    door_poster_pages,
    fault_pages,
    fault_desk_pages,
    suggestion_pages,
    suggestion_desk_pages,
    privacy_pages,
    phone_pages,
    privacy_api,
)


def handlers() -> list[ControllerRouterHandler]:
    """The handlers of all rooms."""
    return [show_asset, show_style, *(handler for room in ROOMS for handler in room.handlers)]


def create_app(settings: Settings, database_url: str) -> Litestar:
    """The web application; it opens its database as it starts. Raises RuntimeError for a route without an audience."""
    equip(settings)
    changes.when_opening_changes(follow_openings)
    desk_cards.read_cards_with(card_check.holder_of)

    @asynccontextmanager
    async def resources(app: Litestar) -> AsyncIterator[None]:
        url: str = app.state.database_url
        app.state.live = LiveHub(url)
        async with (
            database(url, pool_size=settings.pool_size, patience=settings.patience),
            standby(settings.read_url, pool_size=settings.pool_size, patience=settings.patience),
            app.state.live.running(),
        ):
            yield

    tiles = urlsplit(settings.tile_url)
    app = ObservedApp(
        route_handlers=handlers(),
        lifespan=[resources],
        guards=[check_host, check_audience, check_csrf],
        middleware=[*([HostCookies()] if settings.secure_cookies else []), Door(settings.most_requests), SignedIn],
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[
            SecurityHeaders(
                https=settings.secure_cookies,
                tile_origin=f"{tiles.scheme}://{tiles.netloc}" if tiles.netloc else "",
            ),
            pwa.mark_owner,
        ],
        compression_config=CompressionConfig(backend="brotli", brotli_quality=4, exclude=["/live$", "^/static/"]),
        request_max_body_size=MAX_BODY,
        openapi_config=_openapi(),
        logging_config=None,  # server.logs gives a process its logs
    )
    app.state.settings = settings
    app.state.templates = make_environment()
    app.state.database_url = database_url
    refuse_undeclared(app)
    document_doors(handlers_of(app.routes))
    return app


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="娘家人 API",
        version="1",
        description="Find a station, book a free service, run the desk. Errors are RFC 9457 problem details.",
        components=TOKENS,
        openapi_router=Router("/schema", route_handlers=[], opt=allow(Audience.VISITOR)),
        render_plugins=[JsonRenderPlugin()],
    )
