"""The charts of figures step by step, each with what it says in words and the table behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from server.edge.i18n import _
from server.figures.periods import Span
from server.figures.sums import Sums
from server.kit import charts
from server.kit.charts import Column, Scale
from server.kit.speech import say_month, say_month_day, say_number

Steps = Sequence[tuple[date, Sums]]
NONE = "–"


@dataclass(frozen=True)
class Shown:
    """What a chart is about: its name, what it says in words, columns by name, and the table's columns by title."""

    title: str
    said: str
    columns: dict[str, Callable[[Sums], float | None]]
    table: dict[str, Callable[[Sums], str]]


@dataclass(frozen=True)
class Chart:
    """A chart as it is drawn; `keys` name the looks where there are several. The table's latest line is first."""

    title: str
    said: str
    scale: Scale
    columns: list[tuple[str, list[Column]]]
    keys: list[tuple[str, str]]
    titles: list[str]
    lines: list[tuple[str, list[str]]]


def charts_of(steps: Steps, span: Span, total: Sums) -> list[Chart]:
    """Who was served, how long they waited, who did not come, how full it was: as far as anything is known of it."""
    shown = [_served(total)]
    if total.wait is not None:
        shown.append(_waited(total.wait))
    if total.missed is not None:
        shown.append(_missed(total, total.missed))
    if total.occupancy is not None:
        shown.append(_occupied(total.occupancy))
    labels = labels_of(steps, span)
    return [_drawn(one, steps, labels) for one in shown]


def labels_of(steps: Steps, span: Span) -> list[str]:
    """What each step is called."""
    name = say_month if span.step == "month" else say_month_day
    return [name(day) for day, _sums in steps]


def _served(total: Sums) -> Shown:
    booked, numbers = say_number(total.served), say_number(total.walk_in_served)
    return Shown(
        _("办完人次"),
        _("办完的人次：约了来的 %(booked)s，取号来的 %(numbers)s。", booked=booked, numbers=numbers),
        {_("约了来的"): lambda one: one.served, _("取号来的"): lambda one: one.walk_in_served},
        {
            _("办完人次"): lambda one: say_number(one.people),
            _("约了来的"): lambda one: say_number(one.served),
            _("取号来的"): lambda one: say_number(one.walk_in_served),
        },
    )


def _waited(minutes: float) -> Shown:
    return Shown(
        _("平均等候（分钟）"),
        _("平均等候 %(minutes)s 分钟。", minutes=say_number(minutes)),
        {"": lambda one: one.wait},
        {
            _("平均等候（分钟）"): lambda one: NONE if one.wait is None else say_number(one.wait),
            _("叫到的人次"): lambda one: say_number(one.waits),
        },
    )


def _missed(total: Sums, percent: int) -> Shown:
    number = say_number(total.no_show)
    return Shown(
        _("约了没来（人次）"),
        _("约了没来 %(number)s 人次，每 100 人次里有 %(percent)d 次。", number=number, percent=percent),
        {"": lambda one: one.no_show},
        {
            _("约了没来"): lambda one: say_number(one.no_show),
            _("约了来的"): lambda one: say_number(one.served),
            _("没来的占"): lambda one: _percent(one.missed),
        },
    )


def _occupied(percent: int) -> Shown:
    return Shown(
        _("名额约掉（百分之几）"),
        _("100 个名额约掉 %(percent)d 个。", percent=percent),
        {"": lambda one: one.occupancy},
        {
            _("名额约掉"): lambda one: _percent(one.occupancy),
            _("约了"): lambda one: say_number(one.taken),
            _("名额"): lambda one: say_number(one.offered),
        },
    )


def _percent(number: int | None) -> str:
    return NONE if number is None else f"{number}%"


def _drawn(shown: Shown, steps: Steps, labels: Sequence[str]) -> Chart:
    series = [[value(sums) or 0 for _day, sums in steps] for value in shown.columns.values()]
    scale = charts.scale_for([value for values in series for value in values])
    several = len(series) > 1
    looks = ["first", "second"] if several else ["second"]
    cells = [[cell(sums) for cell in shown.table.values()] for _day, sums in steps]
    return Chart(
        title=shown.title,
        said=f"{shown.said}{_('每一段的数在下面的表里。')}",
        scale=scale,
        columns=list(zip(looks, charts.columns(series, scale), strict=True)),
        keys=list(zip(looks, shown.columns, strict=True)) if several else [],
        titles=list(shown.table),
        lines=list(zip(labels, cells, strict=True))[::-1],
    )
