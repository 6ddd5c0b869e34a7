"""The table that a benchmark prints at its end: goal, result, verdict."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass
class Line:
    """One row of the table."""

    what: str
    goal: str
    result: str
    good: bool


@dataclass
class Table:
    """What is printed at the end."""

    lines: list[Line] = field(default_factory=list)

    def add(self, what: str, goal: str, result: str, *, good: bool) -> None:
        self.lines.append(Line(what, goal, result, good))
        say(f"{what}: {result} (goal {goal}) {'ok' if good else 'MISSED'}")

    def show(self) -> None:
        say("\n| what | goal | result | verdict |\n|---|---|---|---|")
        for line in self.lines:
            say(f"| {line.what} | {line.goal} | {line.result} | {'ok' if line.good else '**missed**'} |")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
