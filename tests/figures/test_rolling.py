"""A roll-up says what happened, by the slowest count there is; it may run again, and catches what is corrected."""

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bookings import desk as verbs
from server.bookings.models import Booking, ServiceKind, Slot, Status, WalkIn
from server.bookings.service import book_slot, cancel_booking
from server.bookings.slots import roll_slots
from server.db import sql
from server.figures import maps
from server.figures.models import DayFigure, RegionFigure
from server.figures.periods import Period, span_of
from server.figures.queries import STATION
from server.figures.rolling import ROLL_STATIONS, roll_up, roll_up_again
from server.kit import clock
from server.kit.ids import new_id
from server.stations.service import load_divisions
from tests.fixtures.bookings import make_offering
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NINE_TO_FIVE, make_station

DAYS = 3
ENDS = ("served", "served", "no_show", "cancelled", "left")


async def live_through(seed: int):
    """Two stations, two services, three days; who booked is served, stays away, cancels or is forgotten."""
    dice = random.Random(seed)
    for place in ((22.8170, 108.3665), (22.9, 108.4)):
        station = await make_station(hours=NINE_TO_FIVE, at=place)
        staff = await make_staff(station_id=station.id)
        offerings = [
            await make_offering(station, service=kind, capacity=2, cutoff_minutes=0)
            for kind in (ServiceKind.HAIRCUT, ServiceKind.LEGAL_ADVICE)
        ]
        first = clock.today() - timedelta(days=DAYS)
        with clock.travel(clock.at(first, 480) - clock.now()):
            await roll_slots()
            slots = await Slot.filter(
                offering_id__in=[o.id for o in offerings], starts_at__lt=clock.at(first, 480) + timedelta(days=DAYS)
            )
            for slot in dice.sample(slots, 14):
                await _book_and_end(slot, dice.choice(ENDS), staff)


async def _book_and_end(slot, end, staff):
    person = await make_person()
    made = await book_slot(actor=person, slot_id=slot.id, request_key=new_id().hex)
    if end == "cancelled":
        await cancel_booking(actor=person, booking_id=made.id)
    elif end != "left":
        with clock.travel(slot.starts_at + timedelta(minutes=20) - clock.now()):
            if end == "no_show":
                await verbs.mark_no_show(actor=staff, booking_id=made.id)
            else:
                await verbs.check_in(actor=staff, booking_id=made.id)
                await verbs.mark_served(actor=staff, booking_id=made.id)


async def truth():
    """(station, day, service, what) → how many, one booking after the other."""
    found = Counter()
    for booking in await Booking.all():
        key = booking.station_id, clock.local(booking.starts_at).date(), booking.service
        found[*key, "taken"] += booking.status not in (Status.CANCELLED, Status.DECLINED, Status.EXPIRED)
        for status in (Status.SERVED, Status.NO_SHOW, Status.CANCELLED):
            found[*key, status.value] += booking.status is status
    for slot in await Slot.filter(starts_at__lt=clock.at(clock.today(), 0)):
        kind = await sql.value("SELECT service FROM offering WHERE id = $1", slot.offering_id)
        found[slot.station_id, clock.local(slot.starts_at).date(), ServiceKind(kind), "offered"] += slot.capacity
    return +found


async def rolled():
    names = ("taken", "served", "no_show", "cancelled", "offered")
    return +Counter(
        {(f.station_id, f.day, f.service, name): getattr(f, name) for f in await DayFigure.all() for name in names}
    )


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_rolled_up_is_what_happened(seed):
    await load_divisions()
    await live_through(seed)
    await roll_up()
    assert await rolled() == await truth()
    assert await WalkIn.filter(booking_id=None).count() == 0
    stood = {row.id: (row.day, row.served) for row in await DayFigure.all()}
    await roll_up()
    assert {row.id: (row.day, row.served) for row in await DayFigure.all()} == stood
    whole = {(f.region_code, f.day, f.service): f.served for f in await RegionFigure.all()}
    for (code, day, service), served in whole.items():
        inside = [f.served for f in await DayFigure.filter(day=day, service=service)]
        assert code in (450103, 450100, 450000)
        assert served == sum(inside)


@pytest.mark.usefixtures("db")
async def test_a_late_correction_is_caught_by_the_next_night():
    await load_divisions()
    await live_through(3)
    await roll_up()
    booking = await Booking.filter(status=Status.SERVED).first()
    await Booking.filter(id=booking.id).update(status=Status.NO_SHOW)
    with clock.travel(timedelta(days=1)):
        await roll_up()
        assert await rolled() == await truth()
    await DayFigure.all().delete()
    said = []
    await roll_up_again(clock.today() - timedelta(days=20), clock.today(), said.append)
    assert (await rolled()).keys() == (await truth()).keys()
    assert len(said) == 2


@pytest.mark.usefixtures("db")
async def test_no_big_table_is_read_whole():
    """With so few rows the planner must be told; with more it needs no telling."""
    station = await make_station()
    today = clock.today()
    async with sql.transaction():
        await sql.run("SET LOCAL enable_seqscan = off")
        for statement, values in (
            (ROLL_STATIONS, ([station.id], today - timedelta(days=14), today)),
            (STATION, ([station.id], today, today, today - timedelta(days=30), today)),
        ):
            plan = "\n".join(row[0] for row in await sql.rows("EXPLAIN " + statement, *values))
            for table in ("booking", "slot", "walk_in", "booking_event", "day_figure"):
                assert f"Seq Scan on {table} " not in plan, plan


@given(st.dates(), st.dates(), st.dates())
def test_a_span_holds_its_days_once(today, since, until):
    for period in Period:
        span = span_of(period, today, since, until)
        assert span.since <= span.until <= today
        months = list(span.months())
        assert months[0][0] == span.since
        assert months[-1][1] == span.until
        assert all(b[0] == a[1] + timedelta(days=1) for a, b in pairwise(months))
        steps = list(span.steps())
        assert steps == sorted(set(steps))
        assert len(steps) <= 60


@given(
    st.lists(
        st.builds(
            maps.Spot, st.text("南宁梧州", max_size=6), st.floats(20, 30), st.floats(105, 118), st.integers(1, 10**6)
        ),
        max_size=60,
    )
)
def test_every_mark_is_on_the_map_and_names_do_not_cover_each_other(spots):
    drawn = maps.draw(spots)
    if not spots:
        assert drawn is None
        return
    assert len(drawn.marks) == len(spots)
    assert all(0 <= m.x <= drawn.width and 0 <= m.y <= drawn.height for m in drawn.marks)
    assert sorted(m.name for m in drawn.marks) == sorted(spot.name for spot in spots)
    assert [m.r for m in drawn.marks] == sorted((m.r for m in drawn.marks), reverse=True)
    boxes = [(m.x - len(m.name) * 6, m.y + m.r, m.x + len(m.name) * 6, m.y + m.r + 15) for m in drawn.marks if m.shown]
    for n, a in enumerate(boxes):
        assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes[n + 1 :])
