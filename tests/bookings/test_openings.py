"""When an offering is open: its hours, narrowed by special days and by when its provider comes."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.bookings.openings import Opening
from server.kit.calendar import row_of

MONDAY = date(2026, 11, 23)
WEEK = [[[540, 720], [840, 1020]]] * 8
minutes = st.integers(0, 1440)
ranges = st.lists(minutes, max_size=6, unique=True).map(
    lambda edges: [list(pair) for pair in zip(*[iter(sorted(edges))] * 2, strict=False)]
)
weeks = st.lists(ranges, min_size=8, max_size=8)
days = st.dictionaries(st.integers(0, 6).map(lambda n: MONDAY + timedelta(days=n)), ranges, max_size=3)


def open_minutes(found) -> set[int]:
    return {minute for opens, closes in found for minute in range(opens, closes)}


def test_a_provider_comes_on_the_days_of_their_week():
    wednesday = [[]] * 2 + [[[600, 900]]] + [[]] * 5
    opening = Opening(WEEK, provider_hours=wednesday)
    assert opening.ranges(MONDAY) == []
    assert opening.ranges(MONDAY + timedelta(days=2)) == [[600, 720], [840, 900]]


def test_a_date_of_the_provider_goes_before_their_week():
    opening = Opening(WEEK, provider_hours=[[]] * 8, provider_days={MONDAY: [[0, 1440]]})
    assert opening.ranges(MONDAY) == WEEK[0]
    assert opening.ranges(MONDAY + timedelta(days=1)) == []


def test_a_date_of_the_offering_narrows_whatever_holds():
    opening = Opening(WEEK, own_hours=[[[480, 660]]] * 8, days={MONDAY: [[0, 600]]})
    assert opening.ranges(MONDAY) == [[480, 600]]


@given(st.tuples(weeks, st.none() | weeks, days), days, st.none() | weeks, days, st.integers(0, 6))
def test_nobody_is_promised_what_somebody_is_not_there_for(week, own_days, provider, provider_days, n):
    """Never outside the offering's or the station's hours, a narrowed day, or the provider's; and always inside all."""
    day = MONDAY + timedelta(days=n)
    opening = Opening(*week, days=own_days, provider_hours=provider, provider_days=provider_days)
    before = open_minutes(Opening(*week).ranges(day))
    there = set(range(1440))
    if day in own_days:
        there &= open_minutes(own_days[day])
    if day in provider_days:
        there &= open_minutes(provider_days[day])
    elif provider is not None:
        there &= open_minutes(provider[row_of(day)])
    assert open_minutes(opening.ranges(day)) == before & there
