"""What workers said in the demo: visits of the last weeks, broken things with a drawn photo, missed stations."""

from __future__ import annotations

import random
from datetime import timedelta
from io import BytesIO
from uuid import UUID

from PIL import Image, ImageDraw

from server.db import sql
from server.demo.network import DemoStation
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_id
from server.kit.pictures import Picture, made_small
from server.people.actors import VISITOR, Actor
from server.reports import faults, suggestions
from server.reports.models import SuggestionState, Thing
from server.reports.suggestions import Where
from server.stations.models import Facility
from server.visits.models import Occupation

WEEKS = 8
# Visits a day to an open door, by occupation.
BUSY = {
    Occupation.SANITATION: 14,
    Occupation.RIDER: 18,
    Occupation.COURIER: 11,
    Occupation.CONSTRUCTION: 9,
    Occupation.DRIVER: 6,
    Occupation.SECURITY: 4,
    Occupation.FACTORY: 2,
    Occupation.OTHER: 3,
}
CODES = ("2T7KXW9M", "8QHD4N6C", "5JVR3B2P")
SAID = (
    (Thing.HOT_WATER, ("饮水机不出热水，灯也不亮。", "早上来也没热水。", ""), "start"),
    (Thing.CHARGING, ("靠门的两个插座没电。",), ""),
    (Thing.AIR_CONDITIONING, ("空调滴水，地上滑。", ""), "fix"),
    (Thing.LIGHTS, ("晚上灯一闪一闪的。",), ""),
)
# Corners of Nanning where there is none yet, what for, and how many want it.
MISSED = (
    (450103, Point(22.8312, 108.3941), "凤岭北金龙路口", (Facility.HOT_WATER, Facility.TOILET), 46, None),
    (450107, Point(22.8466, 108.2907), "安吉大道地铁站", (Facility.SEATS, Facility.CHARGING), 31, "planned"),
    (450105, Point(22.7716, 108.3329), "富宁建材市场门口", (Facility.TOILET,), 17, None),
    (450102, Point(22.8437, 108.3208), "朝阳路公交站", (Facility.AIR_CONDITIONING,), 8, "declined"),
    (450108, None, "大沙田物流园", (Facility.SHOWER, Facility.MICROWAVE), 12, "considered"),
)
SUPPORTERS = 48
REASONS = {
    SuggestionState.PLANNED: "明年上半年动工，地方已经看好了。",
    SuggestionState.DECLINED: "三百米外的朝阳广场驿站刚扩建，先到那里歇脚。",
}


async def add_reports(stations: list[DemoStation], desk_id: UUID, officer: Actor) -> None:
    """All of it, once."""
    if await sql.value("SELECT EXISTS (SELECT FROM door)"):
        return
    doors = [station for station in stations if station.unattended][: len(CODES)]
    await _add_doors(doors)
    await _add_faults(doors[0].id, officer)
    await _add_faults(desk_id, officer)
    await _add_suggestions(officer)


async def _add_doors(doors: list[DemoStation]) -> None:
    dice = random.Random("visits")  # noqa: S311 (plausible, not secret)
    today, records = clock.today(), []
    for station, code in zip(doors, CODES, strict=True):
        await sql.run(
            "INSERT INTO door (id, station_id, code, made_at) VALUES ($1, $2, $3, $4)",
            new_id(),
            station.id,
            code,
            clock.now(),
        )
        for day in (today - timedelta(days=n) for n in range(7 * WEEKS)):
            records += [
                (new_id(), station.id, station.region_code, day, kind.value, max(1, round(dice.gauss(usual, 2))))
                for kind, usual in BUSY.items()
            ]
    await sql.copy("visit_day", ("id", "station_id", "region_code", "day", "occupation", "visits"), records)


async def _add_faults(station_id: UUID, officer: Actor) -> None:
    photo = await made_small(_drawn())
    for days, (thing, voices, step) in enumerate(SAID):
        with clock.travel(-timedelta(days=days, hours=2)):
            fault_id = await _say(station_id, thing, voices, photo)
        if step:
            await {"start": faults.start, "fix": faults.fix}[step](actor=officer, fault_id=fault_id)


async def _say(station_id: UUID, thing: Thing, voices: tuple[str, ...], photo: Picture) -> UUID:
    """Several people say the same; the first photographs a water dispenser."""
    for number, words in enumerate(voices):
        await faults.say_broken(
            actor=VISITOR,
            station_id=station_id,
            thing=thing,
            words=words,
            photo=photo if thing is Thing.HOT_WATER and not number else None,
            request_key=new_id().hex,
        )
    fault_id: UUID = await sql.value(
        "SELECT id FROM fault WHERE station_id = $1 AND thing = $2 ORDER BY id DESC", station_id, thing
    )
    return fault_id


def _drawn() -> bytes:
    """A water dispenser whose light is off, as far as rectangles go."""
    picture = Image.new("RGB", (960, 720), "#d9cfc0")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 560, 960, 720), fill="#b39d83")
    draw.rounded_rectangle((330, 90, 630, 640), 24, fill="#f4f1ea", outline="#8f877c", width=6)
    draw.rounded_rectangle((380, 10, 580, 150), 40, fill="#a9cfe6", outline="#6f9ab3", width=6)
    draw.rectangle((370, 250, 590, 400), fill="#c9c2b6")
    for left, colour in ((400, "#a3201b"), (520, "#2c5c88")):
        draw.rectangle((left, 250, left + 40, 300), fill=colour)
    for left in (430, 480, 530):
        draw.ellipse((left, 190, left + 18, 208), fill="#5d564d")
    draw.rectangle((380, 470, 580, 600), outline="#8f877c", width=5)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


async def _add_suggestions(officer: Actor) -> None:
    people = [row["id"] for row in await sql.rows("SELECT id FROM person ORDER BY id LIMIT $1", SUPPORTERS)]
    for region, point, landmark, wants, wished, state in MISSED:
        if not people:
            return
        workers = [Actor("worker", person_id) for person_id in people[:wished]]
        where = Where(region, landmark, point)
        made = await suggestions.propose(actor=workers[0], where=where, wants=wants, request_key=new_id().hex)
        for worker in workers[1:]:
            await suggestions.support(actor=worker, suggestion_id=made)
        if state:
            decision = SuggestionState(state)
            await suggestions.decide(
                actor=officer, suggestion_id=made, state=decision, reason=REASONS.get(decision, "")
            )
