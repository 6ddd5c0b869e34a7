"""People and places for the pages: a worker with tickets, applicants of every state, a member, and the staff."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from server.bookings import desk, no_show, waitlist, walk_ins
from server.bookings import service as bookings
from server.bookings.models import Eligibility, Offering, ServiceKind, Slot
from server.bookings.no_show_rules import Policy
from server.bookings.plan_models import ProviderKind
from server.bookings.providers import ProviderTerms, add_provider
from server.demo import people as demo_people
from server.demo.network import DESK_ID
from server.demo.unions import federation
from server.groups.lists import Guest
from server.groups.service import book_group
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_id
from server.kit.pictures import shrink
from server.membership import applying, correcting, reviewing, transfers
from server.membership import importing as member_files
from server.membership.models import Union, UnionKind
from server.people import service as people
from server.people.actors import VISITOR, Actor
from server.people.models import Role, Staff
from server.reports import faults, suggestions
from server.reports.models import Fault, Thing
from server.reports.suggestions import Where
from server.stations import importing as station_files
from server.stations import photos, routes
from server.stations.models import Facility, Station
from server.stations.routes import RouteTerms
from server.visits import service as visits
from tests.fixtures.bookings import in_hours, make_offering, make_slot
from tests.fixtures.joining import make_draft, make_identity
from tests.fixtures.membership import make_union
from tests.fixtures.people import GUANGXI, make_person, make_staff
from tests.fixtures.pictures import PHOTO, make_photo
from tests.fixtures.reviewing import apply, grown_up, member_of
from tests.fixtures.stations import make_station

STATIONS = """编号,名称,类型,地区,纬度,经度,坐标系,开门时间
A-1,凤岭北驿站,工会驿站,450103,22.8170,108.3665,WGS-84,每天 8:00-20:00
A-2,,工会驿站,9,22.8170,东边,WGS-84,早上
"""
MEMBERS = "工会名称,姓名,证件号\n{union},韦秀英,450103199001010024\n没有这个工会,4,1\n"
WHY = "没查到您在这里干活，请写上工地的名字。"
_phones = itertools.count(1)


@dataclass
class Places:
    """Where it all happens and who works there, by the name of the session."""

    offering: Offering
    region: int
    above: Union
    staff: dict[str, Actor]


@dataclass
class World:
    """The ids that addresses are made of, and a session for each kind of reader."""

    ids: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)


async def made_places() -> Places:
    """A station, a federation and their staff in an empty database."""
    station = await make_station(phone="0771-5550123", address="青秀区凤岭北路 1 号")
    await make_offering(station, service=ServiceKind.LEGAL_ADVICE, auto_confirm=False)
    offering = await make_offering(station, capacity=2, bring="安全帽", provider="覃师傅")
    for day, hour in itertools.product((1, 2), (9, 10, 15, 19)):
        await make_slot(offering, clock.at(clock.today() + timedelta(days=day), hour * 60))
    above = await make_union(name="广西总工会", kind=UnionKind.FEDERATION, region_code=GUANGXI)
    staff = {
        "desk": await make_staff(Role.MANAGER, station_id=station.id),
        "officer": await make_staff(Role.OFFICER),
        "reviewer": await make_staff(Role.REVIEWER, union_id=above.id),
        "auditor": await make_staff(Role.AUDITOR),
    }
    return Places(offering, station.region_code, above, staff)


async def demo_places() -> Places:
    """What the demo has of them."""
    station = await Station.get(external_id=DESK_ID)
    offering = await Offering.filter(
        station_id=station.id, eligibility=Eligibility.EVERYBODY, auto_confirm=True
    ).first()
    assert offering
    logins = {"desk": "desk", "officer": "guangxi", "reviewer": "reviewer", "auditor": "auditor"}
    accounts = {account.login: account.grant for account in demo_people.staff(station.id)}
    staff = {}
    for name, login in logins.items():
        account = await Staff.get(login=login)
        staff[name] = Actor("staff", account.id, display_name=account.display_name, grants=(accounts[login],))
    return Places(offering, station.region_code, await Union.get(id=federation(GUANGXI).id), staff)


async def make_world(places: Places) -> World:
    """Everybody and everything of `pages`."""
    world = World({"region": str(places.region), "station_id": str(places.offering.station_id)})
    for name, actor in places.staff.items():
        world.sessions[name] = await people.open_session(staff_id=actor.id, device="test")
    world.sessions["keeper"] = world.sessions["officer"]
    world.ids["staff_id"] = str(places.staff["desk"].id)
    where = {"actor": places.staff["desk"], "station_id": places.offering.station_id}
    await photos.add_photo(picture=shrink(make_photo((640, 400))), words="大门朝东，旁边是公交站", **where)
    world.ids["route_id"] = str(await _road(places))
    world.ids["provider_id"] = str(await _provider(places))
    await _book(world, places)
    await _miss(world, places)
    await _queue(world)
    await _tell(world)
    await _join(world, places)
    await _files(world, places)
    return world


async def _road(places: Places) -> UUID:
    """A road home with four stops, one of them full."""
    officer, today = places.staff["officer"], clock.today()
    made = await routes.create_route(
        actor=officer,
        terms=RouteTerms("肇庆回梧州、贺州", GUANGXI, today, today + timedelta(days=40), "321 国道、207 国道"),
    )
    for number, name in enumerate(("端州", "德庆", "封开", "万秀")):
        station = await make_station(name=f"{name}暖流服务点", at=(23.05 + 0.1 * number, 112.46 - 0.4 * number))
        await routes.add_stop(actor=officer, route_id=made, station=station.external_id, km=60.0 * number)
        if number == 1:
            await routes.say_full(actor=officer, station_id=station.id, full=True)
    return made


async def _provider(places: Places) -> UUID:
    """A barber who comes to the desk's station."""
    terms = ProviderTerms(ProviderKind.BARBER, "覃师傅", "0771-5550123", active=True)
    return await add_provider(actor=places.staff["desk"], station_id=places.offering.station_id, terms=terms)


