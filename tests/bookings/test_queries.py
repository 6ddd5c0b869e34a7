"""What can be booked, where else, one's own bookings, the desk's day."""

from datetime import timedelta

import pytest

from server.bookings import desk, queries, service, slots, tickets
from server.bookings.models import Booking, Eligibility, Offering, ServiceKind, Status
from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from server.people.actors import VISITOR
from server.stations.errors import CursorUnusable
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import NANNING, make_station, make_station_day

pytestmark = pytest.mark.usefixtures("settings", "db")
NINE_TO_TEN = [[[540, 600]]] * 8
NORTH = 0.009  # a kilometre


def in_days(days: int, minute: int = 600):
    return clock.at(clock.today() + timedelta(days=days), minute)


async def book(slot, actor=None):
    return await service.book_slot(actor=actor or await make_person(), slot_id=slot.id, request_key=new_id().hex)


class TestDayStrip:
    async def test_every_day_to_the_horizon_with_its_free_places(self):
        offering = await make_offering(await make_station(hours=NINE_TO_TEN), capacity=3, horizon_days=2)
        await slots.roll_slots()
        strip = await queries.day_strip(offering.id, VISITOR)
        assert [d.day for d in strip.days] == [clock.today() + timedelta(days=n) for n in range(3)]
        assert [d.free for d in strip.days[1:]] == [6, 6]

    async def test_the_first_free_day_is_chosen_and_a_wish_is_kept(self):
        offering = await make_offering(capacity=1, horizon_days=3)
        full = await make_slot(offering, starts_at=in_days(1))
        free = await make_slot(offering, starts_at=in_days(2))
        await book(full)
        strip = await queries.day_strip(offering.id, VISITOR)
        assert (strip.day, [s.id for s in strip.slots]) == (clock.today() + timedelta(days=2), [free.id])
        wished = await queries.day_strip(offering.id, VISITOR, full.starts_at.astimezone(clock.CHINA).date())
        assert [(s.id, s.free, s.refused) for s in wished.slots] == [(full.id, 0, "slot-full")]
        beyond = await queries.day_strip(offering.id, VISITOR, clock.today() + timedelta(days=50))
        assert beyond.day == strip.day

    async def test_why_a_day_has_nothing(self):
        station = await make_station(hours=NINE_TO_TEN)
        offering = await make_offering(station, horizon_days=2)
        await make_station_day(station, clock.today() + timedelta(days=1), reason="停电检修")
        await slots.roll_slots()
        day = (await queries.day_strip(offering.id, VISITOR)).days[1]
        assert (day.slots, day.free, day.reason) == (0, 0, "停电检修")

    async def test_members_see_further_where_they_go_first(self):
        offering = await make_offering(eligibility=Eligibility.MEMBERS_FIRST, general_days=1, horizon_days=3)
        await make_slot(offering, starts_at=in_days(3))
        for is_member, opened, free in ((False, False, 0), (True, True, 1)):
            last = (await queries.day_strip(offering.id, await make_person(is_member=is_member))).days[-1]
            assert (last.open, last.free) == (opened, free)

    async def test_unknown_offerings(self):
        with pytest.raises(NotFound):
            await queries.day_strip(new_id(), VISITOR)


class TestSlotForBooking:
    @pytest.mark.parametrize(
        ("offering", "slot", "refused"),
        [
            ({}, {}, ""),
            ({}, {"closed": True}, "slot-closed"),
            ({}, {"taken": 1}, "slot-full"),
            ({"notice_minutes": 600}, {}, "too-late"),
            ({"active": False}, {}, "slot-closed"),
            ({"eligibility": Eligibility.MEMBERS_ONLY}, {}, "members-only"),
            ({"horizon_days": 1}, {"starts_at": in_days(2)}, "too-far-ahead"),
        ],
    )
    async def test_it_says_what_the_write_would_say(self, offering, slot, refused):
        made = await make_slot(await make_offering(**offering), **slot)
        choice = await queries.slot_for_booking(made.id, await make_person())
        assert (choice.slot.id, choice.slot.refused) == (made.id, refused)

    async def test_unknown_slots(self):
        with pytest.raises(NotFound):
            await queries.slot_for_booking(new_id(), VISITOR)


class TestAlternatives:
    async def slot_at(self, north: float = 0, minute: int = 600, **offering):
        station = await make_station(at=(NANNING[0] + north * NORTH, NANNING[1]))
        return await make_slot(await make_offering(station, **offering), starts_at=in_days(1, minute))

    async def test_the_nearest_times_here(self):
        offering = await make_offering()
        asked = await make_slot(offering, starts_at=in_days(5))
        times = [await make_slot(offering, starts_at=in_days(*at)) for at in ((1,), (5, 540), (5, 660), (6, 600))]
        found = await queries.alternatives(asked.id, VISITOR)
        assert [a.slot_id for a in found] == [s.id for s in times[1:]]

    async def test_the_nearest_three_elsewhere_on_the_same_day(self):
        asked = await self.slot_at()
        near = [await self.slot_at(north) for north in (3, 1, 2, 4)]
        await self.slot_at(0.5, service=ServiceKind.FILM)
        found = await queries.alternatives(asked.id, VISITOR)
        assert [a.slot_id for a in found] == [near[1].id, near[2].id, near[0].id]
        assert [round(a.distance_m / 1000) for a in found] == [1, 2, 3]

    async def test_of_one_station_the_time_that_is_nearest(self):
        asked = await self.slot_at(minute=600)
        there = await self.slot_at(1, minute=900)
        nearer = await make_slot(await Offering.get(id=there.offering_id), starts_at=in_days(1, 630))
        assert [a.slot_id for a in await queries.alternatives(asked.id, VISITOR)] == [nearer.id]

    async def test_nothing_that_cannot_be_booked(self):
        asked = await self.slot_at()
        await self.slot_at(60)  # too far to walk
        await self.slot_at(1, eligibility=Eligibility.MEMBERS_ONLY)
        await self.slot_at(1, active=False)
        await self.slot_at(1, notice_minutes=10_000)
        retired = await make_station(retired_at=clock.now())
        await make_slot(await make_offering(retired), starts_at=in_days(1))
        await book(await self.slot_at(1))
        await make_slot(await make_offering(), starts_at=in_days(2))
        assert await queries.alternatives(asked.id, VISITOR) == []

    async def test_positions_are_searched_by_index(self):
        """A service that few stations offer must not make the search walk the whole country."""
        asked = await self.slot_at()
        async with sql.transaction():
            await sql.run("SET LOCAL enable_seqscan = off")
            lines = await sql.rows(
                "EXPLAIN " + queries.ALTERNATIVES, asked.id, clock.now(), VISITOR.is_member, queries.NEAR_M
            )
        plan = [line[0] for line in lines]
        scan = next(n for n, line in enumerate(plan) if "station_position" in line and "Cond" in plan[n + 1])
        assert "cube_enlarge" in plan[scan + 1]
        assert "Order By" in plan[scan + 2]


