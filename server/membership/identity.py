"""Who somebody is: a name and a document, read as people type them and checked. Pure but for the keys.

The ID card's number (GB 11643-1999) says where it was first issued, the day of birth and the sex; for other
documents these are asked.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Literal

import msgspec
from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.util import clean as strip

from server.kit.crypto import vault
from server.kit.text import N_, clean, half_width
from server.membership.errors import BirthWrong, DocumentWrong, IdCardWrong, NameWrong, SexMissing, TooYoung
from server.membership.sealing import IDENTITY
from server.stations.divisions import find_place

ID_CARD = re.compile(r"[0-9]{17}[0-9X]")
LEAST_AGE = 16
ADULT_AGE = 18
GREATEST_AGE = 100
LONGEST_NAME = 40
DOTS = re.compile(r"\s*[·•‧・･∙⋅.．]\s*")
HAN_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af〇]+(?:·[\u3400-\u9fff\U00020000-\U000323af〇]+)*")
LATIN_NAME = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]+(?:[ '’·-]+[A-Za-zÀ-ɏḀ-ỿ]+)*\.?")
NAME_SEPARATORS = " -–—_"
Sex = Literal["male", "female"]


class Document(StrEnum):
    """What shows who somebody is."""

    ID_CARD = "id_card"
    HOME_RETURN_PERMIT = "home_return_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    RESIDENCE_PERMIT = "residence_permit"
    PASSPORT = "passport"


SHAPES = {
    Document.HOME_RETURN_PERMIT: re.compile(r"[HM][0-9]{8}"),
    Document.TAIWAN_PERMIT: re.compile(r"[0-9]{8}"),
    Document.RESIDENCE_PERMIT: re.compile(r"8[123]0000[0-9]{11}[0-9X]"),
    Document.PASSPORT: re.compile(r"(?=.*[0-9])[A-Z0-9]{6,12}"),
}
DOCUMENT_NAMES = {
    Document.ID_CARD: N_("身份证"),
    Document.HOME_RETURN_PERMIT: N_("港澳居民来往内地通行证（回乡证）"),
    Document.TAIWAN_PERMIT: N_("台湾居民来往大陆通行证（台胞证）"),
    Document.RESIDENCE_PERMIT: N_("港澳台居民居住证"),
    Document.PASSPORT: N_("外国护照"),
}


class Identity(msgspec.Struct, frozen=True):
    """A person as the documents say. `origin` is where an ID card was first issued (籍贯), "" where unknown."""

    name: str
    document: Document
    number: str
    birth: date
    sex: Sex
    origin: str = ""

    def age(self, today: date) -> int:
        """Full years."""
        return today.year - self.birth.year - ((today.month, today.day) < (self.birth.month, self.birth.day))

    @property
    def origin_code(self) -> int | None:
        """The division where an ID card was first issued."""
        return int(self.number[:6]) if self.document is Document.ID_CARD else None

    @property
    def hidden_number(self) -> str:
        """What may stand on a screen: 4**************0."""
        return self.number[0] + "*" * (len(self.number) - 2) + self.number[-1]


def read_name(typed: str) -> str:
    """A name of Han characters, with · between its parts, or of Latin letters. Raises NameWrong."""
    name = clean(half_width(typed))
    latin = LATIN_NAME.fullmatch(name) is not None
    if not latin:
        name = DOTS.sub("·", name.replace(" ", "")).strip("·")
    if not 2 <= len(name) <= LONGEST_NAME or not (latin or HAN_NAME.fullmatch(name)):  # noqa: PLR2004 (李莉 is short)
        raise NameWrong(field="name")
    return name.rstrip(".") if latin else name


def read_identity(
    *, name: str, document: Document, number: str, birth: date | None, sex: Sex | None, today: date
) -> Identity:
    """Name and document as typed: full-width digits, spaces, hyphens and a small x do not matter.

    Raises NameWrong, IdCardWrong, DocumentWrong, BirthWrong, SexMissing, TooYoung.
    """
    plain = strip(half_width(number), NAME_SEPARATORS).upper()
    read = _of_id_card if document is Document.ID_CARD else _of_other_document
    found = read(read_name(name), document, plain, birth, sex)
    age = found.age(today)
    if age < LEAST_AGE and (found.birth <= today or document is not Document.ID_CARD):
        raise TooYoung(field="number" if document is Document.ID_CARD else "birth")
    if not 0 <= age <= GREATEST_AGE:
        raise IdCardWrong(field="number") if document is Document.ID_CARD else BirthWrong(field="birth")
    return found


def _of_id_card(name: str, document: Document, number: str, _birth: date | None, _sex: Sex | None) -> Identity:
    try:
        # The check digit is computed over a number that still carries one.
        if not ID_CARD.fullmatch(number) or ric.calc_check_digit(number) != number[-1]:
            raise IdCardWrong(field="number")
        birth = ric.get_birth_date(number)
    except (ValidationError, ValueError) as error:
        raise IdCardWrong(field="number") from error
    return Identity(name, document, number, birth, _sex_of(number), _origin(number))


def _sex_of(number: str) -> Sex:
    return "male" if int(number[16]) % 2 else "female"


def _origin(number: str) -> str:
    """The county of the first six digits, as it is called now or was once; "" where nobody knows it."""
    now = find_place(int(number[:6]))
    if now is not None:
        return now.full_name
    try:
        place: dict[str, str] = ric.get_birth_place(number)
    except (ValidationError, KeyError):  # the latter where the list knows only the province
        return ""
    return place["province"] + place["county"]


def _of_other_document(name: str, document: Document, number: str, birth: date | None, sex: Sex | None) -> Identity:
    if not SHAPES[document].fullmatch(number):
        raise DocumentWrong(field="number")
    if document is Document.RESIDENCE_PERMIT:
        if ric.calc_check_digit(number) != number[-1]:
            raise DocumentWrong(field="number")
        try:
            return Identity(name, document, number, ric.get_birth_date(number), _sex_of(number))
        except ValidationError as error:
            raise DocumentWrong(field="number") from error
    if birth is None:
        raise BirthWrong(field="birth")
    if sex is None:
        raise SexMissing(field="sex")
    return Identity(name, document, number, birth, sex)


def seal_identity(identity: Identity) -> bytes:
    """For the database."""
    return vault().seal(msgspec.json.encode(identity).decode(), IDENTITY)


def open_identity(sealed: bytes) -> Identity:
    """From the database."""
    return msgspec.json.decode(vault().open(sealed, IDENTITY), type=Identity)


def document_index(identity: Identity) -> str:
    """What a document is found by; an ID card is one wherever it is written down."""
    return vault().index(f"{identity.document} {identity.number}", "document")


def name_index(name: str) -> str:
    """What a name is found by, exactly."""
    return vault().index(name.casefold(), "member-name")
