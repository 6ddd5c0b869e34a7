"""Who may sign in to the demo, and a day's bookings for its desk: invented people, plainly so."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp

from server.bookings import desk
from server.bookings.errors import AlreadyChanged
from server.bookings.models import ServiceKind
from server.bookings.service import book_slot
from server.db import sql
from server.demo.unions import federation
from server.errors import AppError
from server.kit import clock
from server.people.actors import Actor, GrantHeld
from server.people.models import Person, Role
from server.people.service import ensure_person, set_name
from server.people.staff import create_staff

GUANGXI, GUANGDONG = 450000, 440000
OPENING_HOUR = timedelta(hours=7)
NAMES = ("小李", "老韦", "阿兰", "黄师傅", "小莫", "覃姐", "老陆", "阿强")
PHONE = "+861380000{:04d}"  # a number range that reads as an example
VISIT = timedelta(minutes=20)


@dataclass(frozen=True)
class DemoStaff:
    """A staff account whose password and key are public, since everything behind it is invented."""

    login: str
    name: str
    what: str
    password: str
    totp_secret: str
    grant: GrantHeld


def staff(desk_id: UUID) -> tuple[DemoStaff, ...]:
    """The demo's staff, all with fixed sign-ins."""
    return (
        DemoStaff(
            "desk",
            "前台小韦",
            "职工之家前台（站长）",
            "demo-desk-2027",
            "NJDESK22NJDESK22NJDESK22NJDESK22",
            GrantHeld(Role.MANAGER, station_id=desk_id),
        ),
        DemoStaff(
            "guangxi",
            "广西管理员",
            "广西片区管理员",
            "demo-guangxi-2027",
            "NJGUANGXI2222222NJGUANGXI2222222",
            GrantHeld(Role.OFFICER, region_code=GUANGXI),
        ),
        DemoStaff(
            "hub",
            "驻粤总站管理员",
            "广东片区管理员",
            "demo-hub-2027",
            "NJHUB222NJHUB222NJHUB222NJHUB222",
            GrantHeld(Role.OFFICER, region_code=GUANGDONG),
        ),
        DemoStaff(
            "reviewer",
            "广西审核员",
            "广西总工会审核员",
            "demo-reviewer-2027",
            "NJREVIEW2NJREVIEW2NJREVIEW2NJREV",
            GrantHeld(Role.REVIEWER, union_id=federation(GUANGXI).id),
        ),
        DemoStaff(
            "reviewer-gd",
            "广东审核员",
            "广东总工会审核员",
            "demo-reviewer-gd-2027",
            "NJREVIEWGDNJREVIEWGDNJREVIEWGDNJ",
            GrantHeld(Role.REVIEWER, union_id=federation(GUANGDONG).id),
        ),
        DemoStaff(
            "auditor",
            "审计员",
            "广西片区审计",
            "demo-auditor-2027",
            "NJAUDIT2NJAUDIT2NJAUDIT2NJAUDIT2",
            GrantHeld(Role.AUDITOR, region_code=GUANGXI),
        ),
    )


async def add_staff(accounts: tuple[DemoStaff, ...]) -> None:
    """Make the accounts that do not exist yet."""
    found = await sql.rows("SELECT login FROM staff WHERE login = ANY($1)", [account.login for account in accounts])
    known = {row["login"] for row in found}
    for account in accounts:
        if account.login not in known:
            await create_staff(
                login=account.login,
                display_name=account.name,
                password=account.password,
                grants=[account.grant],
                totp_secret=account.totp_secret,
            )


def sign_ins(accounts: tuple[DemoStaff, ...]) -> list[str]:
    """One line per account, with the six digits that hold right now."""
    line = "{0.what}：登录名 {0.login}  密码 {0.password}  动态码 {1}（密钥 {0.totp_secret}）"
    return [line.format(account, pyotp.TOTP(account.totp_secret).now()) for account in accounts]


async def add_day(desk_id: UUID) -> None:
    """A handful of bookings at the desk for today, once a day: some done, some to come, some to be answered."""
    today = clock.today()
    if await sql.value("SELECT EXISTS (SELECT FROM booking WHERE request_key = $1)", f"demo-{today}-0"):
        return
    people = [await worker(number) for number in range(len(NAMES))]
    slots = await _slots(desk_id)
    with early():
        for number, (slot, person) in enumerate(zip(slots, people, strict=False)):
            await _book(slot["id"], person, f"demo-{today}-{number}")
    await _live_the_day(desk_id, await desk_actor(desk_id))


