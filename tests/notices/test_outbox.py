"""Messages go out once, wait for a gateway that is down, and are quiet at night."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit import clock
from server.kit.ids import new_id
from server.notices import queries, rules, service, sms
from server.notices.models import Notice, NoticeKind, NoticeState
from server.notices.outbox import deliver_due
from server.notices.sms import SmsDown, SmsRefused
from server.people.queries import contacts
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")
NAMES = {"haircut": "理发"}
PARAMS = {"station": "示例站", "service": "haircut", "code": "7K3M9Q"}


class Gateway:
    """Stands where the carrier is; `error` is what it answers."""

    def __init__(self):
        self.sent, self.error = [], None

    async def send_code(self, phone, code):
        await self.send_notice(phone, code)

    async def send_notice(self, phone, text):
        if self.error:
            raise self.error
        self.sent.append((phone, text))
        return "receipt"


@pytest.fixture
def gateway(settings):
    made = Gateway()
    sms.install(made)
    yield made
    sms.install(sms.DemoSms(settings))


async def tell(worker, **more):
    starts_at = clock.at(clock.today() + timedelta(days=3), 600).isoformat()
    await service.tell_worker(worker.id, NoticeKind.BOOKING_CONFIRMED, PARAMS | {"starts_at": starts_at}, **more)


async def deliver(after=timedelta(hours=12)):
    """What the worker process does, by day."""
    noon = clock.at(clock.today() + timedelta(days=1), 720) - clock.now()
    with clock.travel(noon + after):
        return await deliver_due(contacts, NAMES)


async def test_a_message_reaches_its_phone_in_words(gateway):
    worker = await make_person("+8613800138000")
    await tell(worker)
    await deliver(timedelta(0))
    [(phone, text)] = gateway.sent
    assert phone == "+8613800138000"
    assert "理发" in text
    assert "7K3M9Q" in text
    assert (await Notice.get()).state is NoticeState.SENT


async def test_two_workers_at_once_send_each_message_once(gateway):
    for _ in range(30):
        await tell(await make_person())
    await asyncio.gather(*(deliver(timedelta(0)) for _ in range(4)))
    assert len(gateway.sent) == 30


async def test_a_gateway_that_is_down_for_an_hour_loses_and_doubles_nothing(gateway):
    for _ in range(5):
        await tell(await make_person())
    gateway.error = SmsDown()
    for minutes in range(0, 60, 10):
        await deliver(timedelta(minutes=minutes))
    assert await Notice.filter(state=NoticeState.DUE).count() == 5
    gateway.error = None
    for minutes in range(60, 300, 30):
        await deliver(timedelta(minutes=minutes))
    assert len(gateway.sent) == 5
    assert await Notice.filter(state=NoticeState.SENT).count() == 5


async def test_a_number_that_takes_nothing_is_shown_as_failed(gateway):
    await tell(await make_person())
    gateway.error = SmsRefused()
    await deliver(timedelta(0))
    assert (await Notice.get()).state is NoticeState.FAILED


async def test_what_is_withdrawn_is_neither_sent_nor_shown(gateway):
    worker, booking = await make_person(), new_id()
    await tell(worker, booking_id=booking)
    await service.withdraw(booking, NoticeKind.BOOKING_CONFIRMED)
    await deliver(timedelta(0))
    assert gateway.sent == []
    assert (await queries.inbox(worker.id)).items == []


async def test_an_inbox_message_needs_no_sms(gateway):
    worker = await make_person()
    await tell(worker, push=False)
    await deliver(timedelta(0))
    assert gateway.sent == []
    assert len((await queries.inbox(worker.id)).items) == 1


async def test_reminders_show_when_they_are_due():
    worker = await make_person()
    starts_at = clock.at(clock.today() + timedelta(days=3), 900)
    params = PARAMS | {"starts_at": starts_at.isoformat()}
    await service.plan_reminders(worker.id, new_id(), starts_at, params)
    assert (await queries.inbox(worker.id)).items == []
    with clock.travel(starts_at - clock.now()):
        assert len((await queries.inbox(worker.id)).items) == 2


async def test_the_inbox_pages_through_everything_once():
    worker = await make_person()
    for _ in range(45):
        await tell(worker)
    seen, cursor = [], ""
    while True:
        found = await queries.inbox(worker.id, cursor)
        seen += [m.id for m in found.items]
        cursor = found.next_cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 45


class TestQuietHours:
    @given(
        st.datetimes(min_value=clock.now().replace(tzinfo=None), max_value=clock.now().replace(tzinfo=None, year=2040))
    )
    def test_no_message_goes_out_at_night(self, wall):
        due = wall.replace(tzinfo=clock.CHINA)
        at = clock.local(rules.after_quiet(due))
        assert rules.QUIET_UNTIL <= at.time() < rules.QUIET_FROM
        assert timedelta(0) <= at - due <= timedelta(hours=9)

    def test_unless_its_booking_comes_first(self):
        due = clock.at(clock.today(), 23 * 60)
        assert rules.after_quiet(due, due + timedelta(hours=1)) == due
        assert rules.after_quiet(due, due + timedelta(hours=20)) > due
