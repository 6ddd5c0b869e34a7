"""Which language a reader gets."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

from server.kit.i18n import SOURCE, _, gettext, languages, locale, ngettext, set_locale
from server.people.actors import Actor

__all__ = ["COOKIE", "SOURCE", "_", "gettext", "languages", "locale", "ngettext", "use_locale_of"]

COOKIE = "nj_lang"


def use_locale_of(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor) -> None:
    """Choose: the reader's own choice (cookie), else the account's, else Accept-Language, else Chinese."""
    chosen = connection.cookies.get(COOKIE, "") or actor.locale
    if chosen not in languages():
        chosen = _accepted(connection.headers.get("accept-language", ""))
    set_locale(chosen)


def _accepted(header: str) -> str:
    wanted = [part.partition(";")[0].strip().replace("-", "_") for part in header[:200].split(",")]
    for tag in wanted:
        for code in languages():
            if tag.lower() == code.lower() or tag.partition("_")[0].lower() == code.partition("_")[0].lower():
                return code
    return SOURCE
