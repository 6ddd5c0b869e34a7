"""A day of a workers' home, as its two staff live it on two machines: bookings, numbers, a sick barber, a lost line."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from server.bookings.models import Booking, Offering, QueueStatus, ServiceKind, Slot, Status, WalkIn
from server.bookings.service import book_slot
from server.bookings.slots import roll_slots
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from server.stations.models import Station
from tests.fixtures.bookings import make_offering
from tests.fixtures.browser import PHONE, SCREEN, check_page
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.simulated_day import SimulatedDay
from tests.fixtures.stations import NINE_TO_FIVE, make_station

BEFORE_NINE, OPEN, BUSY, BEFORE_TEN, TEN = 530, 542, 585, 598, 600
FIVE_LATER, LUNCH, AFTERNOON, EVENING = 603, 690, 780, 1030
HAIRCUTS, CHECKS = 40, 20
HAIR_NUMBERS, CHECK_NUMBERS = 15, 10
CUT_BY_TEN, EXAMINED_BY_TEN = 9, 4
GONE = HAIR_NUMBERS - CUT_BY_TEN
ABSENT = 2
# Of those who booked: due before ten o'clock, and moved to another day.
EARLY_HAIRCUTS, EARLY_CHECKS = 6, 4
MOVED = HAIRCUTS - EARLY_HAIRCUTS


@dataclass
class House:
    """The station, what it offers, who works there, and everybody who booked."""

    day: SimulatedDay
    station: Station
    haircut: Offering
    check: Offering
    manager: Actor
    booked: list[Booking]

    @property
    def desk(self) -> str:
        return f"/desk/{self.station.id}"

    async def sign_in(self, role_of: Actor) -> str:
        return await people.open_session(staff_id=role_of.id, device="test")

    def due_before(self, minute: int, offering: Offering) -> list[Booking]:
        end = clock.at(self.day.day, minute)
        return [b for b in self.booked if b.offering_id == offering.id and b.starts_at < end]


@pytest.fixture
async def house(simulated_day) -> House:
    """On the evening before, forty haircuts and twenty health checks are booked."""
    station = await make_station(name="凤岭园区职工之家", hours=NINE_TO_FIVE)
    haircut = await make_offering(station, minutes=20, capacity=2, horizon_days=7)
    check = await make_offering(
        station, service=ServiceKind.HEALTH_CHECK, minutes=30, capacity=2, horizon_days=7, general_days=7
    )
    with clock.travel(timedelta(days=-1)):
        await roll_slots()
        booked = [b for one, n in ((haircut, HAIRCUTS), (check, CHECKS)) for b in await _book(simulated_day, one, n)]
    simulated_day.turn_to(BEFORE_NINE)
    await roll_slots()
    manager = await make_staff(Role.MANAGER, station_id=station.id)
    return House(simulated_day, station, haircut, check, manager, booked)


async def _book(day: SimulatedDay, offering: Offering, count: int) -> list[Booking]:
    slots = await Slot.filter(offering_id=offering.id, starts_at__gte=clock.at(day.day, 0)).order_by("starts_at")
    places = [slot for slot in slots for _ in range(slot.capacity)][:count]
    made = [await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex) for slot in places]
    return [await Booking.get(id=one.id) for one in made]


async def check_in(page: Page, booking: Booking) -> None:
    """The code of a ticket, as a scanner types it."""
    await page.locator("#code").fill(booking.code)
    await page.locator("#code").press("Enter")
    await expect(page.locator(f"#row-{booking.id}")).to_contain_text("已签到")


def queue_of(page: Page, offering: Offering):
    return page.locator(f"section[aria-labelledby='queue-{offering.id}']")


async def give_number(page: Page, name: str, number: str) -> None:
    await page.locator(".give-services").get_by_role("button", name=name).click()
    await expect(page.locator("#flash")).to_contain_text(number)


async def call_and_serve(page: Page, offering: Offering, times: int) -> None:
    """The next one in the fair order, so often."""
    queue = queue_of(page, offering)
    for _ in range(times):
        await queue.get_by_role("button", name=re.compile("叫下一位")).press("Enter")
        done = queue.locator(".booking.now").get_by_role("button", name="办完了")
        await done.press("Enter")
        await expect(queue.locator(".booking.now")).to_have_count(0)


async def open_with_a_queue_at_the_door(house: House, counter: Page, phone: Page) -> None:
    """Ten who booked and twenty-five who did not; by ten o'clock nineteen of them are done."""
    early, checks = house.due_before(TEN, house.haircut), house.due_before(TEN, house.check)
    assert (len(early), len(checks)) == (EARLY_HAIRCUTS, EARLY_CHECKS)
    house.day.turn_to(OPEN)
    for booking in (*early, *checks):
        await check_in(counter, booking)
    await phone.reload()
    for number in range(1, HAIR_NUMBERS + 1):
        await give_number(phone, "理发", f"A{number}")
    for number in range(1, CHECK_NUMBERS + 1):
        await give_number(phone, "体检", f"B{number}")
    house.day.turn_to(BUSY)
    await call_and_serve(phone, house.haircut, EARLY_HAIRCUTS + CUT_BY_TEN)
    await call_and_serve(phone, house.check, EARLY_CHECKS + EXAMINED_BY_TEN)


