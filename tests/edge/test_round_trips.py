"""How often a page goes to the database: at most three times, whoever is asking included."""

from tests.shots.pages import PAGES
from tests.shots.world import made_places, make_world

MOST = 3
# Pages of one thing, not lists: opening somebody's data is written down, a copy holds all that we know.
MORE = {
    "/me/data": 30,
    "/me/data/all": 30,
    "/desk/{station_id}/bookings/{booking_id}/missed": 6,
    "/review/applications/{application_id}": 6,
    "/review/members/{member_id}": 5,
    "/staff/people/{staff_id}": 5,
}
LISTS = {
    "visitor": (
        "/api/v1/stations?lat=22.8&lng=108.3",
        "/api/v1/divisions",
        "/api/v1/offerings/{offering_id}/slots",
        "/api/v1/slots/{full_id}/alternatives",
        "/api/v1/unions?region=450103",
    ),
    "worker": ("/api/v1/bookings", "/api/v1/notices"),
    "desk": ("/api/v1/desk/stations", "/api/v1/desk/stations/{station_id}/bookings", "/desk/{station_id}?q=阿"),
    "officer": ("/desk?q=驿站", "/staff/people?q=小"),
    "auditor": ("/audit?action=staff.signed_in", "/audit?who=officer"),
    "reviewer": (
        "/api/v1/review/applications",
        "/api/v1/review/transfers",
        "/review/members?q=欧阳若熙",
        "/review?show=doubts",
    ),
}
# What belongs to the transaction.
ASIDE = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


async def test_no_page_goes_to_the_database_more_than_three_times(browser_of, sent):
    world = await make_world(await made_places())
    pages = [(shown.who, shown.route, shown.address(world.ids)) for shown in PAGES if shown.route and not shown.tap]
    pages += [(who, path, path.format_map(world.ids)) for who, paths in LISTS.items() for path in paths]
    wrong = []
    for who, route, address in pages:
        site = browser_of().use_session(world.sessions.get(who, ""))
        await site.open(address)  # what is asked once: that the session is in use, what the columns are called
        sent.clear()
        answer = await site.open(address)
        asked = [query for query in sent if not query.lstrip().startswith(ASIDE)]
        if answer.status_code >= 500 or len(asked) > MORE.get(route, MOST):
            heads = "".join("\n    " + " ".join(query.split())[:100] for query in asked)
            wrong.append(f"{who} {address}: {answer.status_code}, {len(asked)} statements{heads}")
    assert not wrong, "\n".join(wrong)
