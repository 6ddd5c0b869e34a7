"""Languages: the catalogs, read from locales/*.po once per process, and the reader's locale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "zh_CN"
LOCALES = Path(__file__).resolve().parents[2] / "locales"
# Begun, and not yet read by a native speaker: chosen by name only, never offered as complete.
AWAITING_REVIEW = frozenset({"za"})
_locale: ContextVar[str] = ContextVar("locale", default=SOURCE)


@cache
def languages() -> dict[str, str]:
    """Locale code → its own name, the source language first, languages that are only begun last."""
    codes = sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/messages.po"))
    codes.sort(key=lambda code: (code != SOURCE, code in AWAITING_REVIEW))
    return {code: _own_name(Locale.parse(code)) for code in codes}


def _own_name(locale: Locale) -> str:
    """What a language calls itself, with its script where it is written in several: 简体中文, 繁體中文."""
    scripted = locale.languages.get(f"{locale.language}_{locale.script}") if locale.script else None
    name = scripted or locale.get_language_name() or locale.language
    return name[:1].upper() + name[1:]


@cache
def _catalog(code: str) -> NullTranslations:
    path = LOCALES / code / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        parsed = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, parsed)
    compiled.seek(0)
    return GNUTranslations(compiled)


def set_locale(code: str) -> None:
    """The locale of everything this request says from now on."""
    _locale.set(code)


def locale() -> str:
    """The reader's locale code in this request."""
    return _locale.get()


def gettext(text: str) -> str:
    return _catalog(_locale.get()).gettext(text)


def ngettext(one: str, many: str, n: int) -> str:
    return _catalog(_locale.get()).ngettext(one, many, n)


def _(text: str, **params: Any) -> str:
    """A text in the reader's language, with its named parameters put in."""
    translated = gettext(text)
    return translated % params if params else translated


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Translate into another reader's language inside (notices are written for their receiver)."""
    token = _locale.set(code if code in languages() else SOURCE)
    try:
        yield
    finally:
        _locale.reset(token)
