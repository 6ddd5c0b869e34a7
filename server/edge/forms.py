"""Reading forms: what was typed is kept, every mistake is named at its field.

A form is a msgspec Struct. Each field is read on its own, so all mistakes show at once:

    class BookForm(msgspec.Struct):
        phone: Annotated[str, Meta(max_length=24, extra={"missing": N_("请填手机号")})]
        note: Annotated[str, Meta(max_length=200)] = ""
        days: list[int] = []

Text is cleaned (NFC, one line, no control characters), an empty optional field takes its default, a
checkbox's `on` is true, a single value fills a list, a day lies in the calendar that we count with. `extra`
may hold `missing` and `invalid` messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from litestar import Request
from msgspec.structs import FieldInfo, fields

from server.edge.i18n import _
from server.kit.clock import FIRST_DAY, LAST_DAY
from server.kit.text import N_, clean

T = TypeVar("T", bound=msgspec.Struct)
MISSING = N_("这一项要填。")
WRONG = N_("这一项填得不对，请改一下。")
LONG = N_("写得太长了，请短一点。")
LONGEST = 10_000


@dataclass(frozen=True)
class FieldError:
    """A mistake in words, and the field it belongs to ("" for the whole form)."""

    field: str
    message: str


@dataclass(frozen=True)
class Form(Generic[T]):
    """`value` is None exactly when there are `errors`; `raw` is what was typed, to be shown again."""

    value: T | None
    errors: list[FieldError]
    raw: dict[str, Any]

    def error(self, name: str) -> str:
        """The message at a field, or an empty string."""
        return next((e.message for e in self.errors if e.field == name), "")


async def read_form(request: Request[Any, Any, Any], shape: type[T]) -> Form[T]:
    """The request's form as a `shape`."""
    sent = await request.form()
    return read_fields({name: sent.getall(name) for name in sent}, shape)


def read_query(request: Request[Any, Any, Any], shape: type[T]) -> Form[T]:
    """The query string as a `shape`: search pages are forms too."""
    query = request.query_params
    return read_fields({name: query.getall(name) for name in query}, shape)


def read_fields(sent: dict[str, list[Any]], shape: type[T]) -> Form[T]:
    """Values by field name as a `shape`."""
    hints = _hints(shape)
    values: dict[str, Any] = {}
    raw: dict[str, Any] = {}
    errors: list[FieldError] = []
    for info in _fields(shape):
        hint = hints[info.name]
        typed = [_clean(v) for v in sent.get(info.encode_name, [])]
        given = [v for v in typed if v != ""]
        raw[info.name] = (given if _is_list(hint) else given[-1]) if given else ([] if _is_list(hint) else "")
        error = _read_one(info, hint, raw[info.name], values)
        if error:
            errors.append(FieldError(info.encode_name, error))
    return Form(None if errors else shape(**values), errors, raw)


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    return fields(shape)


@cache
def _hints(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """A form's annotations, read once: each of them is compiled."""
    return get_type_hints(shape, include_extras=True)


def _read_one(info: FieldInfo, hint: Any, given: Any, values: dict[str, Any]) -> str:
    texts = _texts(hint)
    if given in ("", []):
        return _(texts.get("missing", MISSING)) if info.required else ""
    if _bare(hint) is bool:
        given = given in ("on", "true", "1", "yes")
    try:
        value = msgspec.convert(given, hint, strict=False)
    except msgspec.ValidationError as error:
        too_long = isinstance(given, str) and "length <=" in str(error)
        return _(texts.get("invalid", LONG if too_long else WRONG))
    if isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY:
        return _(texts.get("invalid", WRONG))
    values[info.name] = value
    return ""


def _clean(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\ufffd", "")
    return clean(text) if len(text) <= LONGEST else text[: LONGEST + 1]


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint


def _is_list(hint: Any) -> bool:
    return get_origin(_bare(hint)) is list


def _texts(hint: Any) -> dict[str, str]:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra:
            return dict(meta.extra)
    return {}
