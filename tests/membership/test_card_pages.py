"""The card on the phone, the desk's scanner over HTTP, and the app's own files."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from server.bookings.models import Booking, Eligibility, ServiceKind, Status
from server.bookings.service import book_slot
from server.kit import clock
from server.kit.ids import new_id
from server.membership import members, reviewing
from server.membership.card import CARD_LIFE, CardFacts, read_card, serial_of, write_card
from server.membership.card_pages import CHECKS
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.desk import row_of
from tests.fixtures.membership import card_text, make_member
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.reviewing import apply, make_review, worker_of


@pytest.fixture
async def member_site(app, browser_of, make_person_session):
    """A member and his phone."""
    assert app
    person = await make_person(is_member=True)
    member = await make_member(person=person)
    return member, browser_of().use_session(await make_person_session(person))


async def test_the_card_is_complete_in_one_page(member_site):
    member, site = member_site
    page = await site.open("/card")
    assert "韦秀英" in page.text
    assert " ".join(re.findall("....", member.number)) in page.text
    assert 'src="data:image/svg+xml' in page.text
    assert f'data-holds-until="{(clock.today() + CARD_LIFE).isoformat()}"' in page.text
    assert page.headers["cache-control"] == "private, no-store"


async def test_who_is_no_member_has_no_card(app, browser_of, make_person_session):
    assert app
    site = browser_of().use_session(await make_person_session())
    answer = await site.open("/card")
    assert answer.headers["location"] == "/membership"


async def scan(desk, text, **more):
    return await desk.site.submit("/desk/scan", {"code": text, "station": str(desk.station.id)}, **more)


async def person_of(booking):
    return (await Booking.get(id=booking.id)).person_id


async def book_today(desk, person_id):
    """Legal advice today, hours away from now."""
    at = clock.at(clock.today(), 300 if clock.minute_of_day(clock.now()) > 720 else 1_200)
    slot = await make_slot(desk.advice, at)
    with clock.travel(min(at - timedelta(hours=3) - clock.now(), timedelta())):
        return await book_slot(actor=Actor("worker", person_id), slot_id=slot.id, request_key=new_id().hex)


async def test_the_desk_reads_a_card_without_javascript(desk):
    member = await make_member(person=await make_person(is_member=True))
    page = await scan(desk, card_text(member))
    assert "会员卡有效" in page.text
    assert "韦秀英" in page.text
    assert f'action="{desk.url}/check-in"' in page.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("expired", "二维码过期了"),
        ("revoked", "这张卡作废了"),
        ("forged", "认不出，可能是假卡"),
        ("other", "不是我们的码"),
    ],
)
async def test_the_desk_refuses_other_cards_in_words(desk, change, said):
    person = await make_person(is_member=True)
    member = await make_member(person=person)
    text = card_text(member, days_ago=31 if change == "expired" else 0)
    if change == "revoked":
        await members.leave(actor=person)
    if change == "forged":
        text = text[:-20] + text[-20:][::-1]
    if change == "other":
        text = "https://example.com/some/page"
    page = await scan(desk, text)
    assert said in page.text
    assert "韦秀英" not in page.text.partition("<template")[0]


async def test_a_ticket_goes_on_to_its_desk(desk):
    booking = await desk.booked(name="李师傅")
    page = await scan(desk, booking.code)
    assert "这是预约凭证" in page.text
    await desk.site.submit(f"{desk.url}/check-in", {"code": booking.code})
    assert await desk.status(booking) is Status.ARRIVED


async def test_nothing_scanned_is_said(desk):
    assert (await scan(desk, "")).status_code == 422


async def test_trying_out_is_limited(desk):
    assert (await scan(desk, "AAAAAA")).status_code == 200
    for _ in range(CHECKS[1]):
        await people.count_try(f"card-check:{desk.staff.id}", *CHECKS)
    assert (await scan(desk, "AAAAAA")).status_code == 429


async def test_a_card_checks_its_member_in(desk):
    booking = await desk.booked(name="韦姐")
    person_id = await person_of(booking)
    member = await make_member(person_id=person_id)
    page = await desk.site.submit(f"{desk.url}/check-in", {"code": card_text(member)}, follow_redirects=True)
    assert "已签到" in row_of(page.text, booking)
    assert await desk.status(booking) is Status.ARRIVED
    again = await desk.site.submit(f"{desk.url}/check-in", {"code": card_text(member)})
    assert "他今天的预约" in again.text
    assert row_of(again.text, booking)


async def test_of_several_bookings_staff_choose(desk):
    first = await desk.booked(name="韦姐")
    person_id = await person_of(first)
    second = await book_today(desk, person_id)
    member = await make_member(person_id=person_id)
    page = await desk.site.submit(f"{desk.url}/check-in", {"code": card_text(member)})
    assert row_of(page.text, first)
    assert row_of(page.text, second)
    assert {await desk.status(first), await desk.status(second)} <= {Status.CONFIRMED, Status.REQUESTED}


async def test_a_card_without_a_booking_here_today_is_said(desk):
    member = await make_member(person=await make_person(is_member=True))
    page = await desk.site.submit(f"{desk.url}/check-in", {"code": card_text(member)})
    assert page.status_code == 404
    assert "今天在本站没有预约" in page.text


async def test_a_bad_card_checks_nobody_in(desk):
    booking = await desk.booked()
    member = await make_member(person_id=await person_of(booking), card_version=2)
    stolen = CardFacts(member.number, "韦秀英", "工会", serial_of(member.number, 1), clock.today())
    page = await desk.site.submit(f"{desk.url}/check-in", {"code": write_card(stolen)})
    assert "作废" in page.text
    assert await desk.status(booking) is Status.CONFIRMED


async def test_another_station_learns_nothing_from_a_card(desk):
    booking = await desk.booked()
    member = await make_member(person_id=await person_of(booking))
    stranger = await desk.colleague(station_id=(await make_offering()).station_id)
    answer = await stranger.submit(f"{desk.url}/check-in", {"code": card_text(member)})
    assert answer.status_code == 403
    assert await desk.status(booking) is Status.CONFIRMED


async def test_the_revocation_list_is_sent_once(desk):
    person = await make_person(is_member=True)
    member = await make_member(person=person)
    await members.leave(actor=person)
    answer = await desk.site.open("/desk/scan/revoked")
    assert answer.json() == {"serials": [serial_of(member.number, 1)]}
    assert member.number not in answer.text
    again = await desk.site.open("/desk/scan/revoked", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_the_scan_page_says_nothing_about_who_is_at_the_desk(desk):
    page = await desk.site.open("/desk/scan")
    assert "小王" not in page.text
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert "camera=()" in (await desk.site.open(desk.url)).headers["permissions-policy"]


async def test_approval_opens_what_only_members_may_book_and_leaving_closes_it(app, browser_of, make_person_session):
    assert app
    review = await make_review()
    application = await apply(review.union)
    person = worker_of(application)
    site = browser_of().use_session(await make_person_session(person))
    offering = await make_offering(service=ServiceKind.HEALTH_CHECK, eligibility=Eligibility.MEMBERS_ONLY, capacity=9)
    slot = f"/book/slots/{(await make_slot(offering)).id}"
    assert "只给工会会员" in (await site.open(slot)).text
    await reviewing.approve(actor=review.reviewer, application_id=application.id)
    page = await site.open(slot)
    assert "确认预约</span></button>" in page.text
    assert "/tickets/" in (await site.submit(slot)).headers["location"]
    await site.submit("/membership/leave")
    later = await make_slot(offering, clock.now().replace(microsecond=0) + timedelta(hours=8))
    refused = await site.submit(f"/book/slots/{later.id}")
    assert refused.status_code == 403
    assert "只给工会会员" in refused.text


async def test_every_answer_says_whose_it_is(member_site, browser_of, make_person_session):
    _, site = member_site
    own, same = [(await site.open(path)).headers["page-for"] for path in ("/card", "/tickets")]
    other = await browser_of().use_session(await make_person_session()).open("/tickets")
    nobody = await browser_of().open("/")
    assert own == same
    assert len({own, other.headers["page-for"], nobody.headers["page-for"]}) == 3
    assert nobody.headers["page-for"] == "nobody zh_CN"
    # An error page may not know who is asking: it must not throw anything away.
    assert "page-for" not in (await site.open("/no-such-page")).headers


async def test_the_app_can_be_installed(site):
    manifest = await site.open("/manifest.webmanifest")
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    shown = manifest.json()
    assert shown["display"] == "standalone"
    assert [shortcut["url"] for shortcut in shown["shortcuts"]] == ["/", "/tickets", "/membership"]
    assert {icon.get("purpose") for icon in shown["icons"]} == {None, "maskable"}
    for icon in shown["icons"] + [icon for shortcut in shown["shortcuts"] for icon in shortcut["icons"]]:
        assert (await site.open(icon["src"])).status_code == 200


async def test_the_service_worker_is_asked_for_anew_and_names_files_that_are_there(site):
    worker = await site.open("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    build = re.search(r"const BUILD = (\{.*\});", worker.text)
    assert build
    for url in re.findall(r'"(/static/[^"]+)"', build.group(1)):
        assert (await site.open(url)).status_code == 200


async def test_the_page_without_a_network_is_the_same_for_everybody(member_site):
    _, site = member_site
    page = await site.open("/offline")
    assert "现在没有网络" in page.text
    assert "12351" in page.text
    assert "_csrf" not in page.text


async def test_a_reviewer_may_scan_too(app, browser_of):
    assert app
    reviewer = await make_staff(Role.REVIEWER)
    site = browser_of().use_session(await people.open_session(staff_id=reviewer.id))
    member = await make_member(person=await make_person(is_member=True))
    page = await site.submit("/desk/scan", {"code": card_text(member)})
    assert "会员卡有效" in page.text
    assert read_card(card_text(member), clock.today()).name == "韦秀英"
