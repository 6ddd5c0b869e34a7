"""Times, days and distances as people say them."""

from datetime import date, timedelta

import pytest

from server.kit import clock
from server.kit.i18n import speaking
from server.kit.speech import (
    say_clock,
    say_date,
    say_day,
    say_direction,
    say_distance,
    say_hours,
    say_month,
    say_number,
    say_time,
    say_until,
    say_weekday,
    say_year_month,
)

TUESDAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def tuesday_noon():
    with clock.travel(clock.at(TUESDAY, 720) - clock.now()):
        yield


@pytest.mark.parametrize(
    ("minute", "said"),
    [
        (0, "凌晨 0 点"),
        (330, "早上 5 点半"),
        (540, "上午 9 点"),
        (570, "上午 9 点半"),
        (620, "上午 10 点 20 分"),
        (720, "中午 12 点"),
        (780, "下午 1 点"),
        (1140, "晚上 7 点"),
        (1440, "半夜 12 点"),
    ],
)
def test_a_clock_is_said_with_its_part_of_the_day(minute, said):
    assert say_clock(minute) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-1, "昨天"),
        (0, "今天"),
        (1, "明天"),
        (2, "后天"),
        (3, "周五"),
        (6, "周一"),
        (7, "12 月 1 日周二"),
        (-2, "11 月 22 日周日"),
    ],
)
def test_a_day_is_said_from_today(days, said):
    assert say_day(TUESDAY + timedelta(days=days)) == said


def test_a_time_is_a_day_and_a_clock():
    assert say_time(clock.at(TUESDAY, 900)) == "今天下午 3 点"
    assert say_time(clock.at(TUESDAY + timedelta(days=3), 570)) == "周五上午 9 点半"
    assert say_until(clock.at(TUESDAY, 1440)) == "半夜 12 点"
    assert say_until(clock.at(TUESDAY + timedelta(days=1), 60)) == "明天凌晨 1 点"
    assert (say_date(TUESDAY), say_weekday(TUESDAY)) == ("11 月 24 日", "周二")


def test_hours_of_a_day_are_said_short():
    assert say_hours([]) == "休息"
    assert say_hours([[0, 1440]]) == "全天开放"
    assert say_hours([[540, 720], [840, 1440]]) == "09:00–12:00、14:00–24:00"


@pytest.mark.parametrize(
    ("metres", "said"),
    [
        (3, "10 米"),
        (349, "350 米"),
        (994, "990 米"),
        (996, "1.0 公里"),
        (9940, "9.9 公里"),
        (9960, "10 公里"),
        (12345, "12 公里"),
    ],
)
def test_a_distance_is_as_exact_as_a_walk_needs(metres, said):
    assert say_distance(metres) == said


def test_directions_go_round():
    assert [say_direction(n) for n in (0, 1, 4, 7, 8)] == ["正北方向", "东北方向", "正南方向", "西北方向", "正北方向"]


def test_other_languages_follow_their_own_customs():
    with speaking("en"):
        assert "9:30" in say_clock(570)
        assert say_weekday(TUESDAY) == "Tue"
        assert say_date(TUESDAY) == "Nov 24"


def test_numbers_and_months_for_tables_and_charts():
    assert (say_number(28_412), say_number(1.44), say_number(0)) == ("28,412", "1.4", "0")
    assert (say_month(TUESDAY), say_year_month(TUESDAY)) == ("11 月", "2026 年 11 月")
    with speaking("en"):
        assert (say_month(TUESDAY), say_year_month(TUESDAY)) == ("Nov", "Nov 2026")
        assert say_number(28_412.0) == "28,412"
