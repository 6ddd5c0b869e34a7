"""Messages go out once, wait for a gateway that is down, and are quiet at night."""

import asyncio
from datetime import timedelta

import pytest

from server.kit import clock
from server.kit.i18n import gettext, speaking
from server.kit.ids import new_id
from server.notices import queries, rules, service, sms
from server.notices.models import Notice, NoticeKind, NoticeState
from server.notices.outbox import BATCH, deliver_due
from server.notices.sms import SmsDown, SmsLimited, SmsRefused
from server.people.models import Person
from server.people.queries import contacts
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")
NAMES = {"haircut": "理发"}
PARAMS = {"station": "示例站", "service": "haircut", "code": "7K3M9Q"}


class Gateway:
    """Stands where the carrier is; `error` is what it answers."""

    def __init__(self):
        self.sent, self.error = [], None

    async def send_notice(self, phone, message):
        if self.error:
            raise self.error
        self.sent.append((phone, message.text))
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


@pytest.mark.usefixtures("gateway")
async def test_what_stands_in_the_inbox_only_can_be_taken_back_at_any_time():
    worker, booking = await make_person(), new_id()
    await tell(worker, booking_id=booking, push=False)
    await deliver(timedelta(0))
    await service.withdraw(booking, NoticeKind.BOOKING_CONFIRMED)
    assert (await queries.inbox(worker.id)).items == []


@pytest.mark.usefixtures("gateway")
async def test_what_went_out_by_sms_stays_in_the_inbox():
    worker, booking = await make_person(), new_id()
    await tell(worker, booking_id=booking)
    await deliver(timedelta(0))
    await service.withdraw(booking, NoticeKind.BOOKING_CONFIRMED)
    assert len((await queries.inbox(worker.id)).items) == 1


async def test_each_message_is_in_its_readers_language(gateway):
    worker = await make_person()
    await Person.filter(id=worker.id).update(locale="en")
    await tell(worker)
    await deliver(timedelta(0))
    with speaking("en"):
        assert gettext("理发") in gateway.sent[0][1]
        assert gettext("理发") != "理发"


async def test_a_message_that_cannot_be_read_keeps_no_other_waiting(gateway):
    broken, whole = await make_person(), await make_person()
    await tell(broken)
    await tell(whole)
    await Person.filter(id=broken.id).update(phone_sealed=b"t1|nothing that can be opened")
    await deliver(timedelta(0))
    assert len(gateway.sent) == 1
    assert await Notice.filter(state=NoticeState.DUE, tries=1).count() == 1


@pytest.mark.usefixtures("gateway")
async def test_nobody_to_reach_is_nothing_to_send():
    worker = await make_person()
    await tell(worker)
    await Person.filter(id=worker.id).delete()
    await deliver(timedelta(0))
    assert (await Notice.get()).state is NoticeState.WITHDRAWN


async def test_a_number_over_its_limit_waits_and_keeps_no_other_waiting(gateway):
    for _ in range(25):
        await tell(await make_person())
    gateway.error = SmsLimited(retry_after=3_600)
    await deliver(timedelta(0))
    assert await Notice.filter(state=NoticeState.DUE, tries=1).count() == 25


async def test_a_gateway_that_is_down_is_asked_a_little_not_for_everybody(gateway):
    for _ in range(45):
        await tell(await make_person())
    gateway.error = SmsDown()
    await deliver(timedelta(0))
    assert await Notice.filter(tries=1).count() == BATCH


async def test_after_a_day_without_success_staff_are_shown(gateway):
    await tell(await make_person())
    gateway.error = SmsDown()
    for hours in range(60):
        await deliver(timedelta(hours=hours))
    notice = await Notice.get()
    assert notice.state is NoticeState.FAILED
    assert notice.error == SmsDown.code
    assert notice.tries == len(rules.WAITS) + 1


async def test_what_a_dead_worker_claimed_is_sent_when_its_lease_ends(gateway):
    await tell(await make_person())

    async def die(_phone, _message):
        raise asyncio.CancelledError

    gateway.send_notice = die
    with pytest.raises(asyncio.CancelledError):
        await deliver(timedelta(0))
    del gateway.send_notice
    assert await deliver(timedelta(minutes=1)) == 0
    assert await deliver(timedelta(minutes=3)) == 1
    assert len(gateway.sent) == 1


async def test_a_reminder_of_what_has_begun_is_not_sent(gateway):
    worker = await make_person()
    starts_at = clock.at(clock.today() + timedelta(days=3), 900)
    await service.plan_reminders(worker.id, new_id(), starts_at, PARAMS | {"starts_at": starts_at.isoformat()})
    with clock.travel(starts_at - clock.now() + timedelta(seconds=1)):
        await deliver_due(contacts, NAMES)
    assert gateway.sent == []
    assert await Notice.filter(state=NoticeState.WITHDRAWN).count() == 2


@pytest.mark.usefixtures("gateway")
async def test_a_booking_taken_back_reminds_nobody():
    worker, booking = await make_person(), new_id()
    starts_at = clock.at(clock.today() + timedelta(days=3), 900)
    await service.plan_reminders(worker.id, booking, starts_at, PARAMS | {"starts_at": starts_at.isoformat()})
    await service.withdraw_reminders(booking)
    with clock.travel(starts_at - clock.now() - timedelta(minutes=1)):
        assert await deliver_due(contacts, NAMES) == 0


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
