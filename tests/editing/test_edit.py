"""Rows of w+ as a text."""

import pytest

from pastiche.editing import parse_rows
from pastiche.errors import LatentError


@pytest.mark.parametrize(
    ("text", "rows"), [("0", [0]), ("0-3", [0, 1, 2, 3]), ("0, 1,5", [0, 1, 5]), ("7-7", [7]), ("2-3,0", [2, 3, 0])]
)
def test_rows(text, rows):
    assert parse_rows(text) == rows


@pytest.mark.parametrize("text", ["", "a", "-1", "1-", "0;1", "1.5", "\u00b2", "0-\u00b2", "12345678901"])
def test_what_is_no_text_of_rows(text):
    with pytest.raises(LatentError, match="give rows such as 0-6"):
        parse_rows(text)


def test_rows_that_count_down():
    with pytest.raises(LatentError, match="rows '6-0': 6-0 counts down: give 0-6"):
        parse_rows("6-0")
