"""The Jinja environment: strict, escaped, translated, and marked as ours for the page's policy."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.utils import LRUCache
from markupsafe import Markup

from server.config import WEB
from server.edge import i18n
from server.edge.assets import assets
from server.edge.headers import no_nonce, nonce
from server.kit import speech

# A tag up to its first htmx attribute, and a script's name; what Jinja writes inside a tag may hold any character.
HTMX_TAG = re.compile(r"(<[a-z][\w-]*(?>\{\{.*?\}\}|\{%.*?%\}|[^<>{])*?\s)(?=hx-)", re.DOTALL)
SCRIPT_TAG = re.compile(r"<script\b")
MOST_KEPT = 1_024  # a kilobyte each


class Nonces(Extension):
    """Scripts and htmx attributes that stand in a template carry the page's nonce.

    It is written into the templates' own source, so nothing that a person typed can ever get one.
    """

    def preprocess(self, source: str, _name: str | None, _filename: str | None = None) -> str:
        source = HTMX_TAG.sub(r'\1hx-nonce="{{ nonce() }}" ', source)
        return SCRIPT_TAG.sub('<script nonce="{{ nonce() }}"', source)


class Kept(Extension):
    """`{% kept a, b %}…{% endkept %}`: what says the same to everybody who has the same values is drawn once.

    The reader's language counts by itself. A name, a number or a nonce inside would be shown to others: values that
    belong to one person do not go in, and a nonce is refused.
    """

    tags = {"kept"}  # noqa: RUF012 (as Jinja has it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.drawn: LRUCache = LRUCache(MOST_KEPT)

    def parse(self, parser: Parser) -> nodes.Node:
        """One tag."""
        line = next(parser.stream).lineno
        place: list[nodes.Expr] = [nodes.Const(f"{parser.name}:{line}")]
        if parser.stream.current.type != "block_end":
            place.append(parser.parse_tuple())
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_draw", [nodes.Tuple(place, "load")]), [], [], body).set_lineno(line)

    def _draw(self, key: tuple[Any, ...], caller: Callable[[], Markup]) -> Markup:
        key = (i18n.locale(), *key)
        drawn: Markup | None = self.drawn.get(key)
        if drawn is None:
            with no_nonce():
                drawn = caller()
            self.drawn[key] = drawn
        return drawn


class OfPage(Context):
    """A context of a page, or of what it imports and includes, which it joins in the page's `contexts`.

    Macros know their context, which knows them. Left alone, such circles keep all of a page in memory until the
    collector comes, and holes in the heap for good: 150 MB of a busy process.
    """

    def __init__(self, environment: Environment, parent: dict[str, Any], *given: Any, **named: Any) -> None:
        super().__init__(environment, parent, *given, **named)
        if "contexts" in parent:
            parent["contexts"].append(self)


def forget(contexts: list[OfPage]) -> None:
    """A page is rendered: its contexts let go of each other."""
    for context in contexts:
        context.vars.clear()
        context.parent.clear()


@lru_cache(maxsize=512)
def draw_icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite: dozens stand on a page, so each is written once."""
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {} focusable="false"><use href="{}#{}"></use></svg>').format(
        spoken, assets.url("icons/sprite.svg"), name
    )


def _catalog_text(text: str) -> Markup:
    """What stands in a catalog is ours, as what stands in a template."""
    return Markup(text)  # noqa: S704


@lru_cache(maxsize=4_096)
def _say_plainly(_locale: str, text: str) -> Markup:
    return _catalog_text(i18n.gettext(text)) % {}


def say(text: str, **params: Any) -> Markup:
    """`_` of templates: a text in the reader's language, with its named parameters put in, escaped.

    Jinja's own takes the context, and makes a new one for each text inside a loop.
    """
    return _catalog_text(i18n.gettext(text)) % params if params else _say_plainly(i18n.locale(), text)


def say_many(one: str, many: str, num: int, **params: Any) -> Markup:
    """`ngettext` of templates: the text for so many, which it may call `num`."""
    return _catalog_text(i18n.ngettext(one, many, num)) % ({"num": num} | params)


class OurEnvironment(Environment):
    """Its globals are complete before the first template, so each template holds them in a dict of its own."""

    context_class = OfPage

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}


def make_environment(filters: dict[str, Callable[..., Any]] | None = None) -> Environment:
    """Templates under web/templates, with `_`, `ngettext`, `static` and the given filters."""
    env = OurEnvironment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Nonces, Kept],
        auto_reload=False,
        cache_size=-1,
    )
    env.globals.update(_=say, ngettext=say_many, static=assets.url, draw_icon=draw_icon, nonce=nonce)
    env.filters.update(speech.FILTERS)
    env.filters.update(filters or {})
    return env