async def officer() -> Actor:
    """Whoever sees to all of Guangxi."""
    return Actor(
        "staff",
        await sql.value("SELECT id FROM staff WHERE login = 'guangxi'"),
        grants=(GrantHeld(Role.OFFICER, region_code=GUANGXI),),
    )


async def reviewers() -> dict[int, UUID]:
    """The accounts that decide applications, by the province where they do."""
    logins = {"reviewer": GUANGXI, "reviewer-gd": GUANGDONG}
    found = await sql.rows("SELECT login, id FROM staff WHERE login = ANY($1)", list(logins))
    return {logins[row["login"]]: row["id"] for row in found}


async def guest_id() -> UUID:
    """The worker whose phone number a visitor may sign in with and find a member."""
    return (await ensure_person(PHONE.format(1), "zh_CN"))[0]


def early() -> AbstractContextManager[None]:
    """The clock as it stood when the station's people came to work, or now where that is earlier."""
    now = clock.now()
    return clock.travel(min(clock.at(clock.today(), 0) + OPENING_HOUR - now, timedelta()))


async def worker(number: int) -> Actor:
    """One of the demo's invented workers."""
    person_id, is_new = await ensure_person(PHONE.format(number + 1), "zh_CN")
    actor = Actor("worker", person_id, is_member=number == 0)
    if is_new:
        await set_name(actor, f"演示·{NAMES[number]}")
        await Person.filter(id=person_id).update(is_member=actor.is_member)
    return actor


async def _slots(desk_id: UUID) -> list[Any]:
    """Every third haircut of today, then requests for advice: one today, two tomorrow."""
    found = await sql.rows(
        """SELECT s.id, s.starts_at, o.service, s.starts_at < $3 AS today
        FROM slot s JOIN offering o ON o.id = s.offering_id
        WHERE s.station_id = $1 AND s.starts_at >= $2 AND s.starts_at < $4 AND NOT s.closed ORDER BY s.starts_at""",
        desk_id,
        clock.at(clock.today(), 0),
        clock.at(clock.today(), 1440),
        clock.at(clock.today() + timedelta(days=1), 1440),
    )
    cuts = [row for row in found if row["service"] == ServiceKind.HAIRCUT and row["today"]]
    advice = [row for row in found if row["service"] == ServiceKind.LEGAL_ADVICE]
    return [*cuts[::3], *[row for row in advice if row["today"]][-1:], *[row for row in advice if not row["today"]][:2]]


async def _book(slot_id: UUID, person: Actor, key: str) -> None:
    try:
        await book_slot(actor=person, slot_id=slot_id, request_key=key)
    except AppError:
        return  # somebody else took it: the day is not empty then either


async def desk_actor(desk_id: UUID) -> Actor:
    """Whoever sits at the desk."""
    account = staff(desk_id)[0]
    staff_id = await sql.value("SELECT id FROM staff WHERE login = $1", account.login)
    return Actor("staff", staff_id, display_name=account.name, grants=(account.grant,))


async def _live_the_day(desk_id: UUID, actor: Actor) -> None:
    """What began already was attended, but for one who did not come."""
    now = clock.now()
    begun = await sql.rows(
        """SELECT id, starts_at FROM booking WHERE station_id = $1 AND status = 'confirmed' AND starts_at < $2
        AND request_key LIKE 'demo-%' ORDER BY starts_at""",
        desk_id,
        now - VISIT,
    )
    for number, row in enumerate(begun):
        await _attend(actor, row["id"], row["starts_at"] - now, missed=number == 1)


async def _attend(actor: Actor, booking_id: UUID, ago: timedelta, *, missed: bool) -> None:
    try:
        with clock.travel(ago + VISIT):
            if missed:
                await desk.mark_no_show(actor=actor, booking_id=booking_id)
            else:
                await desk.mark_served(actor=actor, booking_id=booking_id)
    except AlreadyChanged:
        return
