"""How every change of a station's plan goes: typed, shown what it does, applied; nothing typed is ever lost."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request
from litestar.params import FromPath
from litestar.response import Response

from server.bookings.desk_sheet_pages import desk_url
from server.bookings.plan_queries import StationPlan, affected_lines
from server.bookings.rebooking import rebook_affected
from server.bookings.slots import Plan
from server.bookings.typed_hours import Mistake, Ranges, blank_week, like_monday, read_week, show_ranges, show_week
from server.bookings.words import SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.forms import FieldError
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.kit.text import N_, clean

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
MANAGER = allow(Audience.MANAGER)
STATION = "/desk/{station_id:uuid}/plan"
COUNTS = ("added", "removed", "closed")
LONGEST = 400
DAY_NAMES = (
    N_("周一"),
    N_("周二"),
    N_("周三"),
    N_("周四"),
    N_("周五"),
    N_("周六"),
    N_("周日"),
    N_("公共假日"),
)
# Which button sent the form: (none) show what it does, do it, back to typing, Monday's hours for all days.
APPLY, EDIT, LIKE_MONDAY = "apply", "edit", "monday"
# An own week and "like the station" are one form: a ticked box decides.
FOLLOWS = "follows"
# Do it, and give the people whom it touches another time.
MOVE = "move"


@dataclass(frozen=True)
class Change:
    """One change as the preview shows it: what it is called, where its form lives, how it is carried out."""

    title: str
    url: str
    carry_out: Callable[[bool], Awaitable[Plan]]
    back: str = ""


def plan_url(station_id: UUID) -> str:
    return f"{desk_url(station_id)}/plan"


async def read_typed(request: Req) -> dict[str, str]:
    """What was typed, by field, cleaned."""
    sent = await request.form()
    return {name: clean(str(value)[:LONGEST]) for name, value in sent.items() if isinstance(value, str)}


def show_errors(mistakes: Sequence[Mistake]) -> list[FieldError]:
    """Mistakes in the reader's language; those of a week say their day."""
    return [FieldError(mistake.field, _said(mistake)) for mistake in mistakes]


def _said(mistake: Mistake) -> str:
    in_week = re.match(r"d([0-7])(?:r|off)", mistake.field)
    if not in_week:
        return _(mistake.message)
    return _("%(day)s：%(mistake)s", day=_(DAY_NAMES[int(in_week.group(1))]), mistake=_(mistake.message))


def at_fields(mistakes: Sequence[Mistake]) -> Mapping[str, str]:
    """The same by field; nothing where a field is right."""
    return defaultdict(str, {mistake.field: _(mistake.message) for mistake in mistakes})


async def preview_or_apply(request: Req, plan: StationPlan, change: Change, typed: Mapping[str, str]) -> Response[Any]:
    """What the change would do; or, once that was seen, the change itself."""
    apply = APPLY in typed
    result = await change.carry_out(apply)
    if apply and typed[APPLY] == MOVE and result.affected:
        done = await rebook_affected(actor=request.user, booking_ids=[one.booking_id for one in result.affected])
        return redirect(request, _done_url(plan.id, result, f"&{urlencode({'moved': done.moved, 'left': done.left})}"))
    if apply:
        return redirect(request, _done_url(plan.id, result))
    return page(
        request,
        "desk/plan_preview.html",
        plan=plan,
        change=change,
        result=result,
        lines=await affected_lines(result.affected),
        kept=[(name, value) for name, value in typed.items() if value and name not in ("_csrf", EDIT, APPLY)],
        back=change.back or plan_url(plan.id),
        service_names=SERVICE_NAMES,
    )


def _done_url(station_id: UUID, result: Plan, moved: str = "") -> str:
    page_name = "/affected" if result.affected else ""
    counts = {name: getattr(result, name) for name in COUNTS}
    return f"{plan_url(station_id)}{page_name}?saved=1&{urlencode(counts)}{moved}"


@dataclass(frozen=True)
class DaysForm:
    """A form for days that are not as usual: whose they are, what the reason is for, what can be chosen."""

    title: str
    reason_hint: str
    kinds: Sequence[tuple[str, str]]
    url: str
    back: str

    def page(
        self, request: Req, shown: StationPlan, typed: Mapping[str, str], mistakes: Sequence[Mistake] = ()
    ) -> Response[str]:
        """The form with what was typed and what is wrong with it."""
        blank = {"from": "", "until": "", "reason": "", "kind": self.kinds[0][0]}
        return page(
            request,
            "desk/plan_days.html",
            status=422 if mistakes else 200,
            plan=shown,
            form=self,
            back=self.back,
            typed=blank | show_ranges([]) | dict(typed),
            errors=show_errors(mistakes),
            wrong=at_fields(mistakes),
        )


@dataclass(frozen=True)
class HoursForm:
    """A form for a week of hours, the station's or somebody's own, who may follow the station's instead.

    `week` is the one that holds now, and `follows` whether that is the station's; None where nobody could follow.
    """

    title: str
    change_title: str
    url: str
    back: str
    week: list[Ranges]
    follows: bool | None = None

    def show(self, request: Req, plan: StationPlan) -> Response[str]:
        """The form with what holds now."""
        return self._page(request, plan, show_week(self.week) | {FOLLOWS: "on" if self.follows else ""})

    async def change(
        self, request: Req, plan: StationPlan, carry_out: Callable[[list[Ranges], bool], Awaitable[Plan]]
    ) -> Response[Any]:
        """Preview or apply what was typed; an empty week to `carry_out` means: like the station."""
        typed = await read_typed(request)
        if LIKE_MONDAY in typed:
            return self._page(request, plan, like_monday(typed))
        week, mistakes = read_week(typed)
        if self.follows is not None and typed.get(FOLLOWS):
            week, mistakes = [], []
        if mistakes or EDIT in typed:
            return self._page(request, plan, typed, mistakes)

        async def chosen(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
            return await carry_out(week, apply)

        return await preview_or_apply(request, plan, Change(self.change_title, self.url, chosen, self.back), typed)

    def _page(
        self, request: Req, plan: StationPlan, typed: Mapping[str, str], mistakes: Sequence[Mistake] = ()
    ) -> Response[str]:
        return page(
            request,
            "desk/plan_hours.html",
            status=422 if mistakes else 200,
            plan=plan,
            form=self,
            typed=blank_week() | {FOLLOWS: ""} | dict(typed),
            errors=show_errors(mistakes),
            wrong=at_fields(mistakes),
            day_names=DAY_NAMES,
        )


def saved_counts(request: Req) -> dict[str, int] | None:
    """What the change came to that the page came back from."""
    if request.query_params.get("saved") != "1":
        return None
    return {name: read_count(request, name) for name in COUNTS}


def read_count(request: Req, name: str) -> int:
    """A number that an address carries; 0 for anything else."""
    typed = request.query_params.get(name, "")[:6]
    return int(typed) if typed.isascii() and typed.isdigit() else 0
