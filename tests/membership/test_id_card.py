"""The numbers of the national standard are read, and nothing that only looks like one."""

from datetime import date

import pytest

from server.errors import Invalid
from server.membership.identity import Document, read_identity

TODAY = date(2026, 11, 1)
STANDARD = "11010519491231002X"  # the example of GB 11643-1999


def read(number, document=Document.ID_CARD):
    return read_identity(name="张三", document=document, number=number, birth=None, sex=None, today=TODAY)


@pytest.mark.parametrize("typed", [STANDARD, "１１０１０５ 19491231-002x"])
def test_the_example_of_the_standard_is_read(typed):
    found = read(typed)
    assert (found.number, found.birth, found.sex) == (STANDARD, date(1949, 12, 31), "female")
    assert found.origin == "北京市朝阳区"


@pytest.mark.parametrize("end", "0123456789")
def test_every_other_check_digit_is_refused(end):
    with pytest.raises(Invalid):
        read(STANDARD[:-1] + end)


@pytest.mark.parametrize("number", ["", "X", "1" * 17, "45A10319900101002", "45010٣19900101002"])
@pytest.mark.parametrize("end", ["", *"0123456789X"])
def test_what_only_looks_like_a_number_is_refused(number, end):
    with pytest.raises(Invalid):
        read(number + end)


def test_a_residence_permit_is_read_by_the_same_rule():
    assert read("810000199408230021", Document.RESIDENCE_PERMIT).birth == date(1994, 8, 23)
    with pytest.raises(Invalid):
        read("810000199408230022", Document.RESIDENCE_PERMIT)
