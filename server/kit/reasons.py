"""Reasons that staff write down stay in histories, messages and the audit: they say why, and name nobody."""

from __future__ import annotations

import re

from server.kit.text import half_width

# A run of digits, or a number that is written in groups: an ID card, a phone, a passport, a date of birth.
# 12351 and years are shorter.
NUMBERS = re.compile(r"[0-9]{6}|(?:[0-9][ .·_–—-]?){11}")
SHORTEST_NAME = 2  # one sign alone stands in many words


def names_somebody(reason: str, name: str = "") -> bool:
    """Whether it holds a number of a person, or this name."""
    plain, known = half_width(reason), half_width(name)
    named = len(known) >= SHORTEST_NAME and known.casefold() in plain.casefold()
    return named or NUMBERS.search(plain) is not None
