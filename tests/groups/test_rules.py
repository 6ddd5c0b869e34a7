"""People over times: every sum is right, whatever is free and whatever is chosen."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.groups.rules import MOST, read_places, spread, together, written

free_times = st.lists(st.integers(-1, 12), max_size=20).map(
    lambda rooms: [(UUID(int=n), room) for n, room in enumerate(rooms)]
)
places = st.dictionaries(st.uuids(), st.integers(1, MOST), max_size=8)


@given(st.integers(0, MOST), free_times)
def test_as_many_are_placed_as_there_is_room_and_none_twice(people, free):
    made = spread(people, free)
    room = dict(free)
    assert sum(made.values()) == min(people, sum(max(0, one) for _, one in free))
    assert all(0 < wanted <= room[slot_id] for slot_id, wanted in made.items())


@given(st.integers(1, MOST), free_times)
def test_a_time_is_filled_before_the_next_one_is_used(people, free):
    made = spread(people, free)
    used = [slot_id for slot_id, room in free if room > 0][: len(made)]
    assert list(made) == used
    assert all(made[slot_id] == dict(free)[slot_id] for slot_id in used[:-1])


@given(st.integers(1, MOST), st.lists(places, max_size=4))
def test_several_choices_never_make_more_than_there_are_people(people, parts):
    made = together(people, parts)
    assert sum(made.values()) == min(people, sum(sum(part.values()) for part in parts))
    for slot_id, wanted in made.items():
        assert 1 <= wanted <= sum(part.get(slot_id, 0) for part in parts)


@given(places)
def test_a_form_carries_places_unchanged(chosen):
    assert read_places(written(chosen)) == chosen


@pytest.mark.parametrize(
    "text", ["x", "x*1", f"{UUID(int=1)}*0", f"{UUID(int=1)}*201", f"{UUID(int=1)}*-3", "*", "1*1"]
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        read_places(text)
