"""Waiting for a place over HTTP, as a phone without scripts does it; and what the desk sees of it."""

import re
from datetime import timedelta

import pytest

from server.bookings import service, waitlist
from server.bookings.models import Booking, WaitEntry, WaitState
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

TOMORROW = timedelta(days=1)


@pytest.fixture
async def slot(site):
    assert site
    offering = await make_offering(await make_station(name="青秀凤岭工会驿站"), horizon_days=7)
    return await make_slot(offering, starts_at=clock.at(clock.today() + TOMORROW, 15 * 60))


@pytest.fixture
async def holder(slot):
    """Who has the only place."""
    person = await make_person()
    await service.book_slot(actor=person, slot_id=slot.id, request_key=new_id().hex)
    return person


@pytest.fixture
async def worker(site, holder, make_person_session):
    assert holder
    person = await make_person()
    site.use_session(await make_person_session(person))
    return person


async def give_back(holder):
    booking = await Booking.get(person_id=holder.id)
    await service.cancel_booking(actor=holder, booking_id=booking.id)


async def wait_for(person, slot):
    return await waitlist.join(actor=person, wish=await waitlist.for_slot(slot.id, person))


class TestWaiting:
    async def test_from_a_full_time_to_a_booking(self, site, slot, holder, worker):
        full = await site.open(f"/book/slots/{slot.id}")
        asking = re.search(rf'href="(/wait/{slot.offering_id}\?slot={slot.id})"', full.text)[1]
        assert "等这个时间" in (await site.open(asking)).text
        done = await site.submit(asking, {"wish": "slot", "slot": str(slot.id)}, follow_redirects=True)
        assert "您排第一个" in done.text
        await give_back(holder)
        assert 'href="/waiting"' in (await site.open("/inbox")).text
        shown = await site.open("/waiting")
        assert "给您留到" in shown.text
        taken = await site.submit(re.search(r'action="(/waiting/[^"]+/accept)"', shown.text)[1], follow_redirects=True)
        assert "约好了" in taken.text
        assert await Booking.filter(person_id=worker.id).count() == 1

    async def test_a_full_day_leads_to_waiting_for_it(self, site, slot, worker):
        day = clock.local(slot.starts_at).date().isoformat()
        times = await site.open(f"/book/{slot.offering_id}?day={day}")
        assert f'href="/wait/{slot.offering_id}?day={day}"' in times.text
        await site.submit(f"/wait/{slot.offering_id}?day={day}", {"wish": "day", "day": day})
        assert (await WaitEntry.get(person_id=worker.id)).day.isoformat() == day

    async def test_anywhere_near_from_the_station_or_from_a_position(self, site, slot, worker):
        path = f"/wait/{slot.offering_id}"
        await site.submit(path, {"wish": "near"})
        first = await WaitEntry.get(person_id=worker.id)
        assert first.kind == "near"
        await site.submit(f"/waiting/{first.id}/leave")
        await site.submit(path, {"wish": "near", "lat": "22.12345", "lng": "108.98765"})
        second = await WaitEntry.get(person_id=worker.id, state=WaitState.WAITING)
        assert (second.lat, second.lng) == (22.12, 108.99)

    async def test_my_bookings_say_where_i_stand(self, site, slot, worker):
        await wait_for(await make_person(), slot)
        await wait_for(worker, slot)
        for path in ("/tickets", "/waiting"):
            assert "前面还有 1 位" in (await site.open(path)).text

    async def test_no_thank_you_by_one_tap(self, site, slot, holder, worker):
        entry = await wait_for(worker, slot)
        await give_back(holder)
        left = await site.submit(f"/waiting/{entry}/leave", follow_redirects=True)
        assert "好，不等了" in left.text
        assert (await WaitEntry.get(id=entry)).state == WaitState.REFUSED

    async def test_who_comes_too_late_reads_what_happened(self, site, slot, holder, worker):
        entry = await wait_for(worker, slot)
        await give_back(holder)
        await waitlist.leave(actor=worker, entry_id=entry)
        answer = await site.submit(f"/waiting/{entry}/accept")
        assert answer.status_code == 409
        assert "已经给了下一位" in answer.text

    @pytest.mark.parametrize("data", [{}, {"wish": "day", "day": "x"}, {"wish": "slot", "slot": "x"}])
    async def test_nonsense_is_not_found(self, site, slot, worker, data):
        assert worker
        assert (await site.submit(f"/wait/{slot.offering_id}", data)).status_code == 404
        assert (await site.open(f"/wait/{slot.offering_id}?slot=x&day=y")).status_code == 200

    async def test_too_late_is_said_on_the_page(self, site, worker):
        assert worker
        soon = await make_slot(starts_at=clock.now() + timedelta(minutes=30))
        answer = await site.submit(f"/wait/{soon.offering_id}", {"wish": "slot", "slot": str(soon.id)})
        assert answer.status_code == 409
        assert "这个时间等不到了" in answer.text

    async def test_a_visitor_signs_in_first(self, browser_of, slot):
        answer = await browser_of().open(f"/wait/{slot.offering_id}")
        assert "sign-in" in answer.headers["location"]


class TestDesk:
    async def test_the_sheet_counts_and_the_list_names_with_the_last_digits(
        self, browser_of, slot, worker, make_staff_session
    ):
        await people.set_name(worker, "韦大姐")
        await wait_for(worker, slot)
        desk = browser_of().use_session(await make_staff_session(station_id=slot.station_id))
        day = clock.local(slot.starts_at).date().isoformat()
        sheet = await desk.open(f"/desk/{slot.station_id}?day={day}")
        assert f"/desk/{slot.station_id}/waiting?day={day}" in sheet.text
        assert "1 人" in sheet.text
        shown = await desk.open(f"/desk/{slot.station_id}/waiting?day={day}")
        assert "韦大姐" in shown.text
        assert "等15:00" in shown.text.replace("下午3:00", "15:00")
