"""Translators' files: collect every text of the product and bring each locale's catalog up to date.

`python -m server.catalogs` rewrites locales/*/LC_MESSAGES/messages.po: new texts are added empty, texts
that nobody uses are dropped, translations are kept. zh_CN is the source, so its texts translate to themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from server.config import LOCALES, ROOT

SOURCE = "zh_CN"
METHODS: list[Any] = [("server/**.py", "python"), ("web/templates/**.html", "jinja2")]
OPTIONS: dict[str, Any] = {
    "web/templates/**.html": {"silent": "false", "trimmed": "true", "extensions": "server.edge.templates.Kept"}
}
KEYWORDS: dict[str, Any] = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def extract() -> Catalog:
    """Every text in code and templates, with the files it stands in."""
    catalog = Catalog(project="niangjia", charset="utf-8")
    found = extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS, directory_filter=_worth_reading)
    for name, _line, message, comments, context in found:
        catalog.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def _worth_reading(folder: str) -> bool:
    return not Path(folder).name.startswith((".", "_")) and Path(folder).name not in {"node_modules", "migrations"}


def read(path: Path) -> Catalog:
    """A locale's catalog as it stands in the file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update(path: Path, template: Catalog) -> None:
    """Bring one catalog up to date with the texts in use."""
    catalog = read(path) if path.exists() else Catalog(locale=path.parent.parent.name)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    if path.parent.parent.name == SOURCE:
        for message in catalog:
            if message.id:
                message.string = message.id if isinstance(message.id, str) else (message.id[0],)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=110, sort_by_file=True, include_lineno=False)


def main() -> None:
    template = extract()
    for folder in sorted(LOCALES.glob("*/LC_MESSAGES")):
        update(folder / "messages.po", template)


if __name__ == "__main__":
    main()
