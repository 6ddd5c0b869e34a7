"""What the product brings along: `python -m tests.security.dependencies audit|licences|write`, for `make check`.

audit: asks the public index which pinned versions have known holes. Where nobody answers, or an index that knows of no
holes at all, it says so and fails nothing.
licences: fails for a licence that the product may not bring along, or one that docs/licences.md does not tell.
write: writes docs/licences.md anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from server.config import ROOT

LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "licences.md"
SECONDS = 120
# In the words of packages; the product is Apache-2.0 and is run as a service.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|CC0|Public Domain|Unlicense|Zlib|HPND|MPL|Mozilla|PostgreSQL"
    r"|LGPL|Lesser General Public|ZPL|0BSD|MIT-CMU|Unicode|BSL",
    re.IGNORECASE,
)
NOTED = re.compile(r"LGPL|Lesser General Public|MPL|Mozilla", re.IGNORECASE)
FORBIDDEN = re.compile(r"AGPL|Affero|SSPL|Commons Clause|BUSL|(?<!L)GPL|(?<!Lesser )General Public", re.IGNORECASE)
HEAD = """# Licences

What runs with the product, from `pyproject.toml` and what that needs; `make check` keeps this page. Tools of the tests
are not shipped and not listed. LGPL and MPL are noted: they are used as published and can be exchanged.

| package | version | licence | noted |
|---|---|---|---|
"""


def audit() -> int:
    """0 where nothing is known or nobody could be asked, 1 where a pinned version has a known hole."""
    try:
        if not holes_in(ask("--requirement", str(canary()))):
            return _not_asked("the index that answers knows of no holes at all")
        found = ask("--requirement", str(LOCK))
    except NotAnsweredError as error:
        return _not_asked(str(error))
    holes = holes_in(found)
    for hole in holes:
        _say(hole)
    _say(f"Dependency audit: {len(found)} packages, {len(holes)} known holes.")
    return int(bool(holes))


class NotAnsweredError(Exception):
    """Nobody could be asked; the message says why."""


def canary() -> Path:
    """A requirement with holes that everybody knows: an index without them cannot be believed about the rest."""
    path = Path(tempfile.mkdtemp(prefix="niangjia-audit-")) / "canary.txt"
    path.write_text("urllib3==1.24.1\n", "utf-8")
    return path


def ask(*what: str) -> list[dict[str, Any]]:
    """What the index says of each package. Raises NotAnsweredError."""
    command = [sys.executable, "-m", "pip_audit", *what, "--no-deps", "--disable-pip", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired as error:
        raise NotAnsweredError("no answer in time") from error
    except (ValueError, KeyError) as error:
        raise NotAnsweredError((done.stderr.strip().splitlines() or ["no answer"])[-1][:200]) from error
    return found


def holes_in(found: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['name']} {one['version']}: {hole['id']}, fixed in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in found
        for hole in one.get("vulns", [])
    ]


def _not_asked(why: str) -> int:
    _say(f"\n  ATTENTION: the dependency audit did NOT run: {why}.\n  Run `make check` where there is a network.\n")
    return 0


def rows() -> list[tuple[str, str, str]]:
    """(package, version, licence) of everything that runs with the product."""
    found = sorted(closure().values(), key=lambda one: one.name.lower())
    return [(one.name, one.version, licence_of(one)) for one in found]


def write() -> int:
    lines = [f"| {name} | {is_now} | {told} | {'yes' if NOTED.search(told) else ''} |" for name, is_now, told in rows()]
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
    return 0


def licences() -> int:
    """0 where every package may be brought along, and the page tells of it."""
    page = PAGE.read_text("utf-8")
    refused = [f"not allowed: {name}: {told or 'says none'}" for name, _, told in rows() if not is_fine(told)]
    refused += [f"new, run `make licences`: {n} {v}" for n, v, told in rows() if f"| {n} | {v} | {told} |" not in page]
    for line in refused:
        _say(f"Licence {line}")
    _say(f"Licences: {len(rows())} packages, {len(refused)} to look at.")
    return int(bool(refused))


def is_fine(licence: str) -> bool:
    """Of several licences to choose from, one that fits is enough."""
    choices = re.split(r"\bOR\b", licence)
    return any(ALLOWED.search(one) and not FORBIDDEN.search(one) for one in choices)


def closure() -> dict[str, Distribution]:
    """Everything that the product needs here, by name, without the tools of its tests."""
    found: dict[str, Distribution] = {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [Requirement(line) for line in project["dependencies"]]
    while waiting:
        wanted = waiting.pop()
        here = distribution(wanted.name)
        key = here.name.lower().replace("_", "-")
        if key in found and not wanted.extras:
            continue
        found[key] = here
        for line in here.requires or []:
            needed = Requirement(line)
            extras = wanted.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting += [needed] if _is_here(needed.name) else []
    return found


def _is_here(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def licence_of(package: Distribution) -> str:
    """The SPDX expression, else what the classifiers or the licence field say, in one line."""
    told = package.metadata
    classified = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or [] if c.startswith("License ::")]
    said = told.get("License-Expression") or ", ".join(classified) or told.get("License") or ""
    return " ".join(said.split())[:80].replace("|", "/")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit({"audit": audit, "licences": licences, "write": write}[sys.argv[1]]())
