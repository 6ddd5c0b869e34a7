"""Where somebody is on a road, and what comes next."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.kit import clock
from server.kit.geo import Point, distance_m
from server.stations.route_rules import StopState, guessed_km, next_stop, place_on_road, state_of, turned

ROAD = [Point(23.05, 112.46), Point(23.15, 111.80), Point(23.47, 111.30), Point(24.41, 111.55)]
KMS = [0.0, 75.0, 180.0, 340.0]
near_road = st.tuples(st.floats(22.8, 24.6), st.floats(111.0, 112.6)).map(lambda at: Point(*at))
roads = st.lists(near_road, min_size=1, max_size=8)
lengths = st.lists(st.floats(0, 200), min_size=8, max_size=8)


def test_halfway_between_two_stops():
    middle = Point((ROAD[0].lat + ROAD[1].lat) / 2, (ROAD[0].lng + ROAD[1].lng) / 2)
    where = place_on_road(ROAD, KMS, middle)
    assert 37 < where.km < 38
    assert where.on_road
    assert next_stop(KMS, where.km) == 1


def test_at_a_stop_it_is_the_next_one():
    assert next_stop(KMS, place_on_road(ROAD, KMS, ROAD[2]).km) == 2


def test_past_the_end_nothing_comes_and_far_away_is_not_on_the_road():
    assert next_stop(KMS, 341) is None
    assert not place_on_road(ROAD, KMS, Point(30.0, 104.0)).on_road


def test_the_way_back_counts_from_the_other_end():
    assert turned(KMS) == [0, 160, 265, 340]
    assert turned(turned(KMS)) == KMS
    assert turned([]) == []


def test_a_guessed_kilometre_lies_behind_the_last_stop():
    assert 80 < guessed_km(ROAD[0], 0.0, ROAD[1]) < 100


def test_full_holds_for_the_day_and_closed_goes_before():
    now = clock.now()
    assert state_of(is_open=True, full_since=None, now=now) is StopState.OPEN
    assert state_of(is_open=True, full_since=now, now=now) is StopState.FULL
    assert state_of(is_open=True, full_since=now - timedelta(days=1), now=now) is StopState.OPEN
    assert state_of(is_open=False, full_since=now, now=now) is StopState.CLOSED


@given(roads, lengths, near_road)
def test_one_is_never_further_beside_the_road_than_from_its_nearest_stop(points, legs, position):
    kms = [sum(legs[:n]) for n in range(len(points))]
    where = place_on_road(points, kms, position)
    assert kms[0] <= where.km <= kms[-1]
    assert where.beside_m <= min(distance_m(point, position) for point in points) + 1


@given(roads, lengths, near_road)
def test_both_ways_agree_about_how_far_beside_one_is(points, legs, position):
    kms = [sum(legs[:n]) for n in range(len(points))]
    there = place_on_road(points, kms, position)
    back = place_on_road(points[::-1], turned(kms), position)
    assert abs(there.beside_m - back.beside_m) <= 0.02 * there.beside_m + 50


@given(lengths, st.floats(0, 2000))
def test_the_next_stop_is_not_behind_and_the_one_before_it_is(legs, km):
    kms = [sum(legs[:n]) for n in range(len(legs))]
    index = next_stop(kms, km)
    if index is None:
        assert kms[-1] < km
    else:
        assert kms[index] >= km
        assert index == 0 or kms[index - 1] < km
