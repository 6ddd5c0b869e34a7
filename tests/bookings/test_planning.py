"""Which slots stay, come, close and go when hours or an offering changed."""

import itertools
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.bookings.planning import Held, Sorted, overlaps, sort_out
from server.kit import clock
from server.kit.ids import new_id

DAY = clock.at(clock.today() + timedelta(days=1), 0)
UNTIL = DAY + timedelta(days=1)


def minute(count: int) -> datetime:
    return DAY + timedelta(minutes=count)


def held(start: int, end: int, *, taken: int = 0, used: bool = False, closed: bool = False) -> Held:
    return Held(new_id(), minute(start), minute(end), closed, taken, used or taken > 0)


def plan(slots: list[Held], right: dict[int, int], running=()) -> Sorted:
    wanted = {minute(start): minute(end) for start, end in right.items()}
    return sort_out(slots, wanted, running=running, until=UNTIL)


def test_what_is_right_stays_and_what_is_missing_comes():
    slot = held(540, 570)
    result = plan([slot], {540: 570, 570: 600})
    assert result == Sorted(opened={slot.id: minute(570)}, added=[(minute(570), minute(600))])


def test_what_was_never_booked_goes_and_what_was_is_closed():
    fresh, used, taken = held(540, 570), held(570, 600, used=True), held(600, 630, taken=1)
    assert plan([fresh, used, taken], {}) == Sorted(deleted=[fresh.id], closed=[used.id, taken.id])


def test_what_is_closed_already_is_not_closed_again():
    assert plan([held(540, 570, taken=1, closed=True)], {}) == Sorted()


def test_a_closed_slot_opens_again_when_its_hours_come_back():
    slot = held(540, 570, taken=1, closed=True)
    assert plan([slot], {540: 570}) == Sorted(opened={slot.id: minute(570)})


def test_a_slot_whose_bookings_all_ended_takes_the_new_length():
    slot = held(540, 570, used=True)
    assert plan([slot], {540: 600}) == Sorted(opened={slot.id: minute(600)})


def test_minutes_that_somebody_holds_are_not_promised_again():
    slot = held(550, 580, taken=1)
    result = plan([slot], {540: 570, 570: 600, 600: 630})
    assert result == Sorted(closed=[slot.id], added=[(minute(600), minute(630))])


def test_a_visit_under_way_is_not_disturbed():
    result = plan([], {540: 570, 570: 600}, running=[(minute(520), minute(550))])
    assert result.added == [(minute(570), minute(600))]


def test_beyond_the_horizon_bookings_keep_their_slot_and_nothing_new_comes():
    fresh, taken = held(1500, 1530), held(1530, 1560, taken=1)
    result = plan([fresh, taken], {1500: 1530, 1530: 1560, 1560: 1590})
    assert result == Sorted(opened={taken.id: minute(1560)}, deleted=[fresh.id])


slots = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 4), st.integers(0, 1), st.booleans(), st.booleans()),
    max_size=8,
    unique_by=lambda s: s[0],
)


@given(slots, st.integers(1, 4), st.integers(0, 20), st.integers(0, 20))
def test_open_minutes_are_promised_once(existing, length, opens, closes):
    """Whatever hours and lengths were before: open slots are apart, and apart from kept bookings."""
    before, end = [], 0
    for start, size, taken, used, closed in sorted(existing):
        if taken and start < end:
            continue  # two bookings never held the same minutes
        end = max(end, start + size) if taken else end
        before.append(held(start * 10, (start + size) * 10, taken=taken, used=used, closed=closed))
    right = {start * 10: (start + length) * 10 for start in range(opens, closes - length + 1, length)}
    result = plan(before, right)
    by_id = {slot.id: slot for slot in before}
    open_after = sorted([(by_id[i].starts_at, ends) for i, ends in result.opened.items()] + result.added)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(open_after))
    kept = [s for s in before if s.taken and s.id not in result.opened]
    assert not any(overlaps(slot.span, open_after) for slot in kept)
    assert all(ends == minute(right[(starts - DAY) // timedelta(minutes=1)]) for starts, ends in open_after)
    assert {s.id for s in before if s.used}.isdisjoint(result.deleted)
    gone = {*result.deleted, *result.opened, *result.closed}
    assert {s.id for s in before if not s.closed} <= gone
