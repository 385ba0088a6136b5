import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http import decoding as http_decoding
from broadsheet.sources import decoding


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_common_encodings_are_detected(codec: str) -> None:
    assert http_decoding.decode("Löwe “Café”".encode(codec)) == "Löwe “Café”"


def test_an_invalid_byte_in_utf_8_is_replaced() -> None:
    assert http_decoding.decode("Löwe ".encode() + b"\xff Caf\xc3\xa9") == "Löwe \ufffd Café"


@given(st.binary())
def test_any_bytes_are_decoded(data: bytes) -> None:
    assert isinstance(http_decoding.decode(data), str)


def test_a_file_over_the_limit_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_MAX_BYTES", 1 << 20)
    assert decoding.read_text(io.BytesIO(b"a" * (1 << 20)), "kites.bib")
    with pytest.raises(SourceError, match=r"'kites\.bib' exceeds 1 MiB.* split it"):
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
def test_only_iso_8601_dates_are_parsed(text: str | None, day: date | None) -> None:
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
def test_an_arxiv_id_is_found_at_the_start_of_a_text_only(text: str, found: str | None) -> None:
    assert decoding.arxiv_mention(None, text) == found


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"Ki\ud800tes"', "Kites"),
        (rb'["\udc00\ud83e\ude81\ud83e"]', ["\U0001fa81"]),
        (rb'{"\ud800": "\\\udfff\"\\ud800"}', {"": '\\"\\ud800'}),
    ],
)
def test_lone_surrogates_are_removed(data: bytes, value: object) -> None:
    assert http_decoding.json_value(data) == value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T10:20:30.123456Z", datetime(2026, 3, 2, 10, 20, 30, 123456, UTC)),
        ("2026-03-02T01:00:00+02:00", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 00:00:00 -0400", datetime(2026, 3, 2, 4, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("Mon, 99 Mar 2026 00:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("2" * 100, None),
    ],
)
def test_times_are_parsed_as_aware_utc(text: str | None, moment: datetime | None) -> None:
    assert decoding.parse_moment(text) == moment


@given(st.text())
def test_any_text_is_a_utc_time_or_none(text: str) -> None:
    moment = decoding.parse_moment(text)
    assert moment is None or moment.tzinfo is UTC
