"""One line of a members file: its columns, and every mistake in it named at its cell.

What is said of a mistake never repeats the cell: it is kept in plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from server.errors import Invalid
from server.kit.phone import read_phone
from server.kit.text import N_, clean, half_width
from server.membership.identity import DOCUMENT_NAMES, Document, Identity, Sex, read_identity, read_name
from server.membership.import_unions import UnionFinder
from server.stations.import_cells import (
    MISSING,
    TOO_LONG,
    CellError,
    CellUnusableError,
    Column,
    headers_of,
    read_date,
    unguarded,
)

BAD_DOCUMENT = N_("没有这种证件，可以写：%(choices)s。")
BAD_PHONE = N_("这不是手机号。请写 11 位手机号，港澳号码前面写 +852 或 +853。")
BAD_DATE = N_("这不是日期，请写成 2027-01-18 这样。")
BAD_SEX = N_("请写“男”或“女”。")
BAD_MEMBER_NUMBER = N_("会员号是 6 到 12 位数字。没有会员号就空着，导入时给新号。")
SEX_NEEDED = N_("用这种证件要填性别。")
DIGITS_LOST = N_("表格软件把这一格当成数字，末几位丢了。请把这一列设成“文本”，再照证件填一遍。")
JOINED_WHEN = N_("入会日期不能比出生早，也不能比今天晚。")

COLUMNS = (
    Column("union_code", N_("工会代码"), others=("工会编号", "所属工会代码")),
    Column("union_name", N_("工会名称"), others=("工会", "所属工会", "所在工会", "基层工会"), most=100),
    Column("name", N_("姓名"), required=True, others=("会员姓名",)),
    Column("document", N_("证件类型"), others=("证件种类",)),
    Column(
        "document_number",
        N_("证件号"),
        required=True,
        others=("证件号码", "身份证", "身份证号", "身份证号码", "公民身份号码"),
    ),
    Column("phone", N_("手机号"), others=("手机", "手机号码", "电话", "联系电话")),
    Column("joined", N_("入会日期"), others=("入会时间",)),
    Column("member_number", N_("会员号"), others=("会员编号", "会员证号", "会员卡号")),
    Column("employer", N_("单位"), others=("工作单位", "用人单位", "单位名称"), most=100),
    Column("birth", N_("出生日期"), others=("出生年月日", "生日")),
    Column("sex", N_("性别")),
)
TITLES = {column.key: column.title for column in COLUMNS}
HEADERS = headers_of(COLUMNS)
REQUIRED = ("name", "document_number")  # without them a line is no header

SHORT_NAMES = {
    "居民身份证": Document.ID_CARD,
    "回乡证": Document.HOME_RETURN_PERMIT,
    "港澳居民来往内地通行证": Document.HOME_RETURN_PERMIT,
    "台胞证": Document.TAIWAN_PERMIT,
    "台湾居民来往大陆通行证": Document.TAIWAN_PERMIT,
    "居住证": Document.RESIDENCE_PERMIT,
    "护照": Document.PASSPORT,
}
DOCUMENTS = {
    **{document.value: document for document in Document},
    **{half_width(name): document for document, name in DOCUMENT_NAMES.items()},
    **SHORT_NAMES,
}
SEXES: dict[str, Sex] = {
    **dict.fromkeys(("男", "男性", "male", "m"), "male"),
    **dict.fromkeys(("女", "女性", "female", "f"), "female"),
}
# Other documents say neither the day of birth nor the sex.
SAY_IT_ALL = (Document.ID_CARD, Document.RESIDENCE_PERMIT)
# Where a refusal of the identity's rules stands in the file.
PLACES = {"name": "name", "number": "document_number", "birth": "birth"}
# Cells that are read together, once each of them is well written.
UNION = {"union_code", "union_name"}
IDENTITY = {"name", "document", "document_number", "birth", "sex", "joined"}
LOST_DIGITS = re.compile(r"\d(?:\.\d+)?E\+\d+|\d{15}000", re.IGNORECASE)
MEMBER_NUMBER = re.compile(r"[0-9]{6,12}")
SEPARATORS = re.compile(r"[ -]")


@dataclass(frozen=True)
class MemberRow:
    """A member as a file describes one; what is None or empty is not said."""

    line: int
    union_id: UUID
    identity: Identity
    phone: str | None
    joined_on: date | None
    number: str | None
    employer: str


class RowReader:
    """Turns the cells of one file into rows."""

    def __init__(self, unions: UnionFinder, today: date) -> None:
        self.unions = unions
        self.today = today

    def read(self, line: int, cells: dict[str, str]) -> MemberRow | list[CellError]:
        """A row, or all mistakes of this line."""
        errors: list[CellError] = []
        values: dict[str, Any] = {}
        for column in COLUMNS:
            try:
                values[column.key] = _cell(column, unguarded(clean(cells.get(column.key, ""))))
            except CellUnusableError as error:
                errors.append(CellError(line, column.title, error.message, error.params))
        for key, needed, find in (("union_id", UNION, self._union), ("identity", IDENTITY, self._identity)):
            try:
                if needed <= values.keys():
                    values[key] = find(values)
            except _WrongTogetherError as error:
                errors.append(CellError(line, TITLES[error.key], error.message, {}))
        if errors:
            return errors
        return MemberRow(
            line,
            values["union_id"],
            values["identity"],
            values["phone"],
            values["joined"],
            values["member_number"],
            values["employer"],
        )

    def _union(self, values: dict[str, Any]) -> UUID:
        code, name = values["union_code"], values["union_name"]
        found = self.unions.find(code, name)
        if isinstance(found, UUID):
            return found
        raise _WrongTogetherError("union_code" if code or not name else "union_name", found)

    def _identity(self, values: dict[str, Any]) -> Identity:
        document, number = values["document"], values["document_number"]
        birth, sex, joined = values["birth"], values["sex"], values["joined"]
        if document not in SAY_IT_ALL and sex is None:
            raise _WrongTogetherError("sex", SEX_NEEDED)
        try:
            found = read_identity(
                name=values["name"], document=document, number=number, birth=birth, sex=sex, today=self.today
            )
        except Invalid as error:
            lost = error.field == "number" and LOST_DIGITS.fullmatch(number)
            raise _WrongTogetherError(PLACES[error.field], DIGITS_LOST if lost else error.text) from None
        if joined and not found.birth < joined <= self.today:
            raise _WrongTogetherError("joined", JOINED_WHEN)
        return found


class _WrongTogetherError(ValueError):
    """Cells that are each well written and do not go together; told at one of them."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


