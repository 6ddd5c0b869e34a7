"""Public holidays and worked weekends, as the State Council names them."""

from datetime import date

import pytest

from server.kit.calendar import is_holiday, is_worked_weekend, row_of


@pytest.mark.parametrize(
    ("day", "row"),
    [
        (date(2026, 2, 17), 7),  # Spring Festival
        (date(2026, 2, 14), 0),  # a Saturday worked for it
        (date(2026, 2, 28), 0),
        (date(2026, 10, 7), 7),
        (date(2026, 9, 20), 0),  # a Sunday worked for National Day
        (date(2026, 11, 22), 6),  # a plain Sunday is no holiday
        (date(2026, 11, 25), 2),
    ],
)
def test_which_row_of_the_week_holds(day, row):
    assert row_of(day) == row


@pytest.mark.parametrize("day", [date(2039, 1, 1), date(1990, 10, 1), date.max])
def test_a_year_that_nobody_has_named_yet_is_plain(day):
    assert not is_holiday(day)
    assert not is_worked_weekend(day)
    assert row_of(day) == day.weekday()
