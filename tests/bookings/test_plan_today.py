"""A day that turns out otherwise, over HTTP: somebody does not come, people get another time, slots other places."""

import re
from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings import plan_days
from server.bookings.models import Booking, BookingEvent, Offering, Slot, Status
from server.bookings.plan_models import OfferingDay, Provider, ProviderDay
from server.bookings.service import book_slot, cancel_booking
from server.bookings.slots import roll_slots
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from tests.fixtures.bookings import make_offering
from tests.fixtures.bookings_truth import what_is_wrong
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import make_station

TEN = 600


@pytest.fixture
async def manager(desk):
    """The manager's browser at a station with rolled slots."""
    await roll_slots()
    return await desk.colleague(Role.MANAGER)


@pytest.fixture
def url(desk) -> str:
    return f"{desk.url}/plan"


@pytest.fixture
def morning(desk):
    """It is ten o'clock tomorrow. Whoever is needed signs in after this."""
    assert desk
    with clock.travel(clock.at(clock.today() + timedelta(days=1), TEN) - clock.now()):
        yield clock.today()


@pytest.fixture
async def manager_at_ten(desk, morning):
    assert morning
    await roll_slots()
    return await desk.colleague(Role.MANAGER)


def kept_fields(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    return {name: value for name, value in found if name not in ("_csrf", "slot")}


def buttons_of(html: str) -> list[dict[str, str]]:
    """What each form of the page that stops something sends."""
    found = re.findall(r'name="whose" value="(\w+)"><input type="hidden" name="id" value="([^"]*)"', html)
    return [{"whose": whose, "id": id_} for whose, id_ in found]


async def kinds_told(booking) -> list[NoticeKind]:
    told = await Notice.filter(booking_id=booking.id, state="due").order_by("id")
    return [n.kind for n in told if not n.kind.startswith("reminder")]


class TestTheBarberIsSick:
    async def test_three_taps_and_everybody_has_another_time(self, desk, manager_at_ten, url, morning):
        early = await desk.booked(at=clock.at(morning, 540), name="早来的")
        late = [await desk.booked(at=clock.at(morning, 840 + 30 * n), name=f"韦{n}") for n in range(3)]
        advice = await desk.booked(desk.advice, at=clock.at(morning, 900), name="法律")
        sheet = (await manager_at_ten.open(desk.url)).text
        assert f'href="{url}/today"' in sheet
        today = (await manager_at_ten.open(f"{url}/today")).text
        assert "3 人约了还没来" in today
        stop = next(b for b in buttons_of(today) if b["id"] == str(desk.haircut.id))
        preview = (await manager_at_ten.submit(f"{url}/today", stop)).text
        assert all(f"韦{n}" in preview for n in range(3))
        assert "早来的" not in preview
        assert preview.count('<li><div class="row-line">') == 3
        assert not await OfferingDay.exists()
        done = await manager_at_ten.submit(f"{url}/today", kept_fields(preview) | {"apply": "move"})
        page = (await manager_at_ten.open(done.headers["location"])).text
        assert "给 3 个人换了时间" in page
        assert "没有受影响的预约" in page
        for booking in late:
            now = await Booking.get(id=booking.id)
            assert now.status is Status.CONFIRMED
            assert clock.local(now.starts_at).date() > morning
            assert await kinds_told(booking) == [NoticeKind.BOOKING_CONFIRMED, NoticeKind.BOOKING_REBOOKED]
        assert (await Booking.get(id=early.id)).starts_at == early.starts_at
        assert (await Booking.get(id=advice.id)).starts_at == advice.starts_at
        assert await AuditEntry.filter(action="offering.stopped", subject_id=str(desk.haircut.id)).count() == 1
        assert await what_is_wrong() == []

    async def test_nothing_of_today_is_free_any_more_and_tomorrow_is(self, desk, manager_at_ten, url, morning):
        await manager_at_ten.submit(f"{url}/today", {"whose": "offering", "id": str(desk.haircut.id), "apply": "1"})
        ahead = Slot.filter(offering_id=desk.haircut.id, starts_at__gt=clock.now(), closed=False)
        assert not await ahead.filter(starts_at__lt=clock.at(morning, 1440)).exists()
        assert await ahead.exists()
        assert await Slot.filter(offering_id=desk.advice.id, starts_at__lt=clock.at(morning, 1440)).exists()

    async def test_he_comes_after_all(self, desk, manager_at_ten, url, morning):
        booking = await desk.booked(at=clock.at(morning, 900))
        stop = {"whose": "offering", "id": str(desk.haircut.id)}
        await manager_at_ten.submit(f"{url}/today", stop | {"apply": "1"})
        assert "今天后面不办了" in (await manager_at_ten.open(f"{url}/today")).text
        assert (await Slot.get(id=booking.slot_id)).closed
        await manager_at_ten.submit(f"{url}/today", stop | {"again": "1"})
        assert not (await Slot.get(id=booking.slot_id)).closed
        assert NoticeKind.BOOKING_AFFECTED not in await kinds_told(booking)

    async def test_stopping_twice_does_not_open_the_morning_again(self, desk, manager_at_ten, url):
        stop = {"whose": "offering", "id": str(desk.haircut.id), "apply": "1"}
        await manager_at_ten.submit(f"{url}/today", stop)
        with clock.travel(timedelta(hours=2)):
            await manager_at_ten.submit(f"{url}/today", stop)
        assert (await OfferingDay.get()).hours == [[0, TEN]]

    async def test_only_managers_and_only_here(self, desk, manager_at_ten, url):
        assert (await (await desk.colleague()).open(f"{url}/today")).status_code == 403
        other = await make_offering()
        answer = await manager_at_ten.submit(f"{url}/today", {"whose": "offering", "id": str(other.id), "apply": "1"})
        assert answer.status_code == 404
        assert (await manager_at_ten.submit(f"{url}/today", {"whose": "offering", "id": "x"})).status_code == 404
        for error, actor in ((Forbidden, desk.staff), (NotFound, await make_staff(Role.MANAGER))):
            with pytest.raises(error):
                await plan_days.stop_today(
                    actor=actor, station_id=desk.station.id, whose="offering", id_=other.id, reason="", apply=True
                )


class TestAnotherTime:
    @pytest.fixture
    async def touched(self, desk, manager_at_ten, url, morning):
        booking = await desk.booked(at=clock.at(morning, 900), name="韦姐")
        await manager_at_ten.submit(f"{url}/today", {"whose": "offering", "id": str(desk.haircut.id), "apply": "1"})
        return booking

    async def test_staff_choose_one_of_the_nearest(self, manager_at_ten, url, touched):
        page = (await manager_at_ten.open(f"{url}/affected")).text
        offered = re.findall(r'name="slot" value="([^"]*)"', page)
        assert len(offered) == 3
        answer = await manager_at_ten.submit(f"{url}/affected/{touched.id}/move", {"slot": offered[1]})
        assert answer.status_code == 303
        now = await Booking.get(id=touched.id)
        assert str(now.slot_id) == offered[1]
        last = await BookingEvent.filter(booking_id=touched.id).order_by("-at").first()
        assert (last.actor_kind, last.to_status) == ("staff", Status.CONFIRMED)

    async def test_the_worker_sees_it_and_may_decline(self, desk, manager_at_ten, url, touched):
        await manager_at_ten.submit(f"{url}/affected/rebook")
        person = (await Booking.get(id=touched.id)).person_id
        site = desk.browser_of().use_session(await people.open_session(person_id=person))
        ticket = (await site.open(f"/tickets/{touched.id}")).text
        assert "站点给您换了这个时间" in ticket
        assert "原来的时间办不了" in (await site.open("/inbox")).text
        await site.submit(f"/tickets/{touched.id}/cancel")
        assert (await Booking.get(id=touched.id)).status is Status.CANCELLED
        assert await what_is_wrong() == []

    async def test_a_time_that_was_taken_meanwhile_is_refused_in_words(self, desk, manager_at_ten, url, touched):
        await Offering.filter(id=desk.haircut.id).update(capacity=1)
        slot = (
            await Slot.filter(offering_id=desk.haircut.id, closed=False, starts_at__gt=clock.now())
            .order_by("starts_at")
            .first()
        )
        await Slot.filter(id=slot.id).update(capacity=1)
        await book_slot(actor=await make_person(), slot_id=slot.id, request_key=new_id().hex)
        answer = await manager_at_ten.submit(f"{url}/affected/{touched.id}/move", {"slot": str(slot.id)})
        assert answer.status_code == 409
        assert "刚刚约满了" in answer.text
        assert (await Booking.get(id=touched.id)).slot_id == touched.slot_id
        assert (await manager_at_ten.submit(f"{url}/affected/{touched.id}/move", {"slot": "x"})).status_code == 422

    async def test_who_is_expected_elsewhere_gets_the_next_time(self, desk, manager_at_ten, url, touched):
        person_id = (await Booking.get(id=touched.id)).person_id
        page = (await manager_at_ten.open(f"{url}/affected")).text
        first = await Slot.get(id=re.search(r'name="slot" value="([^"]*)"', page)[1])
        there = await Slot.get(offering_id=desk.advice.id, starts_at=first.starts_at)
        await book_slot(actor=Actor("worker", person_id), slot_id=there.id, request_key=new_id().hex)
        await manager_at_ten.submit(f"{url}/affected/rebook")
        now = await Booking.get(id=touched.id)
        assert now.slot_id not in (touched.slot_id, first.id)
        assert await what_is_wrong() == []

    async def test_one_who_has_no_time_is_left_and_said(self, desk, manager_at_ten, url, touched):
        await Offering.filter(id=desk.haircut.id).update(active=False)
        answer = await manager_at_ten.submit(f"{url}/affected/rebook")
        page = (await manager_at_ten.open(answer.headers["location"])).text
        assert "还有 1 个人没有合适的空位" in page
        assert (await Booking.get(id=touched.id)).slot_id == touched.slot_id

    async def test_a_called_off_booking_is_not_moved(self, manager_at_ten, url, touched):
        page = (await manager_at_ten.open(f"{url}/affected")).text
        slot = re.search(r'name="slot" value="([^"]*)"', page)[1]
        await cancel_booking(actor=await make_staff(Role.MANAGER), booking_id=touched.id, reason="x")
        assert (await manager_at_ten.submit(f"{url}/affected/{touched.id}/move", {"slot": slot})).status_code == 409


class TestPlaces:
    async def places(self, desk, day) -> dict[int, int]:
        found = await Slot.filter(
            offering_id=desk.haircut.id, starts_at__gte=clock.at(day, 0), starts_at__lt=clock.at(day, 1440)
        )
        return {clock.minute_of_day(s.starts_at): s.capacity for s in found}

    async def change(self, manager, desk, url, day, **given):
        page = f"{url}/offerings/{desk.haircut.id}/slots"
        return await manager.submit(page, {"day": day.isoformat(), **given})

    async def test_a_part_of_a_day_has_other_places_and_keeps_them(self, desk, manager, url):
        day = clock.today() + timedelta(days=3)
        answer = await self.change(manager, desk, url, day, first="600", last="660", capacity="２")
        assert "改好了 3 个时段" in (await manager.open(answer.headers["location"])).text
        assert {m for m, c in (await self.places(desk, day)).items() if c == 2} == {600, 630, 660}
        hours = {f"d{d}r0{edge}": time for d in range(8) for edge, time in (("a", "8:00"), ("b", "20:00"))}
        await manager.submit(f"{url}/hours", hours | {"apply": "1"})
        assert (await self.places(desk, day))[630] == 2
        await self.change(manager, desk, url, day, first="0", last="1439", capacity="")
        assert set((await self.places(desk, day)).values()) == {9}

    async def test_nobody_loses_a_place(self, desk, manager, url):
        day = clock.today() + timedelta(days=3)
        for _ in range(3):
            booking = await desk.booked(at=clock.at(day, 600))
        answer = await self.change(manager, desk, url, day, first="600", last="600", capacity="1")
        assert "都保留" in (await manager.open(answer.headers["location"])).text
        assert (await self.places(desk, day))[600] == 3
        await cancel_booking(actor=await make_staff(Role.MANAGER), booking_id=booking.id, reason="x")
        assert (await self.places(desk, day))[600] == 2

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"first": "600", "last": "600", "capacity": "2001"}, "0 到 2000"),
            ({"first": "600", "last": "600", "capacity": "-1"}, "0 到 2000"),
            ({"first": "601", "last": "602", "capacity": "1"}, "没有可以改的时段"),
            ({"first": "x", "last": "600"}, "填得不对"),
        ],
    )
    async def test_mistakes(self, desk, manager, url, given, said):
        day = clock.today() + timedelta(days=3)
        before = await self.places(desk, day)
        answer = await self.change(manager, desk, url, day, **given)
        assert answer.status_code == 422
        assert said in answer.text
        assert await self.places(desk, day) == before


