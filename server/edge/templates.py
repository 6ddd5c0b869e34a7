"""The Jinja environment: strict, escaped, translated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.config import WEB
from server.edge import i18n
from server.edge.assets import assets
from server.kit import speech


def make_environment(filters: dict[str, Callable[..., Any]] | None = None) -> Environment:
    """Templates under web/templates, with `_`, `ngettext`, `static` and the given filters."""
    env = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        cache_size=-1,
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["static"] = assets.url
    env.filters.update(speech.FILTERS)
    env.filters.update(filters or {})
    return env
