"""What may be booked, by whom, when."""

import itertools
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bookings import rules
from server.bookings.errors import MembersOnly, SlotClosed, SlotFull, TooFarAhead, TooLate
from server.bookings.models import Eligibility
from server.kit import clock

NOON = clock.at(date(2026, 11, 24), 12 * 60)
BOOKABLE = {
    "starts_at": NOON + timedelta(hours=3),
    "closed": False,
    "free": 1,
    "notice_minutes": 30,
    "horizon_days": 14,
    "eligibility": Eligibility.EVERYBODY,
    "general_days": 3,
    "is_member": False,
    "now": NOON,
}


def days(count: int, *, minute: int = 0) -> datetime:
    return clock.at(date(2026, 11, 24) + timedelta(days=count), minute)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, None),
        ({"closed": True}, SlotClosed),
        ({"free": 0}, SlotFull),
        ({"free": -2}, SlotFull),
        ({"starts_at": NOON + timedelta(minutes=30)}, None),
        ({"starts_at": NOON + timedelta(minutes=29)}, TooLate),
        ({"starts_at": NOON - timedelta(days=1)}, TooLate),
        ({"starts_at": days(14, minute=1439)}, None),
        ({"starts_at": days(15)}, TooFarAhead),
        ({"eligibility": Eligibility.MEMBERS_ONLY}, MembersOnly),
        ({"eligibility": Eligibility.MEMBERS_ONLY, "is_member": True}, None),
        ({"eligibility": Eligibility.MEMBERS_FIRST, "starts_at": days(3, minute=1439)}, None),
        ({"eligibility": Eligibility.MEMBERS_FIRST, "starts_at": days(4)}, TooFarAhead),
        ({"eligibility": Eligibility.MEMBERS_FIRST, "starts_at": days(4), "is_member": True}, None),
        ({"eligibility": Eligibility.MEMBERS_FIRST, "starts_at": days(15), "is_member": True}, TooFarAhead),
    ],
)
def test_refusal(change, refused):
    answer = rules.refusal(**(BOOKABLE | change))
    assert type(answer) is (refused or type(None))


def test_the_wall_of_the_station_says_which_day_it_is():
    before_midnight = clock.at(date(2026, 11, 24), 23 * 60 + 59)
    given_day = {"eligibility": Eligibility.MEMBERS_FIRST, "general_days": 0, "notice_minutes": 0}
    tomorrow = BOOKABLE | given_day | {"starts_at": days(1)}
    assert isinstance(rules.refusal(**(tomorrow | {"now": before_midnight})), TooFarAhead)
    assert rules.refusal(**(tomorrow | {"now": days(1)})) is None


@st.composite
def open_ranges(draw):
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=8)))
    return [list(pair) for pair in zip(edges[::2], edges[1::2], strict=False)]


@given(open_ranges(), st.integers(5, 480))
def test_slot_times_fill_the_ranges_without_overlap(ranges, minutes):
    times = rules.slot_times(ranges, minutes)
    assert all(end - start == minutes for start, end in times)
    assert all(any(opens <= start and end <= closes for opens, closes in ranges) for start, end in times)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))
    for opens, closes in ranges:
        inside = sum(opens <= start < closes for start, _ in times)
        assert inside == (closes - opens) // minutes


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_staff_always_have_time_to_answer_yet_not_after_the_start(lead, confirm_minutes):
    starts_at = NOON + timedelta(minutes=lead)
    deadline = rules.confirm_deadline(starts_at, confirm_minutes, NOON)
    assert deadline <= starts_at
    assert deadline >= min(starts_at, NOON + rules.LEAST_ANSWER_TIME)
    if lead >= confirm_minutes + 15:
        assert deadline == starts_at - timedelta(minutes=confirm_minutes)


def test_who_was_left_standing_by_the_station_may_leave_until_the_start():
    assert rules.change_deadline(NOON, 60, slot_closed=False) == NOON - timedelta(minutes=60)
    assert rules.change_deadline(NOON, 60, slot_closed=True) == NOON
