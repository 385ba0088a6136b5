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
def test_addresses_are_normalised(typed: str, address: str) -> None:
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
def test_an_invalid_address_raises_value_error(typed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address(typed)


@given(typed=st.text(max_size=300))
def test_a_valid_address_contains_no_header_characters(typed: str) -> None:
    try:
        address = parse_address(typed)
    except ValueError:
        return
    assert not set(address) & set("\r\n\0<>, ")
    assert parse_address(address) == address
