"""What a drill found: one line each, printed as one table."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One row: what was tried, what was wanted, what came of it."""

    drill: str
    goal: str
    result: str
    good: bool


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show(lines: list[Line]) -> None:
    say(f"\n{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end\n")
    say("| drill | goal | result | verdict |\n|---|---|---|---|")
    for line in lines:
        say(f"| {line.drill} | {line.goal} | {line.result} | {'ok' if line.good else '**missed**'} |")
