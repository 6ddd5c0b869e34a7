"""Which language a reader gets."""

from __future__ import annotations

from functools import cache
from typing import Any

from litestar.connection import ASGIConnection

from server.kit.i18n import AWAITING_REVIEW, SOURCE, _, gettext, languages, locale, ngettext, set_locale
from server.people.actors import Actor

__all__ = ["COOKIE", "SOURCE", "_", "choices", "gettext", "languages", "locale", "ngettext", "use_locale_of"]

COOKIE = "nj_lang"
# Chinese is written in traditional characters where the browser names one of these.
TRADITIONAL = ("hant", "hk", "mo", "tw")


def choices() -> list[tuple[str, str]]:
    """(code, own name) of the languages to choose from; what is only begun says so."""
    return _choices(locale())


@cache
def _choices(_language: str) -> list[tuple[str, str]]:
    begun = _("（只有一部分，等会说的人审校）")
    return [(code, name + begun if code in AWAITING_REVIEW else name) for code, name in languages().items()]


def use_locale_of(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor) -> None:
    """Choose: the reader's own choice (cookie), else the account's, else Accept-Language, else Chinese."""
    chosen = connection.cookies.get(COOKIE, "") or actor.locale
    if chosen not in languages():
        chosen = _accepted(connection.headers.get("accept-language", ""))
    set_locale(chosen)


def _accepted(header: str) -> str:
    """The first wish that is spoken here; `en-GB` gets English, `zh-TW` traditional characters."""
    spoken = [code for code in languages() if code not in AWAITING_REVIEW]
    for wish in header[:200].split(","):
        language, *rest = wish.partition(";")[0].strip().lower().replace("_", "-").split("-")
        if language == "zh":
            return "zh_HK" if set(rest) & set(TRADITIONAL) and "zh_HK" in spoken else SOURCE
        for code in spoken:
            if code.partition("_")[0] == language:
                return code
    return SOURCE
