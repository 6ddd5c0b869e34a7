"""When an offering is open: its own hours or the station's, within special days, and only while its provider is there.

Pure; ranges have the shape of `stations.hours`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from server.kit.calendar import row_of
from server.stations.hours import Ranges, common, ranges_on

Days = Mapping[date, Ranges]


@dataclass(frozen=True)
class Opening:
    """Everything that decides about an offering's times. `days` narrow one date of the offering, `provider_days` say
    when the provider comes on a date instead of the provider's week; a provider without a week comes at any time.
    """

    hours: Sequence[Ranges]
    own_hours: Sequence[Ranges] | None = None
    specials: Days = field(default_factory=dict)
    season_from: date | None = None
    season_until: date | None = None
    days: Days = field(default_factory=dict)
    provider_hours: Sequence[Ranges] | None = None
    provider_days: Days = field(default_factory=dict)

    def ranges(self, day: date) -> Ranges:
        """The times of one date."""
        special = self.specials.get(day)
        ranges = self._in_season(self.own_hours or self.hours, day, special)
        if self.own_hours and special is not None:
            ranges = common(self._in_season(self.own_hours, day, None), special)
        if day in self.days:
            ranges = common(ranges, self.days[day])
        if day in self.provider_days:
            return common(ranges, self.provider_days[day])
        return ranges if self.provider_hours is None else common(ranges, self.provider_hours[row_of(day)])

    def at_station(self, day: date) -> Ranges:
        """When the station itself is open on a date."""
        return self._in_season(self.hours, day, self.specials.get(day))

    def _in_season(self, hours: Sequence[Ranges], day: date, special: Ranges | None) -> Ranges:
        return ranges_on(hours, day, special=special, season_from=self.season_from, season_until=self.season_until)


def read_opening(row: Any) -> Opening:
    """From a record of `slots.PLANNED`."""
    return Opening(
        hours=msgspec.json.decode(row["hours"]),
        own_hours=_week(row["own_hours"]),
        specials=_days(row["specials"]),
        season_from=row["season_from"],
        season_until=row["season_until"],
        days=_days(row["own_days"]),
        provider_hours=_week(row["provider_hours"]),
        provider_days=_days(row["provider_days"]),
    )


def _week(written: str | None) -> list[Any] | None:
    return msgspec.json.decode(written, type=list[Any]) if written else None


def _days(written: str) -> dict[date, Any]:
    return msgspec.json.decode(written, type=dict[date, Any])