class TestProviders:
    @pytest.fixture
    async def barber(self, desk, manager, url):
        answer = await manager.submit(
            f"{url}/providers/new", {"kind": "barber", "name": "覃师傅", "phone": "0771-5550123", "active": "on"}
        )
        page = answer.headers["location"]
        terms = {
            "minutes": "30", "capacity": "9", "notice_minutes": "0", "cutoff_minutes": "60", "confirm_minutes": "30",
            "horizon_days": "14", "general_days": "3", "eligibility": "everybody", "auto_confirm": "on",
            "active": "on", "provider_id": page.rpartition("/")[2],
        }  # fmt: skip
        await manager.submit(f"{url}/offerings/{desk.haircut.id}", terms | {"apply": "1"})
        return page

    async def days_with_slots(self, desk) -> set[int]:
        found = await Slot.filter(offering_id=desk.haircut.id, closed=False, starts_at__gt=clock.now())
        return {clock.local(s.starts_at).weekday() for s in found}

    async def test_slots_are_there_only_when_the_provider_is(self, desk, manager, barber):
        assert (await Offering.get(id=desk.haircut.id)).provider == "覃师傅"
        week = {f"d{d}off": "on" for d in range(8) if d != 2} | {"d2r0a": "9:00", "d2r0b": "12:00"}
        preview = await manager.submit(f"{barber}/hours", week)
        assert "还没有改" in preview.text
        await manager.submit(f"{barber}/hours", week | {"apply": "1"})
        assert await self.days_with_slots(desk) == {2}
        assert len({clock.local(s.starts_at).weekday() for s in await Slot.filter(offering_id=desk.advice.id)}) == 7
        await manager.submit(f"{barber}/hours", {"follows": "on", "apply": "1"})
        assert len(await self.days_with_slots(desk)) == 7

    async def test_an_absence_shows_whom_it_touches(self, desk, manager, barber):
        day = clock.today() + timedelta(days=2)
        booking = await desk.booked(at=clock.at(day, 600), name="韦姐")
        away = {"kind": "closed", "from": day.isoformat(), "reason": "师傅回老家"}
        preview = await manager.submit(f"{barber}/days", away)
        assert "韦姐" in preview.text
        await manager.submit(f"{barber}/days", away | {"apply": "1"})
        assert (await Slot.get(id=booking.slot_id)).closed
        assert "师傅回老家" in (await manager.open(barber)).text
        strip = (await desk.browser_of().open(f"/book/{desk.haircut.id}?day={day}")).text
        assert "师傅回老家" in strip
        await manager.submit(f"{barber}/days", {"kind": "usual", "from": day.isoformat(), "apply": "1"})
        assert not (await Slot.get(id=booking.slot_id)).closed

    @pytest.mark.usefixtures("barber")
    async def test_not_coming_today(self, desk, url, morning, manager_at_ten):
        booking = await desk.booked(at=clock.at(morning, 900), name="韦姐")
        stop = next(b for b in buttons_of((await manager_at_ten.open(f"{url}/today")).text) if b["whose"] == "provider")
        assert "韦姐" in (await manager_at_ten.submit(f"{url}/today", stop)).text
        await manager_at_ten.submit(f"{url}/today", stop | {"apply": "1"})
        assert (await ProviderDay.get()).hours == [[0, TEN]]
        assert (await Slot.get(id=booking.slot_id)).closed

    async def test_one_who_left_serves_nobody_and_a_new_name_is_read_everywhere(self, desk, manager, barber):
        other = {"kind": "barber", "name": "覃记理发店", "active": "on", "apply": "1"}
        await manager.submit(barber, other)
        assert (await Offering.get(id=desk.haircut.id)).provider == "覃记理发店"
        await manager.submit(barber, {"kind": "barber", "name": "覃记理发店", "apply": "1"})
        assert await self.days_with_slots(desk) == set()

    async def test_another_stations_provider_is_not_found(self, manager, url):
        station = await make_station()
        other = await Provider.create(station_id=station.id, kind="barber", name="别家")
        for path in ("", "/hours", "/days"):
            assert (await manager.open(f"{url}/providers/{other.id}{path}")).status_code == 404
        answer = await manager.submit(f"{url}/providers/{other.id}", {"kind": "barber", "name": "x", "apply": "1"})
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [({"name": ""}, "请写上名字"), ({"kind": "magic"}, "填得不对"), ({"name": "长" * 81}, "太长了")],
    )
    async def test_mistakes_are_named(self, manager, url, wrong, said):
        answer = await manager.submit(f"{url}/providers/new", {"kind": "barber", "name": "覃师傅"} | wrong)
        assert answer.status_code == 422
        assert said in answer.text
        assert not await Provider.exists()
