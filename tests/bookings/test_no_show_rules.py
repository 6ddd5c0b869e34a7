"""When missed bookings limit somebody, and from which date on they do not. Pure."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bookings.no_show_rules import Policy, limited_until
from server.kit import clock

TODAY = date(2026, 11, 24)
policies = st.builds(Policy, st.integers(2, 20), st.integers(7, 180))
minutes = st.integers(-200 * 1440, 0)
misses = st.lists(minutes, max_size=30)


def at(day: date, minute: int = 720):
    return clock.at(day, minute)


def before(minutes_ago: list[int]):
    return [at(TODAY) + timedelta(minutes=n) for n in minutes_ago]


@pytest.mark.parametrize(
    ("days_ago", "until"),
    [
        ((), None),
        ((1,), None),
        ((1, 1), TODAY + timedelta(days=6)),
        ((1, 3), TODAY + timedelta(days=4)),
        ((1, 6), TODAY + timedelta(days=1)),
        ((1, 7), None),
        ((0, 2, 5), TODAY + timedelta(days=5)),
    ],
)
def test_two_within_a_week(days_ago, until):
    missed = [at(TODAY - timedelta(days=n)) for n in days_ago]
    assert limited_until(Policy(2, 7), missed, at(TODAY)) == until


@given(policies, misses, st.data())
def test_it_ends_on_that_date_and_not_a_day_before(policy, minutes_ago, data):
    counting = st.integers((1 - policy.days) * 1440, 0)
    enough = data.draw(st.lists(counting, min_size=policy.misses, max_size=policy.misses))
    missed = before([*minutes_ago, *enough])
    until = limited_until(policy, missed, at(TODAY))
    assert TODAY < until <= TODAY + timedelta(days=policy.days)
    assert limited_until(policy, missed, at(until - timedelta(days=1), 1439)) == until
    assert limited_until(policy, missed, at(until, 0)) is None


@given(policies, misses)
def test_fewer_than_that_never_limit(policy, minutes_ago):
    assert limited_until(policy, before(minutes_ago[: policy.misses - 1]), at(TODAY)) is None


@given(policies, misses, minutes)
def test_one_more_never_ends_it_sooner(policy, minutes_ago, more):
    until = limited_until(policy, before(minutes_ago), at(TODAY))
    later = limited_until(policy, before([*minutes_ago, more]), at(TODAY))
    assert until is None or (later is not None and later >= until)


@given(st.integers(-5, 30), st.integers(0, 200))
def test_a_gentler_policy_limits_nobody_whom_a_stricter_one_does_not(more, days):
    missed = [at(TODAY - timedelta(days=n)) for n in range(0, days, 3)]
    strict, gentle = Policy(3, 90), Policy(3 + abs(more), 90)
    assert limited_until(strict, missed, at(TODAY)) or not limited_until(gentle, missed, at(TODAY))