async def _somebody(world: World, name: str) -> Actor:
    """A new worker with a session of that name."""
    person = await make_person(f"+86159{next(_phones):08d}")
    world.sessions[name] = await people.open_session(person_id=person.id, device="华为 · Android")
    return person


async def _book(world: World, places: Places) -> None:
    worker = await _somebody(world, "worker")
    await people.set_name(worker, "小李")
    open_ones = Slot.filter(offering_id=places.offering.id, taken=0, closed=False, capacity__gt=0)
    slots = await open_ones.filter(starts_at__gt=clock.now() + timedelta(days=1)).order_by("starts_at").limit(4)
    mine, gone, full, free = slots
    world.ids |= {"offering_id": str(places.offering.id), "slot_id": str(free.id), "full_id": str(full.id)}
    world.ids["booking_id"] = str(await _booked(worker, mine.id))
    world.ids["cancelled_id"] = str(await _booked(worker, gone.id))
    await bookings.cancel_booking(actor=worker, booking_id=UUID(world.ids["cancelled_id"]))
    for _ in range(full.capacity):
        await _booked(await make_person(f"+86159{next(_phones):08d}"), full.id)

    await waitlist.join(actor=worker, wish=await waitlist.for_slot(full.id, worker))
    wide = await make_slot(places.offering, clock.at(clock.today() + timedelta(days=2), 12 * 60 + 35), capacity=8)
    guests = [Guest("韦建军"), Guest("黄丽华"), *[Guest()] * 4]
    made = await book_group(actor=worker, guests=guests, places={wide.id: 6}, request_key=new_id().hex)
    world.ids["group_id"] = str(made)
    world.ids["full_day"] = clock.local(full.starts_at).date().isoformat()


async def _miss(world: World, places: Places) -> None:
    """Somebody who did not come twice, where that means one open booking at a time."""
    manager, station_id = places.staff["desk"], places.offering.station_id
    worker = await _somebody(world, "limited")
    await people.set_name(worker, "阿强")
    for days in (3, 12):
        with clock.travel(-timedelta(days=days, hours=1)):
            missed = await _booked(worker, (await make_slot(places.offering, in_hours(1))).id)
        with clock.travel(-timedelta(days=days)):
            await desk.mark_no_show(actor=manager, booking_id=missed)
    await no_show.set_policy(actor=manager, station_id=station_id, policy=Policy(2, 90))
    ahead = await make_slot(places.offering, clock.at(clock.today() + timedelta(days=2), 20 * 60 + 5))
    world.ids["limited_booking_id"] = str(await _booked(worker, ahead.id))


