"""When messages go out: quiet at night, reminded in time, tried again with growing waits."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from server.kit import clock
from server.notices import rules
from server.notices.models import NoticeKind

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (aware)
NIGHT = timedelta(hours=9)


def by_day(instant: datetime) -> bool:
    return rules.QUIET_UNTIL <= clock.local(instant).time() < rules.QUIET_FROM


@given(INSTANTS)
def test_no_message_goes_out_at_night(due):
    at = rules.after_quiet(due)
    assert by_day(at)
    assert timedelta() <= at - due <= NIGHT
    assert (at == due) == by_day(due)


@given(INSTANTS, st.timedeltas(timedelta(), timedelta(days=3)))
def test_unless_its_booking_comes_first(due, ahead):
    at = rules.after_quiet(due, due + ahead)
    assert at in (due, rules.after_quiet(due))
    assert by_day(at) or ahead <= NIGHT + timedelta(hours=1)
    assert at == due or at + timedelta(hours=1) < due + ahead, "a message that waited leaves time to act on it"


@given(INSTANTS, st.timedeltas(timedelta(minutes=-5), timedelta(days=30)))
def test_reminders_lie_ahead_and_before_the_booking(now, ahead):
    starts_at = now + ahead
    times = rules.reminder_times(starts_at, now)
    for name, at in times.items():
        assert now < at < starts_at
        assert by_day(at) or name == "hour"
    if ahead > timedelta(days=2):
        assert times.keys() == {"evening", "hour"}
        assert clock.local(times["evening"]).hour == 19
        assert clock.local(times["evening"]).date() == clock.local(starts_at).date() - timedelta(days=1)


@given(INSTANTS, st.floats(0, 1), st.floats(0, 1))
def test_each_wait_is_longer_than_the_one_before_and_they_end(now, luck, other_luck):
    tries = range(1, len(rules.WAITS))
    for n in tries:
        earlier, later = rules.WAITS[n - 1] * (1 + luck / 4), rules.WAITS[n] * (1 + other_luck / 4)
        assert earlier < later
    assert rules.next_try(len(rules.WAITS) + 1, now) is None


@given(INSTANTS, st.integers(1, len(rules.WAITS)), st.floats(0, 1))
def test_a_later_try_is_later_and_not_at_night(now, tries, luck):
    at = rules.next_try(tries, now, luck=luck)
    assert by_day(at)
    assert at > now


@given(INSTANTS, st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_only_reminders_come_too_late(now, ahead):
    assume(ahead)
    assert rules.comes_too_late(NoticeKind.REMINDER_HOUR, now + ahead, now) == (ahead < timedelta())
    assert not rules.comes_too_late(NoticeKind.BOOKING_CANCELLED, now + ahead, now)
