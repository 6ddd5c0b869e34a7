"""When a station is open, and until when."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit import clock
from server.stations.hours import OpenState, common, open_state, ranges_on

MONDAY = date(2026, 11, 23)
NATIONAL_DAY = date(2026, 10, 1)
WORKED_SATURDAY = date(2026, 10, 10)
# Each row can be told by its opening hour: Monday opens at 1, …, Sunday at 7, holidays at 8.
BY_ROW = [[[hour * 60, 1200]] for hour in range(1, 9)]
OFFICE = [*[[[540, 720], [840, 1020]]] * 5, [], [], []]
ALWAYS = [[[0, 1440]]] * 8


def at(day: date, hour: int, minute: int = 0):
    return clock.at(day, hour * 60 + minute)


class TestRangesOn:
    @pytest.mark.parametrize(
        ("day", "opens"),
        [
            (MONDAY, 1),
            (MONDAY + timedelta(days=6), 7),
            (NATIONAL_DAY, 8),
            (WORKED_SATURDAY, 1),
            (date(2039, 10, 1), 6),  # no notice yet: a plain Saturday
        ],
    )
    def test_the_row_of_the_day_holds(self, day, opens):
        assert ranges_on(BY_ROW, day) == [[opens * 60, 1200]]

    def test_an_exceptional_day_goes_before_holidays(self):
        assert ranges_on(BY_ROW, NATIONAL_DAY, special=[[0, 60]]) == [[0, 60]]
        assert ranges_on(BY_ROW, MONDAY, special=[]) == []

    def test_nothing_outside_the_season(self):
        season = {"season_from": MONDAY, "season_until": MONDAY + timedelta(days=1)}
        open_days = [n for n in range(-1, 4) if ranges_on(ALWAYS, MONDAY + timedelta(days=n), **season)]
        assert open_days == [0, 1]
        assert ranges_on(ALWAYS, MONDAY + timedelta(days=2), special=[[0, 60]], **season) == []


class TestOpenState:
    @pytest.mark.parametrize(
        ("now", "state"),
        [
            (at(MONDAY, 8), OpenState(is_open=False, opens=at(MONDAY, 9))),
            (at(MONDAY, 9), OpenState(is_open=True, until=at(MONDAY, 12))),
            (at(MONDAY, 12), OpenState(is_open=False, opens=at(MONDAY, 14))),
            (at(MONDAY, 17), OpenState(is_open=False, opens=at(MONDAY + timedelta(days=1), 9))),
            (at(MONDAY, 5 * 24), OpenState(is_open=False, opens=at(MONDAY + timedelta(days=7), 9))),
        ],
    )
    def test_office_hours(self, now, state):
        assert open_state(OFFICE, now) == state

    def test_a_door_that_never_closes_has_no_end(self):
        assert open_state(ALWAYS, at(MONDAY, 3)) == OpenState(is_open=True)

    def test_an_end_is_followed_over_midnight(self):
        late = [[[0, 120], [1200, 1440]]] * 8
        tomorrow = MONDAY + timedelta(days=1)
        assert open_state(late, at(MONDAY, 23)) == OpenState(is_open=True, until=at(tomorrow, 2))
        assert open_state(late, at(tomorrow, 1)) == OpenState(is_open=True, until=at(tomorrow, 2))

    def test_a_closure_and_a_special_opening(self):
        specials = {MONDAY: [], MONDAY + timedelta(days=5): [[600, 660]]}
        assert open_state(OFFICE, at(MONDAY, 10), specials=specials).opens == at(MONDAY + timedelta(days=1), 9)
        assert open_state(OFFICE, at(MONDAY, 4 * 24 + 18), specials=specials).opens == at(
            MONDAY + timedelta(days=5), 10
        )

    def test_the_last_day_of_a_season_ends_too(self):
        assert open_state(OFFICE, at(MONDAY, 15), season_until=MONDAY).until == at(MONDAY, 17)
        assert open_state(ALWAYS, at(MONDAY, 15), season_until=MONDAY).until == at(MONDAY, 24)
        assert open_state(OFFICE, at(MONDAY, 18), season_until=MONDAY) == OpenState(is_open=False)

    def test_a_station_that_never_opens(self):
        assert open_state([[]] * 8, at(MONDAY, 12)) == OpenState(is_open=False)


@st.composite
def day_ranges(draw):
    """Ranges of one day: in order and apart."""
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return [list(pair) for pair in zip(edges[::2], edges[1::2], strict=False)]


@given(
    hours=st.lists(day_ranges(), min_size=8, max_size=8),
    now=st.datetimes(
        clock.at(date(2026, 1, 1), 0).replace(tzinfo=None), clock.at(date(2026, 12, 1), 0).replace(tzinfo=None)
    ),
)
def test_what_is_said_is_true_at_that_minute(hours, now):
    now = now.replace(tzinfo=clock.CHINA)

    def is_open(instant):
        minute, day = clock.minute_of_day(instant), clock.local(instant).date()
        return any(opens <= minute < closes for opens, closes in ranges_on(hours, day))

    state = open_state(hours, now)
    assert state.is_open == is_open(now)
    if state.until:
        assert state.until > now
        assert not is_open(state.until)
        assert is_open(state.until - timedelta(minutes=1))
    if state.opens:
        assert state.opens > now
        assert is_open(state.opens)
        assert not is_open(state.opens - timedelta(minutes=1))


@given(day_ranges(), day_ranges())
def test_common_is_what_both_hold(a, b):
    def minutes(ranges):
        return {m for opens, closes in ranges for m in range(opens, closes)}

    assert minutes(common(a, b)) == minutes(a) & minutes(b)
