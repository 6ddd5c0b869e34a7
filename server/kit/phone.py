"""Mobile numbers of the mainland, Hong Kong and Macau."""

from __future__ import annotations

import phonenumbers

from server.kit.text import half_width

REGIONS = ("CN", "HK", "MO")
MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def read_phone(typed: str) -> str | None:
    """The number in E.164 (`+8613800000000`), or None where no mobile phone has it.

    Spaces, hyphens, brackets and full-width digits are accepted; without a country code the number
    is read as a mainland one.
    """
    try:
        number = phonenumbers.parse(half_width(typed), "CN")
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    if region not in REGIONS or phonenumbers.number_type(number) not in MOBILE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(tail: str) -> str:
    """What staff see of a number: its last four digits."""
    return f"****{tail}"
