"""People who do not exist: common names, ID numbers that nobody can have, phones that read as examples."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from stdnum import luhn
from stdnum.cn import ric

from server.db import sql
from server.kit.crypto import vault
from server.membership.identity import Document, Identity, Sex, document_index, name_index, seal_identity
from server.people.queries import PHONE
from server.stations.divisions import find_place

NAMESPACE = UUID("3d1c6a52-8c0e-4b7e-9d53-6f6e0c4f2a17")
FAMILIES = "韦黄覃莫梁陆蒙农李陈罗潘岑唐廖"
GIVEN: dict[Sex, tuple[str, ...]] = {
    "female": ("秀英", "美兰", "小梅", "玉珍", "海燕", "丽萍", "春花", "彩云", "月娥", "桂香"),
    "male": ("大山", "建国", "志强", "德明", "有福", "家兴", "国栋", "水生", "福贵", "永康"),
}
# An ID card's number begins with the province where it was issued: no province has 99, so nobody has these numbers.
NOWHERE = "99"
MEMBER_COLUMNS = (
    "id", "number", "person_id", "union_id", "state", "identity_sealed", "name_index", "document_index",
    "phone_sealed", "phone_index", "employer", "joined_on", "card_version", "left_at", "imported", "created_at",
)  # fmt: skip
APPLICATION_COLUMNS = (
    "id", "person_id", "kind", "state", "union_id", "chosen_by", "identity_sealed", "document_index", "employer",
    "region_code", "fields_wrong", "reason", "appeal_sealed", "decided_by", "created_at", "saved_at", "submitted_at",
    "decided_at",
)  # fmt: skip
EVENT_COLUMNS = ("id", "at", "subject", "subject_id", "step", "union_id", "actor_kind", "actor_id", "reason")
PERSON_COLUMNS = ("id", "phone_index", "phone_sealed", "phone_tail", "locale", "is_member", "created_at")


def made_id(key: str) -> UUID:
    """The id of what is known by this key, the same each time."""
    return uuid5(NAMESPACE, key)


def identity(number: int, birth: date, region_code: int) -> Identity:
    """The person of this number: another name and document for each."""
    dice = random.Random(number)  # noqa: S311 (plausible, not secret)
    sex: Sex = dice.choice(("male", "female"))
    body = f"{NOWHERE}{region_code % 10_000:04d}{birth:%Y%m%d}{(2 * number + (sex == 'male')) % 1000:03d}"
    name = dice.choice(FAMILIES) + dice.choice(GIVEN[sex])
    return Identity(name, Document.ID_CARD, body + ric.calc_check_digit(f"{body}0"), birth, sex, _origin(region_code))


@cache
def _origin(region_code: int) -> str:
    place = find_place(region_code)
    return place.full_name if place else ""


def grown_up(number: int, today: date) -> date:
    """A day of birth between 20 and 52 years ago; whose numbers look alike were not born on the same day."""
    return today - timedelta(days=20 * 365 + number * 2_731 % 11_680)


def phone(number: int) -> str:
    """A number range that reads as an example; behind those of the desk's guests."""
    return f"+86138{10_000 + number:08d}"


def member_number(province: int, number: int) -> str:
    """A member number that no other `number` gives."""
    body = f"{province:02d}{(number + 1) * 104_729 % 10**9:09d}"
    return body + luhn.calc_check_digit(body)


def person_row(number: int, at: datetime, *, is_member: bool) -> tuple[Any, ...]:
    """A line of PERSON_COLUMNS."""
    typed = phone(number)
    sealed, index = sealed_phone(typed)
    return (made_id(f"person-{number}"), index, sealed, typed[-4:], "zh_CN", is_member, at)


def sealed_phone(typed: str) -> tuple[bytes | None, str | None]:
    """Sealed, with its index; nothing where there is no phone."""
    return (vault().seal(typed, PHONE), vault().index(typed, PHONE)) if typed else (None, None)


def sealed_identity(who: Identity) -> tuple[bytes, str, str]:
    """Sealed, with the indexes of name and document."""
    return seal_identity(who), name_index(who.name), document_index(who)


async def write(
    *,
    people: Iterable[tuple[Any, ...]] = (),
    members: Iterable[tuple[Any, ...]] = (),
    applications: Iterable[tuple[Any, ...]] = (),
    events: Iterable[tuple[Any, ...]] = (),
) -> None:
    """Rows of the columns above; the events last, since they are counted by what they are about."""
    await sql.copy("person", PERSON_COLUMNS, list(people))
    await sql.copy("member", MEMBER_COLUMNS, list(members))
    await sql.copy("application", APPLICATION_COLUMNS, list(applications))
    await sql.copy("membership_event", EVENT_COLUMNS, list(events))
