"""A worker waits for a place on a phone: asks for it, is offered it, takes it; with scripts and without."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from server.bookings import service
from server.bookings.models import Booking
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.browser import SCREEN, check_page
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station


@pytest.fixture
async def full(live):
    """One place tomorrow at three, and who has it."""
    assert live
    offering = await make_offering(await make_station(name="青秀凤岭工会驿站"), horizon_days=7)
    slot = await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), 15 * 60))
    holder = await make_person()
    await service.book_slot(actor=holder, slot_id=slot.id, request_key=new_id().hex)
    return slot, holder


@pytest.mark.parametrize("javascript", [True, False])
async def test_from_full_to_booked(full, open_page, javascript):
    slot, holder = full
    worker = await make_person()
    session = await people.open_session(person_id=worker.id, device="test")
    page = await open_page(f"/book/slots/{slot.id}", session=session, javascript=javascript)
    await page.get_by_role("link", name="排候补").click()
    await expect(page.get_by_role("button", name="等这个时间")).to_be_visible()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="等这个时间").click()
    await expect(page.get_by_text("您排第一个")).to_be_visible()
    if javascript:
        await check_page(page)
    booking = await Booking.get(person_id=holder.id)
    await service.cancel_booking(actor=holder, booking_id=booking.id)
    await page.goto("/tickets")
    if javascript:
        await check_page(page)
    await page.get_by_text("等到名额了").click()
    await expect(page.get_by_role("button", name="我要")).to_be_visible()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="我要").click()
    await expect(page.get_by_role("heading", name="约好了")).to_be_visible()


async def test_the_desk_sees_who_waits(full, open_page):
    slot, _ = full
    worker = await make_person()
    page = await open_page(
        f"/wait/{slot.offering_id}?slot={slot.id}", session=await people.open_session(person_id=worker.id)
    )
    await page.get_by_role("button", name="等这个时间").click()
    await expect(page.get_by_text("您排第一个")).to_be_visible()
    staff = await make_staff(station_id=slot.station_id)
    desk = await open_page(
        f"/desk/{slot.station_id}?day={clock.local(slot.starts_at).date().isoformat()}",
        session=await people.open_session(staff_id=staff.id),
        size=SCREEN,
    )
    await check_page(desk)
    await desk.get_by_role("link", name="候补").click()
    await expect(desk.get_by_text("未留名")).to_be_visible()
    await check_page(desk)
