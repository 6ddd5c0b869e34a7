"""`python -m tests.drills [NAMES]`: all drills, or the named families; fails if one of them does."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from importlib import import_module

from tests.drills.table import Line, say, show

FAMILIES = ("kills", "trouble", "gateway", "deploy", "cluster")


def family(name: str) -> Callable[[], Awaitable[list[Line]]]:
    """The drill of a family's file."""
    drill: Callable[[], Awaitable[list[Line]]] = import_module(f"tests.drills.{name}").drill
    return drill


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(FAMILIES)}; all by default")
    names = parser.parse_args().names or FAMILIES
    if unknown := set(names) - set(FAMILIES):
        parser.error(f"no drills called {', '.join(sorted(unknown))}; there are {', '.join(FAMILIES)}")
    lines = []
    for name in names:
        began = time.monotonic()
        say(f"— {name}")
        try:
            lines += asyncio.run(family(name)())
        except Exception as error:  # noqa: BLE001 (a drill that breaks has failed; the others go on)
            traceback.print_exc()
            lines.append(Line(name, "the drill runs to its end", f"{type(error).__name__}: {error}", good=False))
        say(f"  {time.monotonic() - began:.0f} s")
    show(lines)
    return 0 if all(line.good for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
