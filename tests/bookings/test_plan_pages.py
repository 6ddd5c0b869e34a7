"""A station's plan over HTTP: what is typed, what it would do, what it does, and who is told."""

import re
from datetime import timedelta

import pytest

from server.audit.models import AuditEntry
from server.bookings.desk import check_in
from server.bookings.models import Booking, Eligibility, Offering, Slot, Status
from server.bookings.slots import roll_slots
from server.kit import clock
from server.kit.ids import new_id
from server.notices.models import Notice, NoticeKind
from server.people.models import Role
from server.stations.models import Station, StationDay
from tests.fixtures.bookings import make_offering

NINE_TO_FIVE = {f"d{day}r0{edge}": time for day in range(8) for edge, time in (("a", "9:00"), ("b", "17:00"))}
TERMS = {
    "minutes": "30",
    "capacity": "9",
    "notice_minutes": "0",
    "cutoff_minutes": "60",
    "confirm_minutes": "30",
    "horizon_days": "14",
    "general_days": "3",
    "eligibility": "everybody",
    "auto_confirm": "on",
    "active": "on",
}


@pytest.fixture
async def manager(desk):
    """The manager's browser at a station with rolled slots."""
    await roll_slots()
    return await desk.colleague(Role.MANAGER)


@pytest.fixture
def url(desk) -> str:
    return f"{desk.url}/plan"


