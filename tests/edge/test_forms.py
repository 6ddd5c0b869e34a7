"""Forms: every mistake at its field, what was typed is kept, and only what can be counted with is taken."""

from datetime import date
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from server.edge.forms import MISSING, WRONG, read_fields
from server.kit import clock


class Visit(msgspec.Struct):
    """A form with one field of each kind."""

    day: Annotated[date, Meta(extra={"invalid": "哪天？"})]
    name: Annotated[str, Meta(max_length=8)] = ""
    minutes: list[int] = []
    quiet: bool = False


def test_a_form_is_read_field_by_field():
    form = read_fields(
        {"day": ["2026-05-01"], "name": [" 韦\u200b秀英\n"], "minutes": ["5", "", "9"], "quiet": ["on"]}, Visit
    )
    assert form.value == Visit(date(2026, 5, 1), "韦秀英", [5, 9], quiet=True)
    assert form.errors == []


def test_every_mistake_is_told_and_what_was_typed_is_kept():
    form = read_fields({"day": ["30. Februar"], "minutes": ["five"], "name": ["韦"]}, Visit)
    assert form.value is None
    assert [(error.field, error.message) for error in form.errors] == [("day", "哪天？"), ("minutes", WRONG)]
    assert form.raw == {"day": "30. Februar", "name": "韦", "minutes": ["five"], "quiet": ""}
    assert read_fields({}, Visit).errors[0].message == MISSING


@given(day=st.dates())
def test_only_days_that_can_be_counted_with_are_taken(day):
    in_calendar = 1900 <= day.year <= 2999
    assert bool(read_fields({"day": [day.isoformat()]}, Visit).errors) is not in_calendar
    assert clock.read_day(day.isoformat()) == (day if in_calendar else None)


@pytest.mark.parametrize(
    "typed", ["", "x", "2026-02-30", "0001-01-01", "9999-12-31", "２０２６-05-01", "2026-05-01T10:00"]
)
def test_what_is_no_day_is_none(typed):
    assert clock.read_day(typed) is None
