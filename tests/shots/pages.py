"""Every page that somebody may meet: where it is, and as whom one sees it.

A new page stands here before its tests are green: tests/browser/test_every_page.py looks at each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Face = Literal["worker", "staff"]


@dataclass(frozen=True)
class Shown:
    """One picture: a route, the session of `world` that opens it, and what is tapped there before one looks.

    `at` is the address where the route with the world's ids in it is not enough; `state` tells two pictures of one
    route apart; after a tap the page `shows` what then matters.
    """

    route: str
    who: str = "visitor"
    state: str = ""
    at: str = ""
    tap: str = ""
    face: Face = "worker"
    shows: str = ".errors"

    @property
    def name(self) -> str:
        """The picture's file name."""
        route = "home" if self.route == "/" else self.route
        words = route.replace("{", "").replace("}", "").split("/")
        return "-".join(word for word in (*words, self.state) if word)

    def address(self, ids: dict[str, str]) -> str:
        return (self.at or self.route).format_map(ids)


def _staff(route: str, who: str, state: str = "", *, at: str = "", tap: str = "", shows: str = ".errors") -> Shown:
    return Shown(route, who, state, at, tap, "staff", shows)


SEND = "main form:not(.search) button[type=submit], main form:not(.search) button:not([type])"
BOOKING = (
    Shown("/"),
    Shown("/", "worker", "signed-in"),
    Shown("/stations", state="near", at="/stations?lat=22.8170&lng=108.3669"),
    Shown("/stations", state="district", at="/stations?region={region}"),
    Shown("/stations", state="nothing", at="/stations?q=zzzz"),
    Shown("/stations", state="none-that-offers-it", at="/stations?q=凤岭+修车"),
    Shown("/stations/{station_id}"),
    Shown("/routes"),
    Shown("/routes/{route_id}"),
    Shown("/routes/{route_id}", state="at", at="/routes/{route_id}?at=1"),
    Shown("/regions"),
    Shown("/regions/{code}", at="/regions/450000"),
    Shown("/book/{offering_id}"),
    Shown("/book/slots/{slot_id}"),
    Shown("/book/slots/{slot_id}", state="errors", tap=SEND),
    Shown("/book/slots/{slot_id}", "worker", "signed-in"),
    Shown("/book/{offering_id}", "limited", "limited"),
    Shown("/book/slots/{slot_id}", "limited", "limited"),
    Shown("/book/slots/{slot_id}", state="full", at="/book/slots/{full_id}"),
    Shown("/tickets", "worker"),
    Shown("/tickets", "newcomer", "empty"),
    Shown("/tickets/{booking_id}", "worker"),
    Shown("/tickets/{booking_id}", "worker", "cancelled", at="/tickets/{cancelled_id}"),
    Shown("/tickets/{booking_id}/move", "worker"),
    Shown("/tickets/{booking_id}/move/{slot_id}", "worker"),
    Shown("/groups/new/{offering_id}", "worker"),
    Shown("/groups/new/{offering_id}", "worker", "errors", tap=SEND),
    Shown("/groups/{group_id}", "worker"),
    Shown("/groups/{group_id}/names", "worker"),
    Shown("/wait/{offering_id}", "worker", at="/wait/{offering_id}?slot={full_id}"),
    Shown("/waiting", "worker"),
    Shown("/stations/{station_id}/queue", at="/stations/{door_id}/queue"),
    Shown("/q/{secret}"),
    Shown("/door/{code}", at="/door/{door_code}"),
    Shown("/door/{code}/in", at="/door/{door_code}/in"),
    Shown("/stations/{station_id}/broken", at="/stations/{door_id}/broken"),
    Shown("/stations/{station_id}/broken", state="errors", at="/stations/{door_id}/broken", tap=SEND),
    Shown("/broken/{secret}", at="/broken/{said_secret}"),
    Shown("/broken", "worker"),
    Shown("/broken", "newcomer", "empty"),
    Shown("/suggestions"),
    Shown("/suggestions", state="near", at="/suggestions?lat=22.817&lng=108.366"),
    Shown("/suggestions", state="errors", at="/suggestions?place=zzzz"),
    Shown("/suggestions/{suggestion_id}"),
    Shown("/suggestions/{suggestion_id}", "worker", "signed-in"),
    Shown("/suggestions/new", "worker", at="/suggestions/new?lat=22.817&lng=108.366"),
    Shown("/suggestions/new", "worker", "errors", at="/suggestions/new?region={region}", tap=SEND),
    Shown("/inbox", "worker"),
    Shown("/inbox", "newcomer", "empty"),
)
JOINING = (
    Shown("/j/{code}", at="/j/{union_code}"),
    Shown("/join"),
    Shown("/join", "newcomer", "signed-in"),
    Shown("/join/identity", "newcomer"),
    Shown("/join/identity", "newcomer", "errors", tap=SEND),
    Shown("/join/work", "drafting"),
    Shown("/join/work", "newcomer", "errors", tap=SEND),
    Shown("/join/place", "drafting"),
    Shown("/join/place/{code}", "drafting", at="/join/place/450100"),
    Shown("/join/union", "drafting"),
    Shown("/join/check", "drafting"),
    Shown("/join/check", "drafting", "errors", tap=SEND),
    Shown("/membership", "waiting", "waiting"),
    Shown("/membership", "returned", "returned"),
    Shown("/membership", "rejected", "rejected"),
    Shown("/membership", "member"),
    Shown("/card", "member"),
    Shown("/membership/correct", "member"),
    Shown("/membership/correct/check", "correcting"),
    Shown("/membership/transfer", "member"),
    Shown("/membership/transfer", "member", "union", at="/membership/transfer?union={other_union_id}"),
    Shown("/membership/transfer", "moving", "asked"),
)
ACCOUNT = (
    Shown("/sign-in"),
    Shown("/sign-in", state="errors", tap=SEND),
    Shown("/me", "worker"),
    Shown("/me", "member", "member"),
    Shown("/settings"),
    Shown("/me/phone", "worker"),
    Shown("/me/data", "member"),
    Shown("/me/data/all", "member"),
    Shown("/me/data/erase", "worker"),
    Shown("/erased"),
    Shown("/offline"),
    Shown("/style"),
    Shown("", state="not-found", at="/no-such-page"),
    Shown("", "worker", "forbidden", at="/desk"),
)
DESK = (
    _staff("/staff/sign-in", "visitor"),
    _staff("/staff/sign-in", "visitor", "errors", tap=SEND),
    _staff("/desk", "officer"),
    _staff("/desk/{station_id}", "desk"),
    _staff(
        "/desk/{station_id}/bookings/{booking_id}/missed",
        "desk",
        at="/desk/{station_id}/bookings/{limited_booking_id}/missed",
    ),
    _staff("/desk/{station_id}/groups/{group_id}", "desk"),
    _staff("/desk/{station_id}/print", "desk"),
    _staff("/desk/{station_id}/week", "desk"),
    _staff("/desk/{station_id}/month", "desk"),
    _staff("/desk/{station_id}/queue", "officer", at="/desk/{door_id}/queue"),
    _staff("/stations/{station_id}/board", "visitor", at="/stations/{door_id}/board"),
    _staff("/desk/{station_id}/waiting", "desk", at="/desk/{station_id}/waiting?day={full_day}"),
    _staff("/desk/inbox", "desk"),
    _staff("/desk/inbox", "reviewer", "reviewer"),
    _staff("/desk/scan", "desk"),
    _staff("/desk/{station_id}/door", "officer", at="/desk/{door_id}/door"),
    _staff("/desk/{station_id}/door", "desk", "none"),
    _staff("/desk/faults", "officer"),
    _staff("/desk/{station_id}/faults", "desk"),
    _staff("/desk/faults/{fault_id}", "officer"),
    _staff("/officer/suggestions", "officer"),
    _staff("/officer/suggestions/{suggestion_id}", "officer"),
    _staff("/officer/suggestions/{suggestion_id}", "officer", "errors", tap=SEND),
    _staff("/desk/{station_id}/plan", "desk"),
    _staff("/desk/{station_id}/plan/hours", "desk"),
    _staff("/desk/{station_id}/plan/days", "desk"),
    _staff("/desk/{station_id}/plan/affected", "desk"),
    _staff("/desk/{station_id}/plan/today", "desk"),
    _staff("/desk/{station_id}/plan/holidays", "desk"),
    _staff("/desk/{station_id}/plan/no-show", "desk"),
    _staff("/desk/{station_id}/plan/no-show", "desk", "preview", tap="form.card button", shows="[name=apply]"),
    _staff("/desk/{station_id}/plan/copy", "officer"),
    _staff("/desk/{station_id}/plan/facilities", "desk"),
    _staff("/desk/{station_id}/plan/photos", "desk"),
    _staff("/desk/{station_id}/plan/photos", "desk", "errors", tap="form[enctype] button"),
    _staff("/desk/{station_id}/plan/offerings/{offering_id}/days", "desk"),
    _staff("/desk/{station_id}/plan/offerings/{offering_id}/slots", "desk"),
    _staff("/desk/{station_id}/plan/providers/new", "desk"),
    _staff("/desk/{station_id}/plan/providers/{provider_id}", "desk"),
    _staff("/desk/{station_id}/plan/providers/{provider_id}/hours", "desk"),
    _staff("/desk/{station_id}/plan/providers/{provider_id}/days", "desk"),
    _staff("/desk/{station_id}/plan/offerings/new", "desk"),
    _staff("/desk/{station_id}/plan/offerings/{offering_id}", "desk"),
    _staff("/desk/{station_id}/plan/offerings/{offering_id}/hours", "desk"),
    _staff("/officer/routes", "officer"),
    _staff("/officer/routes/new", "officer"),
    _staff("/officer/routes/new", "officer", "errors", tap=SEND),
    _staff("/officer/routes/{route_id}", "officer"),
    _staff("/officer/stations/import", "officer"),
    _staff("/officer/stations/import/{import_id}", "officer"),
    _staff("", "desk", "desk-forbidden", at="/officer/stations/import"),
)
ACCOUNTS = (
    _staff("/staff/invitation", "visitor"),
    _staff("/staff/invitation", "visitor", "errors", tap=SEND),
    _staff("/staff/account", "officer"),
    _staff("/staff/account/prove", "officer"),
    _staff("/staff/account/password", "officer"),
    _staff("/staff/account/authenticator", "officer"),
    _staff("/staff/account/codes", "officer"),
    _staff("/staff/people", "officer"),
    _staff("/staff/people/invite", "officer"),
    _staff("/staff/people/invite", "officer", "errors", tap=SEND),
    _staff("/staff/people/{staff_id}", "officer"),
    _staff("/audit", "auditor"),
    _staff("/desk/{station_id}/figures", "officer"),
    _staff("/figures", "auditor"),
)
REVIEW = (
    _staff("/review", "reviewer"),
    _staff("/review/applications/{application_id}", "reviewer"),
    _staff("/review/members", "reviewer"),
    _staff("/review/members/{member_id}", "reviewer"),
    _staff("/review/members/import", "reviewer"),
    _staff("/review/members/import/{import_id}", "reviewer", at="/review/members/import/{members_import_id}"),
    _staff("/review/members/export", "reviewer"),
    _staff("/review/members/export", "reviewer", "errors", tap=SEND),
    _staff("/review/transfers", "reviewer"),
    _staff("/review/progress", "reviewer"),
    _staff("/review/unions", "reviewer"),
    _staff("/review/unions/new", "keeper"),
    _staff("/review/unions/{union_id}", "reviewer"),
    _staff("/review/unions/{union_id}/new", "reviewer"),
    _staff("/review/unions/{union_id}/edit", "reviewer"),
    _staff("/review/unions/{union_id}/move", "reviewer"),
    _staff("/review/unions/{union_id}/poster", "reviewer"),
)
PAGES = BOOKING + JOINING + ACCOUNT + DESK + ACCOUNTS + REVIEW

# What a GET may answer besides a page of ours: files, live streams, machines' business, ways to a page shown above.
NO_PAGES = (
    "/api/", "/schema", "/health/", "/metrics", "/static/", "/sw.js", "/manifest.webmanifest", "/desk/scan/revoked",
    "/review/next", "/outbox/token",
)  # fmt: skip
NO_PAGE_ENDS = ("/live", ".svg", ".webp", ".ics", ".csv", ".xlsx", ".json")


def is_page(route: str) -> bool:
    """Whether people look at what this route answers."""
    return not route.startswith(NO_PAGES) and not route.endswith(NO_PAGE_ENDS)
