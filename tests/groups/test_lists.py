"""A list as foremen send it: what is right is read, every mistake is named at its line and column."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from server.groups.errors import ListNotRead, ListUnusable, ListWrongSize
from server.groups.lists import Guest, read_file, read_written, template_xlsx, written
from server.stations.import_cells import CellUnusableError


def xlsx(*rows):
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HEADER = ("姓名", "手机号")


def test_names_and_phones_are_read_as_people_type_them():
    content = xlsx(HEADER, ("韦 大山", 13800138000), ("阿依古丽·买买提", ""), (), ("Nguyễn Văn A", "+852 5123 4567"))
    assert read_file(content) == [
        Guest("韦 大山", "+8613800138000"),
        Guest("阿依古丽·买买提"),
        Guest("Nguyễn Văn A", "+85251234567"),
    ]


def test_other_headers_and_csv_do_too():
    assert read_file("序号,工友姓名,电话\n1,李一,\n2,李二,13800138000\n".encode("gb18030")) == [
        Guest("李一"),
        Guest("李二", "+8613800138000"),
    ]


def test_every_mistake_is_named_at_its_cell():
    content = xlsx(HEADER, ("李一", "12345"), ("", "13800138000"), ("李3", ""), ("李四", "13800138000"))
    with pytest.raises(ListUnusable) as refused:
        read_file(content)
    assert [(m.line, m.column) for m in refused.value.mistakes] == [
        (2, "手机号"),
        (3, "姓名"),
        (4, "姓名"),
        (5, "手机号"),
    ]
    assert refused.value.mistakes[3].params == {"line": 3}
    assert refused.value.params == {"n": 4}
    said = "".join(m.message + str(m.params) for m in refused.value.mistakes)
    assert "13800138000" not in said
    assert "12345" not in said


def test_only_the_first_mistakes_are_listed_and_all_are_counted():
    with pytest.raises(ListUnusable) as refused:
        read_file(xlsx(HEADER, *[("李1", "")] * 50))
    assert (len(refused.value.mistakes), refused.value.params["n"]) == (20, 50)


@pytest.mark.parametrize("count", [0, 1, 201])
def test_too_few_and_too_many_are_refused(count):
    with pytest.raises(ListWrongSize):
        read_file(xlsx(HEADER, *[("李一", "")] * count))


def test_two_hundred_are_read():
    assert len(read_file(xlsx(HEADER, *[("李一", "")] * 200))) == 200


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK\x03\x04rubbish", xlsx(("甲", "乙"), ("李一", ""))])
def test_what_is_no_list_is_refused(content):
    with pytest.raises(ListNotRead):
        read_file(content)


def test_a_list_that_unpacks_to_very_much_is_refused_before_it_is_read():
    bomb = xlsx(HEADER, *[("李" * 30, "x" * 30_000)] * 1_000)
    assert len(bomb) < 1_000_000
    with pytest.raises(ListNotRead):
        read_file(bomb)


def test_the_template_has_the_columns_and_takes_phones_as_text():
    sheet = load_workbook(io.BytesIO(template_xlsx())).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["姓名", "手机号"]
    assert sheet["B2"].number_format == "@"


@given(st.lists(st.tuples(st.sampled_from(["李一", "韦 大山", "Ali"]), st.sampled_from(["", "+8613800138000"]))))
def test_a_form_carries_people_unchanged(people):
    guests = [Guest(*one) for one in people]
    assert read_written(written(guests)) == guests


@given(st.text())
def test_what_somebody_wrote_into_the_form_is_read_or_refused(text):
    try:
        [guest] = read_written([text])
    except CellUnusableError:
        return
    assert guest.name
    assert "|" not in guest.name
