"""What waits for the demo's reviewers: applications plain and doubtful, an appeal, and a member who wants to move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from server.db import sql
from server.demo import invented
from server.demo.invented import made_id
from server.demo.joining import Rows
from server.demo.unions import DemoUnion, unions
from server.kit import clock
from server.kit.crypto import vault
from server.membership.identity import Identity
from server.membership.rules import ANSWER_TIME
from server.membership.sealing import APPEAL

HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
FEW = 6  # so many waiting applications are left to look at; below, new ones come with the next day's start
PEOPLE = 20_000  # numbers behind everybody of the drive
A_DAY = 40
TRANSFER_COLUMNS = (
    "id", "member_id", "from_union_id", "to_union_id", "state", "employer", "reason", "asked_at", "answer_by",
)  # fmt: skip
APPEAL_WORDS = "我从三月起就在这个工地绑钢筋，班组长可以作证，请再查一下。"
REFUSAL = "没查到您在这里干活，请联系您单位所在地的工会。"


@dataclass(frozen=True)
class Letter:
    """An application: at which union, sent how many hours ago, and what a reviewer should look at twice."""

    union: str
    hours: float
    doubt: str = ""
    employer: str = ""


LETTERS = (
    Letter("nanning-metro", 0.4, employer="南宁地铁凤岭工地"),
    Letter("nanning-metro", 1.2, employer="南宁地铁凤岭工地"),
    Letter("nanning-metro", 3, "minor", "南宁地铁凤岭工地"),
    Letter("nanning-home", 5, employer="凤岭服装厂"),
    Letter("street-450103", 8),
    Letter("street-450203", 20, "twin"),
    Letter("street-450303", 26, employer="漓江外卖站"),
    Letter("street-450903", 31, "phone"),
    Letter("nanning-metro", 44, "claim", "南宁地铁凤岭工地"),
    Letter("holding-451200", 52, employer="河池快递"),
    Letter("street-450403", 70, "appeal"),
    Letter("holding-450500", 126, employer="北海海鲜市场"),
    Letter("dongguan-electronics", 2, employer="长安电子厂"),
    Letter("dongguan-electronics", 6, "minor", "长安电子厂"),
    Letter("shenzhen-site", 28, employer="宝安机场工地"),
)
# From where to where somebody wants to move; asked two days ago.
MOVES = (("dongguan-electronics", "nanning-metro"), ("nanning-metro", "shenzhen-site"))
GUEST = "nanning-metro"


async def add_post(guest_id: UUID) -> None:
    """New post where little is left of it, once a day; and the guest, whose phone a visitor may try, has a card."""
    today = clock.today()
    if await sql.value("SELECT EXISTS (SELECT FROM application WHERE id = $1)", made_id(f"letter-{today}-0")):
        return
    if await sql.value("SELECT count(*) FROM application WHERE state IN ('submitted', 'appealed')") >= FEW:
        return
    rows, known = Rows(), {union.key: union for union in unions()}
    first = PEOPLE + (today - date(2026, 1, 1)).days * A_DAY
    for place, letter in enumerate(LETTERS):
        _write(rows, first + 2 * place, letter, known[letter.union], f"letter-{today}-{place}")
    moves = [
        _move(rows, first + 2 * len(LETTERS) + place, known[origin], known[to])
        for place, (origin, to) in enumerate(MOVES)
    ]
    if not await sql.value("SELECT EXISTS (SELECT FROM member WHERE person_id = $1)", guest_id):
        _enter(rows, first + A_DAY - 1, known[GUEST], guest_id)
    async with sql.transaction():
        await invented.write(
            people=rows.people, members=rows.members, applications=rows.applications, events=rows.events
        )
        await sql.copy("transfer", TRANSFER_COLUMNS, moves)


def _write(rows: Rows, number: int, letter: Letter, union: DemoUnion, key: str) -> None:
    """One application; the number after it is for whoever raises the doubt."""
    sent_at = clock.now() - letter.hours * HOUR
    birth = clock.today() - 17.5 * YEAR if letter.doubt == "minor" else invented.grown_up(number, clock.today())
    who = invented.identity(number, birth, union.region_code)
    application_id = made_id(key)
    state, kind = ("appealed" if letter.doubt == "appeal" else "submitted"), "join"
    rows.people.append(invented.person_row(number, sent_at, is_member=False))
    match letter.doubt:
        case "twin":
            rows.people.append(invented.person_row(number + 1, sent_at - 9 * HOUR, is_member=False))
            _apply(rows, number + 1, letter, union, who, made_id(f"{key}-twin"), ("join", "withdrawn", 30))
        case "phone":
            _enter(rows, number + 1, union, None, phone=invented.phone(number))
        case "claim":
            _enter(rows, number, union, None, who=who)
            kind = "claim"
    _apply(rows, number, letter, union, who, application_id, (kind, state, letter.hours))


def _apply(  # noqa: PLR0917 (the parts of one application)
    rows: Rows,
    number: int,
    letter: Letter,
    union: DemoUnion,
    who: Identity,
    application_id: UUID,
    standing: tuple[str, str, float],
) -> None:
    kind, state, hours = standing
    sent_at = clock.now() - hours * HOUR
    sealed, _, index = invented.sealed_identity(who)
    appealed, by = state == "appealed", "poster" if letter.employer else "place"
    decided_at = sent_at + 30 * HOUR if appealed else None
    rows.applications.append(
        (
            application_id, made_id(f"person-{number}"), kind, state, union.id, by,
            sealed, index, letter.employer, union.region_code, [], REFUSAL if appealed else "",
            vault().seal(APPEAL_WORDS, APPEAL) if appealed else None, made_id("reviewer below") if appealed else None,
            sent_at, sent_at, sent_at, decided_at,
        )
    )  # fmt: skip
    rows.note(sent_at, "application", application_id, "submitted", union.id, None)
    if decided_at:
        rows.note(decided_at, "application", application_id, "rejected", union.id, made_id("reviewer below"), REFUSAL)
        rows.note(decided_at + HOUR, "application", application_id, "appealed", union.id, None)
    if state == "withdrawn":
        rows.note(sent_at + HOUR, "application", application_id, "withdrawn", union.id, None)


def _enter(
    rows: Rows,
    number: int,
    union: DemoUnion,
    person_id: UUID | None,
    *,
    phone: str = "",
    who: Identity | None = None,
    state: str = "active",
) -> UUID:
    """Somebody in the register since two years ago."""
    at, today = clock.now() - 2 * YEAR, clock.today()
    who = who or invented.identity(number, invented.grown_up(number, today), union.region_code)
    member_id = made_id(f"member-{number}")
    rows.members.append(
        (
            member_id, invented.member_number(union.region_code // 10_000, number), person_id, union.id, state,
            *invented.sealed_identity(who), *invented.sealed_phone(phone), union.works_at, clock.local(at).date(), 1,
            None, person_id is None, at,
        )
    )  # fmt: skip
    rows.note(at, "member", member_id, "joined" if person_id else "imported", union.id, None)
    return member_id


def _move(rows: Rows, number: int, origin: DemoUnion, to: DemoUnion) -> Sequence[Any]:
    """A member who works elsewhere now; a line of TRANSFER_COLUMNS."""
    person = invented.person_row(number, clock.now() - 2 * YEAR, is_member=True)
    rows.people.append(person)
    member_id = _enter(rows, number, origin, person[0], state="transferring")
    transfer_id, asked_at = made_id(f"transfer-{number}"), clock.now() - 47 * HOUR
    rows.note(asked_at, "transfer", transfer_id, "requested", to.id, None)
    return (
        transfer_id, member_id, origin.id, to.id, "requested", to.works_at, "", asked_at, asked_at + ANSWER_TIME,
    )  # fmt: skip