async def _queue(world: World) -> None:
    """A station that is always open, with numbers taken at its door and one of them called."""
    station = await make_station(name="南湖工会驿站", at=(22.81, 108.35))
    offering = await make_offering(station, service=ServiceKind.HAIRCUT, notice_minutes=30)
    where = {"station_id": station.id, "offering_id": offering.id}
    world.ids["door_id"] = str(station.id)
    for _ in range(3):
        taken = await walk_ins.take_number(actor=VISITOR, request_key=new_id().hex, **where)
    world.ids["secret"] = taken.secret
    officer = await people.find_actor(world.sessions["officer"])
    await walk_ins.call_next(actor=officer, counter="2", **where)


async def _tell(world: World) -> None:
    """A door with a code, something broken behind it, and a place where a station is missed."""
    officer, worker = [await people.find_actor(world.sessions[name]) for name in ("officer", "worker")]
    station_id = UUID(world.ids["door_id"])
    world.ids["door_code"] = await visits.give_code(actor=officer, station_id=station_id)
    for person, words in ((worker, "饮水机不出热水"), (VISITOR, "早上也没有")):
        said = await faults.say_broken(
            actor=person,
            station_id=station_id,
            thing=Thing.HOT_WATER,
            words=words,
            photo=shrink(PHOTO),
            request_key=new_id().hex,
        )
    world.ids["said_secret"] = said.secret
    fault_id = (await Fault.get(station_id=station_id)).id
    world.ids["fault_id"] = str(fault_id)
    await faults.start(actor=officer, fault_id=fault_id)
    somebody = await make_person(f"+86159{next(_phones):08d}")
    where = Where(int(world.ids["region"]), "凤岭北路口", Point(22.817, 108.366))
    wants = [Facility.HOT_WATER, Facility.TOILET]
    made = await suggestions.propose(actor=somebody, where=where, wants=wants, request_key=new_id().hex)
    world.ids["suggestion_id"] = str(made)


async def _booked(worker: Actor, slot_id: UUID) -> UUID:
    return (await bookings.book_slot(actor=worker, slot_id=slot_id, request_key=new_id().hex)).id


async def _join(world: World, places: Places) -> None:
    union = await make_union(parent=places.above)
    other = await make_union(name="长安街道联合工会", parent=places.above)
    reviewer = places.staff["reviewer"]
    world.ids |= {"union_code": union.code, "union_id": str(union.id), "other_union_id": str(other.id)}
    await applying.start(actor=await _somebody(world, "newcomer"))
    await make_draft(await _somebody(world, "drafting"), union=union, employer="凤岭北路地铁工地")
    waiting = await apply(union, person=await _somebody(world, "waiting"), employer="凤岭北路地铁工地")
    world.ids["application_id"] = str(waiting.id)
    returned = await apply(union, person=await _somebody(world, "returned"))
    await reviewing.return_to_worker(actor=reviewer, application_id=returned.id, fields=["work"], reason=WHY)
    rejected = await apply(union, person=await _somebody(world, "rejected"))
    await reviewing.reject(actor=reviewer, application_id=rejected.id, reason=WHY)
    members = {}
    for name in ("member", "correcting", "moving"):
        application = await apply(union, person=await _somebody(world, name), name="欧阳若曦")
        await reviewing.approve(actor=reviewer, application_id=application.id)
        members[name] = await people.find_actor(world.sessions[name])
        entry = await member_of(application)
        assert entry
        world.ids.setdefault("member_id", str(entry.id))
    correction = make_identity(grown_up(), "欧阳若熙")
    await correcting.ask_for_correction(actor=members["correcting"], identity=correction)
    await transfers.ask_for_transfer(actor=members["moving"], to_union_id=other.id, employer="", agreed=True)


async def _files(world: World, places: Places) -> None:
    made = await station_files.upload(
        actor=places.staff["officer"], file_name="stations.csv", content=STATIONS.encode()
    )
    world.ids["import_id"] = str(made)
    text = MEMBERS.format(union="凤岭街道联合工会")
    made = await member_files.upload(actor=places.staff["reviewer"], file_name="members.csv", content=text.encode())
    world.ids["members_import_id"] = str(made)
