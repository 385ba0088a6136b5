"""Addresses: the forms that RFC 5321, 5322, 3696, 2047 and 6531 describe, and our verdict on each.

The tables hold the well-known cases of these documents and of address checkers; each refused one
stands under the reason for which it is refused.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.address import parse_address

# What was typed, and what is stored; the same if it is None.
ACCEPTED: dict[str, str | None] = {
    "ada@example.org": None,
    "a@example.org": None,
    "ADA@example.org": None,
    "ada.lovelace@example.org": None,
    "a.b.c.d@example.org": None,
    "ada+news@example.org": None,
    "ada-b_c@example.org": None,
    "1234567890@example.org": None,
    "_______@example.org": None,
    "-@example.org": None,
    "ada@example.org ": "ada@example.org",
    " ada@Example.ORG": "ada@example.org",
    # RFC 3696, section 3: every character of an atom.
    "customer/department=shipping@example.org": None,
    "$A12345@example.org": None,
    "!def!xyz%abc@example.org": None,
    "_somename@example.org": None,
    "user+mailbox@example.org": None,
    "peter.piper@example.org": None,
    "!#$%&'*+-/=?^_`{|}~@example.org": None,
    "o'brien@example.org": None,
    "'ada'@example.org": None,
    "a=b@example.org": None,
    "a?b@example.org": None,
    "=@example.org": None,
    # The limits of RFC 5321, section 4.5.3.1.
    f"{'a' * 64}@example.org": None,
    f"ada@{'b' * 63}.org": None,
    f"ada@{'.'.join(['b' * 61] * 4)}.c": None,
    # Domains.
    "ada@mail.example.org": None,
    "ada@a.b.c.d.example.org": None,
    "ada@example-one.org": None,
    "ada@123.org": None,
    "ada@1.org": None,
    "ada@x.museum": None,
    "ada@x.co": None,
    "ada@xn--bcher-kva.example": None,
    "ada@example.xn--p1ai": None,
    # Domains of RFC 5890, in the form of a reader and of IDNA 2008.
    "ada@bücher.example": "ada@xn--bcher-kva.example",
    "ada@BÜCHER.example": "ada@xn--bcher-kva.example",
    "ada@straße.example": "ada@xn--strae-oqa.example",
    "ada@ｅｘａｍｐｌｅ.org": "ada@example.org",
    "ada@example。org": "ada@example.org",
    "ada@例え.example": "ada@xn--r8jz45g.example",
    "ada@почта.example": "ada@xn--80a1acny.example",
}

REFUSED: dict[str, list[str]] = {
    "no address": ["", " ", "@", "ada", "ada.example.org", "ada@", "@example.org", "ada at x.org"],
    "two addresses or a route": [
        "a@b@example.org",
        "ada@example.org, bo@example.org",
        "ada@example.org;bo@example.org",
        "ada,bo@example.org",
        "@relay.example:ada@example.org",
        "friends: ada@example.org;",
    ],
    "a display name or brackets": [
        "<ada@example.org>",
        "Ada <ada@example.org>",
        '"Ada" <ada@example.org>',
        "ada@<example.org>",
        "mailto:ada@[example.org]",
    ],
    "dots in the wrong place": [
        ".ada@example.org",
        "ada.@example.org",
        "ada..b@example.org",
        "...@example.org",
        "ada@.example.org",
        "ada@example..org",
        "ada@example.org.",
        "ada@.",
    ],
    "quoted local parts: RFC 5321 advises against them": [
        '"ada"@example.org',
        '"ada b"@example.org',
        '""@example.org',
        '"a@b"@example.org',
        '"\\""@example.org',
        '"a\\\\b"@example.org',
        '"Fred Bloggs"@example.org',
        '"Joe\\Blow"@example.org',
        'a"b"c@example.org',
        'ada."b".c@example.org',
        '"ada"b@example.org',
        '"ada@example.org',
    ],
    "comments and folding white space": [
        "(comment)ada@example.org",
        "ada(comment)@example.org",
        "ada@(comment)example.org",
        "ada@example.org(comment)",
        "ada(a(b)c)@example.org",
        "ada @example.org",
        "ada@ example.org",
        "a da@example.org",
        "ada@exa mple.org",
        "\r\n ada@example.org",
        "ada@example.org\r\n ",
        "\tada@example.org",
    ],
    "characters that no atom has": [
        "Abc\\@def@example.org",
        "Joe.\\\\Blow@example.org",
        "a[b]@example.org",
        "a:b@example.org",
        "a\\b@example.org",
        "a>b@example.org",
    ],
    "control characters and other invisible ones": [
        "ada\0@example.org",
        "ada@exam\0ple.org",
        "ada@example.org\n",
        "ada@example.org\nBcc: x@y.example",
        "ada@example.org\r\n\r\nbody",
        "ada\x7f@example.org",
        "ada@exam\x85ple.org",
        "ada@exam\u2028ple.org",
        "ada@exam\u202eple.org",
        "ada\u200b@example.org",
        "\ufeffada@example.org",
        "ada@exam\ud800ple.org",
        "\udcffada@example.org",
        "ada@\u00a0example.org",
    ],
    "encoded words (RFC 2047), which mail programs decode": [
        "=?utf-8?q?x?=@x.example",
        "=?utf-8?B?eA==?=@example.org",
        "=?*?q?%=40=40=41-=?=41a&{=00@example.org",
        "=??q?=40%=28=2C?=@1.a2",
        "a=?iso-8859-1?q?b?=c@example.org",
        "=?utf-8?q?=0D=0ABcc:_x?=@example.org",
        "=?@example.org",
    ],
    "local parts beyond ASCII (RFC 6531), which a mail server on the way may not support": [
        "ädа@example.org",
        "jürgen@example.org",
        "用户@example.org",
        "δοκιμή@παράδειγμα.example",
        "ада@почта.example",
        "ａｄａ@example.org",
        "ada\u0301@example.org",
        "😀@example.org",
    ],
    "address literals": [
        "ada@[192.0.2.1]",
        "ada@[IPv6:2001:db8::1]",
        "ada@[127.0.0.1]",
        "ada@[x-tag:value]",
        "ada@[]",
        "ada@192.0.2.1",
        "ada@[192.0.2.1",
    ],
    "domains of one label and top-level domains that do not end in a letter": [
        "ada@localhost",
        "ada@org",
        "ada@example.123",
        "ada@1.2.3",
        "ada@xn--p1ai",
    ],
    "names that are reserved for other uses (RFC 6761, 6762, 7686)": [
        "ada@mail.localhost",
        "ada@mail.local",
        "ada@mail.test",
        "ada@mail.invalid",
        "ada@mail.onion",
        "ada@1.2.0.192.in-addr.arpa",
    ],
    "labels that no host has": [
        "ada@-example.org",
        "ada@example-.org",
        "ada@-bad-.org",
        "ada@exam_ple.org",
        "ada@exam!ple.org",
        "ada@exam'ple.org",
        "ada@exa*mple.org",
        "ada@ab--c.example",
        "ada@xn--.example",
        "ada@xn--a.example",
        "ada@xn--zzzzzzzz99.example",
        "ada@☃.example",
        "ada@\u05d0b.example",
        "ada@\u0301a.example",
    ],
    "parts that are too long": [
        f"{'a' * 65}@example.org",
        f"ada@{'b' * 64}.org",
        f"ada@{'b' * 250}.org",
        f"{'a' * 64}@{'.'.join(['b' * 63] * 4)}",
        f"ada@{'ü' * 62}.example",
        f"{'a' * 100_000}@example.org",
    ],
}


@pytest.mark.parametrize("typed", ACCEPTED)
def test_an_address_is_accepted_and_normalised(typed: str) -> None:
    assert parse_address(typed) == (ACCEPTED[typed] or typed)


@pytest.mark.parametrize("reason", REFUSED)
def test_no_address_is_accepted_that_has(reason: str) -> None:
    accepted = []
    for typed in REFUSED[reason]:
        try:
            accepted.append(parse_address(typed))
        except ValueError as error:
            message = str(error)
            assert message and message.isprintable() and len(message) < 400, ascii(typed)
    assert accepted == []


def test_a_local_part_beyond_ascii_is_refused_in_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match=r"^enter an address with only ASCII characters before"):
        parse_address("jürgen@example.org")


@given(typed=st.text(max_size=300))
def test_a_valid_address_contains_no_header_characters(typed: str) -> None:
    try:
        address = parse_address(typed)
    except ValueError:
        return
    assert not set(address) & set('\r\n\0<>, ()"\\')
    assert len(address) <= 254
    assert parse_address(address) == address