def kept_fields(html: str) -> dict[str, str]:
    """What a preview's form would send again."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    return {name: value for name, value in found if name != "_csrf"}


async def booked_at(desk, days: int, minute: int, **given):
    """Somebody has a haircut on a day ahead."""
    return await desk.booked(at=clock.at(clock.today() + timedelta(days=days), minute), **given)


async def notices_of(booking) -> list[NoticeKind]:
    return [n.kind for n in await Notice.filter(booking_id=booking.id)]


class TestWho:
    @pytest.mark.parametrize("page", ["", "/hours", "/days", "/affected", "/offerings/new"])
    async def test_only_managers_of_the_station(self, desk, url, page):
        assert (await desk.site.open(url + page)).status_code == 403
        elsewhere = await desk.colleague(Role.MANAGER, region_code=440000)
        assert (await elsewhere.open(url + page)).status_code == 403
        officer = await desk.colleague(Role.OFFICER, region_code=450000)
        assert (await officer.open(url + page)).status_code == 200

    async def test_staff_change_nothing_even_with_the_address(self, desk, url):
        answer = await desk.site.submit(f"{url}/hours", NINE_TO_FIVE | {"apply": "1"})
        assert answer.status_code == 403
        assert (await Station.get(id=desk.station.id)).hours == desk.station.hours

    async def test_a_form_without_its_token_is_refused(self, manager, url):
        assert (await manager.client.post(f"{url}/hours", data=NINE_TO_FIVE)).status_code == 403

    async def test_another_stations_offering_is_not_found(self, manager, url):
        other = await make_offering()
        assert (await manager.open(f"{url}/offerings/{other.id}")).status_code == 404
        answer = await manager.submit(f"{url}/offerings/{other.id}", TERMS | {"capacity": "1", "apply": "1"})
        assert answer.status_code == 404
        assert (await manager.open(f"{url}/offerings/{new_id()}/hours")).status_code == 404


class TestHours:
    async def test_the_preview_counts_names_and_changes_nothing(self, desk, manager, url):
        late = await booked_at(desk, 3, 20 * 60, name="韦姐")
        fine = await booked_at(desk, 3, 10 * 60, name="李师傅")
        slots = await Slot.all().count()
        answer = await manager.submit(f"{url}/hours", NINE_TO_FIVE)
        assert answer.status_code == 200
        assert "还没有改" in answer.text
        assert "韦姐" in answer.text
        assert "李师傅" not in answer.text
        assert await Slot.all().count() == slots
        assert (await Station.get(id=desk.station.id)).hours == desk.station.hours
        assert NoticeKind.BOOKING_AFFECTED not in await notices_of(late) + await notices_of(fine)

    async def test_applying_changes_slots_and_tells_the_people(self, desk, manager, url):
        late = await booked_at(desk, 3, 20 * 60, name="韦姐")
        preview = await manager.submit(f"{url}/hours", NINE_TO_FIVE)
        answer = await manager.submit(f"{url}/hours", kept_fields(preview.text) | {"apply": "1"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{url}/affected?saved=1")
        page = (await manager.open(answer.headers["location"])).text
        assert "韦姐" in page
        assert "改好了" in page
        assert (await Station.get(id=desk.station.id)).hours == [[[540, 1020]]] * 8
        assert NoticeKind.BOOKING_AFFECTED in await notices_of(late)
        assert (await Booking.get(id=late.id)).status is Status.CONFIRMED
        assert (await Slot.get(id=late.slot_id)).closed
        assert await AuditEntry.filter(action="station.hours_changed").count() == 1
        beyond = await Slot.filter(starts_at__gte=clock.at(clock.today() + timedelta(days=2), 1020), closed=False)
        assert all(clock.minute_of_day(s.starts_at) < 1020 for s in beyond)

    async def test_going_back_keeps_what_was_typed(self, manager, url):
        typed = NINE_TO_FIVE | {"d0r0a": "８：３０", "d0r0b": "12点半"}
        preview = await manager.submit(f"{url}/hours", typed)
        again = await manager.submit(f"{url}/hours", kept_fields(preview.text) | {"edit": "1"})
        assert 'value="８：３０"' in again.text
        assert 'value="12点半"' in again.text

    async def test_a_day_off_and_mondays_hours_for_all(self, desk, manager, url):
        one = {"d0r0a": "0830", "d0r0b": "12", "d0r1a": "14", "d0r1b": "24:00", "d7off": "on"}
        copied = await manager.submit(f"{url}/hours", one | {"monday": "1"})
        assert copied.text.count('value="0830"') == 7
        fields = dict(re.findall(r'<input id="\w+" name="(d\dr\d[ab])" value="([^"]*)"', copied.text))
        await manager.submit(f"{url}/hours", fields | {"d7off": "on", "apply": "1"})
        assert (await Station.get(id=desk.station.id)).hours == [[[510, 720], [840, 1440]]] * 7 + [[]]

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"d2r0a": "17:00", "d2r0b": "9:00"}, "关门要比开门晚"),
            ({"d2r0a": "9:00", "d2r0b": "9:00"}, "关门要比开门晚"),
            ({"d2r1a": "16:00", "d2r1b": "18:00"}, "不能重叠"),
            ({"d2r0b": ""}, "要一起填"),
            ({"d2r0a": "25:00"}, "看不懂这个时间"),
            ({"d2r0a": "24:01"}, "看不懂这个时间"),
            ({"d2r0a": "早上"}, "看不懂这个时间"),
            ({"d2r0a": "9" * 5000}, "看不懂这个时间"),
            ({"d2r0a": "\x00🙂"}, "看不懂这个时间"),
            ({"d2r0a": "", "d2r0b": ""}, "不开门就勾"),
            ({"d2off": "on"}, "请只留一样"),
        ],
    )
    async def test_mistakes_are_named_at_their_field_and_nothing_is_written(self, desk, manager, url, wrong, said):
        answer = await manager.submit(f"{url}/hours", NINE_TO_FIVE | wrong | {"apply": "1"})
        assert answer.status_code == 422
        assert said in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert (await Station.get(id=desk.station.id)).hours == desk.station.hours

    async def test_an_empty_form_is_eight_mistakes(self, manager, url):
        answer = await manager.submit(f"{url}/hours", {"apply": "1"})
        assert answer.status_code == 422
        assert answer.text.count('aria-invalid="true"') == 8


class TestDays:
    def closure(self, days: int = 3, **more: str) -> dict[str, str]:
        day = (clock.today() + timedelta(days=days)).isoformat()
        return {"kind": "closed", "from": day, "until": day, "reason": "停电检修"} | more

    async def test_a_closure_is_previewed_applied_listed_and_taken_back(self, desk, manager, url):
        booking = await booked_at(desk, 3, 10 * 60, name="韦姐")
        preview = await manager.submit(f"{url}/days", self.closure())
        assert "韦姐" in preview.text
        assert await StationDay.all().count() == 0
        await manager.submit(f"{url}/days", self.closure() | {"apply": "1"})
        assert "停电检修" in (await manager.open(url)).text
        assert (await Slot.get(id=booking.slot_id)).closed
        assert "1 个预约的时段已经停办" in (await manager.open(url)).text
        await manager.submit(f"{url}/days", self.closure() | {"kind": "usual", "apply": "1"})
        assert await StationDay.all().count() == 0
        assert not (await Slot.get(id=booking.slot_id)).closed

    async def test_a_special_opening_has_hours_of_its_own(self, desk, manager, url):
        await manager.submit(f"{url}/hours", NINE_TO_FIVE | {"apply": "1"})
        special = self.closure(kind="open", r0a="19:00", r0b="21:00", reason="加开")
        await manager.submit(f"{url}/days", special | {"apply": "1"})
        day = clock.today() + timedelta(days=3)
        slots = await Slot.filter(
            offering_id=desk.haircut.id, starts_at__gte=clock.at(day, 0), starts_at__lt=clock.at(day, 1440)
        ).order_by("starts_at")
        assert [clock.minute_of_day(s.starts_at) for s in slots] == [1140, 1170, 1200, 1230]

    async def test_a_span_is_one_line_of_the_plan(self, manager, url):
        first, last = clock.today() + timedelta(days=5), clock.today() + timedelta(days=11)
        span = self.closure() | {"from": first.isoformat(), "until": last.isoformat(), "apply": "1"}
        await manager.submit(f"{url}/days", span)
        assert await StationDay.all().count() == 7
        assert (await manager.open(url)).text.count("停电检修") == 1

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"from": ""}, "请选日期"),
            ({"from": "2026-02-30"}, "请选日期"),
            ({"from": "2020-01-01", "until": "2020-01-02"}, "只能改今天和以后"),
            ({"until": "2020-01-01"}, "要在开始的后面"),
            ({"from": "2999-01-01", "until": "2999-01-02"}, "一年以内"),
            ({"reason": ""}, "请写明原因"),
            ({"reason": "长" * 61}, "60 个字"),
            ({"kind": "open"}, "请填这几天的开放时间"),
            ({"kind": "open", "r0a": "20:00", "r0b": "10:00"}, "关门要比开门晚"),
            ({"kind": "whatever"}, "有地方要改"),
            ({"kind": ""}, "有地方要改"),
        ],
    )
    async def test_mistakes_are_named_and_nothing_is_written(self, manager, url, wrong, said):
        answer = await manager.submit(f"{url}/days", self.closure() | wrong | {"apply": "1"})
        assert answer.status_code == 422
        assert said in answer.text
        assert await StationDay.all().count() == 0

    async def test_too_long_a_span_is_refused(self, manager, url):
        until = (clock.today() + timedelta(days=66)).isoformat()
        answer = await manager.submit(f"{url}/days", self.closure() | {"until": until, "apply": "1"})
        assert "最多安排 62 天" in answer.text


class TestOfferings:
    async def test_terms_are_previewed_and_applied(self, desk, manager, url):
        terms = TERMS | {"minutes": "６０", "provider": "义剪队", "eligibility": "members_first"}
        del terms["auto_confirm"]
        page = f"{url}/offerings/{desk.haircut.id}"
        preview = await manager.submit(page, terms)
        assert "还没有改" in preview.text
        assert (await Offering.get(id=desk.haircut.id)).minutes == 30
        await manager.submit(page, kept_fields(preview.text) | {"apply": "1"})
        offering = await Offering.get(id=desk.haircut.id)
        assert (offering.minutes, offering.provider, offering.auto_confirm) == (60, "义剪队", False)
        assert offering.eligibility is Eligibility.MEMBERS_FIRST
        slot = await Slot.filter(offering_id=offering.id, starts_at__gte=clock.now()).order_by("-starts_at").first()
        assert slot.ends_at - slot.starts_at == timedelta(hours=1)

    async def test_ending_an_offering_closes_what_is_booked(self, desk, manager, url):
        booking = await booked_at(desk, 3, 10 * 60)
        terms = {name: value for name, value in TERMS.items() if name != "active"}
        answer = await manager.submit(f"{url}/offerings/{desk.haircut.id}", terms | {"apply": "1"})
        assert "/affected" in answer.headers["location"]
        assert (await Slot.get(id=booking.slot_id)).closed
        assert await Slot.filter(offering_id=desk.haircut.id, starts_at__gt=clock.now()).count() == 1

    async def test_a_new_offering_has_slots_at_once(self, desk, manager, url):
        await manager.submit(f"{url}/offerings/new", TERMS | {"service": "film", "apply": "1"})
        offering = await Offering.get(service="film")
        assert offering.region_code == desk.station.region_code
        assert await Slot.filter(offering_id=offering.id).count() > 100
        assert await AuditEntry.filter(action="offering.added", subject_id=str(offering.id)).exists()

    async def test_the_service_of_an_offering_stays(self, desk, manager, url):
        await manager.submit(f"{url}/offerings/{desk.haircut.id}", TERMS | {"service": "film", "apply": "1"})
        assert (await Offering.get(id=desk.haircut.id)).service == "haircut"

    async def test_hours_of_its_own_and_back(self, desk, manager, url):
        page = f"{url}/offerings/{desk.haircut.id}/hours"
        await manager.submit(page, NINE_TO_FIVE | {"apply": "1"})
        assert (await Offering.get(id=desk.haircut.id)).hours == [[[540, 1020]]] * 8
        assert 'name="follows">' in (await manager.open(page)).text
        await manager.submit(page, {"follows": "on", "apply": "1"})
        assert (await Offering.get(id=desk.haircut.id)).hours is None

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"minutes": "4"}, "5 到 480"),
            ({"minutes": "x"}, "5 到 480"),
            ({"minutes": ""}, "5 到 480"),
            ({"capacity": "0"}, "1 到 2000"),
            ({"capacity": "99999999999999999999"}, "1 到 2000"),
            ({"capacity": "-1"}, "1 到 2000"),
            ({"capacity": "1.5"}, "1 到 2000"),
            ({"horizon_days": "91"}, "1 到 90"),
            ({"general_days": "15"}, "不能比一共开放的天数还多"),
            ({"notice_minutes": "20161"}, "两周"),
            ({"eligibility": "nobody"}, "填得不对"),
            ({"bring": "带" * 121}, "太长了"),
        ],
    )
    async def test_mistakes_are_named_and_nothing_is_written(self, desk, manager, url, wrong, said):
        before = await Offering.get(id=desk.haircut.id).values()
        page = f"{url}/offerings/{desk.haircut.id}"
        answer = await manager.submit(page, TERMS | wrong | {"apply": "1"})
        assert answer.status_code == 422
        assert said in answer.text
        assert await Offering.get(id=desk.haircut.id).values() == before

    async def test_an_unknown_service_is_refused(self, manager, url):
        answer = await manager.submit(f"{url}/offerings/new", TERMS | {"service": "magic", "apply": "1"})
        assert answer.status_code == 422
        assert await Offering.all().count() == 2


class TestAffected:
    @pytest.fixture
    async def touched(self, desk, manager, url):
        booking = await booked_at(desk, 3, 20 * 60, name="韦姐")
        await manager.submit(f"{url}/hours", NINE_TO_FIVE | {"apply": "1"})
        return booking

    async def test_calling_off_with_a_reason(self, manager, url, touched):
        answer = await manager.submit(f"{url}/affected/{touched.id}/cancel", {"reason": "晚上不开门了"})
        page = (await manager.open(answer.headers["location"])).text
        assert (await Booking.get(id=touched.id)).status is Status.CANCELLED
        assert "没有受影响的预约" in page
        again = await manager.submit(f"{url}/affected/{touched.id}/cancel", {"reason": "晚上不开门了"})
        assert again.status_code in (303, 409)

    async def test_without_a_reason_nothing_happens(self, manager, url, touched):
        answer = await manager.submit(f"{url}/affected/{touched.id}/cancel", {})
        assert answer.status_code == 422
        assert "请写一句理由" in answer.text
        assert (await Booking.get(id=touched.id)).status is Status.CONFIRMED

    async def test_left_as_it_is_it_is_served_all_the_same(self, desk, touched):
        with clock.travel(touched.starts_at - clock.now()):
            served = await check_in(actor=desk.staff, booking_id=touched.id)
        assert served.status is Status.ARRIVED
