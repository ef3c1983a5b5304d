"""A line is a row, or broken by itself."""

import pytest

from sidecar.store.importers.delimited import delimited, divided


def test_a_line_with_too_many_or_too_few_fields_is_broken_and_the_rest_are_read() -> None:
    table = delimited(b"x,y\n1,2\n1,2,3\n4\n\n5,6\n")
    assert table["broken"].tolist() == [False, True, True, False]
    assert table["x"].tolist() == ["1", "", "", "5"]
    assert table["y"].tolist() == ["2", "", "", "6"]


def test_a_surplus_field_on_every_line_never_shifts_the_columns() -> None:
    assert delimited(b"x,y\n1,2,3\n4,5,6\n")["broken"].all()


def test_a_quote_that_is_never_closed_costs_its_own_line() -> None:
    table = delimited(b'x,y\r\n"19,69,500",1\r\n"7,2\r\n8,"9"\r\n')
    assert table["broken"].tolist() == [False, True, False]
    assert table["x"].tolist() == ["19,69,500", "", "8"]


def test_a_name_that_returns_stands_for_one_column() -> None:
    assert delimited(b"x,x,\n1,2,3\n").columns.tolist() == ["x", "x.1", "", "broken"]


def test_a_file_without_a_header_has_the_names_that_it_is_given() -> None:
    table = delimited(b"title\n1,2\n3\n", names=["a", "b"], skip=1)
    assert table["a"].tolist() == ["1", ""]
    assert table["broken"].tolist() == [False, True]


def test_lines_are_divided_into_a_width_and_blank_ones_are_none() -> None:
    assert divided(b"1,2\n \n3,4,5\n", 2) == ([["1", "2"], ["", ""]], [False, True])


def test_no_line_and_no_utf_8_are_refused() -> None:
    with pytest.raises(ValueError, match="no line in it"):
        delimited(b"\n\n")
    with pytest.raises(UnicodeDecodeError):
        delimited(b"x,y\n\xff\xfe\x80,2\n")