class TestTickets:
    async def test_everything_a_ticket_shows(self):
        worker, slot = await make_person(), await make_slot(await make_offering(bring="带身份证"))
        made = await book(slot, worker)
        await service.cancel_booking(actor=worker, booking_id=made.id)
        ticket = await tickets.ticket(made.id, worker)
        assert (ticket.code, ticket.status, ticket.offering.bring) == (made.code, Status.CANCELLED, "带身份证")
        assert [(s.from_status, s.to_status) for s in ticket.history] == [
            (None, Status.CONFIRMED),
            (Status.CONFIRMED, Status.CANCELLED),
        ]

    async def test_nobody_elses(self):
        made = await book(await make_slot())
        for actor in (await make_person(), VISITOR, await make_staff()):
            with pytest.raises(NotFound):
                await tickets.ticket(made.id, actor)

    async def test_what_is_to_come_and_what_was(self):
        worker, offering = await make_person(), await make_offering()
        late, soon, gone = [await book(await make_slot(offering, starts_at=in_hours(n)), worker) for n in (30, 3, 6)]
        await service.cancel_booking(actor=worker, booking_id=gone.id)
        assert [t.id for t in await tickets.upcoming(worker)] == [soon.id, late.id]
        assert [t.id for t in (await tickets.past(worker)).items] == [gone.id]
        with clock.travel(timedelta(hours=4)):
            assert [t.id for t in await tickets.upcoming(worker)] == [late.id]
            assert [t.id for t in (await tickets.past(worker)).items] == [gone.id, soon.id]

    async def test_pages_of_the_past_follow_each_other(self, monkeypatch):
        monkeypatch.setattr(tickets, "PAGE", 3)
        worker, offering = await make_person(), await make_offering()
        for n in range(7):
            await book(await make_slot(offering, starts_at=in_hours(3 + n)), worker)
        with clock.travel(timedelta(days=1)):
            seen, cursor = [], ""
            for _ in range(3):
                page = await tickets.past(worker, cursor)
                seen += page.items
                cursor = page.next_cursor
        assert cursor == ""
        assert len({t.id for t in seen}) == 7
        assert [t.starts_at for t in seen] == sorted((t.starts_at for t in seen), reverse=True)

    @pytest.mark.parametrize(
        "cursor", ["x", "1~", "1~x", "~" + "0" * 32, f"{10**30}~01890000-0000-7000-8000-000000000000", "\x00~\x00"]
    )
    async def test_a_broken_cursor_is_refused(self, cursor):
        with pytest.raises(CursorUnusable):
            await tickets.past(await make_person(), cursor)


class TestDeskDay:
    async def test_who_waits_whatever_the_day_then_the_day_by_time(self):
        station = await make_station()
        asks = await make_offering(station, auto_confirm=False, service=ServiceKind.LEGAL_ADVICE)
        cuts = await make_offering(station)
        worker = await make_person("+8613800001234")
        await people.set_name(worker, "韦小兰")
        afternoon = await book(await make_slot(cuts, starts_at=in_days(1, 900)), worker)
        morning = await book(await make_slot(cuts, starts_at=in_days(1, 600)))
        request = await book(await make_slot(asks, starts_at=in_days(3)))
        day = await queries.desk_day(station.id, clock.today() + timedelta(days=1), await make_staff())
        assert [line.id for line in day.awaiting] == [request.id]
        assert [line.id for line in day.lines] == [morning.id, afternoon.id]
        assert (day.lines[1].name, day.lines[1].phone_tail) == ("韦小兰", "1234")

    async def test_only_for_its_staff(self):
        made = await book(await make_slot())
        elsewhere = await make_staff(station_id=(await make_station()).id)
        with pytest.raises(Forbidden):
            await queries.desk_day(made.station_id, clock.today(), elsewhere)
        with pytest.raises(Forbidden):
            await queries.desk_booking(made.id, elsewhere)
        with pytest.raises(NotFound):
            await queries.desk_day(new_id(), clock.today(), elsewhere)

    async def test_a_row_knows_what_became_of_it(self):
        staff, made = await make_staff(), await book(await make_slot())
        await desk.decline_booking(actor=staff, booking_id=made.id, reason="师傅病了")
        line = await queries.desk_booking(made.id, staff)
        assert (line.status, line.previous_status, line.reason) == (Status.DECLINED, Status.CONFIRMED, "师傅病了")
        assert line.changed_at == (await Booking.get(id=made.id)).changed_at