async def barber_falls_ill(house: House, counter: Page) -> None:
    """Three taps: his slots close, and who booked them has another time."""
    house.day.turn_to(BEFORE_TEN)
    await counter.goto(f"{house.desk}/plan/today")
    await counter.locator(".booking", has_text="理发").get_by_role("button", name="从现在起停办").click()
    await expect(counter.locator("main")).to_contain_text(f"{MOVED} 个人约在停办的时段")
    await check_page(counter)
    await counter.get_by_role("button", name="改，并给他们换到最近的空位").click()
    await expect(counter.locator("main")).to_contain_text(f"给 {MOVED} 个人换了时间")
    await check_page(counter)


async def lose_the_line_for_five_minutes(house: House, counter: Page, phone: Page) -> None:
    """A tap on the phone does nothing and says so; the counter goes on, and the phone learns of it."""
    await phone.goto(f"{house.desk}/queue")
    await expect(phone.locator(".live.on")).to_be_visible()
    await phone.context.set_offline(True)
    queue = queue_of(phone, house.check)
    await queue.get_by_role("button", name=re.compile("叫下一位：B5")).press("Enter")
    await expect(phone.locator("#unsent")).to_be_visible()
    await expect(queue.locator(".booking.now")).to_have_count(0)
    await counter.goto(f"{house.desk}/queue")
    await call_and_serve(counter, house.check, 3)
    house.day.turn_to(FIVE_LATER)
    await phone.context.set_offline(False)
    await expect(queue.get_by_role("button", name=re.compile("叫下一位：B8"))).to_be_visible(timeout=20_000)
    await call_and_serve(phone, house.check, CHECK_NUMBERS - EXAMINED_BY_TEN - 3)


async def send_away_who_waits_for_the_barber(house: House, phone: Page) -> None:
    queue = queue_of(phone, house.haircut)
    for _ in range(2 * GONE):
        await queue.get_by_role("button", name=re.compile("叫下一位")).press("Enter")
        await queue.locator(".booking.now").get_by_role("button", name="没到").press("Enter")
        await expect(queue.locator(".booking.now")).to_have_count(0)
    await expect(queue).to_have_count(0)


async def examine_everybody_else(house: House, counter: Page, phone: Page) -> None:
    """All who booked come to be examined, but for two."""
    later = [b for b in house.booked if b.offering_id == house.check.id][EARLY_CHECKS:-ABSENT]
    for hour in (LUNCH, AFTERNOON):
        house.day.turn_to(hour)
        due = [b for b in later if clock.minute_of_day(b.starts_at) <= hour]
        later = [b for b in later if b not in due]
        await counter.goto(house.desk)
        for booking in due:
            await check_in(counter, booking)
        await phone.goto(f"{house.desk}/queue")
        await call_and_serve(phone, house.check, len(due))
    assert not later


async def close(house: House) -> None:
    """Nobody sat at the counter for hours: one signs in again, and says who did not come."""
    house.day.turn_to(EVENING)
    counter = await house.day.open(house.desk, await house.sign_in(house.manager), SCREEN)
    await counter.get_by_text(f"过了时间没来 {ABSENT} 个").click()
    missing = counter.locator(".booking", has=counter.get_by_role("button", name="没来"))
    for left in range(ABSENT, 0, -1):
        await expect(missing).to_have_count(left)
        await missing.first.get_by_role("button", name="没来").press("Enter")
    await expect(missing).to_have_count(0)
    await check_page(counter)


async def test_from_opening_to_the_figures(house):
    counter = await house.day.open(house.desk, await house.sign_in(house.manager), SCREEN)
    phone = await house.day.open(f"{house.desk}/queue", await house.sign_in(house.manager), PHONE)
    await expect(counter.locator(".counts")).to_contain_text(str(HAIRCUTS + CHECKS))
    for page in (counter, phone):
        await check_page(page)
    await open_with_a_queue_at_the_door(house, counter, phone)
    await barber_falls_ill(house, counter)
    await lose_the_line_for_five_minutes(house, counter, phone)
    await send_away_who_waits_for_the_barber(house, phone)
    await examine_everybody_else(house, counter, phone)
    await close(house)
    served = EARLY_HAIRCUTS + CHECKS - ABSENT
    statuses = Counter(b.status for b in await Booking.filter(id__in=[b.id for b in house.booked]))
    assert statuses == {Status.SERVED: served, Status.NO_SHOW: ABSENT, Status.CONFIRMED: MOVED}
    figures = await house.day.open(f"{house.desk}/figures", await house.sign_in(house.manager), PHONE)
    tiles = figures.locator(".tallies")
    for said in (
        f"办完人次\n{served + CUT_BY_TEN + CHECK_NUMBERS}",
        f"约了来的\n{served}",
        f"取号来的\n{CUT_BY_TEN + CHECK_NUMBERS}",
        f"约了没来\n{ABSENT}\n",
    ):
        await expect(tiles).to_contain_text(said, use_inner_text=True)
    await check_page(figures)
    numbers = Counter(w.status for w in await WalkIn.filter(booking_id=None))
    assert numbers == {QueueStatus.SERVED: CUT_BY_TEN + CHECK_NUMBERS, QueueStatus.LEFT: GONE}
