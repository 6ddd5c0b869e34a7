"""Weekly hours in one cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.stations.hours_text import HoursUnreadableError, read_hours, write_hours

NINE = [[540, 1020]]


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("每天 9:00-17:00", [NINE] * 8),
        ("9：00－17：00", [NINE] * 8),
        ("全天", [[[0, 1440]]] * 8),
        ("每天 24小时", [[[0, 1440]]] * 8),
        ("周一至周五 9:00-17:00", [NINE] * 5 + [[], [], []]),
        ("工作日9:00-17:00；节假日 休息", [NINE] * 5 + [[], [], []]),
        ("星期一、星期三 9:00-17:00;周日 休息", [NINE, [], NINE, [], [], [], [], []]),
        ("周五至周一 9:00-17:00", [NINE, [], [], [], NINE, NINE, NINE, []]),
        ("周末 9:00-12:00、12:00-17:00", [[]] * 5 + [NINE, NINE, []]),
        ("周日 22:00-24:00", [[]] * 6 + [[[1320, 1440]], []]),
    ],
)
def test_people_write_hours_in_many_ways(text, week):
    assert read_hours(text) == week


@pytest.mark.parametrize(
    "text",
    ["", "随便", "周一 9-5", "周一 25:00-26:00", "周一 8:60-9:00", "周一 18:00-8:00", "周一 9:00-9:00",
     "周一 8:00-12:00、11:00-13:00", "周一 8:00-9:00；工作日 9:00-10:00", "周八 9:00-10:00", "9:00-10:00 左右"],
)  # fmt: skip
def test_what_is_no_opening_time_is_refused(text):
    with pytest.raises(HoursUnreadableError):
        read_hours(text)


edges = st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(sorted)
days = st.one_of(st.just([]), edges.map(lambda e: [[a, b] for a, b in zip(e[::2], e[1::2], strict=False)]))


@given(st.lists(days, min_size=8, max_size=8))
def test_what_is_written_reads_back_the_same(week):
    assert read_hours(write_hours(week)) == week
