import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http import decoding as http_decoding
from broadsheet.sources import decoding


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_common_encodings_are_told_apart(codec: str) -> None:
    assert http_decoding.decode("Löwe “Café”".encode(codec)) == "Löwe “Café”"


def test_one_wrong_byte_does_not_spoil_a_utf_8_file() -> None:
    assert http_decoding.decode("Löwe ".encode() + b"\xff Caf\xc3\xa9") == "Löwe \ufffd Café"


@given(st.binary())
def test_any_bytes_are_decoded(data: bytes) -> None:
    assert isinstance(http_decoding.decode(data), str)


def test_a_whole_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_WHOLE_BYTES", 1 << 20)
    assert decoding.read_text(io.BytesIO(b"a" * (1 << 20)), "kites.bib")
    with pytest.raises(SourceError, match=r"'kites\.bib' holds more than 1 MiB.* split it"):
        decoding.read_text(io.BytesIO(b"a" * ((1 << 20) + 1)), "kites.bib")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-11", date(2026, 3, 11)),
        ("2026-02-30", None),
        ("2026-03-11T09:00:00Z", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_read_as_iso_8601_writes_it(text: str | None, day: date | None) -> None:
    assert decoding.day_of(text) == day


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arXiv preprint arXiv:2502.00001", "2502.00001"),
        ("arXiv:2502.00001 [cs.LG]", "2502.00001"),
        ("arXiv:2502.00001, 2025", "2502.00001"),
        ("Comment on arXiv:2502.00001", None),
        ("2502.00001", None),
    ],
)
def test_only_a_text_that_opens_with_an_arxiv_id_mentions_its_own(
    text: str, found: str | None
) -> None:
    assert decoding.arxiv_mention(None, text) == found


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"Ki\ud800tes"', "Kites"),
        (rb'["\udc00\ud83e\ude81\ud83e"]', ["\U0001fa81"]),
        (rb'{"\ud800": "\\\udfff\"\\ud800"}', {"": '\\"\\ud800'}),
    ],
)
def test_half_of_a_surrogate_pair_is_let_go(data: bytes, value: object) -> None:
    assert http_decoding.json_value(data) == value
