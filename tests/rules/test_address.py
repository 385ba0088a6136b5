"""Which addresses a stranger may type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.address import parse_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" ada@Example.ORG ", "ada@example.org"),
        ("ada.b+news@mail.example.org", "ada.b+news@mail.example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_made_plain(typed: str, address: str) -> None:
    assert parse_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a@b@example.org",
        "ada@example.org\nBcc: x@y.example",
        "ada@example.org, bob@example.org",
        "<ada@example.org>",
        "ada..b@example.org",
        f"{'a' * 65}@example.org",
        f"ada@{'a' * 250}.org",
        "ada@-bad-.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address(typed)


@given(typed=st.text(max_size=300))
def test_nothing_typed_breaks_a_header(typed: str) -> None:
    try:
        address = parse_address(typed)
    except ValueError:
        return
    assert not set(address) & set("\r\n\0<>, ")
    assert parse_address(address) == address
