"""Requests lose the words that only ask; keywords keep theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.request import without_request


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Could you suggest research that examines kites in storms?", "kites in storms?"),
        ("What papers discuss the drift of lanterns?", "the drift of lanterns?"),
        ("Are there any studies on paper boats", "paper boats"),
        ("I am looking for articles about wind", "wind"),
        ("Which work first proposed tails for kites?", "tails for kites?"),
        ("Please list some recent papers on gliders", "gliders"),
    ],
)
def test_a_request_is_left_out(text: str, left: str) -> None:
    assert without_request(text) == left


@pytest.mark.parametrize(
    "text",
    ["survey papers", "what is attention", "paper boats", "find", "show and tell", "Which papers?"],
)
def test_keywords_stay(text: str) -> None:
    assert without_request(text) == text


@given(st.text(max_size=200))
def test_nothing_is_ever_emptied(text: str) -> None:
    left = without_request(text)
    assert left in text
    assert bool(left) or not text
