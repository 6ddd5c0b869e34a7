"""The inbox of a worker and of staff: what is new, what is read, where it leads."""

import re
from datetime import timedelta

import pytest

from server.kit import clock
from server.kit.ids import new_id
from server.notices import service
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.models import Role
from tests.fixtures.people import make_person, make_staff

BADGE = 'class="badge"'


def params(**more):
    starts_at = clock.at(clock.today() + timedelta(days=3), 600)
    given = {"station": "示例站", "service": "haircut", "starts_at": starts_at.isoformat(), "code": "7K3M9Q"}
    return given | more


@pytest.fixture
async def worker(app):
    assert app
    return await make_person()


@pytest.fixture
async def mine(worker, browser_of, make_person_session):
    return browser_of().use_session(await make_person_session(worker))


async def test_a_new_message_shows_on_every_page_until_it_is_read(mine, worker):
    assert BADGE not in (await mine.open("/me")).text
    await service.tell_worker(worker.id, NoticeKind.BOOKING_CONFIRMED, params(), booking_id=new_id())
    assert BADGE in (await mine.open("/me")).text
    first, second = [(await mine.open("/inbox")).text for _ in range(2)]
    assert 'class="unread"' in first
    assert 'class="unread"' not in second
    assert BADGE not in (await mine.open("/me")).text


async def test_what_is_still_to_come_or_withdrawn_is_not_counted(mine, worker):
    booking = new_id()
    await service.tell_worker(worker.id, NoticeKind.BOOKING_CONFIRMED, params(), booking_id=booking)
    await service.withdraw(booking, NoticeKind.BOOKING_CONFIRMED)
    await service.plan_reminders(worker.id, booking, clock.now() + timedelta(days=3), params())
    assert BADGE not in (await mine.open("/me")).text
    assert "示例站" not in (await mine.open("/inbox")).text


async def test_a_message_leads_to_its_ticket(mine, worker):
    booking = new_id()
    await service.tell_worker(worker.id, NoticeKind.BOOKING_CONFIRMED, params(), booking_id=booking)
    page = (await mine.open("/inbox")).text
    assert f'href="/tickets/{booking}"' in page
    assert "理发" in page


async def test_words_of_others_are_shown_as_words(mine, worker):
    said = params(reason="<script>alert(1)</script> 100% %(code)s")
    await service.tell_worker(worker.id, NoticeKind.BOOKING_DECLINED, said)
    page = (await mine.open("/inbox")).text
    assert "&lt;script&gt;" in page
    assert "100% %(code)s" in page


async def test_nobody_reads_anothers_messages(mine, browser_of, make_person_session):
    other = await make_person()
    await service.tell_worker(other.id, NoticeKind.BOOKING_CONFIRMED, params())
    assert "示例站" not in (await mine.open("/inbox")).text
    theirs = browser_of().use_session(await make_person_session(other))
    assert 'class="unread"' in (await theirs.open("/inbox")).text


async def test_staff_find_what_waits_for_them_and_the_desk_it_waits_at(browser_of, worker):
    assert worker
    staff, station = await make_staff(Role.MANAGER), new_id()
    await service.tell_staff(staff.id, NoticeKind.ESCALATION, params(), station_id=station)
    site = browser_of().use_session(await people.open_session(staff_id=staff.id))
    assert BADGE in (await site.open("/desk")).text
    assert f'href="/desk/{station}"' in (await site.open("/desk/inbox")).text
    assert BADGE not in (await site.open("/desk")).text


async def test_pages_lead_to_everything(mine, worker):
    for _ in range(25):
        await service.tell_worker(worker.id, NoticeKind.BOOKING_CONFIRMED, params(), push=False)
    first = (await mine.open("/inbox")).text
    more = re.search(r'href="(/inbox\?after=[^"]+)"', first)[1]
    assert first.count("示例站") + (await mine.open(more)).text.count("示例站") == 25


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "~",
        "0~",
        "-99999999999999999~01890000-0000-7000-8000-000000000000",
        "9e99~01890000-0000-7000-8000-000000000000",
        f"{'9' * 40}~01890000-0000-7000-8000-000000000000",
        "\0~x",
    ],
)
async def test_an_unreadable_cursor_starts_at_the_top(mine, worker, cursor):
    await service.tell_worker(worker.id, NoticeKind.BOOKING_CONFIRMED, params())
    answer = await mine.client.get("/api/v1/notices", params={"cursor": cursor})
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 1
    assert answer.json()["items"][0]["read"] is False