def _cell(column: Column, text: str) -> Any:
    if not text and column.required:
        raise CellUnusableError(MISSING)
    if len(text) > column.most:
        raise CellUnusableError(TOO_LONG, most=column.most)
    read = READERS.get(column.key)
    return read(text) if read else text


def _name(text: str) -> str:
    try:
        return read_name(text)
    except Invalid as error:
        raise CellUnusableError(error.text) from None


def _document(text: str) -> Document:
    if not text:
        return Document.ID_CARD
    document = DOCUMENTS.get(half_width(text).lower())
    if document is None:
        raise CellUnusableError(BAD_DOCUMENT, choices="、".join(DOCUMENT_NAMES.values()))
    return document


def _phone(text: str) -> str | None:
    phone = read_phone(text) if text else None
    if text and phone is None:
        raise CellUnusableError(BAD_PHONE)
    return phone


def _date(text: str) -> date | None:
    try:
        return read_date(text) if text else None
    except ValueError:
        raise CellUnusableError(BAD_DATE) from None


def _member_number(text: str) -> str | None:
    number = SEPARATORS.sub("", half_width(text))
    if number and not MEMBER_NUMBER.fullmatch(number):
        raise CellUnusableError(BAD_MEMBER_NUMBER)
    return number or None


def _sex(text: str) -> Sex | None:
    if text and text.lower() not in SEXES:
        raise CellUnusableError(BAD_SEX)
    return SEXES.get(text.lower())


READERS: dict[str, Callable[[str], Any]] = {
    "name": _name,
    "document": _document,
    "phone": _phone,
    "joined": _date,
    "member_number": _member_number,
    "birth": _date,
    "sex": _sex,
}
