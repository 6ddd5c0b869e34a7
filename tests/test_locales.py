"""Every text of the product is in every catalog, translated, with the same parameters."""

import re

import pytest

from server.catalogs import extract, read
from server.config import LOCALES
from server.kit.i18n import AWAITING_REVIEW

PATHS = sorted(LOCALES.glob("*/LC_MESSAGES/messages.po"))
COMPLETE = [path for path in PATHS if path.parent.parent.name not in AWAITING_REVIEW]
PARAMETER = re.compile(r"%\((\w+)\)[sd]")


def texts(message) -> tuple[str, ...]:
    strings = message.string
    return (strings,) if isinstance(strings, str) else tuple(strings)


def test_every_language_we_promise_is_there():
    assert {path.parent.parent.name for path in PATHS} == {"zh_CN", "zh_HK", "en", "vi", "za"}
    assert {"za"} == AWAITING_REVIEW


@pytest.mark.parametrize("path", COMPLETE, ids=lambda path: path.parent.parent.name)
def test_catalog_is_complete(path):
    used = {message.id for message in extract() if message.id}
    catalog = read(path)
    translated = {message.id for message in catalog if message.id and all(texts(message)) and not message.fuzzy}
    missing = sorted(map(str, used - translated))
    assert not missing, f"run `make catalogs` and translate {len(missing)}: {missing[:10]}"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.parent.name)
def test_translations_keep_their_parameters(path):
    for message in (m for m in read(path) if all(texts(m))):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for text in texts(message):
            assert set(PARAMETER.findall(text)) == set(PARAMETER.findall(source)), f"{source} → {text}"


def test_no_text_in_templates_escapes_translation():
    """Chinese characters stand only inside `_(…)`, comments apart."""
    loose = []
    for path in sorted((LOCALES.parent / "web" / "templates").rglob("*.html")):
        plain = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|<!--.*?-->", "", path.read_text("utf-8"), flags=re.DOTALL)
        loose += [f"{path.name}: {line.strip()}" for line in plain.splitlines() if re.search(r"[一-鿿]", line)]
    assert not loose, "\n".join(loose)
