"""Where the parts of a chart stand, in percent of its height and width, so that it fits every screen. Pure.

Templates draw the SVG; its text keeps its size however wide the chart is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (1, 2, 2.5, 5, 10)
TICKS = 4
COLUMN = 0.76  # how much of a month's room its columns take
ROOM_ABOVE = 8.0  # percent above the highest tick, for its label


@dataclass(frozen=True)
class Scale:
    """From nought to a round number above everything shown."""

    step: int

    @property
    def top(self) -> int:
        return self.step * TICKS

    @property
    def ticks(self) -> list[int]:
        return [self.step * at for at in range(TICKS + 1)]

    def y(self, value: float) -> float:
        """Percent from above."""
        return round(100 - value / self.top * (100 - ROOM_ABOVE), 2)


@dataclass(frozen=True)
class Column:
    """A column: percent of width and height."""

    x: float
    y: float
    width: float
    height: float


def scale_for(values: Sequence[float]) -> Scale:
    """A round step: 1, 2, 2½ or 5 times a power of ten, and whole."""
    needed = max(*values, TICKS) / TICKS
    size = 1
    while size * STEPS[-1] < needed:
        size *= 10
    return Scale(next(int(step * size) for step in STEPS if step * size >= needed and step * size % 1 == 0))


def columns(series: Sequence[Sequence[float]], scale: Scale) -> list[list[Column]]:
    """Columns side by side in each month: for every series its columns from left to right."""
    room = 100 / max(1, len(series[0]))
    width = room * COLUMN / len(series)
    return [
        [
            Column(
                round(room * place + room * (1 - COLUMN) / 2 + width * at, 2),
                scale.y(value),
                round(width, 2),
                round(100 - scale.y(value), 2),
            )
            for place, value in enumerate(values)
        ]
        for at, values in enumerate(series)
    ]


def middles(count: int) -> list[float]:
    """The middle of each month's room, for its label."""
    return [round((at + 0.5) * 100 / count, 2) for at in range(count)]


def line(values: Sequence[int], scale: Scale) -> str:
    """The points of a polyline in a box of 100 × 100."""
    return " ".join(f"{x},{scale.y(value)}" for x, value in zip(middles(len(values)), values, strict=True))


def share(part: int, whole: int) -> float:
    """Percent of a bar, at most all of it."""
    return round(min(100.0, part * 100 / whole), 2) if whole else 0.0
